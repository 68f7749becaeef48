"""What is answered for one line of a batch. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vault.errors import TooMany, Unavailable, VaultError
from vault.ids import ReleaseId
from vault.release import answers
from vault.release.engine import Answer
from vault.release.refusals import WITHDRAWN, GrantEnded

DELIVERED: Final = "delivered"
WAITING: Final = "waiting"
LIMITED: Final = "limited"
REFUSED: Final = "refused"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """``number``: which line, from 0; ``answer``: what a release of its own would have been answered; or ``told``: why
    there is none (see :func:`told_of`)."""

    number: int
    outcome: str
    answer: Answer | None = field(default=None, repr=False)
    told: Mapping[str, Any] | None = None


def delivered(number: int, answer: Answer) -> Outcome:
    """With payload and receipt."""
    return Outcome(number, DELIVERED, answer)


def waiting(number: int, release: ReleaseId, state: str) -> Outcome:
    """An officer must decide first."""
    return Outcome(number, WAITING, answers.waiting(release, state))


def absent(number: int) -> Outcome:
    """There is no such grant, or none that this client may know of: the same as one that was withdrawn."""
    return refused(number, GrantEnded(WITHDRAWN))


def refused(number: int, error: VaultError) -> Outcome:
    """Not delivered; ``limited`` where a limit is reached that is named."""
    if isinstance(error, Unavailable):
        return Outcome(number, FAILED, told=told_of(error))
    return Outcome(number, LIMITED if "limit" in error.members else REFUSED, told=told_of(error))


def again(number: int, kept: Mapping[str, Any]) -> Outcome:
    """What was told of the line before (:func:`kept_of`)."""
    return Outcome(number, kept["outcome"], told=kept["told"])


def kept_of(outcome: Outcome) -> dict[str, Any]:
    """What is kept of a refused line, to tell the same again."""
    return {"v": 1, "outcome": outcome.outcome, "told": dict(outcome.told or {})}


def told_of(error: VaultError) -> dict[str, Any]:
    """What is told of an error, whoever renders it: name, title, status, detail and its further members."""
    members = dict(error.members)
    if isinstance(error, TooMany | Unavailable):
        members["retry_after"] = error.retry_after
    return {
        "name": error.name,
        "title": error.title,
        "status": error.status,
        "detail": error.public,
        "members": members,
    }
