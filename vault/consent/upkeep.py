"""Keeping grants and section keys in step: sealing keys to grants, replacing them after a withdrawal."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault.accounts import the_person
from vault.consent.shares import part_place, seal_part
from vault.consent.tables import WITHDRAWN, Grant, GrantPart
from vault.db import Session
from vault.errors import Tampered
from vault.ids import PersonId
from vault.profile.catalogue import GENERAL
from vault.profile.keys import keys_to_grant, owner, replace_keys
from vault.profile.sealed_keys import Part
from vault.signin.holders import Holder


async def seal_to_grant(session: Session, holder: Holder, grants: Sequence[Grant]) -> int:
    """Seal to each grant those keys of its parts that it needs and does not have. Returns how many were sealed.

    Makes the first key of a part that has none. Locks the parts.
    """
    wanted = {part for grant in grants for part in parts_of(grant)}
    keys = await keys_to_grant(session, holder, wanted)
    sealed = 0
    for grant in grants:
        there = await _numbers(session, grant)
        for part in parts_of(grant):
            for number, key in keys[part].items():
                if (part, number) not in there:
                    await _seal(session, grant, part, number=number, key=key)
                    sealed += 1
    return sealed


async def reseal(session: Session, holder: Holder) -> int:
    """Bring all live grants of the person up to date. Returns how many keys were sealed; 0 when all is in order.

    :func:`rotate_after_withdrawal` does it along the way. Raises Tampered when a grant's row was edited.
    """
    return await seal_to_grant(session, holder, await _live(session, owner(holder)))


async def rotate_after_withdrawal(session: Session, holder: Holder) -> int:
    """Replace the section keys that withdrawn grants had, and seal the new ones to the grants that remain.

    Call it after each sign-in of a person, in a transaction of its own. Returns how many keys were replaced. Until
    then a withdrawn grant cannot be opened because its wraps are gone; afterwards what is written is also
    out of reach of whoever kept an old copy of them.
    """
    person = await the_person(session, holder)
    ended = await _not_yet_rotated(session, person)
    parts = {part for grant in ended for part in parts_of(grant)}
    replaced = await replace_keys(session, holder, parts)
    await reseal(session, holder)
    if ended:
        await session.execute(
            sa.update(Grant)
            .where(Grant.person_id == person, Grant.id.in_([grant.id for grant in ended]))
            .values(keys_replaced_at=session.now)
            .execution_options(synchronize_session=False)
        )
    return len(replaced)


def parts_of(grant: Grant) -> list[Part]:
    """Whose section keys the grant needs."""
    return [Part(part["section"], part["compartment"]) for part in grant.parts]


async def _live(session: Session, person: PersonId) -> Sequence[Grant]:
    # Suspended ones too: they must be whole on the day the suspension is lifted.
    chosen = sa.select(Grant).where(
        Grant.person_id == person, Grant.status != WITHDRAWN, Grant.expires_at > session.now
    )
    return (await session.scalars(chosen)).all()


async def _not_yet_rotated(session: Session, person: PersonId) -> Sequence[Grant]:
    """Locked; who comes second at the same time finds nothing to do."""
    chosen = (
        sa.select(Grant)
        .where(Grant.person_id == person, Grant.status == WITHDRAWN, Grant.keys_replaced_at.is_(None))
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(chosen)).all()


async def _numbers(session: Session, grant: Grant) -> set[tuple[Part, int]]:
    rows = await session.execute(
        sa.select(GrantPart.section, GrantPart.compartment, GrantPart.number).where(
            GrantPart.person_id == grant.person_id, GrantPart.grant_id == grant.id
        )
    )
    return {(Part(row.section, row.compartment), row.number) for row in rows}


async def _seal(session: Session, grant: Grant, part: Part, *, number: int, key: bytes) -> None:
    public = grant.general_public if part.compartment == GENERAL else grant.sensitive_public
    if public is None:
        raise Tampered(private="a grant has a part but no key for its compartment")
    row = {
        "person_id": grant.person_id,
        "grant_id": grant.id,
        "section": part.section,
        "compartment": part.compartment,
        "number": number,
        "sealed": seal_part(public, key, part_place(grant.id, part, number)),
    }
    await session.execute(insert(GrantPart).values(row).on_conflict_do_nothing())
