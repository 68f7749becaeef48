"""Role keys: what is sealed to a role can be opened by each of its holders, and passed to new ones."""

import sqlalchemy as sa

from vault import ids
from vault.crypto.sealing import box_public, new_box_pair, same, seal
from vault.db import Session
from vault.errors import BadConfiguration, CannotOpen, NotFound, Refused, Tampered
from vault.ids import StaffId
from vault.ledger import log
from vault.ledger.events import Event
from vault.registry.candidates import KEYED, StaffMember, realm_of
from vault.registry.staff import ACTIVE, officer, staff_member
from vault.registry.tables import RoleKey, RoleKeyHolder
from vault.signin.holders import OFFICER, Holder
from vault.signin.record import actor

Secrets = dict[tuple[str, int], bytes]
"""(role, number) -> X25519 secret. Only while one act runs."""


async def role_public(session: Session, role: str) -> tuple[int, bytes]:
    """The newest key of a role: its number and its public half, 32 bytes. Raises Tampered when it was swapped."""
    newest = sa.select(RoleKey).where(RoleKey.role == role).order_by(RoleKey.number.desc()).limit(1)
    row = (await session.execute(newest)).scalar_one_or_none()
    if row is None:
        raise BadConfiguration(f"There is no key for the role {role}: hold the founding ceremony first.")
    return row.number, row.public


async def role_secret(session: Session, holder: Holder, role: str, number: int) -> bytes:
    """The secret of a role's key, for a holder who has the role now.

    Raises Refused when they do not have it, CannotOpen when nobody handed it to them, Tampered when it was swapped.
    """
    member = await officer(session, holder, role)
    return await _opened(session, holder, member.id, role=role, number=number)


async def hand_on(session: Session, holder: Holder, role: str, *, to: StaffId) -> int:
    """Give a colleague of the same role the secrets they lack. Returns how many they got; one entry each.

    For whoever was admitted by sponsors that do not hold the role's key themselves.
    """
    await officer(session, holder, role)
    colleague = await staff_member(session, to)
    if colleague.status != ACTIVE or role not in colleague.roles:
        raise Refused("The other person does not have this role.")
    theirs = await _numbers(session, role, colleague.id)
    secrets = await held_secrets(session, holder, [role])
    missing = {place: secret for place, secret in secrets.items() if place[1] not in theirs}
    await give(session, colleague, missing)
    prefix = ids.STAFF if colleague.realm == OFFICER else ids.REGULATOR
    for _, number in sorted(missing):
        event = Event(
            name="key.handed_on",
            actor=actor(holder.realm, holder.id),
            key=f"role.{role}.{number}",
            ref=ids.public(prefix, colleague.id),
        )
        await log.append(session, event)
    return len(missing)


async def make_keys(session: Session) -> Secrets:
    """The first key of every keyed role; the public halves are stored, the secrets are the caller's to give."""
    secrets: Secrets = {}
    for role in KEYED:
        public, secrets[role, 1] = new_box_pair()
        session.add(RoleKey(role=role, number=1, public=public))
        await session.flush()
    return secrets


async def held_secrets(session: Session, holder: Holder, roles: list[str]) -> Secrets:
    """Every secret of these roles that the holder has been given."""
    return {
        (role, number): await _opened(session, holder, StaffId(holder.id), role=role, number=number)
        for role in sorted(set(roles) & set(KEYED))
        if realm_of(role) == holder.realm
        for number in await _numbers(session, role, StaffId(holder.id))
    }


async def give(session: Session, member: StaffMember, secrets: Secrets) -> None:
    """Seal secrets to a member's own key; those of roles they do not have are left out."""
    for (role, number), secret in sorted(secrets.items()):
        if role in member.roles:
            sealed = seal(member.box_public, secret)
            session.add(RoleKeyHolder(role=role, number=number, staff_id=member.id, sealed=sealed))
    await session.flush()


async def _numbers(session: Session, role: str, staff_id: StaffId) -> list[int]:
    chosen = sa.select(RoleKeyHolder.number).where(RoleKeyHolder.role == role, RoleKeyHolder.staff_id == staff_id)
    return list((await session.execute(chosen.order_by(RoleKeyHolder.number))).scalars())


async def _opened(session: Session, holder: Holder, staff_id: StaffId, *, role: str, number: int) -> bytes:
    share = await session.get(RoleKeyHolder, (role, number, staff_id))
    key = await session.get(RoleKey, (role, number))
    if key is None:
        raise NotFound(f"There is no key {number} for the role {role}.")
    if share is None:
        raise CannotOpen("Nobody has given you the key of this role yet.", private="no share of the role key")
    secret = holder.bundle.unseal(share.sealed)
    if len(secret) != len(key.public) or not same(box_public(secret), key.public):
        raise Tampered(private="a role's secret is not that of its public key")
    return secret
