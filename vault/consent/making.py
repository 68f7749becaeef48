"""A consent in the making: its keys, its row's terms, its signed record. No I/O but the officers' public key."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from vault.consent import records, shares
from vault.consent.choice import Choice, Offer
from vault.consent.tables import Grant, GrantWrap
from vault.consent.terms import TermItem
from vault.crypto.sealing import new_box_pair, new_key
from vault.db import Session
from vault.errors import Refused
from vault.ids import GrantId
from vault.ledger.events import Item
from vault.profile.catalogue import GENERAL, SENSITIVE
from vault.profile.sealed_keys import Part
from vault.registry import role_public
from vault.signin.holders import Holder

_RELEASE_ROLE: Final = "release"


@dataclass(frozen=True)
class Decided:
    """An offer, the choice made, and the items it comes to."""

    offer: Offer
    choice: Choice
    items: tuple[TermItem, ...]


@dataclass(frozen=True)
class Keys:
    """A consent's fresh keys; ``g`` and the secrets live only in this object and in the wraps."""

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

    def wrap_rows(self, row: Grant) -> list[GrantWrap]:
        """The wraps as rows, to be added once the grant's own row is there."""
        return [
            GrantWrap(person_id=row.person_id, grant_id=row.id, compartment=name, wrapped=wrapped)
            for name, wrapped in self.wraps.items()
        ]


async def make_keys(session: Session, grant: GrantId, parts: Iterable[Part]) -> Keys:
    """New shares and a new pair per compartment."""
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
    return Keys(grant, g, publics, wraps, officer_share, officer_key)


def check_offer(session: Session, offer: Offer) -> None:
    """Raises Refused when client and declaration do not fit together, or no longer hold."""
    client, declaration = offer.client, offer.declaration
    if client.declaration_id != declaration.id or client.requester_id != declaration.requester_id:
        raise Refused("The client does not belong to this declaration.")
    if declaration.valid_until <= session.now:
        raise Refused("The declaration is no longer valid.")


def put_terms(session: Session, row: Grant, decided: Decided) -> None:
    """Write what was agreed to into the row, from now on."""
    terms, declaration, items = decided.offer.terms, decided.offer.declaration, decided.items
    parts = sorted({(item.part.section, item.part.compartment) for item in items})
    row.declaration_id, row.declaration_number = declaration.id, declaration.number
    row.items = [{"item": item.item, "form": item.form} for item in items]
    row.parts = [{"section": section, "compartment": compartment} for section, compartment in parts]
    row.given_at = session.now
    row.expires_at = min(session.now + timedelta(days=terms.duration_days), declaration.valid_until)
    row.max_uses = terms.max_uses
    row.frequency = msgspec.to_builtins(terms.frequency)
    row.locale = decided.choice.locale
    row.approval_needed = any(item.is_sensitive for item in items)


def sign(session: Session, holder: Holder, row: Grant, decided: Decided) -> None:
    """Write the record and the person's signature into the row."""
    change = decided.offer.change
    consent = records.Consent(
        grant=row.id,
        subject=records.pairwise(session.ring, row.requester_id, row.person_id),
        given_at=row.given_at,
        expires_at=row.expires_at,
        locale=row.locale,
        notice=decided.choice.notice_digest,
        supersedes=None if change is None else (change.how, change.before.record_digest),
    )
    row.record = records.record(consent, decided.offer.declaration, decided.offer.terms, decided.items)
    row.record_digest = records.record_digest(row.record)
    row.record_signature = holder.bundle.sign(records.to_sign(row.record))
    row.notice = decided.choice.notice


def names(items: Iterable[TermItem]) -> tuple[Item, ...]:
    """Items as entries name them."""
    return tuple(Item(item.item, item.form) for item in items)
