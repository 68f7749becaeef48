"""Deletion orders and events in the reader's language, the same on every page that shows them."""

from collections.abc import Mapping
from typing import Any, Final

from vault import ids
from vault.deletion import Order
from vault.portal.languages import N_, Language
from vault.webhooks.events import Told

WHY: Final[Mapping[str, str]] = {
    "withdrawn": N_("the person stopped sharing"),
    "erasure": N_("the person's vault was erased"),
    "regulator": N_("a supervisory authority ordered it"),
    "retention": N_("the time is over for which it may be kept"),
}
TYPES: Final[Mapping[str, str]] = {
    "section.changed": N_("something under a grant changed"),
    "grant.changed": N_("a grant changed"),
    "grant.withdrawn": N_("a grant ended"),
    "approval.decided": N_("an officer decided about a release"),
    "deletion.ordered": N_("deletion was ordered"),
    "test": N_("a test"),
}
ABOUT: Final[Mapping[str, str]] = {
    "grant": N_("grant"),
    "release": N_("release"),
    "order": N_("order"),
    "delete_by": N_("delete by"),
}
RESULTS: Final[Mapping[str, str]] = {
    "taken": N_("taken"),
    "no-address": N_("there is no address"),
    "not-https": N_("the address is not https"),
    "private-address": N_("the address is not public"),
    "no-connection": N_("no connection"),
    "timeout": N_("no answer in time"),
    "tls": N_("the certificate does not hold"),
    "redirect": N_("a redirect, which is not followed"),
}


def order_row(order: Order, spoken: Language) -> dict[str, Any]:
    """An order; whose it is only where the page is the person's or the organisation's."""
    why = WHY.get(order.why)
    return {
        "id": ids.public(ids.DELETION, order.id),
        "grant": ids.public(ids.GRANT, order.grant),
        "who": spoken.pick(order.requester_name),
        "why": spoken.gettext(why) if why else order.why,
        "ordered_at": order.ordered_at,
        "due_at": order.due_at,
        "state": f"deletion-{order.state}",
        "basis": order.basis,
        "kept_until": order.kept_until,
        "answered_at": order.answered_at,
        "statements": order.statements,
    }


def event_row(told: Told, spoken: Language) -> dict[str, Any]:
    """An event as its organisation sees it."""
    kind, result = TYPES.get(told.type), RESULTS.get(told.result or "")
    return {
        "id": ids.public(ids.EVENT, told.id),
        "client": ids.public(ids.CLIENT, told.client_id),
        "what": spoken.gettext(kind) if kind else told.type,
        "type": told.type,
        "about": [(_about(name, spoken), value) for name, value in told.about.items()],
        "at": told.at,
        "state": f"event-{told.state}",
        "tries": told.tries,
        "result": spoken.gettext(result) if result else told.result,
        "next": told.next,
        "may_replay": told.state != "waiting",
    }


def _about(name: str, spoken: Language) -> str:
    known = ABOUT.get(name)
    return spoken.gettext(known) if known else name
