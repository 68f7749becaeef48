"""A person decides about what is on offer: allow a part of it, or nothing.

Approving makes, in one transaction: the grant with its keys, the signed record, the wraps, the sealed section keys,
the counters and the entry. What leaves this module of the person's share ``g`` is its one copy.
"""

from vault.accounts import the_person
from vault.consent import records, status
from vault.consent.changing import change
from vault.consent.choice import Choice, Given, NotChosen, Offer, check_choice
from vault.consent.deletion import keep_watch
from vault.consent.making import Decided, check_offer, make_keys, names, put_terms, sign
from vault.consent.relaying import settle_relay
from vault.consent.tables import ACTIVE, Grant, GrantUse
from vault.consent.upkeep import seal_to_grant
from vault.crypto.sealing import new_key
from vault.db import Session
from vault.ids import EntryId, GrantId, PersonId, new_uuid
from vault.ledger import log
from vault.ledger.events import PERSON, Event
from vault.sandbox.wall import check_side, mark
from vault.signin.holders import Holder

__all__ = ["Choice", "Given", "NotChosen", "Offer", "check_choice", "decline", "give"]


async def give(session: Session, holder: Holder, offer: Offer, choice: Choice) -> Given:
    """Make the grant, or change the one that the offer is about.

    Raises NotChosen, Invalid, Refused when offer and declaration do not fit together, GrantMoved when the consent that
    was to be changed is no longer the one in force, OtherSide across the wall around sandboxes.
    """
    # 1. Is it a consent, and to this offer?
    person = await the_person(session, holder)
    await check_side(session, person, offer.client)
    decided = Decided(offer, choice, check_choice(offer.terms, choice))
    check_offer(session, offer)
    if offer.change is not None:
        return await change(session, holder, decided)
    # 2. The grant's own keys and shares.
    made = await make_keys(session, GrantId(new_uuid()), {item.part for item in decided.items})
    # 3. The record, signed by the person.
    row = _row(made.grant, person, decided)
    put_terms(session, row, decided)
    sign(session, holder, row, decided)
    made.put_into(row)
    # 4. All rows: the grant first, since the others refer to it.
    row.status_list, row.status_index = await status.allocate(session, row.client_id, row.expires_at)
    session.add(row)
    await session.flush()
    session.add_all(made.wrap_rows(row))
    session.add(GrantUse(person_id=person, grant_id=row.id, uses=0, window_uses=0))
    await keep_watch(session, row)
    await seal_to_grant(session, holder, [row])
    await settle_relay(session, holder, row)
    # 5. The entry.
    entry = await log.append(session, _event(decided, row), person=person)
    return Given(row.id, made.g, entry, row.token_epoch, row.expires_at, decided.items)


async def decline(session: Session, holder: Holder, offer: Offer) -> EntryId:
    """Say no. The requester learns nothing but that there is no code; the person's ledger has the entry."""
    person = await the_person(session, holder)
    declaration = offer.declaration
    event = Event(
        name="grant.declined",
        actor=PERSON,
        requester=declaration.requester_id,
        declaration=declaration.id,
        declaration_version=declaration.number,
        purpose=declaration.body.purpose.code,
        items=names(offer.terms.items),
    )
    return await log.append(session, event, person=person)


def _row(grant: GrantId, person: PersonId, decided: Decided) -> Grant:
    offer = decided.offer
    return Grant(
        person_id=person,
        id=grant,
        requester_id=offer.declaration.requester_id,
        client_id=offer.client.client_id,
        status=ACTIVE,
        token_epoch=1,
        commitment_key=new_key(),
    )


def _event(decided: Decided, row: Grant) -> Event:
    declaration = decided.offer.declaration
    return Event(
        name="grant.given",
        actor=PERSON,
        requester=declaration.requester_id,
        declaration=declaration.id,
        declaration_version=declaration.number,
        purpose=declaration.body.purpose.code,
        items=names(decided.items),
        consent=records.commitment(row.commitment_key, row.record_digest, records.GIVEN),
        permit=declaration.permit_digest,
        reason=mark(decided.offer.client.sandbox_of),
    )
