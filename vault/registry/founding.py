"""How people come to be officers and regulators: one founding ceremony, then two sponsors for each."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from vault import ids
from vault.crypto.bundles import Bundle
from vault.db import Session, constraint
from vault.errors import Invalid, Refused
from vault.ids import StaffId
from vault.ledger import events, log
from vault.registry import roles
from vault.registry.candidates import (
    Founder,
    StaffMember,
    check_candidate,
    check_founders,
    check_separate,
    check_sponsors,
)
from vault.registry.mandates import first_mandate
from vault.registry.staff import ACTIVE, active, as_member, everybody
from vault.registry.tables import Staff
from vault.signin.holders import OFFICER, REGULATOR, Holder
from vault.signin.passwords import enrol

__all__ = ["Founder", "add_officer", "add_regulator", "found", "is_founded"]


async def is_founded(session: Session) -> bool:
    """Whether the founding ceremony took place."""
    return (await session.execute(sa.select(Staff.id).limit(1))).first() is not None


async def found(session: Session, founders: Sequence[Founder]) -> list[StaffId]:
    """The founding ceremony: the first officers and regulators, the role keys, the ledger's first entries.

    Works once: Refused when anybody exists, and for the second of two at the same time. Raises Invalid when
    these people cannot found a registry, LoginTaken.
    """
    check_founders(founders)
    # 1. The role keys come first: their primary key lets one ceremony through.
    if await is_founded(session):
        raise _founded_already()
    try:
        secrets = await roles.make_keys(session)
    except IntegrityError as error:
        if constraint(error) != "pk_role_keys":
            raise
        raise _founded_already() from None
    # 2. The entry of the ceremony itself, then people, each with their roles' secrets and an entry.
    opening = events.Event(name="registry.founded", actor=events.REGISTRY, count=len(founders))
    await log.append(session, opening)
    made = []
    for founder in founders:
        member = await _admit(session, founder, secrets)
        await _record(session, member, actor=events.REGISTRY, second=None)
        made.append(member.id)
    return made


async def add_officer(session: Session, candidate: Founder, *, by: tuple[Holder, Holder]) -> StaffId:
    """A new officer, let in by two different existing ones who are both signed in.

    Passes on the secrets of the candidate's roles that a sponsor holds; others are handed on later
    (``roles.hand_on``). Raises Refused, Invalid, LoginTaken.
    """
    if candidate.realm != OFFICER:
        raise Invalid.field("realm", "must be officer")
    return await _add(session, candidate, by)


async def add_regulator(session: Session, candidate: Founder, *, by: tuple[Holder, Holder]) -> StaffId:
    """A new regulator, let in by two different officers; keys of regulators' roles are handed on by regulators."""
    if candidate.realm != REGULATOR:
        raise Invalid.field("realm", "must be regulator")
    return await _add(session, candidate, by)


async def _add(session: Session, candidate: Founder, by: tuple[Holder, Holder]) -> StaffId:
    check_candidate(candidate)
    first, second = by
    sponsors = await active(session, first, OFFICER), await active(session, second, OFFICER)
    check_sponsors(candidate, sponsors)
    check_separate(candidate, [(one.realm, one.organisation) for one in await everybody(session)])
    wanted = list(candidate.roles)
    secrets = await roles.held_secrets(session, first, wanted) | await roles.held_secrets(session, second, wanted)
    member = await _admit(session, candidate, secrets)
    await _record(session, member, actor=events.officer(first.id), second=second.id)
    return member.id


async def _admit(session: Session, candidate: Founder, secrets: roles.Secrets) -> StaffMember:
    bundle = Bundle.generate()
    row = Staff(
        id=StaffId(ids.new_uuid()),
        realm=candidate.realm,
        name=candidate.name,
        organisation=candidate.organisation,
        unit=candidate.unit,
        roles=sorted(candidate.roles),
        box_public=bundle.box_public,
        signing_public=bundle.signing_public,
        status=ACTIVE,
    )
    session.add(row)
    # The holder is made for this enrolment only: no sign-in stands behind it.
    holder = Holder(row.realm, row.id, bundle, sign_in=row.id)
    await enrol(session, holder, login=candidate.login, prepared=candidate.prepared)
    member = as_member(row)
    await roles.give(session, member, secrets)
    return member


async def _record(session: Session, member: StaffMember, *, actor: events.Actor, second: UUID | None) -> None:
    prefix = ids.STAFF if member.realm == OFFICER else ids.REGULATOR
    event = events.Event(
        name=f"{member.realm}.added",
        actor=actor,
        second=second,
        ref=ids.public(prefix, member.id),
        roles=member.roles,
    )
    await log.append(session, event)
    if member.realm == REGULATOR:
        await first_mandate(session, member, actor=actor, second=second)


def _founded_already() -> Refused:
    return Refused("The registry was founded already; officers are added by two sponsors.")
