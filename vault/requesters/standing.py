"""The one table of what still works in each state of a requester and of a declaration. Pure; published as it is here.

Whoever decides anything about a requester asks this table by capability: there is no other place that knows what a
status means. A chain (requester, declaration, permit, client) may do what each of its links may do.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from vault.errors import Tampered


class State(StrEnum):
    """The five statuses that are kept, and the two that are read off the clock."""

    APPLIED = "applied"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    SURRENDERED = "surrendered"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"


class Capability(StrEnum):
    """What may work or not."""

    DISCLOSE = "disclose"
    CONSENT = "consent"
    TOKENS = "tokens"
    WITHDRAWAL = "withdrawal"
    GIVING_UP = "giving-up"
    INTROSPECTION = "introspection"
    DELETION = "deletion"
    KEYS = "keys"
    SIGN_IN = "sign-in"
    DECLARING = "declaring"
    LISTED = "listed"


KEPT: Final = (State.APPLIED, State.ACTIVE, State.SUSPENDED, State.REVOKED, State.SURRENDERED)
"""What a row may hold; the others follow from its times."""
FINAL: Final = frozenset({State.REVOKED, State.SURRENDERED})
"""Nothing leads out of these for what was under them: a new declaration, new clients and new consents are needed."""

Texts = Mapping[str, str]


def _said(en: str, zh: str) -> Texts:
    return MappingProxyType({"en": en, "zh-CN": zh})


MEANINGS: Final[Mapping[State, Texts]] = MappingProxyType(
    {
        State.APPLIED: _said(
            "One officer approved; the second one has not decided yet.", "一名工作人员已批准，第二名尚未决定。"
        ),
        State.ACTIVE: _said("In force.", "有效。"),
        State.SUSPENDED: _said(
            "Stopped for now by the registry; two officers can restore it.",
            "已被登记机构暂停；须由两名工作人员恢复。",
        ),
        State.REVOKED: _said("Ended by two officers, for good.", "已由两名工作人员永久撤销。"),
        State.SURRENDERED: _said("Given back by the organisation itself, for good.", "由机构自行永久交还。"),
        State.EXPIRED: _said("Its time is over and it was not renewed.", "期限已过，未续期。"),
        State.NOT_YET_VALID: _said("Approved; its time has not begun.", "已批准，期限尚未开始。"),
    }
)
WORKS: Final[Mapping[Capability, Texts]] = MappingProxyType(
    {
        Capability.DISCLOSE: _said("Data is released to it.", "可向其提供数据。"),
        Capability.CONSENT: _said(
            "It may ask people for consent, and people may give it.", "可向个人征求同意，个人可以同意。"
        ),
        Capability.TOKENS: _said(
            "Its codes and refresh tokens are exchanged for access tokens.", "其授权码和刷新令牌可换取访问令牌。"
        ),
        Capability.WITHDRAWAL: _said("People may stop sharing with it.", "个人可以停止向其共享。"),
        Capability.GIVING_UP: _said("It may itself end a grant or revoke a token.", "机构可自行终止授权或撤销令牌。"),
        Capability.INTROSPECTION: _said("It may ask how its tokens and grants stand.", "可查询其令牌和授权的状态。"),
        Capability.DELETION: _said(
            "It must delete what it holds when it is told to, and answer for it.",
            "接到要求时必须删除所持数据，并对此负责。",
        ),
        Capability.KEYS: _said("Its keys may be changed.", "其密钥可以更换。"),
        Capability.SIGN_IN: _said("Its members may sign in to its desk.", "其成员可登录机构工作台。"),
        Capability.DECLARING: _said("New declarations of it are taken in and decided.", "受理并审批其新的申报。"),
        Capability.LISTED: _said("It stands in the public register.", "列入公开登记簿。"),
    }
)

_AP, _AC, _SU, _RE, _GI, _EX, _NY = State
_EVERY: Final = frozenset(State)
_KNOWN: Final = _EVERY - {_AP}
"""Everybody whom two officers have let in at some time."""
TABLE: Final[Mapping[Capability, frozenset[State]]] = MappingProxyType(
    {
        Capability.DISCLOSE: frozenset({_AC}),
        Capability.CONSENT: frozenset({_AC}),
        Capability.TOKENS: frozenset({_AC}),
        # No state of an organisation may stand between a person and their no.
        Capability.WITHDRAWAL: _EVERY,
        Capability.GIVING_UP: _KNOWN,
        # What is out for good has nothing left to ask about.
        Capability.INTROSPECTION: frozenset({_AC, _SU, _EX, _NY}),
        # What was received stays received: the duty outlives the permission.
        Capability.DELETION: _KNOWN,
        # A leaked key must be replaceable before two officers restore; until then the new one opens nothing.
        Capability.KEYS: frozenset({_AC, _SU, _EX, _NY}),
        Capability.SIGN_IN: _EVERY,
        # Who gave up may come back as anybody else comes; who was revoked may not.
        Capability.DECLARING: frozenset({_AP, _AC, _GI, _EX, _NY}),
        # Who was let in once stays to be seen, whatever became of it.
        Capability.LISTED: _KNOWN,
    }
)
"""Capability: the states in which it works."""


def allows(state: State, capability: Capability) -> bool:
    """One cell of the table."""
    return state in TABLE[capability]


def kept_in(capability: Capability) -> tuple[State, ...]:
    """The kept statuses in which it works, for statements that compare a row's status."""
    return tuple(state for state in KEPT if allows(state, capability))


def state_of(status: str, *, lifted_at: datetime | None, now: datetime) -> State:
    """What a kept status is at this moment: a suspension that nobody confirmed in time is over (``lifted_at``).

    Raises Tampered for what no row may hold.
    """
    if status not in KEPT:
        raise Tampered(private="a status that there is not")
    state = State(status)
    if state is State.SUSPENDED and lifted_at is not None and now >= lifted_at:
        return State.ACTIVE
    return state
