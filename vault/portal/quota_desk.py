"""Officers' page of how much a requester may take in a day: set by one, above the default decided by two."""

from typing import Any, Final
from urllib.parse import urlencode

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, Refused, VaultError
from vault.ids import RequesterId
from vault.portal.forms import Form, read_form, wrong_fields
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reasons
from vault.registry import officer
from vault.release import quotas
from vault.release.quotas import Quota, Whose
from vault.requesters.names import names
from vault.requesters.two_officers import ROLE
from vault.signin import OFFICER, Holder

_DONE: Final = {
    "set": N_("The quota holds from now on."),
    "proposed": N_("It is above the default: an officer of another unit must agree."),
    "decided": N_("Your decision is recorded."),
}


@get("/desk/requesters/{requester:str}/quota")
async def quota_page(request: VaultRequest, requester: FromPath[str]) -> Template:
    """What holds, what was used today, and a form for another one. Takes the role vetting."""
    said = _DONE.get(request.query_params.get("done", ""), "")
    return await _page(request, requester, {}, done=language_of(request).gettext(said) if said else "")


@post("/desk/requesters/{requester:str}/quota", status_code=200)
async def change_quota_page(request: VaultRequest, requester: FromPath[str]) -> Template | Redirect:
    """Set it, propose it, or decide what a colleague proposed."""
    form = await read_form(request)
    failed: VaultError | None = None
    if not form.language:
        try:
            done = await _act(request, _whose(request, requester), form)
            return see_other(f"/desk/requesters/{requester}/quota?done={done}")
        except (Invalid, Refused, Conflict) as error:
            failed = error
    typed = {name: form.text(name)[:500] for name in ("act", "per_day", "reason")}
    return await _page(request, requester, typed, failed=failed, language=form.language)


HANDLERS = (quota_page, change_quota_page)


async def _act(request: VaultRequest, whose: Whose, form: Form) -> str:
    act, reason = form.text("act"), form.text("reason")
    if act in {"agree", "decline"}:
        async with request.acting(OFFICER) as holder:
            db = request.doors.database
            await quotas.decide_on_record(db, holder, whose, agree=act == "agree", reason=reason)
        return "decided"
    if act != "set":
        raise Invalid.field("act", "must be one of those offered")
    per_day = _number(form.text("per_day"))
    await request.as_holder(OFFICER, quotas.set_quota, whose, per_day=per_day, reason=reason)
    return "proposed" if per_day > whose.default else "set"


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise Invalid.field("per_day", "must be a whole number")
    return int(text)


def _whose(request: VaultRequest, requester: str) -> Whose:
    return Whose(RequesterId(ids.parse(ids.REQUESTER, requester)), request.doors.settings.requester_quota)


async def _page(
    request: VaultRequest, requester: str, typed: dict[str, str], *, failed: VaultError | None = None, **more: Any
) -> Template:
    spoken, whose = more.get("language") or language_of(request), _whose(request, requester)
    found, who = await request.as_holder(OFFICER, _found, whose, spoken)
    wrong = reasons(spoken, wrong_fields(failed)) if isinstance(failed, Invalid) else {}
    path = f"/desk/requesters/{requester}/quota"
    return page(
        request,
        "desk/quota",
        status=failed.status if failed else 200,
        realm=OFFICER,
        who=who,
        back=f"/desk/requesters/{requester}",
        path=path,
        quota=found,
        default=whose.default,
        typed={"act": "", "per_day": "", "reason": ""} | typed,
        wrong=wrong,
        problem=f"{spoken.gettext(failed.title)} · {spoken.gettext(failed.public)}" if failed and not wrong else "",
        switch=lambda other: "/language?" + urlencode({"to": other.tag, "next": path}),
        **({"done": ""} | more),
    )


async def _found(session: Session, holder: Holder, whose: Whose, spoken: Language) -> tuple[Quota, str]:
    await officer(session, holder, ROLE)
    found = await quotas.quota_of(session, whose)
    return found, spoken.pick((await names(session, {whose.requester}))[whose.requester])
