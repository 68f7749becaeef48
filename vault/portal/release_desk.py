"""The officers' desk for releases: what waits, and one officer's decision about it."""

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, Refused, VaultError
from vault.ids import ReleaseId
from vault.portal.forms import read_form, wrong_fields
from vault.portal.languages import Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reasons
from vault.portal.words import item_with_form, purpose_name
from vault.release import desk
from vault.signin import OFFICER, Holder


@get("/desk/releases/{release_id:str}")
async def release_page(request: VaultRequest, release_id: FromPath[str]) -> Template:
    """One release that an officer was asked about."""
    spoken = language_of(request)
    shown = await request.as_holder(OFFICER, _one, release_id, spoken)
    done = spoken.gettext("Your decision is recorded.") if request.query_params.get("done") else ""
    is_open = shown["state"] == "waiting"
    context = {"release": shown, "open": is_open, "page_form": is_open, "reason": "", "done": done}
    return page(request, "desk/release", realm=OFFICER, **context)


@post("/desk/releases/{release_id:str}", status_code=200)
async def decide_release_page(request: VaultRequest, release_id: FromPath[str]) -> Template | Redirect:
    """Approve or refuse."""
    form = await read_form(request)
    spoken, reason = form.language or language_of(request), form.text("reason")
    failed: VaultError | None = None
    if not form.language:
        try:
            await _decide(request, release_id, form.text("decision"), reason)
            return see_other(f"/desk/releases/{release_id}?done=yes")
        except (Invalid, Refused, Conflict) as error:
            failed = error
    shown = await request.as_holder(OFFICER, _one, release_id, spoken)
    wrong = reasons(spoken, wrong_fields(failed)) if isinstance(failed, Invalid) else {}
    is_open = shown["state"] == "waiting"
    context = {"release": shown, "open": is_open, "page_form": is_open, "reason": reason, "wrong": wrong}
    context["problem"] = spoken.gettext(failed.title) if failed and not wrong else ""
    status = failed.status if failed else 200
    return page(request, "desk/release", language=form.language, status=status, realm=OFFICER, **context)


async def _decide(request: VaultRequest, release_id: str, decision: str, reason: str) -> None:
    if decision not in {"approve", "refuse"}:
        raise Invalid.field("decision", "is approve or refuse")
    which = ReleaseId(ids.parse(ids.RELEASE, release_id))
    approve = decision == "approve"
    async with request.acting(OFFICER) as holder:
        await desk.decide_on_record(request.doors.database, holder, which, approve=approve, reason=reason)


async def _one(session: Session, holder: Holder, release_id: str, spoken: Language) -> dict[str, Any]:
    return release_row(await desk.one(session, holder, ReleaseId(ids.parse(ids.RELEASE, release_id))), spoken)


def release_row(waiting: desk.Waiting, spoken: Language) -> dict[str, Any]:
    """A release in the reader's language."""
    return {
        "id": ids.public(ids.RELEASE, waiting.id),
        "who": spoken.pick(waiting.requester_name),
        "purpose": purpose_name(spoken, waiting.purpose),
        "items": [item_with_form(spoken, each["item"], each["form"]) for each in waiting.items],
        "at": waiting.at,
        "state": waiting.state,
    }
