"""The one place that turns errors into answers: RFC 9457 problem documents from the VaultError family."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import asyncpg
import msgspec
from litestar import Response
from litestar.exceptions import HTTPException
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vault.authserver import mending
from vault.authserver.errors import DPOP_ALGORITHMS, OAuthError
from vault.db import is_out_of_resources, is_retryable
from vault.errors import (
    Invalid,
    Malformed,
    NotFound,
    Refused,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    VaultError,
)

PROBLEM_JSON: Final = "application/problem+json"
RESOURCE_METADATA: Final = "/.well-known/oauth-protected-resource/v1"
"""Where the API is described as a protected resource (RFC 9728)."""


class MethodNotAllowed(VaultError):
    """RFC 9110 section 15.5.6."""

    name, status, title = "method-not-allowed", 405, "This address does not take that method"
    advice = "See the Allow header, or the description of the interface at /openapi.json."


class UnsupportedMediaType(VaultError):
    """RFC 9110 section 15.5.16."""

    name, status, title = "unsupported-media-type", 415, "The body is of a kind we do not read here"
    advice = "Send application/json (pages send forms)."

    def __init__(self, *, taken: Iterable[str] = ()) -> None:
        super().__init__(f"Send one of: {', '.join(taken)}." if taken else "")


class FormTokenMissing(Refused):
    """The proof that a request was meant: without it a foreign page could act for whoever is signed in."""

    name, title = "form-token", "The request does not show that you meant it"
    advice = (
        "Reload the page and send the form again. Programs: send the value of the csrf cookie in the "
        "header X-CSRF-Token."
    )


_OPERATORS: Final = ("vault.cli.", "vault.embedded.")
"""Whose failures only operators meet, on a terminal."""
_BY_STATUS: Final[dict[int, type[VaultError]]] = {
    400: Malformed,
    401: Unauthenticated,
    403: Refused,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
    415: UnsupportedMediaType,
    422: Invalid,
    429: TooMany,
    503: Unavailable,
}


def family() -> dict[str, type[VaultError]]:
    """Every kind of failure that a caller may meet, by the name of its problem type, in alphabetical order."""
    kinds = {VaultError.name: VaultError}
    for kind in _below(VaultError):
        if kind.__module__.startswith("vault.") and not kind.__module__.startswith(_OPERATORS):
            kinds.setdefault(kind.name, kind)
    return dict(sorted(kinds.items()))


def _below(kind: type[VaultError]) -> Iterator[type[VaultError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def as_vault_error(error: Exception) -> VaultError:
    """The member of the family that stands for any exception; what is not ours becomes ``internal``."""
    if isinstance(error, VaultError):
        return error
    if isinstance(error, HTTPException):
        if "CSRF" in str(error.detail):
            return FormTokenMissing()
        return _BY_STATUS.get(error.status_code, Malformed if error.status_code < 500 else VaultError)()
    if is_database_away(error):
        return Unavailable("The database does not answer.", private=type(error).__name__)
    return VaultError()


def is_database_away(error: Exception) -> bool:
    """Whether the database could not be reached, has no room, or asked for another try: nothing is wrong with the
    request, and nothing of it was done."""
    if isinstance(error, DBAPIError | asyncpg.PostgresError) and (is_retryable(error) or is_out_of_resources(error)):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout | asyncpg.InterfaceError | OSError)


def status_of(error: VaultError) -> int:
    """The HTTP status of an error; OAuth's errors choose theirs one by one."""
    return error.http_status if isinstance(error, OAuthError) else error.status


def problem(error: VaultError, *, issuer: str, request_id: str) -> dict[str, Any]:
    """The members of the problem document (RFC 9457 section 3.1), with the request id beside them."""
    return {
        "type": f"{issuer}/problems/{error.name}",
        "title": error.title,
        "status": status_of(error),
        "detail": error.public,
        **(_of_oauth(error, issuer) if isinstance(error, OAuthError) else {}),
        **error.members,
        "request_id": request_id,
    }


def headers_of(error: VaultError) -> dict[str, str]:
    """Headers that belong to the status: Retry-After, WWW-Authenticate."""
    if isinstance(error, OAuthError):
        return error.headers()
    headers = {}
    if isinstance(error, TooMany | Unavailable):
        headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        # RFC 9110 section 11.6.1: a 401 names a scheme; requesters use DPoP (RFC 9449 section 7.1)
        headers["WWW-Authenticate"] = f'DPoP algs="{DPOP_ALGORITHMS}"'
    return headers


def _of_oauth(error: OAuthError, issuer: str) -> dict[str, Any]:
    """The error's code, and where the failed check is explained."""
    uri = mending.address(issuer, error.check)
    return {"error": error.error} | ({"error_uri": uri} if uri else {})


def with_hints(headers: dict[str, str], *, issuer: str) -> dict[str, str]:
    """The challenge says where the API is described (RFC 9728 section 5.1)."""
    if "WWW-Authenticate" not in headers:
        return headers
    where = f'{headers["WWW-Authenticate"]}, resource_metadata="{issuer}{RESOURCE_METADATA}"'
    return headers | {"WWW-Authenticate": where}


def insufficient(issuer: str) -> dict[str, str]:
    """The challenge of a refusal to somebody whose token is good and not for this (RFC 6750 section 3.1)."""
    challenge = f'DPoP error="insufficient_scope", algs="{DPOP_ALGORITHMS}"'
    return with_hints({"WWW-Authenticate": challenge}, issuer=issuer)


def problem_response(error: VaultError, *, issuer: str, request_id: str) -> Response[bytes]:
    """The error as an answer."""
    return Response(
        msgspec.json.encode(problem(error, issuer=issuer, request_id=request_id)),
        status_code=status_of(error),
        media_type=PROBLEM_JSON,
        headers=with_hints(headers_of(error), issuer=issuer),
    )
