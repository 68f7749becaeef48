"""Section versions as they are stored, still encrypted."""

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from vault.crypto.canonical import digest
from vault.db import Session, constraint
from vault.errors import NotFound, PreconditionFailed
from vault.ids import PersonId, new_uuid
from vault.profile.opening import SealedVersion
from vault.profile.tables import SectionVersion

_ONE_WINNER = "uq_section_versions_person_id_section_number"
_COLUMNS = SealedVersion.__struct_fields__


async def stored(session: Session, person: PersonId, section: str, number: int | None = None) -> SealedVersion:
    """A version of a section, the newest unless ``number`` says which. Raises NotFound.

    Nothing in it is to be believed before :meth:`SealedVersion.check`.
    """
    wanted = sa.select(SectionVersion).where(SectionVersion.person_id == person, SectionVersion.section == section)
    if number is not None:
        wanted = wanted.where(SectionVersion.number == number)
    row = (await session.scalars(wanted.order_by(SectionVersion.number.desc()).limit(1))).first()
    if row is None:
        raise NotFound("There is no such section yet." if number is None else "There is no such version.")
    return SealedVersion(**{name: getattr(row, name) for name in _COLUMNS})


async def newest_number(session: Session, person: PersonId, section: str) -> int | None:
    """The number of the current version; None when the section was never written."""
    newest = sa.select(sa.func.max(SectionVersion.number)).where(
        SectionVersion.person_id == person, SectionVersion.section == section
    )
    return (await session.execute(newest)).scalar_one()


async def insert(session: Session, version: SealedVersion) -> None:
    """Add a signed version. PreconditionFailed when another one took its number in the meantime."""
    columns = {name: getattr(version, name) for name in _COLUMNS}
    session.add(SectionVersion(id=new_uuid(), digest=digest(version.message()), **columns))
    try:
        await session.flush()
    except IntegrityError as error:
        if constraint(error) == _ONE_WINNER:
            raise overtaken(version.section) from None
        raise


def overtaken(section: str) -> PreconditionFailed:
    """Somebody else wrote the section first."""
    return PreconditionFailed(f"The section {section} has another version now than the one you changed.")
