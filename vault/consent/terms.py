"""What a requester asks for, and whether it may: catalogue ⊇ declaration ⊇ request. Pure.

The request is one object of ``authorization_details`` (RFC 9396):

    {"type": "personal_information.v1", "items": [{"item": "identity.name", "form": "raw"}, …],
     "duration_days": 30, "max_uses": 20, "frequency": {"per": "day", "count": 5}, "locations": ["https://…"]}

``max_uses``, ``frequency`` and ``locations`` may be missing. RFC 9396 section 5 asks that unknown types and
fields be refused, so the type grows only by a new version.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec

from vault.errors import Invalid, Refused
from vault.profile.catalogue import Catalogue, Field
from vault.profile.sealed_keys import Part
from vault.profile.shapes import words
from vault.requesters.declarations import (
    LONGEST_DURATION_DAYS,
    MOST_ITEMS,
    MOST_USES,
    Bilingual,
    Declaration,
    FormName,
    Frequency,
    ItemName,
)
from vault.requesters.narrowing import is_slower

TYPE: Final = "personal_information.v1"


class BadDetails(Invalid):
    """The authorization details are not of the documented shape (RFC 9396: invalid_authorization_details)."""

    name = "invalid-authorization-details"
    title = "The authorization details cannot be understood"
    advice = "Send one object of the type personal_information.v1 with exactly the documented members."


class OverAsked(Refused):
    """More than the declaration allows. ``items``: item names that are too much; ``limits``: bounds that are."""

    name = "over-asked"
    title = "This asks for more than is allowed"
    advice = "Ask without the items and limits named here, or have a wider declaration vetted."

    def __init__(self, items: Iterable[str], limits: Iterable[str] = ()) -> None:
        self.items, self.limits = list(items), list(limits)
        super().__init__(f"Too much: {', '.join([*self.items, *self.limits])}.", items=self.items, limits=self.limits)


class AskedItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item in one form."""

    item: ItemName
    form: FormName


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parsed request, not yet checked against anything."""

    type: Literal["personal_information.v1"]
    items: Annotated[tuple[AskedItem, ...], msgspec.Meta(min_length=1, max_length=MOST_ITEMS)]
    duration_days: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_DURATION_DAYS)]
    max_uses: Annotated[int, msgspec.Meta(ge=1, le=MOST_USES)] | None = None
    frequency: Frequency | None = None
    locations: (
        Annotated[tuple[Annotated[str, msgspec.Meta(max_length=512)], ...], msgspec.Meta(min_length=1, max_length=4)]
        | None
    ) = None


class ItemForm(NamedTuple):
    """An item in a form: the unit of the subset chain."""

    item: str
    form: str


@dataclass(frozen=True)
class TermItem:
    """One item that may be granted. ``required``: without it the purpose cannot be served."""

    field: Field
    form: str
    required: bool
    necessity: Bilingual

    @property
    def item(self) -> str:
        """Its name in the catalogue."""
        return self.field.item

    @property
    def is_sensitive(self) -> bool:
        """Whether it needs a separate yes (PIPL art. 29) and an officer's approval."""
        return self.field.is_sensitive

    @property
    def part(self) -> Part:
        """Which section key it takes."""
        return Part(self.field.section, self.field.compartment)

    def label(self, locale: str) -> str:
        """What the item is called to people."""
        return self.field.label["zh-CN" if locale.lower().startswith("zh") else "en"]

    def form_label(self, locale: str) -> str:
        """How the form in which it will leave is called to people."""
        return words(self.form, self.field.form(self.form), locale)


@dataclass(frozen=True)
class Terms:
    """What is on offer: within the declaration, within the catalogue. ``max_uses`` None: bounded by frequency only."""

    items: tuple[TermItem, ...]
    duration_days: int
    max_uses: int | None
    frequency: Frequency

    def chosen(self, ticked: Iterable[str]) -> tuple[TermItem, ...]:
        """The items a person ticked, in the order of the request."""
        wanted = frozenset(ticked)
        return tuple(item for item in self.items if item.item in wanted)


def parse(details: object) -> Asked:
    """A request from decoded ``authorization_details``: a list with one object of our type.

    Raises BadDetails for anything else: unknown types or members, wrong types, an item named twice.
    """
    if not isinstance(details, list) or len(details) != 1:
        raise BadDetails(f"authorization_details must be a list with one object of the type {TYPE}.")
    if not isinstance(details[0], dict) or details[0].get("type") != TYPE:
        raise BadDetails(f"The only type of authorization details is {TYPE}.")
    try:
        asked = msgspec.convert(details[0], Asked)
    except msgspec.ValidationError as error:
        raise BadDetails(f"authorization_details: {error}.") from None
    names = [item.item for item in asked.items]
    if len(set(names)) != len(names):
        raise BadDetails("An item may be asked for in one form only.")
    return asked


def check(asked: Asked, declaration: Declaration, catalogue: Catalogue) -> Terms:
    """The terms to be put before the person. Raises OverAsked naming every item and limit that is too much."""
    items = [_term(each, declaration, catalogue) for each in asked.items]
    too_much = [each.item for each, term in zip(asked.items, items, strict=True) if term is None]
    limits = [name for name, exceeded in _limits(asked, declaration).items() if exceeded]
    if too_much or limits:
        raise OverAsked(too_much, limits)
    return Terms(
        items=tuple(term for term in items if term is not None),
        duration_days=asked.duration_days,
        max_uses=declaration.max_uses if asked.max_uses is None else asked.max_uses,
        frequency=declaration.frequency if asked.frequency is None else asked.frequency,
    )


def within(asked: Iterable[ItemForm], allowed: Iterable[ItemForm]) -> None:
    """The later links of the chain (grant, token, release). Raises OverAsked naming what is not allowed."""
    permitted = frozenset(allowed)
    too_much = sorted({each.item for each in asked if each not in permitted})
    if too_much:
        raise OverAsked(too_much)


def details(items: Iterable[ItemForm], duration_days: int, max_uses: int | None, frequency: Frequency) -> list[Any]:
    """What was granted, as ``authorization_details`` (RFC 9396 section 7: the token response says what it is worth)."""
    granted = Asked(
        type=TYPE,
        items=tuple(AskedItem(*each) for each in items),
        duration_days=duration_days,
        max_uses=max_uses,
        frequency=frequency,
    )
    plain: dict[str, Any] = msgspec.to_builtins(granted)
    return [{name: value for name, value in plain.items() if value is not None}]


def _term(asked: AskedItem, declaration: Declaration, catalogue: Catalogue) -> TermItem | None:
    """None when catalogue or declaration do not allow the item in this form."""
    field, declared = catalogue.find(asked.item), declaration.item(asked.item)
    if field is None or declared is None or asked.form not in declared.forms or asked.form not in field.forms:
        return None
    return TermItem(field, asked.form, declared.required, declared.necessity)


def _limits(asked: Asked, declaration: Declaration) -> dict[str, bool]:
    """Which limits are exceeded."""
    most = declaration.max_uses
    return {
        "duration_days": asked.duration_days > declaration.longest_duration_days,
        "max_uses": most is not None and asked.max_uses is not None and asked.max_uses > most,
        "frequency": asked.frequency is not None and not is_slower(asked.frequency, declaration.frequency),
    }
