"""Keeping small counts out of what everybody may see. Pure.

A count below ten may point at somebody. It is given as "fewer than ten"; the total of its series, from which it would
follow, is then kept back too, and given as the sum of what is shown: at least so many.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

FEWER: Final = 10


@dataclass(frozen=True, slots=True)
class Shared:
    """A series as everybody may see it: None stands for one to nine. ``total`` is exact where ``is_whole``, else it is
    the sum of what is shown, and there is more."""

    counts: tuple[int | None, ...]
    total: int
    is_whole: bool


def shared(counts: Sequence[int]) -> Shared:
    """The series with what points at few people kept back. Nothing is no secret: 0 stays 0."""
    shown = tuple(alone(count) for count in counts)
    return Shared(shown, sum(count or 0 for count in shown), None not in shown)


def alone(count: int) -> int | None:
    """A single count as everybody may see it."""
    return None if 0 < count < FEWER else count
