"""What a source is asked and what it answers. No I/O here.

Question: JSON {name, scheme, number, nonce}. Answer: a compact JWS (``vault.crypto.jws``), ``typ``
``source-answer+jwt``, with iss (a code), iat (seconds), nonce (as asked), match, level and
subject_digest: base64url of HMAC-SHA-256 under the nonce over the canonical [name, scheme, number],
so that an answer proves what it is about to whoever knows both, and tells nobody else.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import msgspec

from vault.crypto.canonical import b64, canonical, unb64
from vault.crypto.jws import open_jws
from vault.crypto.sealing import mac, same
from vault.errors import Malformed, Tampered, Unavailable

ANSWER_TYPE: Final = "source-answer+jwt"
CHECKED: Final = "checked"
FRESH: Final = timedelta(seconds=60)
AHEAD: Final = timedelta(seconds=10)
"""How far the source's clock may be ahead of ours."""
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class SourceUnavailable(Unavailable):
    """The authority does not answer, or not in a way that can be believed."""

    name, title = "source-unavailable", "The authority that confirms names does not answer"
    advice = "Try again in a minute; nothing was decided."


@dataclass(frozen=True)
class Answer:
    """What a source said about one name and number. ``evidence``: the JWS itself, which tells whom it is about."""

    match: bool
    level: str
    source: str
    checked_at: datetime
    evidence: bytes = field(repr=False)


class Source(Protocol):
    """An authority that can be asked."""

    async def check(self, name: str, scheme: str, number: str) -> Answer:
        """Whether name and number belong together. Raises SourceUnavailable."""
        ...


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question. The nonce is 16 random bytes, base64url."""

    name: str
    scheme: str
    number: str
    nonce: str

    def subject_digest(self) -> str:
        """What binds the answer to this question."""
        return b64(mac(unb64(self.nonce), canonical([self.name, self.scheme, self.number])))


class Claims(msgspec.Struct, frozen=True):
    """The payload of an answer. Later versions may add members."""

    iss: str
    iat: int
    nonce: str
    match: bool
    level: str
    subject_digest: str


def believe(token: str, question: Question, *, public: bytes, now: datetime) -> Answer:
    """The answer, if it is this source's, fresh, and to this question. Raises SourceUnavailable with the cause."""
    # 1. Signed by the configured key, as an answer.
    try:
        payload = open_jws(token, typ=ANSWER_TYPE, public=public)
        claims = msgspec.json.decode(payload, type=Claims)
        at = datetime.fromtimestamp(claims.iat, UTC)
    except (Malformed, Tampered) as error:
        raise SourceUnavailable(private=f"the source's answer: {error.name}") from None
    except (msgspec.MsgspecError, OverflowError, OSError, ValueError):
        raise SourceUnavailable(private="the source's answer has other claims") from None
    # 2. To this question.
    if not same(claims.nonce.encode(), question.nonce.encode()):
        raise SourceUnavailable(private="the source's answer is to another question")
    if not same(claims.subject_digest.encode(), question.subject_digest().encode()):
        raise SourceUnavailable(private="the source's answer is about somebody else")
    # 3. Of now.
    if not now - FRESH <= at <= now + AHEAD:
        raise SourceUnavailable(private="the source's answer is not fresh")
    # 4. In words we know.
    if claims.level != CHECKED or not _CODE.fullmatch(claims.iss):
        raise SourceUnavailable(private="the source's answer has an unknown level or issuer")
    return Answer(claims.match, claims.level, claims.iss, at, token.encode())
