"""How often a grant may be used. Pure: decides about what was loaded; statement and rule say the same.

A window opens with its first use and lasts an hour or a day by the clock, whatever the calendar says.
"""

from datetime import datetime, timedelta
from math import ceil
from typing import Final, NamedTuple

import msgspec

from vault.release.refusals import OutsideHours, OutsideNetworks, TooOften, UsesSpent
from vault.requesters.declarations import Declaration
from vault.requesters.restrictions import contain

WINDOWS: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


class Limits(msgspec.Struct, frozen=True):
    """What the person allowed. ``max_uses`` None: no bound on the number; ``count`` releases per ``window``."""

    max_uses: int | None
    count: int
    window: timedelta


class Used(NamedTuple):
    """What was used so far; ``window_start`` None: never."""

    uses: int
    window_start: datetime | None
    window_uses: int


def check(limits: Limits, used: Used, now: datetime) -> None:
    """Raises UsesSpent or TooOften when one more use is one too many."""
    if limits.max_uses is not None and used.uses >= limits.max_uses:
        raise UsesSpent(limit="max_uses")
    if used.window_start is None:
        return
    opens = used.window_start + limits.window
    if now < opens and used.window_uses >= limits.count:
        raise TooOften(retry_after=max(1, ceil((opens - now).total_seconds())), limit="frequency")


def check_place(declared: Declaration, address: str, now: datetime) -> None:
    """Raises OutsideHours or OutsideNetworks when the declaration is not for this time of the day, or this caller."""
    if declared.hours and not declared.hours.holds(now):
        raise OutsideHours(limit="hours")
    if declared.networks and not contain(declared.networks, address):
        raise OutsideNetworks(limit="networks")
