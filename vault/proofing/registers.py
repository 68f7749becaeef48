"""What a register of organisations is asked and what it answers. No I/O here.

Three registers: ``business`` (is there such an organisation, under this name, at work, with one of these people
on record), ``credit`` (how often it is listed for abnormal operation) and ``dishonesty`` (judgment defaulters and
serious illegal enterprises). A question names what the applicant claims; the answer says what fits, so that no more
about anybody leaves the register than was put to it.

Answer: a compact JWS (``vault.crypto.jws``), ``typ`` ``register-answer+jwt``, with iss, iat, nonce, register and
subject_digest: base64url of HMAC-SHA-256 under the nonce over the canonical [register, uscc, name, persons].
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal

import msgspec

from vault.crypto.canonical import b64, canonical, unb64
from vault.crypto.jws import open_jws
from vault.crypto.sealing import mac, same
from vault.errors import Malformed, Tampered
from vault.proofing.source import AHEAD, FRESH, SourceUnavailable

ANSWER_TYPE: Final = "register-answer+jwt"
Register = Literal["business", "credit", "dishonesty"]
MOST_PERSONS: Final = 8
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class RegisterQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question. ``name``: as on the certificate; ``persons``: who is said to be responsible; nonce: 16 bytes."""

    register: Register
    uscc: Annotated[str, msgspec.Meta(min_length=18, max_length=18)]
    name: _Text
    persons: Annotated[list[_Text], msgspec.Meta(max_length=MOST_PERSONS)]
    nonce: Annotated[str, msgspec.Meta(min_length=22, max_length=22)]

    def subject_digest(self) -> str:
        """What binds the answer to this question."""
        return b64(mac(unb64(self.nonce), canonical([self.register, self.uscc, self.name, self.persons])))


class RegisterClaims(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of an answer. Later versions may add members.

    ``status`` is ``in-business`` or how it ended; ``founded_on`` a date; both of the business register only, as are
    ``name_matches`` and ``persons_on_record``. ``listings`` counts entries in the two lists.
    """

    iss: str
    iat: int
    nonce: str
    register: str
    subject_digest: str
    found: bool
    name_matches: bool = False
    persons_on_record: bool = False
    status: str = "unknown"
    founded_on: str | None = None
    listings: int = 0


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a register said. ``evidence``: the JWS itself."""

    register: str
    found: bool
    name_matches: bool
    persons_on_record: bool
    status: str
    founded_on: date | None
    listings: int
    source: str
    checked_at: datetime
    evidence: str = field(repr=False)


def believe(token: str, question: RegisterQuestion, *, public: bytes, now: datetime) -> Statement:
    """The statement, if it is this source's, fresh, and to this question. Raises SourceUnavailable with the cause."""
    # 1. Signed by the configured key, as an answer of a register.
    try:
        claims = msgspec.json.decode(open_jws(token, typ=ANSWER_TYPE, public=public), type=RegisterClaims)
        at = datetime.fromtimestamp(claims.iat, UTC)
        founded = None if claims.founded_on is None else date.fromisoformat(claims.founded_on)
    except (Malformed, Tampered) as error:
        raise SourceUnavailable(private=f"the register's answer: {error.name}") from None
    except (msgspec.MsgspecError, OverflowError, OSError, ValueError):
        raise SourceUnavailable(private="the register's answer has other claims") from None
    # 2. To this question, and of this register: an answer that was good for another one proves nothing here.
    if claims.register != question.register or not same(claims.nonce.encode(), question.nonce.encode()):
        raise SourceUnavailable(private="the register's answer is to another question")
    if not same(claims.subject_digest.encode(), question.subject_digest().encode()):
        raise SourceUnavailable(private="the register's answer is about somebody else")
    # 3. Of now.
    if not now - FRESH <= at <= now + AHEAD:
        raise SourceUnavailable(private="the register's answer is not fresh")
    # 4. In words we know.
    if not _CODE.fullmatch(claims.status) or not _CODE.fullmatch(claims.iss) or not 0 <= claims.listings < 1_000_000:
        raise SourceUnavailable(private="the register's answer has an unknown status, issuer or count")
    return Statement(
        register=claims.register,
        found=claims.found,
        name_matches=claims.name_matches,
        persons_on_record=claims.persons_on_record,
        status=claims.status,
        founded_on=founded,
        listings=claims.listings,
        source=claims.iss,
        checked_at=at,
        evidence=token,
    )
