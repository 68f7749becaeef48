"""Blast radius: one organisation and a period, and whom, what and how often its uses reached.

For the day on which an organisation lost what it was given. Persons are counted, and named by references of this case
alone: the same person has another one in another case, and only the register can tell who it is, to tell them. Numbers
are compared with the ledger's own, so that what the register's rows leave out is seen.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from typing import Final
from uuid import UUID

from vault import ids
from vault.clock import millis
from vault.crypto.keyring import KeyRing
from vault.crypto.sealing import mac
from vault.db import REGULATOR, Database, Session
from vault.errors import Invalid
from vault.ledger.searching import Sieve, stretches
from vault.oversight.asking import Question
from vault.oversight.notices import Lost, Notice, notice
from vault.oversight.queries import ask
from vault.profile.catalogue import catalogue
from vault.registry.mandates import REACH
from vault.release.reached import days_of, reached
from vault.requesters.names import names
from vault.signin import Holder

MOST_LISTED: Final = 1_000
_CLASSES: Final = ("sensitive", "general", "public")


@dataclass(frozen=True)
class Case:
    """Which organisation, which period (``until`` excluded), and from which reference on persons are listed."""

    requester: UUID
    since: datetime
    until: datetime
    after: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Touched:
    """One person in a case: a reference of this case alone, how many releases, when, the most sensitive class."""

    reference: str
    releases: int
    first: datetime
    last: datetime
    sensitivity: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Radius:
    """What a case reaches. ``items``: persons and releases by item; ``days``: releases by day; ``classes``: persons by
    the most sensitive class they lost. ``entries``: releases that the ledger has of the same period, which should be
    ``releases``. ``persons``: a page of them by reference; ``next``: its continuation. ``notices``: one per class."""

    case: str
    count: int
    releases: int
    entries: int
    items: dict[str, tuple[int, int]]
    days: dict[str, int]
    classes: dict[str, int]
    persons: list[Touched]
    next: str | None
    notices: list[Notice]


@dataclass
class _Person:
    releases: int
    first: datetime
    last: datetime
    items: frozenset[str]


async def radius(db: Database, holder: Holder, case: Case) -> Radius:
    """Work it out. Recorded as a question. Raises Invalid, OutsideMandate, Refused."""
    if not case.since < case.until:
        raise Invalid.field("to", "must be later than from")
    if not 1 <= case.limit <= MOST_LISTED:
        raise Invalid.field("limit", f"must be 1 to {MOST_LISTED}")
    question = Question(
        requester=case.requester, event="release.delivered", since=millis(case.since), until=millis(case.until)
    )
    allowed = await ask(db, holder, question, power=REACH)
    async with db.begin(REGULATOR) as session:
        entries = await _entries(session, allowed.sieve)
        called = (await names(session, [case.requester])).get(case.requester, {})
    async with db.begin() as session:
        persons, items = await _persons(session, case)
        days = await days_of(session, case.requester, case.since, case.until)
    return _summed(db.ring, case, _Worked(persons, items, days, entries, called))


async def _entries(session: Session, sieve: Sieve) -> int:
    total = 0
    async for stretch in stretches(session, sieve):
        total += len(stretch)
    return total


async def _persons(session: Session, case: Case) -> tuple[dict[UUID, _Person], Counter[str]]:
    found: dict[UUID, _Person] = {}
    uses: Counter[str] = Counter()
    async for chunk in reached(session, case.requester, case.since, case.until):
        for each in chunk:
            for item in each.items:
                uses[item] += each.count
            before = found.get(each.person)
            if before is None:
                found[each.person] = _Person(each.count, each.first, each.last, each.items)
                continue
            before.releases += each.count
            before.first, before.last = min(before.first, each.first), max(before.last, each.last)
            before.items = before.items | each.items
    return found, uses


@dataclass(frozen=True)
class _Worked:
    persons: Mapping[UUID, _Person]
    uses: Counter[str]
    days: dict[str, int]
    entries: int
    called: Mapping[str, str]


def _summed(ring: KeyRing, case: Case, worked: _Worked) -> Radius:
    persons, uses = worked.persons, worked.uses
    which = case_of(ring, case)
    by_items = Counter(person.items for person in persons.values())
    held: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    lost: dict[str, set[str]] = {}
    for items, count in by_items.items():
        sensitivity = sensitivity_of(items)
        classes[sensitivity] += count
        lost.setdefault(sensitivity, set()).update(items)
        for item in items:
            held[item] += count
    key = ring.derive("index", f"reach:{which}".encode())
    referred = ((reference_of(key, who), who) for who in persons)
    listed = nsmallest(case.limit + 1, (each for each in referred if each[0] > case.after))
    page = [(reference, persons[who]) for reference, who in listed[: case.limit]]
    notices = [
        notice(Lost(worked.called, case.since, case.until, each, tuple(sorted(lost[each]))), persons=classes[each])
        for each in _CLASSES
        if each in lost
    ]
    return Radius(
        case=which,
        count=len(persons),
        releases=sum(person.releases for person in persons.values()),
        entries=worked.entries,
        items={item: (held[item], uses[item]) for item in sorted(uses)},
        days=worked.days,
        classes={each: classes[each] for each in _CLASSES if each in lost},
        persons=[_touched(reference, person) for reference, person in page],
        next=page[-1][0] if len(listed) > case.limit else None,
        notices=notices,
    )


def case_of(ring: KeyRing, case: Case) -> str:
    """What a case is called: the same for the same organisation and period, so that its references stay."""
    said = f"reach:{ids.public(ids.REQUESTER, case.requester)}:{millis(case.since)}:{millis(case.until)}"
    return ring.derive("index", said.encode())[:8].hex()


def reference_of(key: bytes, person: UUID) -> str:
    """A person within the case that the key belongs to, and in no other."""
    return "p_" + mac(key, person.bytes)[:16].hex()


def sensitivity_of(items: frozenset[str]) -> str:
    """The most sensitive class among items; what the catalogue no longer knows counts as sensitive."""
    known = {name.partition(":")[0] for name in items}
    fields = [catalogue().find(name) for name in known]
    found = {"sensitive" if field is None else field.sensitivity for field in fields}
    return next((each for each in _CLASSES if each in found), "public")


def _touched(reference: str, person: _Person) -> Touched:
    items = tuple(sorted(person.items))
    return Touched(reference, person.releases, person.first, person.last, sensitivity_of(person.items), items)
