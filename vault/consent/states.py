"""The states of a grant, and what each act makes of them. Published, and asked by every act. Pure.

Expiry is a state nobody sets: it is decided when reading. What a merge or a replacement leaves behind is a new
consent in the same grant; the one before it is kept as a version and allows nothing any more.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

WITHDRAWN_STATUS: Final = "withdrawn"
SUSPENDED_STATUS: Final = "suspended"


class State(StrEnum):
    """What a grant may be in. ``NONE``: there is none yet."""

    NONE = "none"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Act(StrEnum):
    """What is done to a grant or under it."""

    GIVE = "give"
    MERGE = "merge"
    REPLACE = "replace"
    WITHDRAW = "withdraw"
    GIVE_BACK = "give_back"
    REVOKE_TOKENS = "revoke_tokens"
    SUSPEND = "suspend"
    LIFT = "lift"
    NARROW = "narrow"
    EXPIRE = "expire"
    ISSUE_TOKEN = "issue_token"  # noqa: S105 - an act, no secret
    RELEASE = "release"
    QUERY = "query"


class Rule(NamedTuple):
    """Who may, and from which state to which; a state that is not named refuses. ``tokens``: whether those issued so
    far are dead afterwards."""

    by: str
    meaning: str
    leads: Mapping[State, State]
    tokens: str = "stay"


_ACTIVE: Final = {State.ACTIVE: State.ACTIVE}
RULES: Final[Mapping[Act, Rule]] = {
    Act.GIVE: Rule("person", "A new grant, by an authorization.", {State.NONE: State.ACTIVE}),
    Act.MERGE: Rule("person", "What is asked is added to the grant, by an authorization.", _ACTIVE, "die"),
    Act.REPLACE: Rule("person", "What is asked takes the place of the grant, by an authorization.", _ACTIVE, "die"),
    Act.WITHDRAW: Rule(
        "person",
        "The person stops it; a grant they stopped before stays as it was.",
        {
            State.ACTIVE: State.WITHDRAWN,
            State.SUSPENDED: State.WITHDRAWN,
            State.EXPIRED: State.WITHDRAWN,
            State.WITHDRAWN: State.WITHDRAWN,
        },
        "die",
    ),
    Act.GIVE_BACK: Rule("requester", "DELETE of the grant.", {State.ACTIVE: State.WITHDRAWN}, "die"),
    Act.REVOKE_TOKENS: Rule(
        "requester",
        "Tokens are revoked (RFC 7009); the consent stays. After its end there are none left.",
        {state: state for state in State if state is not State.NONE},
        "die",
    ),
    Act.SUSPEND: Rule(
        "regulator",
        "Nothing leaves for now: to requesters it looks as if it had ended. A stop by one regulator is over after a "
        "day unless a second one confirms it.",
        {State.ACTIVE: State.SUSPENDED, State.SUSPENDED: State.SUSPENDED},
    ),
    Act.LIFT: Rule(
        "regulator", "A suspension is over; tokens that have not ended work again.", {State.SUSPENDED: State.ACTIVE}
    ),
    Act.NARROW: Rule(
        "regulator",
        "Items are taken out, or the end is made earlier. The person's share stays: refresh for a token that fits.",
        {State.ACTIVE: State.ACTIVE, State.SUSPENDED: State.SUSPENDED},
        "die",
    ),
    Act.EXPIRE: Rule(
        "time",
        "The end that was agreed has come.",
        {State.ACTIVE: State.EXPIRED, State.SUSPENDED: State.EXPIRED},
        "die",
    ),
    Act.ISSUE_TOKEN: Rule("requester", "A code or a refresh token becomes an access token.", _ACTIVE),
    Act.RELEASE: Rule("requester", "Data leaves.", _ACTIVE),
    Act.QUERY: Rule("requester", "GET of the grant.", _ACTIVE),
}


def state_of(status: str, expires_at: datetime, now: datetime, *, lifted_at: datetime | None) -> State:
    """The state of a grant's row at a moment. ``lifted_at``: when a suspension ends that nobody confirms.

    What a row may not hold is never taken for active.
    """
    if status == WITHDRAWN_STATUS:
        return State.WITHDRAWN
    if now >= expires_at:
        return State.EXPIRED
    if status == SUSPENDED_STATUS:
        return State.ACTIVE if lifted_at is not None and now >= lifted_at else State.SUSPENDED
    return State.ACTIVE if status == State.ACTIVE else State.WITHDRAWN


def allows(act: Act, state: State) -> bool:
    """Whether the act may be done to a grant in this state."""
    return state in RULES[act].leads


def published() -> dict[str, Any]:
    """The table as JSON data: for each act who does it, what it leads to from each state, null where refused."""
    return {
        "states": [str(state) for state in State],
        "acts": {
            str(act): {
                "by": rule.by,
                "meaning": rule.meaning,
                "leads_to": {str(state): rule.leads.get(state) for state in State},
                "tokens": rule.tokens,
            }
            for act, rule in RULES.items()
        },
    }
