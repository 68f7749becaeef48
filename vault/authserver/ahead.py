"""What a refresh will need, asked for in the statement that asks for the client: one round trip instead of three.

Nothing is believed that is read here ahead of the checks. A refresh token says under which client and key it opens;
when it does not open under those that the caller claims, there is nothing to read ahead, and the checks refuse it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from vault.authserver import jose, tokens
from vault.authserver.bindings import Binding, of_certificate
from vault.authserver.bindings import key as bound_key
from vault.authserver.errors import InvalidGrant
from vault.authserver.server import Posted
from vault.authserver.tables import RefreshToken
from vault.authserver.tokens import Share
from vault.consent.standing import COLUMNS as GRANT_COLUMNS
from vault.consent.standing import JOIN
from vault.crypto.keyring import KeyRing
from vault.errors import CannotOpen
from vault.ids import GrantId
from vault.requesters.jwks import problems_of_key
from vault.requesters.known import asking

GRANT_TYPE: Final = "refresh_token"
_TOKEN_COLUMNS: Final = (*RefreshToken.guarded_columns(), "mac")
_NOBODY: Final = UUID(int=0)
_TOKEN, _GRANT = "t_", "g_"


def _columns(alias: str, names: tuple[str, ...]) -> str:
    return ", ".join(f"{alias}.{name} AS {alias}_{name}" for name in names)


STATEMENT: Final = asking(
    f"{_columns('t', _TOKEN_COLUMNS)}, {_columns('g', GRANT_COLUMNS)}",
    f"LEFT JOIN refresh_tokens t ON t.hash = $2 {JOIN.format(person='$3', grant='$4')}",
)
"""Parameters: the client's id, the token's hash, person and grant."""


@dataclass(frozen=True)
class Opened:
    """What is in a refresh token, opened under the client and the key that were claimed."""

    token: str = field(repr=False)
    client_id: UUID
    bound_to: str
    grant: GrantId
    share: Share


@dataclass(frozen=True)
class Ahead:
    """What was read ahead: the token's row and the grant's, each None where there is none, and the opened token."""

    opened: Opened | None
    token: Mapping[str, Any] | None
    grant: Mapping[str, Any] | None


def opened(ring: KeyRing, posted: Posted, client_id: UUID) -> Opened | None:
    """The refresh token of the request, if it opens under what the caller claims to be and to hold."""
    token = posted.form.get("refresh_token", "")
    for claimed in _claimed(posted):
        try:
            grant, share = tokens.open_refresh_token(ring, token, client_id=client_id, bound_to=claimed.lasting)
        except (InvalidGrant, CannotOpen):
            continue
        return Opened(token, client_id, claimed.lasting, grant, share)
    return None


def values(posted: Posted, found: Opened | None) -> tuple[bytes, UUID, UUID]:
    """The parameters of :data:`STATEMENT` after the client's id."""
    hashed = tokens.hash_of(posted.form.get("refresh_token", ""))
    return (hashed, _NOBODY, _NOBODY) if found is None else (hashed, found.share.person, found.grant)


def read(found: Mapping[str, Any], ahead: Opened | None) -> Ahead:
    """The rows of one answer to :data:`STATEMENT`."""
    return Ahead(ahead, _row(found, _TOKEN, _TOKEN_COLUMNS), _row(found, _GRANT, GRANT_COLUMNS))


def _row(found: Mapping[str, Any], prefix: str, names: tuple[str, ...]) -> dict[str, Any] | None:
    return None if found[f"{prefix}mac"] is None else {name: found[prefix + name] for name in names}


def _claimed(posted: Posted) -> Iterator[Binding]:
    """What tokens of this caller may be bound to, as it says: its proof is not verified yet."""
    if len(posted.dpop) == 1:
        try:
            jwk = jose.read(posted.dpop[0]).header.get("jwk")
        except jose.NotReadable:
            return
        if isinstance(jwk, dict) and not problems_of_key(jwk):
            yield bound_key(jose.thumbprint(jwk))
    elif posted.certificate is not None:
        yield of_certificate(posted.certificate.certificate)
