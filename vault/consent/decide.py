"""A person decides about what is on offer: allow a part of it, or nothing.

Approving makes, in one transaction: the grant with its keys, the signed record, the wraps, the sealed section keys,
the counters and the entry. What leaves this module of the person's share ``g`` is its one copy.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from vault.accounts import the_person
from vault.consent import records, shares
from vault.consent.tables import ACTIVE, Grant, GrantUse, GrantWrap
from vault.consent.terms import TermItem, Terms
from vault.consent.upkeep import seal_to_grant
from vault.crypto.sealing import new_box_pair, new_key
from vault.db import Session
from vault.errors import Invalid, Refused
from vault.ids import EntryId, GrantId, PersonId, new_uuid
from vault.ledger import log
from vault.ledger.events import PERSON, Event, Item
from vault.profile.catalogue import GENERAL, LANGUAGES, SENSITIVE
from vault.profile.sealed_keys import Part
from vault.registry import role_public
from vault.requesters.views import ClientView, DeclarationView
from vault.signin.holders import Holder

_RELEASE_ROLE: Final = "release"
_NOTICE_BYTES: Final = 32


@dataclass(frozen=True)
class Offer:
    """Who asks, under which declaration, for what: all of it checked as live by the caller in this transaction."""

    client: ClientView
    declaration: DeclarationView
    terms: Terms


@dataclass(frozen=True)
class Choice:
    """What the person decided. ``ticked``: item names, required ones included; ``sensitive_yes``: the separate yes to
    the sensitive items among them (PIPL art. 29); ``notice_digest``: SHA-256 of the page they saw, 32 bytes."""

    ticked: frozenset[str]
    sensitive_yes: bool
    locale: str
    notice_digest: bytes


@dataclass(frozen=True)
class Given:
    """A grant was given. ``g`` is the person's share: it goes into the code and nowhere else. ``items`` as granted."""

    grant: GrantId
    g: bytes
    entry: EntryId
    token_epoch: int
    expires_at: datetime
    items: tuple[TermItem, ...]


class NotChosen(Refused):
    """The choice does not make a consent: ``items`` names what is missing a yes."""

    name = "not-chosen"
    title = "This is not yet a consent"
    advice = "Tick every required item, and say yes to the sensitive ones separately; or decline."


async def give(session: Session, holder: Holder, offer: Offer, choice: Choice) -> Given:
    """Make the grant. Raises NotChosen, Invalid, Refused when offer and declaration do not fit together."""
    # 1. Is it a consent, and to this offer?
    person = await the_person(session, holder)
    decided = _Decided(offer, choice, check_choice(offer.terms, choice))
    _check_offer(offer, session.now)
    # 2. The grant's own keys and shares.
    made = await _make_keys(session, GrantId(new_uuid()), {item.part for item in decided.items})
    # 3. The record, signed by the person.
    row = _row(session, made.grant, person, decided)
    _sign(session, holder, row, decided)
    made.put_into(row)
    # 4. All rows: the grant first, since the others refer to it.
    session.add(row)
    await session.flush()
    session.add_all(
        GrantWrap(person_id=person, grant_id=row.id, compartment=name, wrapped=wrapped)
        for name, wrapped in made.wraps.items()
    )
    session.add(GrantUse(person_id=person, grant_id=row.id, uses=0, window_uses=0))
    await seal_to_grant(session, holder, [row])
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
        items=_names(offer.terms.items),
    )
    return await log.append(session, event, person=person)


def check_choice(terms: Terms, choice: Choice) -> tuple[TermItem, ...]:
    """The chosen items, if the choice is a consent. Pure. Raises NotChosen naming items, or Invalid."""
    if choice.locale not in LANGUAGES or len(choice.notice_digest) != _NOTICE_BYTES:
        raise Invalid("The choice does not say in which language and on which page it was made.")
    if choice.ticked - {item.item for item in terms.items}:
        raise Invalid.field("items", "names something that is not on offer")
    missing = [item.item for item in terms.items if item.required and item.item not in choice.ticked]
    if missing or not choice.ticked:
        raise NotChosen(f"Required and not ticked: {', '.join(missing) or 'nothing is ticked'}.", items=missing)
    chosen = terms.chosen(choice.ticked)
    unsaid = [item.item for item in chosen if item.is_sensitive]
    if unsaid and not choice.sensitive_yes:
        raise NotChosen(f"Sensitive items need a yes of their own: {', '.join(unsaid)}.", items=unsaid)
    return chosen


