"""Why a release is refused. Each has a code for the ledger and a text for the requester.

The requester is told what it must know to act, and no more: that a person withdrew, that the grant ended and
that a token has been superseded look the same. What of the registry's side has ended is
:class:`vault.requesters.liveness.NotLive`; what goes too far is :class:`vault.consent.terms.OverAsked`.
"""

from datetime import timedelta
from typing import Final

from vault.consent.terms import OverAsked
from vault.errors import CannotOpen, Refused, Tampered, TooMany, VaultError
from vault.requesters.liveness import NotLive

WITHDRAWN: Final = "withdrawn"
EXPIRED: Final = "expired"
SUSPENDED: Final = "suspended"
STALE_TOKEN: Final = "stale_token"  # noqa: S105 - a reason, no secret
ACCOUNT_CLOSED: Final = "account_closed"
OTHER_SIDE: Final = "other_side"


ENDED: Final = frozenset({WITHDRAWN, EXPIRED, SUSPENDED, STALE_TOKEN, ACCOUNT_CLOSED, OTHER_SIDE})
"""Reasons that the ledger tells apart and no requester may."""


class GrantEnded(Refused):
    """Withdrawn, suspended, expired, or replaced by a newer authorization (design promise 4). ``reason`` (one of ENDED)
    is for the ledger."""

    name, title = "grant-ended", "Nothing more is released with this token"
    advice = (
        "Refresh once. When that fails too, the grant is over: ask the person again only if the purpose still stands."
    )

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(private=reason)


class UsesSpent(Refused):
    """The grant's number of uses is spent. ``limit`` is ``max_uses``."""

    name, title = "uses-spent", "The number of uses that the person allowed is spent"
    advice = "Ask the person again; the member `limit` names the limit."


class TooOften(TooMany):
    """The grant's frequency is reached. ``limit`` is ``frequency``; Retry-After tells when it opens again."""

    name, title = "too-often", "This grant is used more often than the person allowed"
    advice = "Wait as long as Retry-After says; the member `limit` names the limit."


class QuotaSpent(TooMany):
    """What the registry lets the requester have is used up. ``limit``: ``quota``, of the day; ``rate``, of a minute
    while the registry slows it down. Retry-After tells when the next one begins."""

    name, title = "quota-spent", "The organisation's quota is used up"
    advice = "Wait as long as Retry-After says; the member `limit` names the limit. Your desk shows what is left."


class OutsideHours(Refused):
    """The declaration is for other hours of the day. ``limit`` is ``hours``."""

    name, title = "outside-hours", "Nothing is released under this declaration at this time of the day"
    advice = "Ask again within the hours of the declaration, by the clock of the registry; `limit` names the limit."


class OutsideNetworks(Refused):
    """The request came from elsewhere than the declaration names. ``limit`` is ``networks``."""

    name, title = "outside-networks", "Nothing is released under this declaration to this address"
    advice = "Send the request from one of the networks of the declaration; the member `limit` names the limit."


class TooManyWaiting(TooMany):
    """The officers have enough of this grant before them. Not recorded: what already waits is."""

    name, title = "too-many-waiting", "Too many releases of this grant await an officer"
    advice = "Wait until some of them are decided, then ask again."


class ReleaseDenied(Refused):
    """A release officer denied this release. ``reason``: a code of :mod:`vault.release.denials`."""

    name, title = "release-denied", "The registry denied this release"
    advice = "The member `reason` names the ground. Ask again under a new Idempotency-Key once it is gone."


class ApprovalLapsed(Refused):
    """The officer's approval was not used within its hour."""

    name, title = "approval-lapsed", "The approval of this release has lapsed"
    advice = "Ask again under a new Idempotency-Key."


class WaitLapsed(Refused):
    """No officer decided within a day."""

    name, title = "wait-lapsed", "Nobody decided about this release within a day"
    advice = "If you still need it, ask again under a new Idempotency-Key."


class IdempotencyExpired(VaultError):
    """What was delivered under this key was delivered more than a day ago. The key is not free again: nobody takes the
    same thing twice by mistake."""

    name, status, title = "idempotency-expired", 422, "This Idempotency-Key was used more than 24 hours ago"
    advice = "What it delivered is not repeated any more. For a new release choose a new Idempotency-Key."


class CannotRepeat(Refused):
    """The release was delivered once; what stands now no longer renders the same."""

    name, title = "cannot-repeat", "This release can no longer be repeated"
    advice = "Ask again under a new Idempotency-Key; it counts as another use."


KEPT: Final = timedelta(hours=24)
"""How long a delivered release is repeated under its Idempotency-Key."""

RECORDED: Final = (Refused, TooMany, CannotOpen, Tampered)
"""What is entered into the ledger when it meets an authenticated requester."""

_REASONS: Final[dict[type[VaultError], str]] = {
    OverAsked: "over_asked",
    UsesSpent: "uses_spent",
    TooOften: "too_often",
    QuotaSpent: "quota_spent",
    OutsideHours: "outside_hours",
    OutsideNetworks: "outside_networks",
    ReleaseDenied: "denied",
    ApprovalLapsed: "approval_lapsed",
    WaitLapsed: "wait_lapsed",
    CannotRepeat: "cannot_repeat",
    CannotOpen: "cannot_open",
    Tampered: "tampered",
}


def told(reason: str) -> str:
    """A reason of the ledger as the requester may know it, who was told no more when it was refused."""
    return "grant_ended" if reason in ENDED else reason


def reason_of(error: VaultError) -> str:
    """The code for the ledger."""
    if isinstance(error, GrantEnded | NotLive):
        return error.reason
    return _REASONS.get(type(error), "refused")
