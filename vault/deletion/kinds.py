"""Why copies must be deleted, and what a requester may answer."""

from datetime import timedelta
from typing import Final, Literal, get_args

Why = Literal["withdrawn", "erasure", "regulator", "retention"]
WHY: Final[tuple[Why, ...]] = get_args(Why)
Outcome = Literal["deleted", "partly", "kept"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
OPEN, ANSWERED = "open", "answered"
TIME_TO_DELETE: Final = timedelta(days=15)
"""What a requester has from the order on, unless what it declared ends sooner (PIPL art. 47: without being asked)."""
SHORTEST: Final = timedelta(days=1)
