"""Section keys in escrow: sealed to the supervisor's role, and that sealed to the registry's (design section 4).

Neither role opens anything alone: whoever peels the outer layer holds a box for somebody else, and whoever holds the
inner key never had the outer one. Rows count only as the person signed them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from vault.accounts import person_keys
from vault.crypto.sealing import unseal
from vault.db import Session
from vault.ids import PersonId
from vault.profile.catalogue import catalogue
from vault.profile.opening import SealedVersion
from vault.profile.sealed_keys import Part, SealedKey, bound_key, key_place
from vault.profile.tables import SectionKey, SectionVersion


@dataclass(frozen=True)
class Escrowed:
    """One section key in escrow; ``registry`` and ``supervisor``: by number, the role keys of its two layers."""

    part: Part
    number: int
    sealed: bytes
    registry: int
    supervisor: int

    def peel(self, registry_secret: bytes) -> bytes:
        """The inner box, which only the supervisor's role opens. CannotOpen."""
        return unseal(registry_secret, self.sealed)


def open_inner(supervisor_secret: bytes, inner: bytes, person: PersonId, part: Part, number: int) -> bytes:
    """The section key in an inner box. CannotOpen when it is of another person, part or number."""
    return bound_key(unseal(supervisor_secret, inner), key_place(person, part, number))


async def current_versions(session: Session, person: PersonId, sections: Iterable[str]) -> dict[str, int]:
    """The newest version of each of these sections that there is: {section: number}."""
    newest = (
        sa.select(SectionVersion.section, sa.func.max(SectionVersion.number))
        .where(SectionVersion.person_id == person, SectionVersion.section.in_(set(sections)))
        .group_by(SectionVersion.section)
    )
    return {row[0]: row[1] for row in await session.execute(newest)}


async def sealed_versions(session: Session, person: PersonId, pinned: Mapping[str, int]) -> list[SealedVersion]:
    """Exactly these versions, still sealed; their signatures are checked when they are opened."""
    columns = [SectionVersion.__table__.c[name] for name in SealedVersion.__struct_fields__]
    which = sa.tuple_(SectionVersion.section, SectionVersion.number).in_(list(pinned.items()))
    rows = await session.execute(sa.select(*columns).where(SectionVersion.person_id == person, which))
    return [SealedVersion(*row) for row in rows]


async def escrowed(
    session: Session, person: PersonId, versions: Iterable[SealedVersion], items: Iterable[str]
) -> list[Escrowed]:
    """The keys that these items of these versions lie under, and no other. Raises Tampered when one is not the
    person's own work."""
    parts = {(field.section, field.compartment) for field in map(catalogue().item, items)}
    needed = {
        (version.section, compartment, sealed[1])
        for version in versions
        for section, compartment in parts
        if section == version.section and (sealed := version.sealed(compartment)) is not None
    }
    public = (await person_keys(session, person)).signing_public
    which = sa.tuple_(SectionKey.section, SectionKey.compartment, SectionKey.number).in_(sorted(needed))
    rows = await session.scalars(sa.select(SectionKey).where(SectionKey.person_id == person, which))
    return [_checked(row, public) for row in rows]


def _checked(row: SectionKey, public: bytes) -> Escrowed:
    part = Part(row.section, row.compartment)
    SealedKey(
        row.person_id, part, row.number, row.sealed, row.escrow, row.escrow_registry, row.escrow_supervisor
    ).check(public, row.signature)
    return Escrowed(part, row.number, row.escrow, row.escrow_registry, row.escrow_supervisor)
