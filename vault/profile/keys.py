"""Section keys: made, opened, replaced, and handed to consent for sealing to grants.

How a granted part that is empty at consent time comes to work later: giving a consent makes the keys of all
its parts (:func:`keys_to_grant`), so that a later write uses a key the grant already has. A key can therefore
be new to a live grant only by :func:`replace_keys`, which consent calls and re-seals in the same transaction.
The part's first key row is its lock: whoever makes, replaces or grants keys holds it.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault.crypto.sealing import new_key
from vault.db import Session
from vault.errors import NotFound, Refused
from vault.ids import PersonId, new_uuid
from vault.profile.sealed_keys import Escrow, Part, RolePublic, SealedKey, bound_key, key_place, seal_key
from vault.profile.tables import SectionKey, SectionVersion
from vault.registry import role_public
from vault.signin.holders import PERSON, Holder

_REGISTRY: Final = "recovery-registry"
_SUPERVISOR: Final = "recovery-supervisor"


class PartKey(NamedTuple):
    """A key of a part, opened: its number and 32 bytes."""

    number: int
    key: bytes


def owner(holder: Holder) -> PersonId:
    """The person who is signed in. Refused for officers and regulators: they have no profile."""
    if holder.realm != PERSON:
        raise Refused("Only a person has sections and consents.")
    return PersonId(holder.id)


async def section_key(
    session: Session, holder: Holder, section: str, compartment: str, *, create: bool = True
) -> PartKey:
    """The newest key of a part, which new versions are written under. Locks the part.

    With ``create`` the first key is made when there is none, else NotFound. Raises Tampered when the row is not the
    person's own work, CannotOpen when it does not open.
    """
    part = Part(section, compartment)
    keys = await _locked_keys(session, holder, part, create=create)
    return PartKey(max(keys), keys[max(keys)])


async def part_keys(session: Session, holder: Holder, section: str) -> dict[tuple[str, str], dict[int, bytes]]:
    """All keys of a section, opened: (section, compartment) → number → key. Reading takes no lock."""
    rows = await session.scalars(
        sa.select(SectionKey).where(SectionKey.person_id == owner(holder), SectionKey.section == section)
    )
    keys: dict[tuple[str, str], dict[int, bytes]] = {}
    for row in rows:
        keys.setdefault((row.section, row.compartment), {})[row.number] = _opened(holder, row)
    return keys


async def keys_to_grant(session: Session, holder: Holder, parts: Iterable[Part]) -> dict[Part, dict[int, bytes]]:
    """For each part the keys a grant of it needs: that of the current version and all newer ones, never older.

    Makes the first key of a part that has none. Locks the parts, in a fixed order.
    """
    found = {}
    for part in in_order(parts):
        keys = await _locked_keys(session, holder, part, create=True)
        used = await _key_in_use(session, owner(holder), part)
        since = max(keys) if used is None else used
        found[part] = {number: key for number, key in keys.items() if number >= since}
    return found


async def replace_keys(session: Session, holder: Holder, parts: Iterable[Part]) -> dict[Part, PartKey]:
    """Make a new key for each part, for all versions written from now on. Locks the parts.

    The caller re-seals to the grants that remain, in this transaction.
    """
    replaced = {}
    for part in in_order(parts):
        keys = await _locked_keys(session, holder, part, create=True)
        number, key = max(keys) + 1, new_key()
        await session.execute(insert(SectionKey).values(await _sealed_row(session, holder, part, number, key)))
        replaced[part] = PartKey(number, key)
    return replaced


def in_order(parts: Iterable[Part]) -> Sequence[Part]:
    """The order in which parts are locked: everybody keeps to it, so that nobody deadlocks."""
    return sorted(set(parts), key=lambda part: (part.section, part.compartment))


async def _locked_keys(session: Session, holder: Holder, part: Part, *, create: bool) -> dict[int, bytes]:
    if not await _lock(session, owner(holder), part):
        if not create:
            raise NotFound("There is no key for this part yet.")
        await _make_first(session, holder, part)
        await _lock(session, owner(holder), part)
    # a statement of its own: in READ COMMITTED it sees what was committed while the lock was awaited
    rows = await session.scalars(sa.select(SectionKey).where(*_of(owner(holder), part)))
    return {row.number: _opened(holder, row) for row in rows}


async def _lock(session: Session, person: PersonId, part: Part) -> bool:
    first = sa.select(SectionKey.id).where(*_of(person, part), SectionKey.number == 1).with_for_update()
    return (await session.execute(first)).first() is not None


async def _make_first(session: Session, holder: Holder, part: Part) -> None:
    """Two at once: the constraint lets one in, the other waits for it and finds its key."""
    values = await _sealed_row(session, holder, part, 1, new_key())
    await session.execute(insert(SectionKey).values(values).on_conflict_do_nothing())


async def _sealed_row(session: Session, holder: Holder, part: Part, number: int, key: bytes) -> dict[str, object]:
    person = owner(holder)
    escrow = Escrow(
        RolePublic(*await role_public(session, _REGISTRY)),
        RolePublic(*await role_public(session, _SUPERVISOR)),
    )
    where = key_place(person, part, number)
    sealed = SealedKey(
        person=person,
        part=part,
        number=number,
        sealed=seal_key(holder.bundle.box_public, key, where),
        escrow=escrow.seal(key, where),
        escrow_registry=escrow.registry.number,
        escrow_supervisor=escrow.supervisor.number,
    )
    return {
        "person_id": person,
        "id": new_uuid(),
        "section": part.section,
        "compartment": part.compartment,
        "number": number,
        "sealed": sealed.sealed,
        "escrow": sealed.escrow,
        "escrow_registry": sealed.escrow_registry,
        "escrow_supervisor": sealed.escrow_supervisor,
        "signature": holder.bundle.sign(sealed.message()),
        "made_at": session.now,
    }


def _opened(holder: Holder, row: SectionKey) -> bytes:
    part = Part(row.section, row.compartment)
    SealedKey(
        row.person_id, part, row.number, row.sealed, row.escrow, row.escrow_registry, row.escrow_supervisor
    ).check(holder.bundle.signing_public, row.signature)
    return bound_key(holder.bundle.unseal(row.sealed), key_place(row.person_id, part, row.number))


async def _key_in_use(session: Session, person: PersonId, part: Part) -> int | None:
    """The key number of the current version's part; None when there is no version or nothing in it."""
    column = SectionVersion.general_key if part.compartment == "general" else SectionVersion.sensitive_key
    newest = (
        sa.select(column)
        .where(SectionVersion.person_id == person, SectionVersion.section == part.section)
        .order_by(SectionVersion.number.desc())
        .limit(1)
    )
    return (await session.execute(newest)).scalar_one_or_none()


def _of(person: PersonId, part: Part) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        SectionKey.person_id == person,
        SectionKey.section == part.section,
        SectionKey.compartment == part.compartment,
    )