def _check_offer(offer: Offer, now: datetime) -> None:
    client, declaration = offer.client, offer.declaration
    if client.declaration_id != declaration.id or client.requester_id != declaration.requester_id:
        raise Refused("The client does not belong to this declaration.")
    if declaration.valid_until <= now:
        raise Refused("The declaration is no longer valid.")


@dataclass(frozen=True)
class _Keys:
    """A grant's fresh keys; ``g`` and the secrets live only in this object and in the wraps."""

    grant: GrantId
    g: bytes
    publics: dict[str, bytes]
    wraps: dict[str, bytes]
    officer_share: bytes | None
    officer_key: int | None

    def put_into(self, row: Grant) -> None:
        """The public and sealed halves."""
        row.general_public, row.sensitive_public = self.publics.get(GENERAL), self.publics.get(SENSITIVE)
        row.officer_share, row.officer_key = self.officer_share, self.officer_key


async def _make_keys(session: Session, grant: GrantId, parts: Iterable[Part]) -> _Keys:
    g, compartments = new_key(), {part.compartment for part in parts}
    publics, wraps = {}, {}
    officer_share, officer_key = None, None
    if GENERAL in compartments:
        publics[GENERAL], secret = new_box_pair()
        wraps[GENERAL] = shares.wrap_general(session.ring, grant, g, secret)
    if SENSITIVE in compartments:
        publics[SENSITIVE], secret = new_box_pair()
        o = new_key()
        wraps[SENSITIVE] = shares.wrap_sensitive(session.ring, grant, g, o, secret)
        officer_key, role = await role_public(session, _RELEASE_ROLE)
        officer_share = shares.seal_officer_share(role, o, grant)
    return _Keys(grant, g, publics, wraps, officer_share, officer_key)


@dataclass(frozen=True)
class _Decided:
    """An offer, the choice made, and the items it comes to."""

    offer: Offer
    choice: Choice
    items: tuple[TermItem, ...]


def _row(session: Session, grant: GrantId, person: PersonId, decided: _Decided) -> Grant:
    terms, declaration, items = decided.offer.terms, decided.offer.declaration, decided.items
    parts = sorted({(item.part.section, item.part.compartment) for item in items})
    return Grant(
        person_id=person,
        id=grant,
        requester_id=declaration.requester_id,
        client_id=decided.offer.client.client_id,
        declaration_id=declaration.id,
        declaration_number=declaration.number,
        items=[{"item": item.item, "form": item.form} for item in items],
        parts=[{"section": section, "compartment": compartment} for section, compartment in parts],
        status=ACTIVE,
        token_epoch=1,
        given_at=session.now,
        expires_at=min(session.now + timedelta(days=terms.duration_days), declaration.valid_until),
        max_uses=terms.max_uses,
        frequency=msgspec.to_builtins(terms.frequency),
        locale=decided.choice.locale,
        commitment_key=new_key(),
        approval_needed=any(item.is_sensitive for item in items),
    )


def _sign(session: Session, holder: Holder, row: Grant, decided: _Decided) -> None:
    """Write the record and the person's signature into the row."""
    consent = records.Consent(
        grant=row.id,
        subject=records.pairwise(session.ring, row.requester_id, row.person_id),
        given_at=row.given_at,
        expires_at=row.expires_at,
        locale=row.locale,
        notice=decided.choice.notice_digest,
    )
    row.record = records.record(consent, decided.offer.declaration, decided.offer.terms, decided.items)
    row.record_digest = records.record_digest(row.record)
    row.record_signature = holder.bundle.sign(records.to_sign(row.record))


def _event(decided: _Decided, row: Grant) -> Event:
    declaration = decided.offer.declaration
    return Event(
        name="grant.given",
        actor=PERSON,
        requester=declaration.requester_id,
        declaration=declaration.id,
        declaration_version=declaration.number,
        purpose=declaration.body.purpose.code,
        items=_names(decided.items),
        consent=records.commitment(row.commitment_key, row.record_digest, records.GIVEN),
        permit=declaration.permit_digest,
    )


def _names(items: Iterable[TermItem]) -> tuple[Item, ...]:
    return tuple(Item(item.item, item.form) for item in items)
