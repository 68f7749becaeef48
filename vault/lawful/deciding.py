"""An order comes to be: one of the two proposes it, the other signs the same bytes, and only then is anybody looked
for."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Concatenate, Final, ParamSpec, TypeVar
from uuid import UUID

from vault import ids
from vault.accounts.finding import vault_of
from vault.crypto.canonical import b64, digest, unb64
from vault.crypto.sealing import aead, new_key, open_aead, place, seal, unseal
from vault.crypto.signing import is_signed
from vault.db import Database, Session
from vault.errors import CannotOpen, Conflict, Invalid, NotFound, Tampered
from vault.ids import EntryId, StaffId
from vault.lawful.orders import BASES, BOUNDS, COURT_WITHIN, EMERGENCY, LawfulOrder, LawfulRefused, Signed
from vault.lawful.signers import (
    ROLES,
    actor_of,
    check_different,
    is_signer,
    put_signature,
    signed_of,
    signer,
)
from vault.lawful.tables import LawfulOrderRow
from vault.ledger import log
from vault.ledger.events import Event, Item
from vault.ledger.hidden import Veil, append_hidden
from vault.registry import role_public, role_secret, staff_member
from vault.signin.holders import Holder

PROPOSED, IN_FORCE, REFUSED, ENDED = "proposed", "in_force", "refused", "ended"
P = ParamSpec("P")
T = TypeVar("T")
_MILLISECOND: Final = 1000


async def propose(session: Session, holder: Holder, order: LawfulOrder) -> LawfulOrderRow:
    """The first half. Whether anybody has such a vault is not looked up: nobody may try numbers alone.

    Raises Refused without the role, Invalid, UnknownItem, WrongForm. Records ``lawful.proposed``.
    """
    member = await signer(session, holder)
    at = _milliseconds(session.now)
    order.check(at)
    row = LawfulOrderRow(
        id=ids.new_uuid(),
        kind=order.kind,
        basis=order.basis,
        authority=order.instrument.authority,
        number=order.instrument.number,
        issued_on=order.instrument.issued_on.isoformat(),
        document_digest=digest(order.instrument.document),
        recipient_name=order.recipient.name,
        recipient_public=order.recipient.public,
        items=[{"item": each.item, "form": each.form} for each in order.items],
        subject=dict(order.subject),
        valid_until=_milliseconds(order.valid_until),
        openings=order.openings,
        reveal_at=_milliseconds(order.reveal_at),
        state=PROPOSED,
        proposed_by=member.id,
        at=at,
        lapses_at=at + BOUNDS[order.kind].waits,
        used=0,
    )
    await _seal_document(session, row, order.instrument.document)
    put_signature(row, member, holder.bundle.sign(signed_of(row).message()))
    session.add(row)
    await session.flush()
    await log.append(session, _said("lawful.proposed", row, holder))
    return row


async def decide(session: Session, holder: Holder, which: UUID, *, agree: bool) -> LawfulOrderRow:
    """The second half, by the other authority. Agreed to, the person is looked for and the order is in force; without
    such a vault it is refused, and both learn that.

    Raises Refused without the role, LawfulRefused, Conflict when decided or lapsed, NotFound, Tampered. Records
    ``lawful.ordered``, hidden from the person until its day, or ``lawful.declined``.
    """
    member = await signer(session, holder)
    row = await locked(session, which)
    if row.state != PROPOSED or session.now >= row.lapses_at:
        raise Conflict("This order is decided already, or nobody signed it in time.")
    first = await staff_member(session, row.proposed_by)
    check_different(first, member)
    if first.status != "active" or ROLES[first.realm] not in first.roles:
        raise LawfulRefused("not-in-force")
    given = row.officer_signature or row.regulator_signature
    if given is None or not is_signed(first.signing_public, signed_of(row).message(), given):
        raise Tampered(private="the signature under a proposed order does not verify")
    row.decided_at = session.now
    person = await vault_of(session, row.subject) if agree else None
    if person is None:
        row.state = REFUSED
        await session.flush()
        await log.append(session, _said("lawful.declined", row, holder, reason="no-vault" if agree else "declined"))
        return row
    put_signature(row, member, holder.bundle.sign(signed_of(row).message()))
    row.state, row.person_id = IN_FORCE, person
    row.court_due_at = session.now + COURT_WITHIN if row.kind == EMERGENCY else None
    await session.flush()
    items = {"items": signed_items(row)}
    await record(session, row, _said("lawful.ordered", row, holder, **items))
    return row


async def end(session: Session, holder: Holder, which: UUID) -> LawfulOrderRow:
    """Either of the two ends an order before its time. Raises as :func:`decide`. Records ``lawful.ended``."""
    await signer(session, holder)
    row = await locked(session, which)
    if not is_signer(row, StaffId(holder.id)):
        raise LawfulRefused("not-a-signer")
    if row.state != IN_FORCE or row.person_id is None:
        raise Conflict("Only an order in force can be ended.")
    row.state = ENDED
    await session.flush()
    await record(session, row, _said("lawful.ended", row, holder))
    return row


async def confirm_by_court(
    session: Session, holder: Holder, which: UUID, *, number: str, document_digest: bytes
) -> LawfulOrderRow:
    """A court confirmed an emergency afterwards: one of the two names its decision, the other names the same one.

    Raises Refused, LawfulRefused, Conflict, Invalid. Records ``lawful.court_confirmed`` when both have.
    """
    await signer(session, holder)
    row = await locked(session, which)
    if not is_signer(row, StaffId(holder.id)):
        raise LawfulRefused("not-a-signer")
    if row.court_due_at is None or row.court_confirmed_at is not None or row.person_id is None:
        raise Conflict("There is nothing for a court to confirm, or one has.")
    if not 1 <= len(number) <= 200 or not number.isprintable() or len(document_digest) != 32:
        raise Invalid.field("number", "must be one line of at most 200 characters, with the document's SHA-256")
    is_same = (row.court_number, row.court_digest) == (number, document_digest)
    if row.court_named_by in {None, holder.id} or not is_same:
        row.court_number, row.court_digest, row.court_named_by = number, document_digest, StaffId(holder.id)
        await session.flush()
        await log.append(session, _said("lawful.court_named", row, holder))
        return row
    row.court_confirmed_at = session.now
    await session.flush()
    await record(session, row, _said("lawful.court_confirmed", row, holder))
    return row


async def read_document(session: Session, holder: Holder, which: UUID) -> bytes:
    """The instrument itself, for either role. Raises Refused, NotFound, CannotOpen, Tampered."""
    await signer(session, holder)
    row = await session.get(LawfulOrderRow, which)
    if row is None:
        raise NotFound("There is no such order.")
    role = ROLES[holder.realm]
    secret = await role_secret(session, holder, role, row.document_keys["numbers"][role])
    key = unseal(secret, unb64(row.document_keys[role]))
    document = open_aead(key, row.document, place("lawful_orders", row.id, "document"))
    if digest(document) != row.document_digest:
        raise Tampered(private="an instrument is not the one that was signed for")
    return document


async def propose_on_record(db: Database, holder: Holder, order: LawfulOrder) -> LawfulOrderRow:
    """As :func:`propose`, in a transaction of its own."""
    return await db.run(propose, holder, order)


async def decide_on_record(db: Database, holder: Holder, which: UUID, *, agree: bool) -> LawfulOrderRow:
    """As :func:`decide`, likewise; what is refused by rule is recorded in another one."""
    return await on_record(db, decide, holder, which, agree=agree)


async def on_record(
    db: Database,
    act: Callable[Concatenate[Session, Holder, UUID, P], Awaitable[T]],
    holder: Holder,
    which: UUID,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run an act; a refusal, and what does not open or was edited, is an entry."""
    try:
        return await db.run(act, holder, which, *args, **kwargs)
    except (LawfulRefused, CannotOpen, Tampered) as refused:
        reason = refused.reason if isinstance(refused, LawfulRefused) else refused.name
        await db.run(log.append, Event(name="lawful.attempt_refused", actor=actor_of(holder), reason=reason))
        raise


