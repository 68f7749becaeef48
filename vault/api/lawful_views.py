"""The shapes of access by law, for the officers' realm and the regulators' alike."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec

from vault import ids
from vault.accounts.finding import index_of
from vault.consent.terms import ItemForm
from vault.crypto.canonical import b64, unb64
from vault.crypto.keyring import KeyRing
from vault.errors import Invalid
from vault.lawful import Instrument, LawfulOpening, LawfulOrder, OrderView, Recipient
from vault.ledger.receipt import Receipt

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Short = Annotated[str, msgspec.Meta(max_length=200)]


class NamedNumber(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The national id that the instrument names. It is turned into an index at once and kept nowhere."""

    scheme: str
    number: str


class NamedItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item of the catalogue, in the form in which it is opened."""

    item: str
    form: str


class LawfulRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order as its instrument has it. ``document``: the instrument itself, base64url, at most 1 MiB, sealed to the
    two roles; ``recipient_key``: X25519, 32 bytes, base64url; ``reveal_at``: when the person learns everything."""

    kind: Literal["court", "emergency"]
    basis: str
    authority: Short
    number: Short
    issued_on: date
    document: str
    recipient: Short
    recipient_key: str
    person: NamedNumber
    items: Annotated[list[NamedItem], msgspec.Meta(max_length=40)]
    valid_until: Moment
    openings: int
    reveal_at: Moment

    def order(self, ring: KeyRing) -> LawfulOrder:
        """The order to be. Raises Invalid."""
        return LawfulOrder(
            kind=self.kind,
            basis=self.basis,
            instrument=Instrument(self.authority, self.number, self.issued_on, read64("document", self.document)),
            recipient=Recipient(self.recipient, read64("recipient_key", self.recipient_key)),
            subject=index_of(ring, self.person.scheme, self.person.number),
            items=[ItemForm(each.item, each.form) for each in self.items],
            valid_until=self.valid_until,
            openings=self.openings,
            reveal_at=self.reveal_at,
        )


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object: the address says it all."""


class LawfulDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The other authority's word."""

    decision: Literal["sign", "decline"]


class CourtDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The court's decision about an emergency: its number, and the SHA-256 of the document, base64url."""

    number: Short
    digest: str


class OpeningMade(msgspec.Struct, frozen=True):
    """One opening. ``state``: peeled (the second step must come by ``expires_at``), opened or late."""

    opening: str
    state: str
    at: datetime
    expires_at: datetime
    opened_at: datetime | None


class LawfulOrderView(msgspec.Struct, frozen=True):
    """An order. ``state``: proposed, in_force, refused, ended, lapsed or over. It never says whose vault it is."""

    order: str
    kind: str
    basis: str
    authority: str
    number: str
    issued_on: str
    document_digest: str
    recipient: str
    recipient_key: str
    items: list[dict[str, Any]]
    state: str
    proposed_by: str
    at: datetime
    lapses_at: datetime
    officer: str | None
    regulator: str | None
    valid_until: datetime
    reveal_at: datetime
    openings: int
    used: int
    court_due_at: datetime | None
    court_confirmed_at: datetime | None
    overdue: bool
    made: list[OpeningMade]


class LawfulOrders(msgspec.Struct, frozen=True):
    """Newest first, at most a hundred."""

    orders: list[LawfulOrderView]


class SealedFile(msgspec.Struct, frozen=True):
    """What was opened, sealed to the recipient's key (libsodium sealed box behind one suite byte, 0x11), base64url; and
    the receipt of the entry that says so."""

    content: str
    receipt: Receipt


def order_view(found: OrderView) -> LawfulOrderView:
    """An order as both roles see it."""
    proposer = ids.STAFF if found.proposed_by == found.officer else ids.REGULATOR
    return LawfulOrderView(
        order=ids.public(ids.LAWFUL_ORDER, found.id),
        kind=found.kind,
        basis=found.basis,
        authority=found.authority,
        number=found.number,
        issued_on=found.issued_on,
        document_digest=b64(found.document_digest),
        recipient=found.recipient,
        recipient_key=b64(found.recipient_public),
        items=found.items,
        state=found.state,
        proposed_by=ids.public(proposer, found.proposed_by),
        at=found.at,
        lapses_at=found.lapses_at,
        officer=None if found.officer is None else ids.public(ids.STAFF, found.officer),
        regulator=None if found.regulator is None else ids.public(ids.REGULATOR, found.regulator),
        valid_until=found.valid_until,
        reveal_at=found.reveal_at,
        openings=found.openings,
        used=found.used,
        court_due_at=found.court_due_at,
        court_confirmed_at=found.court_confirmed_at,
        overdue=found.is_overdue,
        made=[
            OpeningMade(ids.public(ids.OPENING, each.id), each.state, each.at, each.expires_at, each.opened_at)
            for each in found.made
        ],
    )


def opening_view(row: LawfulOpening) -> OpeningMade:
    """An opening as it was just made or carried out."""
    return OpeningMade(ids.public(ids.OPENING, row.id), row.state, row.at, row.expires_at, row.opened_at)


def read64(field: str, text: str) -> bytes:
    """Raises Invalid for what is not base64url."""
    try:
        return unb64(text)
    except ValueError:
        raise Invalid.field(field, "must be base64url without padding") from None
