"""Pages about what an organisation is told of, and what it must delete."""

from typing import Any, Final

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.edge import telling
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, NotFound, TooMany, VaultError
from vault.organisations import changes
from vault.organisations.endpoint_changes import EVENT_ENDPOINT
from vault.organisations.roles import KEYS
from vault.portal.deletion_words import event_row, order_row
from vault.portal.forms import read_form
from vault.portal.languages import N_, Language
from vault.portal.organisation_clients import problem_text
from vault.portal.pages import language_of, page, see_other
from vault.signin import MEMBER

_TABS: Final = {
    "": N_("All"),
    "waiting": N_("Waiting"),
    "sent": N_("Sent"),
    "kept": N_("Kept"),
    "dead": N_("Not taken"),
}
_DONE: Final = {
    "made": N_("The change is made."),
    "open": N_("The change waits for a second member."),
    "sent": N_("It is on its way."),
}


@get("/organisation/events")
async def events_page(request: VaultRequest) -> Template:
    """Addresses, and the newest events."""
    return await _events(request)


@post("/organisation/events", status_code=200)
async def send_again_page(request: VaultRequest) -> Template | Redirect:
    """Send an event, or all dead letters, again; or try an address."""
    form = await read_form(request)
    try:
        match form.text("act"):
            case "replay":
                await request.as_holder(MEMBER, telling.replay, ids.parse(ids.EVENT, form.text("event")))
            case "dead":
                await request.as_holder(MEMBER, telling.replay_dead)
            case "test":
                await request.as_holder(MEMBER, telling.send_test, ids.parse(ids.CLIENT, form.text("client")))
            case _:
                raise Invalid.field("act", "is replay, dead or test")
    except (Invalid, NotFound, Conflict, TooMany) as error:
        return await _events(request, failed=error)
    return see_other("/organisation/events?done=sent")


@post("/organisation/clients/{client:str}/event-endpoint", status_code=200)
async def event_endpoint_page(request: VaultRequest, client: FromPath[str]) -> Template | Redirect:
    """Give a client another address for events."""
    form = await read_form(request)
    body = {"url": form.text("url").strip() or None}
    which = ids.parse(ids.CLIENT, client)
    try:
        made = await request.as_holder(MEMBER, changes.propose, EVENT_ENDPOINT, which, body=body)
    except (Invalid, Conflict) as error:
        return await _events(request, failed=error)
    return see_other(f"/organisation/events?done={made.state}")


@get("/organisation/deletion")
async def deletion_page(request: VaultRequest) -> Template:
    """What must be deleted, and what was answered."""
    spoken = language_of(request)
    found = await request.as_holder(MEMBER, telling.orders, limit=200)
    rows = [order_row(each, spoken) for each in found]
    return page(request, "organisation/deletion", realm=MEMBER, wide=True, orders=rows)


async def _events(request: VaultRequest, *, failed: VaultError | None = None) -> Template:
    spoken, show = language_of(request), request.query_params.get("show", "")
    found = await request.as_holder(MEMBER, telling.desk, state=show if show in _TABS and show else None)
    done = request.query_params.get("done", "")
    context: dict[str, Any] = {
        "may": KEYS in found.me.roles,
        "clients": [_client(each) for each in found.clients],
        "show": show,
        "tabs": _tabs(spoken, found.counts),
        "events": [event_row(each, spoken) for each in found.events],
        "dead": found.counts["dead"],
        "problem": problem_text(failed, spoken) if failed else "",
        "done": spoken.gettext(_DONE[done]) if done in _DONE else "",
    }
    return page(request, "organisation/events", realm=MEMBER, status=failed.status if failed else 200, **context)


def _client(each: Any) -> dict[str, Any]:
    return {
        "id": ids.public(ids.CLIENT, each.id),
        "name": each.metadata.client_name or "",
        "url": each.metadata.event_endpoint or "",
        "is_sandbox": each.sandbox_of is not None,
    }


def _tabs(spoken: Language, counts: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {"name": name, "text": spoken.gettext(text), "count": counts.get(name, sum(counts.values()))}
        for name, text in _TABS.items()
    ]


HANDLERS = [events_page, send_again_page, event_endpoint_page, deletion_page]
"""What the pages are made of."""
