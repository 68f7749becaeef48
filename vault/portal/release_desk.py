"""The officers' desk for releases: what waits, and one officer's decision about it, or about all of its grant."""

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, Refused, VaultError
from vault.ids import ReleaseId
from vault.portal.forms import Form, read_form, wrong_fields
from vault.portal.languages import Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reasons
from vault.portal.words import item_with_form, purpose_name
from vault.release import desk, desk_standing
from vault.release.denials import MEANINGS
from vault.signin import OFFICER, Holder


@get("/desk/releases/{release_id:str}")
async def release_page(request: VaultRequest, release_id: FromPath[str]) -> Template:
    """One release that an officer was asked about."""
    spoken = language_of(request)
    shown = await request.as_holder(OFFICER, _one, release_id, spoken)
    done = spoken.gettext("Your decision is recorded.") if request.query_params.get("done") else ""
    is_open = shown["state"] == "waiting"
    context = {"release": shown, "open": is_open, "page_form": is_open, "form": {}, "done": done}
    return page(request, "desk/release", realm=OFFICER, **context)


@post("/desk/releases/{release_id:str}", status_code=200)
async def decide_release_page(request: VaultRequest, release_id: FromPath[str]) -> Template | Redirect:
    """Approve or refuse."""
    form = await read_form(request)
    spoken = form.language or language_of(request)
    failed: VaultError | None = None
    if not form.language:
        try:
            await _decide(request, release_id, form)
            return see_other(f"/desk/releases/{release_id}?done=yes")
        except (Invalid, Refused, Conflict) as error:
            failed = error
    shown = await request.as_holder(OFFICER, _one, release_id, spoken)
    wrong = reasons(spoken, wrong_fields(failed)) if isinstance(failed, Invalid) else {}
    is_open = shown["state"] == "waiting"
    typed = {name: form.text(name) for name in ("reason", "code", "ceiling", "days")}
    context = {"release": shown, "open": is_open, "page_form": is_open, "form": typed, "wrong": wrong}
    context["problem"] = spoken.gettext(failed.title) if failed and not wrong else ""
    status = failed.status if failed else 200
    return page(request, "desk/release", language=form.language, status=status, realm=OFFICER, **context)


async def _decide(request: VaultRequest, release_id: str, form: Form) -> None:
    decision, reason = form.text("decision"), form.text("reason")
    which = ReleaseId(ids.parse(ids.RELEASE, release_id))
    async with request.acting(OFFICER) as holder:
        database = request.doors.database
        if decision == "approve":
            await desk.decide_on_record(database, holder, which, desk.Ruling(approve=True, reason=reason))
        elif decision == "refuse":
            ruling = desk.Ruling(approve=False, reason=reason, code=form.text("code"))
            await desk.decide_on_record(database, holder, which, ruling)
        elif decision == "allow":
            allowance = desk_standing.Allowance(_number(form, "ceiling"), _number(form, "days"), reason)
            await desk_standing.allow_on_record(database, holder, which, allowance)
        else:
            raise Invalid.field("decision", "is approve, refuse or allow")


def _number(form: Form, name: str) -> int:
    text = form.text(name)
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise Invalid.field(name, "must be a whole number")
    return int(text)


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
        "ends_at": waiting.ends_at,
        "state": waiting.state,
        "kind": waiting.kind,
        "beside": waiting.beside,
        "codes": [{"code": code, "text": spoken.pick(text)} for code, text in MEANINGS.items()],
    }


def standing_row(made: desk_standing.InForce, spoken: Language) -> dict[str, Any]:
    """A standing approval in the reader's language."""
    return {
        "id": ids.public(ids.APPROVAL, made.id),
        "who": spoken.pick(made.requester_name),
        "items": [item_with_form(spoken, each["item"], each["form"]) for each in made.items],
        "ceiling": made.ceiling,
        "uses": made.uses,
        "expires_at": made.expires_at,
    }
