"""What of a registration is not in force, and what that stops: one rule, decided when reading. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from vault.errors import Refused
from vault.requesters.standing import Capability, State, allows, state_of


class NotLive(Refused):
    """Something that must be live is not. ``reason`` names what and how, e.g. ``declaration-expired``."""

    name, title = "not-live", "This registration is not in force"
    advice = "The detail names what ended; the registry's contact page says how to renew or appeal."

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        self.reason = reasons[0]
        super().__init__(f"Not in force: {', '.join(reasons)}.", reasons=reasons)


@dataclass(frozen=True)
class Standing:
    """One thing's status and validity. ``what``: requester, declaration, permit or client; ``lifted_at``: when a
    suspension ends that nobody confirms."""

    what: str
    status: str
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    lifted_at: datetime | None = None

    def state(self, now: datetime) -> State:
        """What it is at this moment.

        In force is what is ``active`` while now is in [valid_from, valid_until). A validity that is missing where
        one is kept is no validity: only a client has none of its own.
        """
        state = state_of(self.status, lifted_at=self.lifted_at, now=now)
        if state is not State.ACTIVE or self.what == "client":
            return state
        if self.valid_until is None or now >= self.valid_until:
            return State.EXPIRED
        if self.valid_from is not None and now < self.valid_from:
            return State.NOT_YET_VALID
        return state


@dataclass(frozen=True)
class Lapses:
    """Everything of a registration that is not in force: (what, state). True when there is anything.

    Whether that stops somebody depends on what they want to do: ask :meth:`stopping`.
    """

    found: tuple[tuple[str, State], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.found)

    def __iter__(self) -> Iterator[str]:
        """Every reason, e.g. ``requester-suspended``."""
        return (f"{what}-{state}" for what, state in self.found)

    def stopping(self, capability: Capability) -> list[str]:
        """The reasons why this does not work; empty when it does."""
        return [f"{what}-{state}" for what, state in self.found if not allows(state, capability)]

    def check(self, capability: Capability) -> None:
        """Raises NotLive with every reason."""
        if reasons := self.stopping(capability):
            raise NotLive(reasons)


class Span(NamedTuple):
    """A time, from a moment on until before another one."""

    since: datetime
    until: datetime

    def holds(self, now: datetime) -> bool:
        """Whether it is that time."""
        return self.since <= now < self.until


def in_force(standings: Iterable[Standing]) -> Span | None:
    """When nothing of it lapses, by what is kept of each: what :func:`lapses` says at any moment of it is nothing.
    None where no time can be named beforehand: something is not ``active``, or lacks its validity."""
    since, until = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for each in standings:
        if each.status != State.ACTIVE:
            return None
        if each.what == "client":
            continue
        if each.valid_until is None:
            return None
        since, until = max(since, each.valid_from or since), min(until, each.valid_until)
    return Span(since, until)


def lapses(standings: Iterable[Standing], now: datetime) -> Lapses:
    """Everything that is not in force at this moment."""
    states = ((standing.what, standing.state(now)) for standing in standings)
    return Lapses(tuple((what, state) for what, state in states if state is not State.ACTIVE))


def check_live(standings: Iterable[Standing], now: datetime, capability: Capability = Capability.DISCLOSE) -> None:
    """Raises NotLive with every reason why this does not work now."""
    lapses(standings, now).check(capability)
