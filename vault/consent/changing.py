"""A grant is merged with a new authorization or replaced by it: one new consent in the place of the one before.

In one transaction, under the grant's row lock: the consent before is kept as it was signed, the grant gets new pairs, a
new share ``g``, new wraps; the section keys it had are replaced; its version for tokens is raised. So an old code,
access token or refresh token opens nothing whatever the checks believe: its ``g`` fits no wrap.
"""

from typing import Final

import sqlalchemy as sa

from vault.accounts import the_person
from vault.consent import records, status
from vault.consent.changes import InForce
from vault.consent.choice import Given
from vault.consent.deletion import keep_watch
from vault.consent.making import Decided, make_keys, names, put_terms, sign
from vault.consent.relaying import settle_relay
from vault.consent.states import Act, State, allows, state_of
from vault.consent.tables import Grant, GrantPart, GrantUse, GrantVersion, GrantWrap
from vault.consent.telling import happened
from vault.consent.terms import ItemForm
from vault.consent.upkeep import parts_of, reseal
from vault.crypto.sealing import same
from vault.db import Session
from vault.errors import Conflict, NotFound
from vault.ids import GrantId, PersonId
from vault.ledger import log
from vault.ledger.events import PERSON, Event
from vault.profile.keys import replace_keys
from vault.requesters.declarations import Frequency
from vault.requesters.views import ClientView
from vault.sandbox.wall import mark
from vault.signin.holders import Holder
from vault.webhooks import announce
from vault.webhooks.kinds import GRANT_CHANGED

OUTCOMES: Final = {"merge": "merged", "replace": "replaced"}


class GrantMoved(Conflict):
    """The consent that was to be changed is no longer the one in force."""

    name, title = "grant-moved", "This permission has changed meanwhile"
    advice = "Read what is asked again, compared with what holds now, then decide."


async def in_force(session: Session, person: PersonId, grant: GrantId, client: ClientView) -> InForce:
    """This person's grant to this client, if it can be changed. NotFound for anything else, all alike; Tampered."""
    row = await session.get(Grant, (person, grant), populate_existing=True)
    if row is None or (row.requester_id, row.client_id) != (client.requester_id, client.client_id):
        raise NotFound("There is no such grant.")
    if not allows(Act.MERGE, state_of(row.status, row.expires_at, session.now, lifted_at=row.suspended_until)):
        raise NotFound("There is no such grant.")
    return InForce(
        grant=row.id,
        items=tuple(ItemForm(each["item"], each["form"]) for each in row.items),
        given_at=row.given_at,
        expires_at=row.expires_at,
        max_uses=row.max_uses,
        frequency=Frequency(**row.frequency),
        record_digest=row.record_digest,
    )


async def change(session: Session, holder: Holder, decided: Decided) -> Given:
    """Carry out the change of the offer. Raises GrantMoved, Tampered. Records ``grant.changed``."""
    asked = decided.offer.change
    assert asked is not None
    # 1. The row lock: of two changes at once the second finds another consent than the one its page spoke of.
    row = await _locked(session, await the_person(session, holder), decided)
    # 2. The consent before is kept.
    session.add(_version(session, row, asked.how))
    had = parts_of(row)
    # 3. New keys, new terms, a new record; every token so far is dead.
    made = await make_keys(session, row.id, {item.part for item in decided.items})
    row.first_given_at = row.first_given_at or row.given_at
    put_terms(session, row, decided)
    sign(session, holder, row, decided)
    made.put_into(row)
    row.share_number = (row.share_number or 1) + 1
    await status.raise_epoch(session, row)
    await session.flush()
    # 4. The wraps and sealed keys before give way; what they opened will not open what is written from now on.
    for table in (GrantWrap, GrantPart):
        await session.execute(sa.delete(table).where(table.person_id == row.person_id, table.grant_id == row.id))
    session.add_all(made.wrap_rows(row))
    await session.flush()
    await replace_keys(session, holder, had)
    await reseal(session, holder)
    await settle_relay(session, holder, row)
    await _count_anew(session, row)
    # 5. The requester is told, and the entry.
    await keep_watch(session, row)
    await announce(session, happened(row, GRANT_CHANGED))
    entry = await log.append(session, _event(decided, row, OUTCOMES[asked.how]), person=row.person_id)
    return Given(row.id, made.g, entry, row.token_epoch, row.expires_at, decided.items)


async def _locked(session: Session, person: PersonId, decided: Decided) -> Grant:
    asked, client = decided.offer.change, decided.offer.client
    assert asked is not None
    row = await session.get(Grant, (person, asked.before.grant), with_for_update=True, populate_existing=True)
    if row is None or (row.requester_id, row.client_id) != (client.requester_id, client.client_id):
        raise GrantMoved
    state: State = state_of(row.status, row.expires_at, session.now, lifted_at=row.suspended_until)
    if not allows(Act(asked.how), state) or not same(row.record_digest, asked.before.record_digest):
        raise GrantMoved
    return row


def _version(session: Session, row: Grant, how: str) -> GrantVersion:
    return GrantVersion(
        person_id=row.person_id,
        grant_id=row.id,
        number=row.share_number or 1,
        record=row.record,
        record_digest=row.record_digest,
        record_signature=row.record_signature,
        notice=row.notice,
        given_at=row.given_at,
        superseded_at=session.now,
        how=how,
    )


async def _count_anew(session: Session, row: Grant) -> None:
    """How many times in all is agreed to anew; how often is not: no window opens earlier than it would have."""
    await session.execute(
        sa.update(GrantUse)
        .where(GrantUse.person_id == row.person_id, GrantUse.grant_id == row.id)
        .values(uses=0)
        .execution_options(synchronize_session=False)
    )


def _event(decided: Decided, row: Grant, outcome: str) -> Event:
    declaration = decided.offer.declaration
    return Event(
        name="grant.changed",
        actor=PERSON,
        requester=declaration.requester_id,
        declaration=declaration.id,
        declaration_version=declaration.number,
        purpose=declaration.body.purpose.code,
        items=names(decided.items),
        outcome=outcome,
        consent=records.commitment(row.commitment_key, row.record_digest, records.GIVEN),
        permit=declaration.permit_digest,
        reason=mark(decided.offer.client.sandbox_of),
    )
