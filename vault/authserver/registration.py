"""Dynamic client registration (RFC 7591) and its management (RFC 7592), from a software statement of the registry.

For organisations with many products: each registers its own client, under a declaration that two officers approved,
with the redirect URIs that the statement names and keys of its own. What the client asks for beyond the statement is
refused by an ordered list of named checks; members that this server does not know are ignored (RFC 7591 section 2).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from authlib.oauth2.rfc7591 import ClientMetadataClaims
from joserfc.errors import JoseError

from vault import ids
from vault.authserver.callers import record_refused_token
from vault.authserver.errors import InvalidToken, OAuthError
from vault.authserver.server import AuthServer
from vault.db import Session
from vault.errors import Conflict, NotFound
from vault.organisations.statements import TwoMembersDecideKeys, check_one_decides
from vault.requesters import dynamic, jwks, statements
from vault.requesters.client_metadata import ClientMetadata, problems_of_metadata
from vault.requesters.dynamic import Registered, Wanted
from vault.requesters.liveness import NotLive
from vault.requesters.redirects import why_not_redirect_uri
from vault.requesters.statements import BadStatement, Product, Statement

GRANT_TYPES: Final = frozenset({"authorization_code", "refresh_token"})
_MANAGED: Final = ("registration_access_token", "registration_client_uri", "client_secret", "client_id_issued_at")
"""RFC 7592 section 2.2: what an update must not hold."""


@dataclass(frozen=True)
class Registration:
    """One request: the members that were sent, and the product that the statement speaks of."""

    body: Mapping[str, Any]
    product: Product


async def register(server: AuthServer, body: Mapping[str, Any]) -> dict[str, Any]:
    """Register a client (RFC 7591 section 3). Returns the client information response. Raises OAuthError."""
    statement = body.get("software_statement")
    if not isinstance(statement, str):
        raise _refused(server, "statement-present", "Send the software_statement that the registry issued.")
    try:
        read = statements.read(server.ring, statement, issuer=server.issuer, now=server.database.clock.now())
    except BadStatement as error:
        raise _refused(server, error.check, error.public) from None
    wanted = _wanted(Registration(body, read.product))
    try:
        made = await server.database.run(_register, read, wanted)
    except Conflict as error:
        raise _refused(server, "statement-used", error.public) from None
    except TwoMembersDecideKeys as error:
        raise OAuthError("unapproved_software_statement", error.advice, check="registration-two-members") from None
    except (NotFound, NotLive) as error:
        raise OAuthError("unapproved_software_statement", error.public, check="statement-live") from None
    return information(server, made)


async def read(server: AuthServer, client_id: str, authorization: str | None) -> dict[str, Any]:
    """What is registered (RFC 7592 section 2.1). Raises InvalidToken."""
    client, token = _credentials(client_id, authorization)
    return information(server, await _managed(server, dynamic.registered, client, token))


async def replace(
    server: AuthServer, client_id: str, authorization: str | None, body: Mapping[str, Any]
) -> dict[str, Any]:
    """Replace what is registered (RFC 7592 section 2.2). Raises InvalidToken and OAuthError."""
    client, token = _credentials(client_id, authorization)
    held = await _managed(server, dynamic.registered, client, token)
    try:
        if body.get("client_id") != client_id:
            raise _invalid("update-client", "client_id must be that of the address.")
        if sent := [name for name in _MANAGED if name in body]:
            raise _invalid("update-managed", f"{sent[0]} cannot be sent.")
        wanted = _wanted(Registration(body, held.product))
        return information(server, await _managed(server, _change, client, token, wanted))
    except NotLive as error:
        refused = _invalid("update-live", error.public)
    except TwoMembersDecideKeys as error:
        refused = _invalid("registration-two-members", error.advice)
    except OAuthError as error:
        refused = error
    await server.database.run(record_refused_token, held.client, refused)
    raise refused


async def remove(server: AuthServer, client_id: str, authorization: str | None) -> None:
    """End the client (RFC 7592 section 2.3). Raises InvalidToken."""
    client, token = _credentials(client_id, authorization)
    await _managed(server, dynamic.surrender_client, client, token)


async def _register(session: Session, statement: Statement, wanted: Wanted) -> Registered:
    await check_one_decides(session, statement.requester)
    return await dynamic.register_client(session, statement, wanted)


async def _change(session: Session, client_id: UUID, token: str, wanted: Wanted) -> Registered:
    held = await dynamic.registered(session, client_id, token)
    await check_one_decides(session, held.client.requester_id)
    return await dynamic.change_client(session, client_id, token, wanted)


def information(server: AuthServer, held: Registered) -> dict[str, Any]:
    """The client information response (RFC 7591 section 3.2.1); the token only when it is new."""
    client, product = held.client, held.product
    client_id = ids.public(ids.CLIENT, client.client_id)
    members = {
        "client_id": client_id,
        "client_id_issued_at": int(held.registered_at.timestamp()),
        "registration_client_uri": f"{server.registration_url}/{client_id}",
        "redirect_uris": client.redirect_uris,
        "jwks": client.jwks,
        "grant_types": sorted(GRANT_TYPES),
        "response_types": ["code"],
        "software_id": product.software_id,
        "software_version": product.software_version,
        **msgspec.structs.asdict(client.metadata),
        "registration_access_token": held.token,
    }
    return {name: value for name, value in members.items() if value is not None}


def _wanted(asked: Registration) -> Wanted:
    """What is asked for, if every check lets it pass. Raises OAuthError naming the first that does not."""
    for name, check in CHECKS.items():
        if complaint := check(asked):
            raise OAuthError(_CODES.get(name, "invalid_client_metadata"), complaint, check=name)
    uris = asked.body.get("redirect_uris", list(asked.product.redirect_uris))
    return Wanted(tuple(uris), asked.body["jwks"], _metadata(asked))


def _metadata(asked: Registration) -> ClientMetadata:
    known = {name: asked.body[name] for name in ClientMetadata.__struct_fields__ if name in asked.body}
    # RFC 7591 section 2.3: what the statement says goes before what the client says.
    return msgspec.convert(known | {"client_name": asked.product.client_name}, ClientMetadata)


def _standard(asked: Registration) -> str | None:
    try:
        ClientMetadataClaims(dict(asked.body), {}).validate()
    except (JoseError, AttributeError, TypeError, ValueError) as error:  # it takes the types of members for granted
        return f"The client metadata are not those of RFC 7591: {getattr(error, 'description', '') or 'wrong types'}."
    return None


def _grant_types(asked: Registration) -> str | None:
    wanted = asked.body.get("grant_types", ["authorization_code"])
    if isinstance(wanted, list) and wanted and all(isinstance(each, str) and each in GRANT_TYPES for each in wanted):
        return None
    return f"grant_types may be {', '.join(sorted(GRANT_TYPES))}."


def _response_types(asked: Registration) -> str | None:
    return None if asked.body.get("response_types", ["code"]) == ["code"] else 'response_types must be ["code"].'


def _redirect_uris(asked: Registration) -> str | None:
    uris = asked.body.get("redirect_uris", list(asked.product.redirect_uris))
    if not isinstance(uris, list) or not uris or not all(isinstance(uri, str) for uri in uris):
        return "redirect_uris must be a list of addresses."
    if beyond := [uri for uri in uris if uri not in asked.product.redirect_uris]:
        return f"{beyond[0]} is not in the software statement: it names every address that may be registered."
    return next((f"{uri} {why}." for uri in uris if (why := why_not_redirect_uri(uri))), None)


def _no_addresses_of_keys(asked: Registration) -> str | None:
    return "Send the keys in jwks: they are not fetched from addresses." if "jwks_uri" in asked.body else None


def _keys(asked: Registration) -> str | None:
    problems = jwks.problems_of_set(asked.body.get("jwks"))
    if not problems:
        return None
    where, why = problems[0]
    return f"jwks{'.' if where else ''}{where} {why}."


def _members(asked: Registration) -> str | None:
    try:
        metadata = _metadata(asked)
    except msgspec.ValidationError as error:
        return f"The client metadata cannot be used: {error}."
    return next((f"{name} {why}." for name, why in problems_of_metadata(metadata, asked.body["jwks"])), None)


CHECKS: Final[dict[str, Callable[[Registration], str | None]]] = {
    "registration-grant-types": _grant_types,
    "registration-response-types": _response_types,
    "registration-redirect-uris": _redirect_uris,
    "registration-jwks-uri": _no_addresses_of_keys,
    "registration-keys": _keys,
    "registration-metadata": _members,
    "registration-standard": _standard,
}
"""In this order. Each gives None, or says what to mend."""
_CODES: Final = {"registration-redirect-uris": "invalid_redirect_uri"}


def _refused(server: AuthServer, check: str, public: str) -> OAuthError:
    """A stranger is refused: counted, not recorded."""
    server.meter.count(check)
    return OAuthError("invalid_software_statement", public, check=check)


def _invalid(check: str, public: str) -> OAuthError:
    return OAuthError("invalid_client_metadata", public, check=check)


def _credentials(client_id: str, authorization: str | None) -> tuple[UUID, str]:
    scheme, _, token = (authorization or "").partition(" ")
    try:
        client = ids.parse(ids.CLIENT, client_id)
    except NotFound:
        raise _no_access() from None
    if scheme.lower() != "bearer" or not token.startswith(dynamic.TOKEN_PREFIX):
        raise _no_access()
    return client, token


async def _managed(server: AuthServer, act: Callable[..., Any], *given: object) -> Any:
    try:
        return await server.database.run(act, *given)
    except NotFound:
        server.meter.count("registration-token")
        raise _no_access() from None


def _no_access() -> InvalidToken:
    """RFC 7592 section 2: the same answer for a wrong token, another's client and none."""
    return InvalidToken("registration-token", "Send the registration_access_token of this client as a Bearer token.")
