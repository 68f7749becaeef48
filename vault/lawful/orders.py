"""What an order says, how far it may go, and the bytes that two people sign for it. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal, NamedTuple
from uuid import UUID

from vault import ids
from vault.clock import millis
from vault.consent.terms import ItemForm
from vault.crypto.canonical import b64, canonical, digest
from vault.errors import Invalid, Refused
from vault.profile.catalogue import catalogue

Kind = Literal["court", "emergency"]
COURT, EMERGENCY = "court", "emergency"


class Basis(NamedTuple):
    """A legal basis: for which kind of order, the ground on which it may be hidden, where the law says so."""

    kind: str
    ground: str
    text: str


BASES: Final[Mapping[str, Basis]] = MappingProxyType(
    {
        "criminal-evidence": Basis(COURT, "criminal-investigation", "Criminal Procedure Law arts. 54 and 136"),
        "civil-evidence": Basis(COURT, "court-order", "Civil Procedure Law art. 70"),
        "state-security": Basis(COURT, "criminal-investigation", "Counter-Espionage Law art. 24, by order of a court"),
        "missing-person": Basis(EMERGENCY, "emergency", "PIPL art. 13(4): life or health in danger"),
        "life-in-danger": Basis(EMERGENCY, "emergency", "PIPL art. 13(4): life or health in danger"),
        "public-health": Basis(EMERGENCY, "emergency", "PIPL art. 13(4): public health emergency"),
    }
)


class Bounds(NamedTuple):
    """How far an order may go: how long it waits for the second, how long it holds, how often, how long it is
    hidden."""

    waits: timedelta
    holds: timedelta
    openings: int
    hidden: timedelta


BOUNDS: Final[Mapping[str, Bounds]] = MappingProxyType(
    {
        COURT: Bounds(timedelta(hours=72), timedelta(days=30), 10, timedelta(days=180)),
        EMERGENCY: Bounds(timedelta(hours=6), timedelta(hours=24), 3, timedelta(days=30)),
    }
)
COURT_WITHIN: Final = timedelta(hours=72)
"""By when a court must have confirmed an emergency."""
STEP: Final = timedelta(hours=4)
"""How long the second officer has after the first one's step."""
MOST_ITEMS: Final = 40
LARGEST_DOCUMENT: Final = 1 << 20
_LINE: Final = re.compile(r"\S(?:.{0,198}\S)?")


class LawfulRefused(Refused):
    """A rule of lawful access refuses it. ``reason`` is for the entry."""

    name, title = "lawful-access-refused", "The rules of lawful access refuse this"
    advice = "The detail says which rule. Two people of different organisations act, each in their own turn."

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(_WHY[reason], reason=reason)


_WHY: Final = {
    "same-person": "You signed this order already.",
    "same-organisation": "Both signatures must come from different organisations.",
    "same-side": "The other signature is for the other authority to give.",
    "not-a-signer": "Only those who signed the order carry it out.",
    "not-in-force": "The order is not in force: its time is over, it was ended, or it was never signed by both.",
    "used-up": "Every opening that the order allows has been made.",
    "expired": "The first step was too long ago: the first officer must begin again.",
    "opened": "This opening was carried out already.",
    "no-vault": "Nobody with this number has a vault. The order is over.",
}


@dataclass(frozen=True)
class Instrument:
    """What orders it: the issuing authority, its number, its day, and the document (at most 1 MiB)."""

    authority: str
    number: str
    issued_on: date
    document: bytes = field(repr=False)


@dataclass(frozen=True)
class Recipient:
    """Who may read what is opened: a name, and an X25519 public key (32 bytes) that the instrument gives."""

    name: str
    public: bytes


@dataclass(frozen=True)
class LawfulOrder:
    """An order to be. ``subject``: index values of the number that the instrument names; ``items``: what is to be
    opened, in which forms; ``valid_until``: the last moment; ``reveal_at``: when the person learns everything."""

    kind: Kind
    basis: str
    instrument: Instrument
    recipient: Recipient
    subject: Mapping[str, str]
    items: Sequence[ItemForm]
    valid_until: datetime
    openings: int
    reveal_at: datetime

    def check(self, now: datetime) -> None:
        """Raises Invalid naming what goes too far or is missing."""
        basis = BASES.get(self.basis)
        if self.kind not in BOUNDS or basis is None or basis.kind != self.kind:
            raise Invalid.field("basis", f"must be a legal basis of this kind: {', '.join(_bases(self.kind))}")
        bounds = BOUNDS[self.kind]
        self._check_names()
        if self.instrument.issued_on > now.date() + timedelta(days=1):
            raise Invalid.field("issued_on", "must not be in the future")
        if not 1 <= len(self.instrument.document) <= LARGEST_DOCUMENT:
            raise Invalid.field("document", f"must be the instrument itself, at most {LARGEST_DOCUMENT} bytes")
        if len(self.recipient.public) != 32 or self.recipient.public == bytes(32):
            raise Invalid.field("recipient_key", "must be an X25519 public key: 32 bytes")
        if not now < self.valid_until <= now + bounds.holds:
            raise Invalid.field("valid_until", f"must be within {bounds.holds} from now")
        if not 1 <= self.openings <= bounds.openings:
            raise Invalid.field("openings", f"must be 1 to {bounds.openings}")
        if not now < self.reveal_at <= now + bounds.hidden:
            raise Invalid.field("reveal_at", f"must be within {bounds.hidden.days} days from now")
        check_items(self.items)

    def _check_names(self) -> None:
        for name, text in (
            ("authority", self.instrument.authority),
            ("number", self.instrument.number),
            ("recipient", self.recipient.name),
        ):
            if not _LINE.fullmatch(text) or not text.isprintable():
                raise Invalid.field(name, "must be one line of 1 to 200 characters")


def check_items(items: Sequence[ItemForm]) -> None:
    """Every item of the catalogue, once, in a form that it has. Raises Invalid."""
    if not 1 <= len(items) <= MOST_ITEMS or len({each.item for each in items}) != len(items):
        raise Invalid.field("items", f"must name 1 to {MOST_ITEMS} items, each once")
    for each in items:
        catalogue().item(each.item).form(each.form)


@dataclass(frozen=True)
class Signed:
    """What both sign: an order with its id and the moment it was proposed."""

    id: UUID
    order: LawfulOrder
    document_digest: bytes
    at: datetime

    def message(self) -> bytes:
        """The canonical bytes (version 1; may grow by members)."""
        order = self.order
        body = {
            "id": ids.public(ids.LAWFUL_ORDER, self.id),
            "kind": order.kind,
            "basis": order.basis,
            "authority": order.instrument.authority,
            "number": order.instrument.number,
            "issued_on": order.instrument.issued_on.isoformat(),
            "document": b64(self.document_digest),
            "recipient": order.recipient.name,
            "recipient_key": b64(order.recipient.public),
            "subject": dict(order.subject),
            "items": [[each.item, each.form] for each in order.items],
            "valid_until": millis(order.valid_until),
            "openings": order.openings,
            "reveal_at": millis(order.reveal_at),
            "at": millis(self.at),
        }
        return canonical(["lawful-order", 1, body])

    def digest(self) -> bytes:
        """What entries say of the order: 32 bytes."""
        return digest(self.message())


def _bases(kind: str) -> list[str]:
    return [code for code, basis in BASES.items() if basis.kind == kind]
