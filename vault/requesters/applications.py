"""What an organisation hands in to become a requester. Pure: values in, a list of what is wrong out.

Shape, types and lengths are held by the structs; :func:`problems` finds the rest. Every problem names
its field by path, e.g. ``client.jwks.keys[0].d``.
"""

import itertools
from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec

from vault.errors import Invalid, TooLarge
from vault.requesters import declaring, jwks, organisations, redirects
from vault.requesters.bounds import Bounds, excesses
from vault.requesters.declarations import Declaration, upgraded
from vault.requesters.declaring import Catalogue, Problem
from vault.requesters.hidden import is_hiding
from vault.requesters.organisations import Organisation
from vault.requesters.shape import shape_problems

LARGEST: Final = 128 * 1024
"""Bytes of an application in canonical form."""
MOST_PROBLEMS: Final = 50


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
    """An application from decoded JSON. Raises Invalid naming every field that has not the documented shape."""
    found = list(shape_problems(data, Application))
    if found:
        raise refusal(found)
    return msgspec.convert(data, Application)


def check_application(application: Application, catalogue: Catalogue, bounds: Bounds) -> None:
    """Raises Invalid with every problem in ``errors``, or TooLarge; returns when two officers may look at it."""
    # As long as the canonical form, which what has not been looked at need not have.
    if len(msgspec.json.encode(application)) > LARGEST:
        raise TooLarge(f"An application has at most {LARGEST // 1024} KiB.")
    if found := problems(application, catalogue, bounds):
        raise refusal(found)


def refusal(found: list[Problem]) -> Invalid:
    """The error that names the first fifty of these problems."""
    named = found[:MOST_PROBLEMS]
    names = "; ".join(f"{where}: {why}" for where, why in named[:5])
    return Invalid(names, errors=[{"field": where, "why": why} for where, why in named])


def problems(application: Application, catalogue: Catalogue, bounds: Bounds) -> list[Problem]:
    """Everything wrong with it beyond its shape."""
    return [
        *hidden_characters("", msgspec.to_builtins(application)),
        *problems_of_organisation(application.organisation),
        *problems_of_client(application.client),
        *problems_of_declaration(application.declaration, catalogue, bounds),
    ]


def problems_of_organisation(organisation: Organisation) -> Iterator[Problem]:
    """Everything wrong with one part of an application beyond its shape."""
    return ((f"organisation.{where}", why) for where, why in organisations.problems(organisation))


def problems_of_declaration(declaration: Declaration, catalogue: Catalogue, bounds: Bounds) -> Iterator[Problem]:
    """As above; what exceeds the bounds as well."""
    found = itertools.chain(declaring.problems(declaration, catalogue), excesses(declaration, bounds))
    return ((f"declaration.{where}", why) for where, why in found)


def hidden_characters(where: str, value: object) -> Iterator[Problem]:
    """Every text with characters that people do not see."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from hidden_characters(f"{where}.{name}" if where else str(name), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from hidden_characters(f"{where}[{index}]", inner)
    elif isinstance(value, str) and is_hiding(value):
        yield where, "must not contain control characters or characters that are not seen or turn text round"


def problems_of_client(client: ClientKeys) -> Iterator[Problem]:
    """As above."""
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
