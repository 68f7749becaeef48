"""The ceremony of an opening: two steps by two people, each with a secret of their own, never both in one place.

1. *Peel* (the registry's officer). The outer layer of each escrowed key comes off with the registry's role secret. What
   is left is a box for the supervisory authority's role; it is sealed once more, to the one regulator who signed the
   order.
2. *Open* (that regulator). Their own key, then their role's secret, give the section keys; the named items of the
   versions that were pinned in step 1 are opened, turned into their forms, and sealed to the recipient's key that the
   instrument names. Neither of the two sees a value; the server holds them in memory for this moment and stores only
   the sealed file.

Each step's entry is in the same transaction as the step, before anything can leave. A process that is killed between
the steps leaves boxes that nobody but that regulator opens, and that are worth nothing after four hours.
"""

from collections.abc import Mapping
from datetime import timedelta, timezone
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.accounts import person_keys
from vault.clock import millis
from vault.consent.records import moment
from vault.crypto.canonical import b64, canonical, digest
from vault.crypto.sealing import mac, new_key, place, same, seal
from vault.db import Database, Session
from vault.errors import CannotOpen, NotFound
from vault.ids import PersonId, StaffId
from vault.lawful.deciding import IN_FORCE, locked, on_record, order_digest, record, signed_items
from vault.lawful.orders import STEP, LawfulRefused
from vault.lawful.signers import REGISTRY_ROLE, SUPERVISOR_ROLE, actor_of, check_both, signer
from vault.lawful.tables import LawfulOpening, LawfulOrderRow, LawfulShare
from vault.ledger.events import Event
from vault.profile.catalogue import catalogue
from vault.profile.escrow import Escrowed, current_versions, escrowed, open_inner, sealed_versions
from vault.profile.forms import render
from vault.profile.opening import open_parts
from vault.profile.sealed_keys import Part
from vault.registry import role_secret, staff_member
from vault.signin.holders import Holder

PEELED, OPENED = "peeled", "opened"
CHINA: Final = timezone(timedelta(hours=8))
"""Ages count by the date in the registry's time zone."""
_BINDING: Final = 32


async def peel(session: Session, holder: Holder, which: UUID) -> LawfulOpening:
    """Step 1. Raises Refused without the role, LawfulRefused, CannotOpen, Tampered. Records ``lawful.peeled``."""
    # 1. The order stands, both signatures hold, and this is the officer who signed it.
    await signer(session, holder)
    row = await locked(session, which)
    if row.officer_id != holder.id:
        raise LawfulRefused("not-a-signer")
    person = await _in_force(session, row)
    await _give_up_late_ones(session, row)
    assert row.regulator_id is not None
    next_one = await staff_member(session, row.regulator_id)
    # 2. The keys that the named items lie under now, and no other.
    names = [each["item"] for each in row.items]
    pinned = await current_versions(session, person, {name.partition(".")[0] for name in names})
    keys = await escrowed(session, person, await sealed_versions(session, person, pinned), names)
    # 3. The outer layer comes off; what is left is sealed to the one who goes on.
    opening = LawfulOpening(
        person_id=person,
        id=ids.new_uuid(),
        order_id=row.id,
        state=PEELED,
        versions=pinned,
        peeled_by=StaffId(holder.id),
        at=session.now,
        expires_at=min(session.now + STEP, row.valid_until),
    )
    session.add(opening)
    secrets = {
        number: await role_secret(session, holder, REGISTRY_ROLE, number) for number in {key.registry for key in keys}
    }
    for key in keys:
        bound = digest(_place(opening.id, key.part, key.number)) + key.peel(secrets[key.registry])
        session.add(_share(person, opening.id, key, seal(next_one.box_public, bound)))
    await session.flush()
    # 4. The entry.
    await record(session, row, _said("lawful.peeled", row, opening, holder))
    return opening


async def open_(session: Session, holder: Holder, which: UUID) -> LawfulOpening:
    """Step 2; ``which``: the opening. Raises Refused without the role, LawfulRefused, CannotOpen, Tampered, NotFound.
    Records ``lawful.opened``."""
    # 1. The order first, then the opening: everybody locks in this order.
    await signer(session, holder)
    found = await session.scalar(sa.select(LawfulOpening.order_id).where(LawfulOpening.id == which))
    if found is None:
        raise NotFound("There is no such opening.")
    row = await locked(session, found)
    if row.regulator_id != holder.id:
        raise LawfulRefused("not-a-signer")
    person = await _in_force(session, row)
    opening = await session.get_one(LawfulOpening, (person, which), with_for_update=True, populate_existing=True)
    if opening.state != PEELED:
        raise LawfulRefused("opened")
    if session.now >= opening.expires_at:
        raise LawfulRefused("expired")
    # 2. The named items, in their forms, for nobody but the recipient.
    keys = await _section_keys(session, holder, opening)
    items = await _items(session, row, opening, keys)
    key = new_key()
    content = {
        "v": 1,
        "order": ids.public(ids.LAWFUL_ORDER, row.id),
        "opening": ids.public(ids.OPENING, opening.id),
        "at": millis(session.now),
        "items": items,
        "commitment_key": b64(key),
    }
    opening.content = seal(row.recipient_public, canonical(content))
    opening.content_digest = digest(opening.content)
    # 3. Used up: the boxes go, the order counts, the entry says what was opened.
    opening.state, opening.opened_at = OPENED, session.now
    row.used += 1
    await _forget_shares(session, person, opening.id)
    event = _said("lawful.opened", row, opening, holder, commit=mac(key, canonical(items)), items=signed_items(row))
    opening.entry_id = await record(session, row, event)
    await session.flush()
    return opening


