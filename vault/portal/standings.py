"""States of requesters and declarations in the reader's language, and what they make of a grant."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from vault.consent import GrantView
from vault.db import Session
from vault.ids import DeclarationId
from vault.portal.languages import N_, Language
from vault.requesters.standing import FINAL, State
from vault.requesters.states import DeclarationState, states_of

STATES: Final[Mapping[State, str]] = {
    State.APPLIED: N_("Applied for"),
    State.ACTIVE: N_("In force"),
    State.SUSPENDED: N_("Suspended"),
    State.REVOKED: N_("Revoked"),
    State.SURRENDERED: N_("Surrendered"),
    State.EXPIRED: N_("Expired"),
    State.NOT_YET_VALID: N_("Not yet valid"),
}
_LOOKS: Final[Mapping[State, tuple[str, str]]] = {
    State.ACTIVE: ("good", "●"),
    State.SUSPENDED: ("warn", "◔"),
    State.REVOKED: ("bad", "✕"),
    State.SURRENDERED: ("plain", "■"),
    State.EXPIRED: ("plain", "○"),
}
_BECAME: Final[Mapping[State, str]] = {
    State.SUSPENDED: N_(
        "The registry has suspended this organisation or its permission to ask. Nothing is released to it for now. If "
        "it is restored, what you allowed holds again, until its end; you can stop it at any time."
    ),
    State.REVOKED: N_(
        "The registry has put an end to this organisation or its permission to ask. This permission is over for good: "
        "nothing can be released under it again, also if the organisation is ever registered anew."
    ),
    State.SURRENDERED: N_(
        "The organisation has given its registration or its permission to ask back. This permission is over for good: "
        "nothing can be released under it again, also if the organisation is ever registered anew."
    ),
    State.EXPIRED: N_(
        "The organisation's registration or its permission to ask has expired. Nothing is released to it unless the "
        "registry renews it; you can stop this permission at any time."
    ),
}
_STOPPED: Final = N_(
    "A supervisory authority has stopped this permission for now. Nothing is released under it. If the stop is lifted, "
    "what you allowed holds again, until its end; you can stop it yourself at any time."
)
ENDED: Final = "ended"
PAUSED: Final = "paused"


def look(language: Language, state: State) -> dict[str, str]:
    """How a state is shown: sign, colour and word."""
    kind, sign = _LOOKS.get(state, ("plain", "·"))
    return {"kind": kind, "sign": sign, "text": language.gettext(STATES[state]), "code": str(state)}


async def stands(session: Session, views: list[GrantView]) -> dict[DeclarationId, DeclarationState]:
    """How the registry's side of these grants stands."""
    return await states_of(session, {view.declaration_id for view in views})


def status_of(view: GrantView, standing: DeclarationState | None) -> str:
    """A grant's status with the registry's side in it: ``paused`` and ``ended`` besides its own.

    What the person did or what ran out comes first: it does not change any more.
    """
    if view.status not in {"active", "suspended"}:
        return view.status
    if standing is not None and standing.worst in FINAL:
        return ENDED
    runs = view.status == "active" and (standing is None or standing.worst is State.ACTIVE)
    return view.status if runs else PAUSED


def became(language: Language, view: GrantView, standing: DeclarationState | None) -> str:
    """What became of a grant through the registry, in a sentence; nothing where nothing did."""
    if view.status not in {"active", "suspended"} or standing is None:
        return ""
    text = _BECAME.get(standing.worst)
    if view.status == "suspended" and standing.worst not in FINAL:
        text = _STOPPED
    return language.gettext(text) if text else ""


def ends_at(view: GrantView, standing: DeclarationState | None) -> datetime:
    """When it ends by itself: a shortened validity of the declaration ends it earlier than was agreed."""
    return view.expires_at if standing is None else min(view.expires_at, standing.ends_at)
