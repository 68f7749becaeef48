"""An event: what an act says to the ledger, checked against the closed catalogue.

Fields hold codes, counts, ids and 32-byte digests, never a value or a name of a person. The checks
hold the shape (a code cannot be a sentence); choosing item names from the catalogue of sections,
rather than echoing what a caller sent, is the duty of whoever appends. No I/O here.
"""

import re
from dataclasses import dataclass, fields
from typing import Final
from uuid import UUID

from vault import ids
from vault.errors import Invalid
from vault.ledger.catalogue import CATALOGUE, About, ActorKind

MAX_ITEMS: Final = 256


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: an officer, regulator, requester or member of one by id; a person or the registry itself without."""

    kind: ActorKind
    id: UUID | None = None

    def public(self) -> str | None:
        """The actor's public id, or None for a person and for the registry."""
        return None if self.id is None else ids.public(_ACTOR_PREFIX[self.kind], self.id)


PERSON: Final = Actor(ActorKind.PERSON)
REGISTRY: Final = Actor(ActorKind.REGISTRY)


def officer(officer_id: UUID) -> Actor:
    """A member of the registry's staff."""
    return Actor(ActorKind.OFFICER, officer_id)


def regulator(regulator_id: UUID) -> Actor:
    """A member of a supervisory authority."""
    return Actor(ActorKind.REGULATOR, regulator_id)


def requester(requester_id: UUID) -> Actor:
    """An organisation's machine."""
    return Actor(ActorKind.REQUESTER, requester_id)


def member(member_id: UUID) -> Actor:
    """A member of a registered organisation."""
    return Actor(ActorKind.MEMBER, member_id)


@dataclass(frozen=True, slots=True)
class Item:
    """An item by its name in the catalogue of sections (``contact.phone``) and the form it leaves in."""

    item: str
    form: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened. Give ``name`` and ``actor`` and the fields its row of the catalogue asks for.

    ``consent``, ``permit``, ``approval``, ``commit`` and ``digest`` are 32 bytes each. What they commit
    to must not be guessable from them nor tie a person's entries together: use a commitment under a key
    that is kept with the deletable details (``permit`` alone may be a plain digest, it is about no person).
    ``ref`` is a public id: never a person's, nor a grant's, which would tie a person's entries together.
    """

    name: str
    actor: Actor
    requester: UUID | None = None
    declaration: UUID | None = None
    declaration_version: int | None = None
    purpose: str | None = None
    items: tuple[Item, ...] | None = None
    outcome: str | None = None
    reason: str | None = None
    ref: str | None = None
    second: UUID | None = None
    """The other officer, or the other member of the same organisation, where an act takes two."""
    roles: tuple[str, ...] | None = None
    source: str | None = None
    key: str | None = None
    """Name and version of a key, e.g. ``release.2``."""
    count: int | None = None
    until: int | None = None
    first: int | None = None
    """An index of the ledger: where a range begins."""
    """A moment, ms since 1970: the end of something."""
    consent: bytes | None = None
    permit: bytes | None = None
    approval: bytes | None = None
    commit: bytes | None = None
    digest: bytes | None = None


_ACTOR_PREFIX: Final = {
    ActorKind.OFFICER: ids.STAFF,
    ActorKind.REGULATOR: ids.REGULATOR,
    ActorKind.REQUESTER: ids.REQUESTER,
    ActorKind.MEMBER: ids.MEMBER,
}
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9._:-]{0,79}")
_THINGS: Final = (
    *("ofc", "reg", "req", "mbr", "inv", "chg", "app", "dcl", "cli", "msr", "cas", "rsv", "rel", "ent", "evt", "del"),
    *("pow", "inq", "law", "lop", "mnd", "aud", "ord", "exp", "apv"),
)
_REF: Final = re.compile(rf"(?:{'|'.join(_THINGS)})_[0-9a-f]{{32}}")
_CODES: Final = ("purpose", "outcome", "reason", "source", "key")
_DIGESTS: Final = ("consent", "permit", "approval", "commit", "digest")
_FIELDS: Final = frozenset(field.name for field in fields(Event)) - {"name", "actor"}


def check(event: Event, *, tagged: bool | None) -> None:
    """Raise Invalid unless the event fits its row of the catalogue.

    ``tagged``: whether the entry will carry a person's tag; None where the tag is chosen later.
    """
    kind = CATALOGUE.get(event.name)
    if kind is None:
        raise Invalid.field("event", f"{event.name!r} is not in the catalogue of events")
    if event.actor.kind not in kind.actors or (event.actor.id is None) == (event.actor.kind in _ACTOR_PREFIX):
        raise Invalid.field("actor", f"{event.name} cannot be the act of this actor")
    if (kind.about is About.SOMEBODY and tagged is False) or (kind.about is About.NOBODY and tagged):
        raise Invalid.field("person", f"{event.name} is {kind.about}")
    given = {name for name in _FIELDS if getattr(event, name) is not None}
    if missing := kind.must - given:
        raise Invalid.field(min(missing), f"{event.name} must carry it")
    if extra := given - kind.must - kind.may:
        raise Invalid.field(min(extra), f"{event.name} does not carry it")
    _check_shapes(event)


def _check_shapes(event: Event) -> None:
    for name in _CODES:
        _check_code(name, getattr(event, name))
    for name in _DIGESTS:
        value = getattr(event, name)
        if value is not None and (not isinstance(value, bytes) or len(value) != 32):
            raise Invalid.field(name, "must be 32 bytes")
    if event.ref is not None and not _REF.fullmatch(event.ref):
        raise Invalid.field("ref", "must be the public id of a thing, never of a person or a grant")
    for role in event.roles or ():
        _check_code("roles", role)
    if len(event.items or ()) > MAX_ITEMS:
        raise Invalid.field("items", f"at most {MAX_ITEMS}")
    for item in event.items or ():
        _check_code("items", item.item)
        _check_code("items", item.form)
    for name, number in (
        ("count", event.count),
        ("until", event.until),
        ("first", event.first),
        ("declaration_version", event.declaration_version),
    ):
        if number is not None and not 0 <= number < 1 << 53:
            raise Invalid.field(name, "must be a count")


def _check_code(name: str, code: str | None) -> None:
    if code is not None and not _CODE.fullmatch(code):
        raise Invalid.field(name, "must be a code: lower-case letters, digits, . _ : -, at most 80")
