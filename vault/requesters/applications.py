"""What an organisation hands in to become a requester. Pure: values in, a list of what is wrong out.

Shape, types and lengths are held by the structs; :func:`problems` finds the rest. Every problem names
its field by path, e.g. ``client.jwks.keys[0].d``.
"""

import unicodedata
from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec

from vault.errors import Invalid, TooLarge
from vault.requesters import declaring, jwks, organisations, redirects
from vault.requesters.declarations import Declaration, upgraded
from vault.requesters.declaring import Catalogue, Problem
from vault.requesters.organisations import Organisation

LARGEST: Final = 128 * 1024
"""Bytes of an application in canonical form."""
MOST_PROBLEMS: Final = 50
_HIDDEN: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


class ClientKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The OAuth client: where people come back to, and the public keys it signs with."""

    redirect_uris: Annotated[list[str], msgspec.Meta(min_length=1, max_length=redirects.MOST)]
    jwks: dict[str, Any]


class Application(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything two officers need to decide."""

    organisation: Organisation
    client: ClientKeys
    declaration: Declaration


def read_application(data: object) -> Application:
    """An application from decoded JSON. Raises Invalid naming the field that does not have the documented shape."""
    try:
        return msgspec.convert(data, Application)
    except msgspec.ValidationError as error:
        why, _, where = str(error).partition(" - at `$")
        raise Invalid.field(where.strip("`.") or "application", why) from None


def check_application(application: Application, catalogue: Catalogue) -> None:
    """Raises Invalid with every problem in ``errors``, or TooLarge; returns when two officers may look at it."""
    # As long as the canonical form, which what has not been looked at need not have.
    if len(msgspec.json.encode(application)) > LARGEST:
        raise TooLarge(f"An application has at most {LARGEST // 1024} KiB.")
    found = problems(application, catalogue)[:MOST_PROBLEMS]
    if found:
        names = "; ".join(f"{where}: {why}" for where, why in found[:5])
        raise Invalid(names, errors=[{"field": where, "why": why} for where, why in found])


def problems(application: Application, catalogue: Catalogue) -> list[Problem]:
    """Everything wrong with it beyond its shape."""
    return [
        *_hidden_characters("", msgspec.to_builtins(application)),
        *((f"organisation.{where}", why) for where, why in organisations.problems(application.organisation)),
        *_client(application.client),
        *((f"declaration.{where}", why) for where, why in declaring.problems(application.declaration, catalogue)),
    ]


def _hidden_characters(where: str, value: object) -> Iterator[Problem]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _hidden_characters(f"{where}.{name}" if where else str(name), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _hidden_characters(f"{where}[{index}]", inner)
    elif isinstance(value, str) and any(c in _HIDDEN or unicodedata.category(c) in {"Cc", "Cs"} for c in value):
        yield where, "must not contain control characters or characters that change the direction of text"


def _client(client: ClientKeys) -> Iterator[Problem]:
    for index, uri in enumerate(client.redirect_uris):
        if why := redirects.why_not_redirect_uri(uri):
            yield f"client.redirect_uris[{index}]", why
        elif uri in client.redirect_uris[:index]:
            yield f"client.redirect_uris[{index}]", "is listed twice"
    for where, why in jwks.problems_of_set(client.jwks):
        yield f"client.jwks.{where}".rstrip("."), why


def stored_application(body: dict[str, Any]) -> Application:
    """An application from its row, also one from before more was asked. Raises msgspec.ValidationError."""
    organisation, declaration = organisations.upgraded(body["organisation"]), upgraded(body["declaration"])
    return msgspec.convert({**body, "organisation": organisation, "declaration": declaration}, Application)