async def locked(session: Session, which: UUID) -> LawfulOrderRow:
    """The order, locked: steps come one after the other. Raises NotFound, Tampered."""
    row = await session.get(LawfulOrderRow, which, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("There is no such order.")
    return row


async def record(session: Session, row: LawfulOrderRow, event: Event) -> EntryId:
    """The entry of an act about the person: hidden until the order's day, which nothing can move; open from then on."""
    assert row.person_id is not None
    if session.now >= row.reveal_at:
        return await log.append(session, event, person=row.person_id)
    veil = Veil(row.authority, BASES[row.basis].ground, row.reveal_at)
    return await append_hidden(session, event, person=row.person_id, veil=veil)


def signed_items(row: LawfulOrderRow) -> tuple[Item, ...]:
    """The items as entries name them."""
    return tuple(Item(each["item"], each["form"]) for each in row.items)


def order_digest(row: LawfulOrderRow) -> bytes:
    """What entries say of the order: 32 bytes."""
    found: Signed = signed_of(row)
    return found.digest()


async def _seal_document(session: Session, row: LawfulOrderRow, document: bytes) -> None:
    key = new_key()
    row.document = aead(key, document, place("lawful_orders", row.id, "document"))
    sealed: dict[str, Any] = {"numbers": {}}
    for role in ROLES.values():
        number, public = await role_public(session, role)
        sealed[role], sealed["numbers"][role] = b64(seal(public, key)), number
    row.document_keys = sealed


def _said(name: str, row: LawfulOrderRow, holder: Holder, **more: Any) -> Event:
    return Event(
        name=name,
        actor=actor_of(holder),
        ref=ids.public(ids.LAWFUL_ORDER, row.id),
        digest=order_digest(row),
        outcome=row.kind,
        **({"reason": row.basis} | more),
    )


def _milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // _MILLISECOND * _MILLISECOND)
