"""Whether requester, declaration, permit and client are live: one rule, decided when reading. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from vault.errors import Refused


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
    """One thing's status and validity. ``what``: requester, declaration, permit or client."""

    what: str
    status: str
    valid_from: datetime | None = None
    valid_until: datetime | None = None


def why_not_live(standings: Iterable[Standing], now: datetime) -> list[str]:
    """A named reason for everything that is not live at this moment; empty when all of it is.

    A thing is live when its status is ``active`` and now is in [valid_from, valid_until). A validity that is
    missing where one is kept is no validity: only a client has none of its own.
    """
    lapses = ((standing.what, _lapse(standing, now)) for standing in standings)
    return [f"{what}-{lapse}" for what, lapse in lapses if lapse is not None]


def check_live(standings: Iterable[Standing], now: datetime) -> None:
    """Raises NotLive with every reason."""
    if reasons := why_not_live(standings, now):
        raise NotLive(reasons)


def _lapse(standing: Standing, now: datetime) -> str | None:
    if standing.status != "active":
        return standing.status
    if standing.what == "client":
        return None
    if standing.valid_until is None or now >= standing.valid_until:
        return "expired"
    if standing.valid_from is not None and now < standing.valid_from:
        return "not-yet-valid"
    return None
