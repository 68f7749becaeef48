"""What a regulator can order, and the bytes they sign for it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal, get_args
from uuid import UUID

from vault import ids
from vault.clock import millis
from vault.crypto.canonical import b64, canonical, digest
from vault.errors import Invalid

Act = Literal["suspend", "lift", "narrow", "order_deletion"]
Kind = Literal["requester", "declaration", "grant"]
ACTS: Final[tuple[Act, ...]] = get_args(Act)
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {"requester": ids.REQUESTER, "declaration": ids.DECLARATION, "grant": ids.GRANT}
)
REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "beyond-purpose": "PIPL art. 6: used for more than the purpose that was declared",
        "excessive-use": "PIPL art. 6: more than the purpose needs, or more often",
        "unlawful-basis": "PIPL art. 13: the legal basis does not hold",
        "security-incident": "PIPL arts. 51 and 57: data is not safe with the organisation",
        "complaint": "PIPL art. 65: a person complained, and the complaint is grounded",
        "danger-to-persons": "Somebody's life, health or property is in danger",
        "court-decision": "A court decided it",
        "mended": "What the measure was about is mended",
        "unfounded": "What the measure was about proved to be nothing",
    }
)
"""Why, as a code for the entry. In words it stands in the order, outside the ledger."""
SHORTEST_REASON, LONGEST_REASON = 10, 2000
ALONE: Final = timedelta(hours=24)
"""How long a stop holds that one regulator ordered; then it lapses unless another one confirmed it."""
OPEN: Final = timedelta(days=14)
"""How long any other order waits for the second."""
QUIET: Final = timedelta(days=30)
"""So long a regulator whose stop lapsed unconfirmed may not stop the same alone again."""
PROPOSED, DONE, REFUSED = "proposed", "done", "refused"


@dataclass(frozen=True)
class Target:
    """What an order is about."""

    kind: Kind
    id: UUID

    @classmethod
    def read(cls, text: str) -> "Target":
        """From a public id. Raises Invalid."""
        for kind in KINDS:
            if text.startswith(f"{PREFIXES[kind]}_"):
                return cls(kind, ids.parse(PREFIXES[kind], text))
        raise Invalid.field("target", "must be the id of an organisation, a declaration or a grant")

    def public(self) -> str:
        """Its public id."""
        return ids.public(PREFIXES[self.kind], self.id)


@dataclass(frozen=True)
class Order:
    """What is ordered, about what and why. ``cut`` with narrow alone: for a requester or a declaration as
    :class:`vault.requesters.narrowing.Cut` has it; for a grant {"without": [items]} and perhaps {"until": ms}.
    ``is_urgent``: hold at once, with suspend alone. ``inquiry``: the case it belongs to."""

    act: Act
    target: Target
    reason_code: str
    reason: str
    is_urgent: bool = False
    cut: Mapping[str, Any] | None = None
    inquiry: UUID | None = None

    def check(self) -> None:
        """Raises Invalid for what is no order."""
        if self.act not in ACTS:
            raise Invalid.field("act", f"is one of {', '.join(ACTS)}")
        if self.reason_code not in REASONS:
            raise Invalid.field("reason_code", f"is one of {', '.join(REASONS)}")
        check_text("reason", self.reason)
        if self.act == "order_deletion" and self.target.kind != "grant":
            raise Invalid.field("target", "must be a grant: deletion is ordered of what was released under one")
        if self.is_urgent and self.act != "suspend":
            raise Invalid.field("urgent", "is for suspend alone: nothing else holds before two have decided")
        if (self.cut is None) == (self.act == "narrow"):
            raise Invalid.field("cut", "says what is taken out, with narrow and with nothing else")

    def message(self, at: datetime) -> bytes:
        """The canonical bytes a regulator signs; its digest stands in the entries."""
        body = {
            "act": self.act,
            "target": self.target.public(),
            "reason_code": self.reason_code,
            "reason": b64(digest(self.reason.encode())),
            "urgent": self.is_urgent,
            "cut": None if self.cut is None else dict(self.cut),
            "case": None if self.inquiry is None else ids.public(ids.INQUIRY, self.inquiry),
            "at": millis(at),
        }
        return canonical(["power", 1, body])


def decision_message(order_digest: bytes, order: UUID, *, agree: bool, reason: str, at: datetime) -> bytes:
    """The canonical bytes the second regulator signs: which order, by id and digest, and what they say to it."""
    body = {
        "order": ids.public(ids.POWER, order),
        "digest": b64(order_digest),
        "agree": agree,
        "reason": b64(digest(reason.encode())),
        "at": millis(at),
    }
    return canonical(["power-decision", 1, body])


def check_text(field: str, text: str) -> None:
    """Raises Invalid unless it is plain text that says something."""
    plain = all(char == "\n" or char.isprintable() for char in text)
    if not SHORTEST_REASON <= len(text.strip()) <= LONGEST_REASON or not plain:
        raise Invalid.field(field, f"must be plain text of {SHORTEST_REASON} to {LONGEST_REASON} characters")