async def peel_on_record(db: Database, holder: Holder, which: UUID) -> LawfulOpening:
    """As :func:`peel`, in a transaction of its own; refusals are recorded in another one."""
    return await on_record(db, peel, holder, which)


async def open_on_record(db: Database, holder: Holder, which: UUID) -> LawfulOpening:
    """As :func:`open_`, likewise."""
    return await on_record(db, open_, holder, which)


async def delete_late_shares(session: Session) -> int:
    """Delete boxes of openings whose second step came too late. Hygiene: they are refused when read. How many went."""
    late = sa.select(LawfulOpening.id).where(LawfulOpening.state == PEELED, LawfulOpening.expires_at <= session.now)
    gone = await session.execute(
        sa.delete(LawfulShare)
        .where(LawfulShare.opening_id.in_(late))
        .returning(LawfulShare.number)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


async def _in_force(session: Session, row: LawfulOrderRow) -> PersonId:
    if row.state != IN_FORCE or session.now >= row.valid_until or row.person_id is None:
        raise LawfulRefused("not-in-force")
    await check_both(session, row)
    if row.used >= row.openings:
        raise LawfulRefused("used-up")
    return row.person_id


async def _give_up_late_ones(session: Session, row: LawfulOrderRow) -> None:
    """One opening at a time: beginning again ends what was begun before."""
    begun = await session.scalars(
        sa.select(LawfulOpening)
        .where(LawfulOpening.order_id == row.id, LawfulOpening.state == PEELED)
        .with_for_update()
    )
    for each in begun.all():
        each.expires_at = min(each.expires_at, session.now)
        await _forget_shares(session, each.person_id, each.id)


async def _forget_shares(session: Session, person: PersonId, opening: UUID) -> None:
    mine = (LawfulShare.person_id == person, LawfulShare.opening_id == opening)
    await session.execute(sa.delete(LawfulShare).where(*mine).execution_options(synchronize_session=False))


async def _section_keys(
    session: Session, holder: Holder, opening: LawfulOpening
) -> dict[tuple[str, str], dict[int, bytes]]:
    """The section keys behind an opening's boxes. CannotOpen when one was moved, swapped or is somebody else's."""
    mine = (LawfulShare.person_id == opening.person_id, LawfulShare.opening_id == opening.id)
    found: dict[tuple[str, str], dict[int, bytes]] = {}
    for share in (await session.scalars(sa.select(LawfulShare).where(*mine))).all():
        part = Part(share.section, share.compartment)
        opened = holder.bundle.unseal(share.sealed)
        if not same(opened[:_BINDING], digest(_place(opening.id, part, share.number))):
            raise CannotOpen(private="a box of another opening")
        secret = await role_secret(session, holder, SUPERVISOR_ROLE, share.supervisor)
        key = open_inner(secret, opened[_BINDING:], opening.person_id, part, share.number)
        found.setdefault((part.section, part.compartment), {})[share.number] = key
    return found


async def _items(
    session: Session, row: LawfulOrderRow, opening: LawfulOpening, keys: Mapping[tuple[str, str], Mapping[int, bytes]]
) -> list[dict[str, Any]]:
    """What there is of the named items, each in its form; what there is not is left out."""
    versions = await sealed_versions(session, opening.person_id, opening.versions)
    public = (await person_keys(session, opening.person_id)).signing_public
    wanted = {each["item"]: each["form"] for each in row.items}
    values = open_parts(versions, keys, public, wanted)
    today = session.now.astimezone(CHINA).date()
    return [
        {
            "item": item,
            "form": form,
            "value": render(catalogue().item(item), values[item].value, form, today=today),
            "since": moment(values[item].written_at),
        }
        for item, form in wanted.items()
        if item in values
    ]


def _place(opening: UUID, part: Part, number: int) -> bytes:
    return place("lawful_shares", (opening, part.section, part.compartment), "sealed", number)


def _share(person: PersonId, opening: UUID, key: Escrowed, sealed: bytes) -> LawfulShare:
    return LawfulShare(
        person_id=person,
        opening_id=opening,
        section=key.part.section,
        compartment=key.part.compartment,
        number=key.number,
        supervisor=key.supervisor,
        sealed=sealed,
    )


def _said(name: str, row: LawfulOrderRow, opening: LawfulOpening, holder: Holder, **more: Any) -> Event:
    return Event(
        name=name,
        actor=actor_of(holder),
        ref=ids.public(ids.OPENING, opening.id),
        digest=order_digest(row),
        outcome=row.kind,
        reason=row.basis,
        **more,
    )
