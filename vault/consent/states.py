"""The states of a grant, and what each act makes of them. Published, and asked by every act. Pure.

Expiry is a state nobody sets: it is decided when reading. What a merge or a replacement leaves behind is a new
consent in the same grant; the one before it is kept as a version and allows nothing any more.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

WITHDRAWN_STATUS: Final = "withdrawn"


class State(StrEnum):
    """What a grant may be in. ``NONE``: there is none yet."""

    NONE = "none"
    ACTIVE = "active"
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
            State.EXPIRED: State.WITHDRAWN,
            State.WITHDRAWN: State.WITHDRAWN,
        },
        "die",
    ),
    Act.GIVE_BACK: Rule("requester", "DELETE of the grant.", {State.ACTIVE: State.WITHDRAWN}, "die"),
    Act.REVOKE_TOKENS: Rule(
        "requester",
        "Tokens are revoked (RFC 7009); the consent stays. After its end there are none left.",
        {State.ACTIVE: State.ACTIVE, State.EXPIRED: State.EXPIRED, State.WITHDRAWN: State.WITHDRAWN},
        "die",
    ),
    Act.EXPIRE: Rule("time", "The end that was agreed has come.", {State.ACTIVE: State.EXPIRED}, "die"),
    Act.ISSUE_TOKEN: Rule("requester", "A code or a refresh token becomes an access token.", _ACTIVE),
    Act.RELEASE: Rule("requester", "Data leaves.", _ACTIVE),
    Act.QUERY: Rule("requester", "GET of the grant.", _ACTIVE),
}


def state_of(status: str, expires_at: datetime, now: datetime) -> State:
    """The state of a grant's row at a moment."""
    if status == WITHDRAWN_STATUS:
        return State.WITHDRAWN
    return State.EXPIRED if now >= expires_at else State.ACTIVE


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
