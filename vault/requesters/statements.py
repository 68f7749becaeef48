"""Software statements (RFC 7591 section 2.3): the registry says which software may register a client, and where.

Issued to a registered organisation for one of its declarations, to be given to one product. Short-lived and used
once: it is what lets a client in, and whoever finds an old one finds nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import msgspec

from vault import ids
from vault.clock import from_millis
from vault.crypto.jws import read_jws, sign_jws
from vault.crypto.keyring import KeyRing
from vault.crypto.signing import is_signed
from vault.errors import Invalid, Malformed, NotFound
from vault.ids import DeclarationId, RequesterId
from vault.requesters.client_metadata import LONGEST_NAME, SHORTEST_NAME
from vault.requesters.redirects import LONGEST, MOST

PURPOSE: Final = "register"
TYP: Final = "software-statement+jwt"
LIFE: Final = timedelta(days=7)
_AHEAD: Final = 30

Uri = Annotated[str, msgspec.Meta(max_length=LONGEST)]
SoftwareId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}\Z")]
SoftwareVersion = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._+-]{1,32}\Z")]
ClientName = Annotated[str, msgspec.Meta(min_length=SHORTEST_NAME, max_length=LONGEST_NAME)]


class Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an organisation says of one of its products. ``redirect_uris``: all that its client may register."""

    software_id: SoftwareId
    client_name: ClientName
    redirect_uris: Annotated[tuple[Uri, ...], msgspec.Meta(min_length=1, max_length=MOST)]
    software_version: SoftwareVersion | None = None


class _Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    iss: str
    iat: int
    exp: int
    jti: str
    requester: str
    declaration: str
    software_id: SoftwareId
    client_name: ClientName
    redirect_uris: tuple[Uri, ...]
    software_version: SoftwareVersion | None = None


@dataclass(frozen=True)
class Statement:
    """A statement of the registry that is valid now."""

    id: UUID
    requester: RequesterId
    declaration: DeclarationId
    product: Product
    expires_at: datetime


class BadStatement(Invalid):
    """Not a software statement of this registry that is valid now. ``check`` names what failed."""

    name, title = "bad-software-statement", "The software statement cannot be used"
    advice = "Have the organisation's desk issue a new one: it lasts seven days and registers one client."

    def __init__(self, check: str, public: str) -> None:
        self.check = check
        super().__init__(public)


def issue(ring: KeyRing, statement: Statement, *, issuer: str, now: datetime) -> str:
    """The signed statement: a JWT of the type ``software-statement+jwt``, EdDSA, key purpose ``register``."""
    claims = _Claims(
        iss=issuer,
        iat=int(now.timestamp()),
        exp=int(statement.expires_at.timestamp()),
        jti=statement.id.hex,
        requester=ids.public(ids.REQUESTER, statement.requester),
        declaration=ids.public(ids.DECLARATION, statement.declaration),
        **msgspec.structs.asdict(statement.product),
    )
    version = ring.versions(PURPOSE)[-1]
    header = {"typ": TYP, "kid": f"{PURPOSE}.{version}"}
    return sign_jws(lambda message: ring.sign(PURPOSE, message, version=version), header, msgspec.json.encode(claims))


def read(ring: KeyRing, text: str, *, issuer: str, now: datetime) -> Statement:
    """The statement, if this registry signed it and it is valid now. Raises BadStatement naming the check."""
    try:
        jws = read_jws(text)
    except Malformed:
        raise BadStatement("statement-readable", "software_statement must be a compact JWS of this registry.") from None
    if jws.header["typ"] != TYP:
        raise BadStatement("statement-typ", f"The software statement's typ must be {TYP}.")
    version = {f"{PURPOSE}.{v}": v for v in ring.versions(PURPOSE)}.get(jws.header.get("kid", ""))
    if version is None or not is_signed(ring.public_key(PURPOSE, version=version), jws.signing_input, jws.signature):
        raise BadStatement("statement-signature", "The software statement is not signed by this registry.")
    try:
        claims = msgspec.json.decode(jws.payload, type=_Claims)
        product = Product(
            software_id=claims.software_id,
            client_name=claims.client_name,
            redirect_uris=claims.redirect_uris,
            software_version=claims.software_version,
        )
        statement = Statement(
            UUID(hex=claims.jti),
            RequesterId(ids.parse(ids.REQUESTER, claims.requester)),
            DeclarationId(ids.parse(ids.DECLARATION, claims.declaration)),
            product,
            from_millis(claims.exp * 1000),
        )
    except (msgspec.MsgspecError, NotFound, ValueError):
        raise BadStatement("statement-claims", "The software statement does not hold what it must.") from None
    if claims.iss != issuer:
        raise BadStatement("statement-issuer", "The software statement is of another registry.")
    if not claims.iat - _AHEAD <= now.timestamp() < claims.exp:
        raise BadStatement("statement-time", "The software statement has expired: have a new one issued.")
    return statement
