"""Questions to the ledger: each recorded first, in a transaction of its own, and answered in the regulators' role."""

from dataclasses import dataclass
from typing import Final

from vault import ids
from vault.crypto.canonical import b64, canonical, digest
from vault.db import REGULATOR, Database, Session
from vault.errors import Invalid, NotFound
from vault.ids import PersonId
from vault.ledger import hidden, log, reading, searching, subjects
from vault.ledger.events import Event, regulator
from vault.ledger.hidden import Veil
from vault.ledger.page_proofs import PageProof, prove
from vault.ledger.reading import MOST_ROWS, Entry
from vault.ledger.receipt import Consistency, Receipt
from vault.ledger.searching import Sieve
from vault.oversight.asking import Places, Question, may_see, narrowed
from vault.oversight.references import Meant, check_pace, count_wrong, meant_by
from vault.registry.mandates import QUESTIONS, REFERENCES, Mandate, OutsideMandate, mandated
from vault.requesters.names import registered_in
from vault.signin import Holder

_LAST: Final = 2**62
_MOST_TAGS: Final = 20_000
"""Entries of one person that a question by reference goes back over."""


@dataclass(frozen=True, slots=True)
class Found:
    """Entries that fit a question, newest first. ``next``: pass it as ``before`` for older ones; None: no more.
    ``proof``: that all of them are in the ledger, against one checkpoint; None where it was not asked for."""

    entries: list[Entry]
    next: int | None
    proof: PageProof | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of an answer: the newest ``limit`` (at most 500) below the index ``before``, with proof or without."""

    before: int | None = None
    limit: int = 100
    proof: bool = False


@dataclass(frozen=True, slots=True)
class _Allowed:
    sieve: Sieve
    meant: Meant | None


async def search(db: Database, holder: Holder, question: Question, page: Page = Page()) -> Found:
    """A page of entries. Records ``query.made``, or ``query.refused`` where the mandate does not reach.

    Raises Refused, OutsideMandate, Invalid, NotFound for a reference that is none, TooMany, Tampered.
    """
    if not 1 <= page.limit <= MOST_ROWS:
        raise Invalid.field("limit", f"must be 1 to {MOST_ROWS}")
    allowed = await ask(db, holder, question, power=QUESTIONS)
    before = None if page.before is None else max(0, min(page.before, _LAST))
    tags = None if allowed.meant is None else await _tags(db, allowed.meant)
    async with db.begin(REGULATOR) as session:
        if tags is None:
            indexes = await searching.find(session, allowed.sieve, before=before, limit=page.limit + 1)
            entries = await searching.entries_at(session, indexes[: page.limit])
        else:
            of_person = await reading.tagged(session, tags)
            fitting = [e for e in of_person if allowed.sieve.fits(e.members) and (before is None or e.index < before)]
            indexes, entries = [each.index for each in fitting], fitting[: page.limit]
        proof = await prove(session, entries) if page.proof and entries else None
    following = indexes[page.limit - 1] if len(indexes) > page.limit else None
    return Found(entries, following, proof)


async def entry(db: Database, holder: Holder, index: int) -> tuple[Entry, Receipt]:
    """One entry by its index, and what proves it to anybody. NotFound, OutsideMandate. Records ``query.made``."""
    mandate, places = await db.run(_record, holder, digest(canonical(["entry", 1, index])))
    if not 0 <= index < _LAST:
        raise NotFound("There is no such entry.")
    async with db.begin(REGULATOR) as session:
        found = await searching.entries_at(session, [index])
        if not found:
            raise NotFound("There is no such entry.")
        receipt = await reading.receipt_at(session, index)
    if not may_see(mandate, found[0].members, places):
        await db.run(_refused, holder, Question(), "other_entry")
        raise OutsideMandate("This entry lies outside your mandate.", "other_entry")
    return found[0], receipt


async def consistency(db: Database, holder: Holder, first: int, second: int) -> Consistency:
    """Proof that the ledger at the size ``first`` is the beginning of that at ``second``. Records ``query.made``."""
    await db.run(_record, holder, digest(canonical(["consistency", 1, first, second])))
    async with db.begin(REGULATOR) as session:
        return await reading.consistency(session, first, second)


async def ask(db: Database, holder: Holder, question: Question, *, power: str) -> _Allowed:
    """Record the question and say what may answer it; record that it was refused, where it is."""
    try:
        return await db.run(_asked, holder, question, power)
    except OutsideMandate as outside:
        await db.run(_refused, holder, question, outside.check)
        raise
    except NotFound:
        await db.run(_guessed, holder, question)
        raise


async def _asked(session: Session, holder: Holder, question: Question, power: str) -> _Allowed:
    member, mandate = await mandated(session, holder, power)
    sieve = narrowed(question, mandate, await places_of(session, mandate))
    made = Event(name="query.made", actor=regulator(member.id), digest=question.digest(session.ring), reason=power)
    if question.reference is None:
        await log.append(session, made)
        return _Allowed(sieve, None)
    await mandated(session, holder, REFERENCES)
    await check_pace(session, member.id)
    meant = await meant_by(session, question.reference)
    await _tell(session, made, meant)
    return _Allowed(sieve, meant)


async def _tell(session: Session, made: Event, meant: Meant) -> None:
    """The person sees who asked about them: at once, or on the day that the order says. The question stands in the
    ledger with the regulator's name in any case."""
    order = meant.order
    if meant.person is None:
        await log.append(session, made)
    elif order is None or order.hidden_until is None or order.hidden_until <= session.now:
        await log.append(session, made, person=meant.person)
    else:
        await log.append(session, made)
        veil = Veil(order.authority, order.ground, order.hidden_until)
        await hidden.append_hidden(session, made, person=meant.person, veil=veil)


async def _record(session: Session, holder: Holder, asked: bytes) -> tuple[Mandate, Places]:
    member, mandate = await mandated(session, holder, QUESTIONS)
    await log.append(session, Event(name="query.made", actor=regulator(member.id), digest=asked))
    return mandate, await places_of(session, mandate)


async def places_of(session: Session, mandate: Mandate) -> Places:
    """Where requesters are registered, as far as a mandate's regions make that matter."""
    if mandate.regions is None:
        return Places()
    found = await registered_in(session, mandate.regions)
    return Places(frozenset(ids.public(ids.REQUESTER, each) for each in found))


async def _refused(session: Session, holder: Holder, question: Question, why: str) -> None:
    event = Event(name="query.refused", actor=regulator(holder.id), digest=question.digest(session.ring), reason=why)
    await log.append(session, event)


async def _guessed(session: Session, holder: Holder, question: Question) -> None:
    member, _ = await mandated(session, holder, REFERENCES)
    await count_wrong(session, member.id)
    await _refused(session, holder, question, "no_reference")


async def _tags(db: Database, meant: Meant) -> list[str]:
    """The newest tags of whom a reference leads to; none where it leads to nobody."""
    person: PersonId | None = meant.person
    if person is None:
        return []
    async with db.begin() as session:
        k_s, total = await subjects.key_and_count(session, person)
    first = max(0, total - _MOST_TAGS)
    return [b64(tag) for tag in subjects.tags(k_s, log.SHARD, first, total - first)]
