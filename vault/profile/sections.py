"""Sections: written, read, listed, with their history.

Optimistic concurrency after RFC 9110 section 13: the version number is the ETag. A version, once
written, stays; the unique constraint on (person, section, number) decides a race.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from vault.accounts import the_person
from vault.crypto.canonical import canonical
from vault.db import Session
from vault.errors import CannotOpen, Tampered
from vault.ids import PersonId
from vault.ledger import log
from vault.ledger.events import PERSON, Event, Item
from vault.profile import attestations, documents, versions
from vault.profile.catalogue import COMPARTMENTS, catalogue
from vault.profile.keys import PartKey, owner, part_keys, section_key
from vault.profile.opening import Held, SealedVersion, open_held, open_part, seal_values, version_place
from vault.profile.sealed_keys import Part
from vault.profile.tables import SectionVersion
from vault.signin.holders import Holder


@dataclass(frozen=True)
class Section:
    """One version of a section, opened: ``document`` is {field: value}."""

    section: str
    number: int
    document: dict[str, Any]
    written_at: datetime


@dataclass(frozen=True)
class Written:
    """That a version exists: nothing of what is in it."""

    section: str
    number: int
    written_at: datetime


async def write(session: Session, holder: Holder, section: str, document: object, *, expected: int | None) -> int:
    """Write the next version of a section and return its number.

    ``document``: the whole section, {field: value} after the catalogue. ``expected``: the version it replaces; None
    means that the section must not exist yet. Raises UnknownItem, Invalid (every wrong field by path), TooLarge,
    PreconditionFailed when somebody else was faster. Records ``section.written`` with item names only.
    Grants of the section go on working without further ado (see :mod:`vault.profile.keys`).
    """
    person = await the_person(session, holder)
    values = documents.check(section, document)
    # 1. Is it the version the writer saw?
    present = await versions.newest_number(session, person, section)
    if present != expected:
        raise versions.overtaken(section)
    # 2. Each compartment under its newest key; the parts are locked from here on.
    keys = {part: await section_key(session, holder, section, part) for part in _used(section, values)}
    # 3. Encrypt, sign, insert. Of two who came this far with one number, the constraint lets one in.
    held = await _held(session, holder, Written(section, present or 0, session.now), values)
    version = _sealed(holder, Written(section, (present or 0) + 1, session.now), held, keys=keys)
    await versions.insert(session, version)
    # 4. Attestations follow values that did not change.
    await attestations.follow(session, holder, section, values, keys=keys)
    # 5. The entry, in the same transaction.
    items = tuple(Item(f"{section}.{name}") for name in sorted(values))
    await log.append(session, Event(name="section.written", actor=PERSON, items=items), person=person)
    return version.number


async def read(session: Session, holder: Holder, section: str, number: int | None = None) -> Section:
    """A version of one's own section, the newest unless ``number`` says which.

    Raises UnknownItem, NotFound, Tampered when the row is not the person's own work, CannotOpen.
    """
    catalogue().section(section)
    version = await versions.stored(session, await the_person(session, holder), section, number)
    version.check(holder.bundle.signing_public)
    keys = await part_keys(session, holder, section)
    document: dict[str, Any] = {}
    for compartment in COMPARTMENTS:
        document |= open_part(version, compartment, keys.get((section, compartment), {}))
    return Section(section, version.number, document, version.written_at)


async def listing(session: Session, person: PersonId) -> list[Written]:
    """The newest version of each section the person has, in the catalogue's order."""
    newest = (
        sa.select(SectionVersion.section, SectionVersion.number, SectionVersion.written_at)
        .where(SectionVersion.person_id == person)
        .ext(distinct_on(SectionVersion.section))
        .order_by(SectionVersion.section, SectionVersion.number.desc())
    )
    found = {row.section: Written(*row) for row in await session.execute(newest)}
    return [found[name] for name in catalogue().sections if name in found]


async def history(session: Session, person: PersonId, section: str) -> list[Written]:
    """All versions of a section, newest first; empty when there is none. Raises UnknownItem."""
    catalogue().section(section)
    all_of_it = (
        sa.select(SectionVersion.section, SectionVersion.number, SectionVersion.written_at)
        .where(SectionVersion.person_id == person, SectionVersion.section == section)
        .order_by(SectionVersion.number.desc())
    )
    return [Written(*row) for row in await session.execute(all_of_it)]


def _used(section: str, values: Mapping[str, Any]) -> list[str]:
    """The compartments in which a document has something."""
    kind = catalogue().section(section)
    used = {kind.fields[name].compartment for name in values}
    return [compartment for compartment in COMPARTMENTS if compartment in used]


async def _held(session: Session, holder: Holder, before: Written, values: Mapping[str, Any]) -> dict[str, Held]:
    """The new values with since when each has been so: what stays as it was in the version before keeps its age."""
    at = before.written_at
    known: dict[str, Held] = {}
    if before.number:
        stored = await versions.stored(session, owner(holder), before.section, before.number)
        keys = await part_keys(session, holder, before.section)
        try:
            stored.check(holder.bundle.signing_public)
            for compartment in COMPARTMENTS:
                known |= open_held(stored, compartment, keys.get((before.section, compartment), {}))
        except (Tampered, CannotOpen):  # a version that somebody broke must not keep its person from writing the next
            known = {}
    return {
        name: known[name] if name in known and canonical(known[name].value) == canonical(value) else Held(value, at, at)
        for name, value in values.items()
    }


def _sealed(
    holder: Holder, written: Written, held: Mapping[str, Held], *, keys: Mapping[str, PartKey]
) -> SealedVersion:
    person, kind = owner(holder), catalogue().section(written.section)
    blobs = {}
    for compartment, key in keys.items():
        inside = {name: each for name, each in held.items() if kind.fields[name].compartment == compartment}
        where = version_place(person, Part(written.section, compartment), written.number)
        blobs[compartment] = seal_values(key.key, inside, where)
    numbers = {compartment: key.number for compartment, key in keys.items()}
    unsigned = SealedVersion(
        person_id=person,
        section=written.section,
        number=written.number,
        general=blobs.get("general"),
        sensitive=blobs.get("sensitive"),
        general_key=numbers.get("general"),
        sensitive_key=numbers.get("sensitive"),
        written_at=written.written_at,
        signature=b"",
    )
    return unsigned.signed(holder.bundle.sign(unsigned.message()))
