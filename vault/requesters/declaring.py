"""Whether a declaration may be declared: everything wrong with it beyond its shape. Pure."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from vault.errors import Invalid
from vault.requesters.declarations import (
    CONSENT,
    HOME,
    MOST_PER_HOUR,
    ONE_TIME,
    Declaration,
    DeclaredItem,
    Recipient,
)
from vault.requesters.organisations import is_email
from vault.requesters.purposes import Purposes, purposes
from vault.requesters.restrictions import problems_of


class CatalogueItem(Protocol):
    """What is asked of a catalogue field here: the forms it may leave in."""

    @property
    def forms(self) -> Any: ...


Catalogue = Callable[[str], CatalogueItem]
"""Gives the field behind an item name; raises Invalid when there is none."""
Problem = tuple[str, str]
"""Where (a path), and why."""


def problems(declaration: Declaration, catalogue: Catalogue, listed: Purposes | None = None) -> Iterator[Problem]:
    """Everything wrong with it: (path below the declaration, why). ``listed``: by default the published purposes."""
    if why := (listed or purposes()).why_not(declaration.purpose.code):
        yield "purpose.code", why
    if declaration.legal_basis != CONSENT:
        yield "legal_basis", "must be consent: data leaves the vault only under a grant, which is consent"
    yield from _how_often(declaration)
    seen: set[str] = set()
    for index, item in enumerate(declaration.items):
        where = f"items[{index}]"
        if item.item in seen:
            yield f"{where}.item", f"{item.item} is declared twice"
        seen.add(item.item)
        yield from _item(where, item, catalogue)
    for index, recipient in enumerate(declaration.recipients):
        yield from _recipient(f"recipients[{index}]", recipient, seen)
    yield from _borders(declaration)


def _how_often(declaration: Declaration) -> Iterator[Problem]:
    yield from problems_of(declaration.hours or None, declaration.networks or None)
    if declaration.frequency.per == "hour" and declaration.frequency.count > MOST_PER_HOUR:
        yield "frequency.count", f"must be at most {MOST_PER_HOUR} an hour"
    if declaration.collection == ONE_TIME and declaration.max_uses != 1:
        yield "max_uses", "must be 1 where the collection is one_time"


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


def _recipient(where: str, recipient: Recipient, declared: set[str]) -> Iterator[Problem]:
    if not is_email(recipient.contact):
        yield f"{where}.contact", "must be a mail address such as privacy@example.com"
    for index, name in enumerate(recipient.items):
        if name not in declared:
            yield f"{where}.items[{index}]", f"{name} is not among the declared items"
        elif name in recipient.items[:index]:
            yield f"{where}.items[{index}]", "is listed twice"


def _borders(declaration: Declaration) -> Iterator[Problem]:
    """PIPL art. 38 and 40: what is stored abroad has left the country."""
    leaves = declaration.cross_border
    if leaves is None:
        if declaration.storage.country != HOME:
            yield "cross_border", f"must be declared: the data is stored in {declaration.storage.country}"
        return
    if leaves.country == HOME:
        yield "cross_border.country", f"must not be {HOME}: that is no border"
    if not is_email(leaves.contact):
        yield "cross_border.contact", "must be a mail address such as privacy@example.com"
