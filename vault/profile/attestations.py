"""Attestations: a source confirmed what a person wrote.

An attestation holds for a value. It is made under the key the current version's part is written with, and
follows the value from key to key when later versions are written; a changed value leaves it behind.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa

from vault.accounts import the_person
from vault.crypto.sealing import aead, open_aead, place
from vault.db import Session
from vault.errors import NotFound, Refused
from vault.ids import PersonId, new_uuid
from vault.ledger import log
from vault.ledger.events import PERSON, Event, Item
from vault.profile import versions
from vault.profile.catalogue import catalogue
from vault.profile.keys import PartKey, owner, part_keys
from vault.profile.opening import (
    Attested,
    SealedAttestation,
    attestation_key,
    attestation_mac,
    attested,
    open_part,
)
from vault.profile.tables import Attestation
from vault.signin.holders import Holder


class Answer(Protocol):
    """What is asked of a source's answer: ``evidence`` is the signed answer itself."""

    @property
    def match(self) -> bool: ...
    @property
    def level(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def checked_at(self) -> datetime: ...
    @property
    def evidence(self) -> bytes: ...


async def stored(session: Session, person: PersonId, section: str) -> list[SealedAttestation]:
    """All attestations of a section, newest first, unopened."""
    rows = await session.scalars(
        sa.select(Attestation)
        .where(Attestation.person_id == person, Attestation.section == section)
        .order_by(Attestation.checked_at.desc(), Attestation.id.desc())
    )
    names = SealedAttestation.__struct_fields__
    return [SealedAttestation(**{name: getattr(row, name) for name in names}) for row in rows]


async def of_section(
    session: Session, holder: Holder, section: str, document: Mapping[str, Any]
) -> dict[str, Attested]:
    """{item: attestation} of those values of one's own section that are still the attested ones."""
    rows = await stored(session, owner(holder), section)
    values = {f"{section}.{name}": value for name, value in document.items()}
    return attested(rows, await part_keys(session, holder, section) if rows else {}, values)


async def attest(session: Session, holder: Holder, section: str, fields: Sequence[str], answer: Answer) -> None:
    """Keep a source's answer about these fields of one's own current version.

    The source was asked about the values of this version. Refused when it did not confirm, NotFound when a field is
    empty. Records ``person.proofed`` with source, level and item names.
    """
    if not answer.match:
        raise Refused("The source did not confirm these fields.")
    person = await the_person(session, holder)
    version = await versions.stored(session, person, section)
    version.check(holder.bundle.signing_public)
    keys = await part_keys(session, holder, section)
    for name in fields:
        compartment = catalogue().item(f"{section}.{name}").compartment
        part = keys.get((section, compartment), {})
        values, found = open_part(version, compartment, part), version.sealed(compartment)
        if found is None or name not in values:
            raise NotFound("There is nothing in this field to be confirmed.")
        _add(session, (person, section, name), values[name], answer=answer, key=PartKey(found[1], part[found[1]]))
    items = tuple(Item(f"{section}.{name}") for name in sorted(fields))
    event = Event(name="person.proofed", actor=PERSON, outcome=answer.level, source=answer.source, items=items)
    await log.append(session, event, person=person)


async def follow(
    session: Session, holder: Holder, section: str, document: Mapping[str, Any], *, keys: Mapping[str, PartKey]
) -> None:
    """Make attestations of unchanged values again under the keys a new version is written with, where they differ."""
    rows = await stored(session, owner(holder), section)
    old = await part_keys(session, holder, section) if rows else {}
    for row in _newest(rows):
        if row.field not in document:
            continue
        compartment = catalogue().item(f"{section}.{row.field}").compartment
        new, value = keys[compartment], document[row.field]
        key = old[section, compartment].get(row.key_number)
        if row.key_number != new.number and key is not None and row.holds_for(key, value):
            evidence = open_aead(attestation_key(key), row.evidence, _place(row))
            _add(session, (row.person_id, section, row.field), value, answer=_Kept(row, evidence), key=new)
    await session.flush()


class _Kept:
    """A source's answer, as it was kept."""

    match = True

    def __init__(self, row: SealedAttestation, evidence: bytes) -> None:
        self.level, self.source, self.checked_at, self.evidence = row.level, row.source, row.checked_at, evidence


def _newest(rows: Iterable[SealedAttestation]) -> list[SealedAttestation]:
    by_field: dict[str, SealedAttestation] = {}
    for row in rows:
        by_field.setdefault(row.field, row)
    return list(by_field.values())


def _add(session: Session, where: tuple[UUID, str, str], value: object, *, answer: Answer, key: PartKey) -> None:
    person, section, field = where
    unsealed = SealedAttestation(
        person_id=person,
        section=section,
        field=field,
        level=answer.level,
        source=answer.source,
        checked_at=answer.checked_at,
        key_number=key.number,
        value_digest=b"",
        evidence=b"",
    )
    session.add(
        Attestation(
            person_id=person,
            id=new_uuid(),
            section=section,
            field=field,
            level=answer.level,
            source=answer.source,
            checked_at=answer.checked_at,
            key_number=key.number,
            value_digest=attestation_mac(key.key, unsealed, value),
            evidence=aead(attestation_key(key.key), answer.evidence, _place(unsealed)),
        )
    )


def _place(row: SealedAttestation) -> bytes:
    return place("attestations", (row.person_id, row.section, row.field), "evidence", row.key_number)
