"""A person's addresses of the relay: who reaches them through which, how often, and closing one."""

from typing import Any, Final

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.ids import PersonId
from vault.portal.forms import read_form
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.words import item_name
from vault.relay import close, listing
from vault.signin import PERSON, Holder

_DONE: Final = N_("Closed. Nothing comes through it any more.")
_STATES: Final = {
    "open": N_("In use"),
    "closed": N_("Closed"),
    "ended": N_("Ended with its permission"),
}


@get("/relay")
async def relay_page(request: VaultRequest) -> Template:
    """All addresses, open ones first."""
    done = language_of(request).gettext(_DONE) if request.query_params.get("done") == "closed" else ""
    return await _page(request, done=done)


@post("/relay/{address:str}/close", status_code=200)
async def close_relay(request: VaultRequest, address: FromPath[str]) -> Template | Redirect:
    """Close one, now."""
    form = await read_form(request)
    if form.language:
        return await _page(request, language=form.language)
    await request.as_holder(PERSON, close, ids.parse(ids.RELAY, address))
    return see_other("/relay?done=closed")


async def _page(request: VaultRequest, *, language: Language | None = None, done: str = "") -> Template:
    spoken = language or language_of(request)
    found = await request.as_holder(PERSON, _shown, spoken, request.doors.exchange.domain)
    return page(request, "person/relay", language=language, realm=PERSON, addresses=found, done=done)


async def _shown(session: Session, holder: Holder, spoken: Language, domain: str) -> list[dict[str, Any]]:
    views = await listing(session, PersonId(holder.id))
    shown = [
        {
            "id": ids.public(ids.RELAY, view.id),
            "who": spoken.pick(view.requester_name),
            "item": item_name(spoken, view.item),
            "by": view.by,
            "address": f"{view.name}@{domain}",
            "grant": ids.public(ids.GRANT, view.grant),
            "state": view.state(session.now),
            "state_text": spoken.gettext(_STATES[view.state(session.now)]),
            "opened_at": view.opened_at,
            "closed_at": view.closed_at,
            "messages": view.messages,
            "last_at": view.last_at,
        }
        for view in views
    ]
    return sorted(shown, key=lambda each: each["state"] != "open")


HANDLERS: Final = (relay_page, close_relay)
"""Every page of the relay."""
