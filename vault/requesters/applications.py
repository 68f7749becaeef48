"""What an organisation hands in to become a requester. Pure: values in, a list of what is wrong out.

Shape, types and lengths are held by the structs; :func:`problems` finds the rest. Every problem names
its field by path, e.g. ``client.jwks.keys[0].d``.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, Protocol
from urllib.parse import urlsplit

import msgspec

from vault.errors import Invalid, TooLarge
from vault.requesters import jwks, redirects
from vault.requesters.declarations import MOST_PER_HOUR, Declaration, DeclaredItem
from vault.requesters.uscc import why_not_uscc

LARGEST: Final = 128 * 1024
"""Bytes of an application in canonical form."""
MOST_PROBLEMS: Final = 50
_HIDDEN: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")

OrganisationName = Annotated[str, msgspec.Meta(min_length=2, max_length=120)]
PersonName = Annotated[str, msgspec.Meta(min_length=2, max_length=80)]
Email = Annotated[str, msgspec.Meta(min_length=6, max_length=254)]


class Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The organisation's name as its certificate has it, and in English."""

    en: OrganisationName
    zh_cn: OrganisationName = msgspec.field(name="zh-CN")


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A responsible person."""

    name: PersonName
    email: Email


class Mailbox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where people's questions about their data are answered (PIPL art. 17)."""

    email: Email


class Organisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who applies. ``uscc``: unified social credit code, GB 32100-2015."""

    name: Name
    uscc: Annotated[str, msgspec.Meta(max_length=32)]
    contact: Contact
    privacy_contact: Mailbox
    policy_url: Annotated[str, msgspec.Meta(max_length=redirects.LONGEST)]


class ClientKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The OAuth client: where people come back to, and the public keys it signs with."""

    redirect_uris: Annotated[list[str], msgspec.Meta(min_length=1, max_length=redirects.MOST)]
    jwks: dict[str, Any]


class Application(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything two officers need to decide."""

    organisation: Organisation
    client: ClientKeys
    declaration: Declaration


class CatalogueItem(Protocol):
    """What is asked of a catalogue field here: the forms it may leave in."""

    @property
    def forms(self) -> Any: ...


Catalogue = Callable[[str], CatalogueItem]
"""Gives the field behind an item name; raises Invalid when there is none."""
Problem = tuple[str, str]


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
        *_organisation(application.organisation),
        *_client(application.client),
        *_declaration(application.declaration, catalogue),
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


def _organisation(organisation: Organisation) -> Iterator[Problem]:
    if why := why_not_uscc(organisation.uscc):
        yield "organisation.uscc", why
    for where, email in (
        ("contact.email", organisation.contact.email),
        ("privacy_contact.email", organisation.privacy_contact.email),
    ):
        if not _EMAIL.fullmatch(email):
            yield f"organisation.{where}", "must be a mail address such as privacy@example.com"
    if not _is_page(organisation.policy_url):
        yield "organisation.policy_url", "must be an https address of a page, without a user"


def _is_page(url: str) -> bool:
    return redirects.why_not_redirect_uri(url) is None and urlsplit(url).scheme == "https"


def _client(client: ClientKeys) -> Iterator[Problem]:
    for index, uri in enumerate(client.redirect_uris):
        if why := redirects.why_not_redirect_uri(uri):
            yield f"client.redirect_uris[{index}]", why
        elif uri in client.redirect_uris[:index]:
            yield f"client.redirect_uris[{index}]", "is listed twice"
    for where, why in jwks.problems_of_set(client.jwks):
        yield f"client.jwks.{where}".rstrip("."), why


def _declaration(declaration: Declaration, catalogue: Catalogue) -> Iterator[Problem]:
    if declaration.frequency.per == "hour" and declaration.frequency.count > MOST_PER_HOUR:
        yield "declaration.frequency.count", f"must be at most {MOST_PER_HOUR} an hour"
    seen: set[str] = set()
    for index, item in enumerate(declaration.items):
        where = f"declaration.items[{index}]"
        if item.item in seen:
            yield f"{where}.item", f"{item.item} is declared twice"
        seen.add(item.item)
        yield from _item(where, item, catalogue)


def _item(where: str, item: DeclaredItem, catalogue: Catalogue) -> Iterator[Problem]:
    try:
        allowed = catalogue(item.item).forms
    except Invalid:
        yield f"{where}.item", f"{item.item} is not in the catalogue"
        return
    for index, form in enumerate(item.forms):
        if form not in allowed:
            yield f"{where}.forms[{index}]", f"{item.item} leaves as {', '.join(sorted(allowed))}, not as {form}"
        elif form in item.forms[:index]:
            yield f"{where}.forms[{index}]", "is listed twice"
