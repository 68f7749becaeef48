"""Officers' pages about registered requesters: looking, stopping alone, everything else with a second officer."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, NotFound, Refused, VaultError
from vault.ids import DeclarationId, RequesterId, StaffId
from vault.portal.forms import Form, read_form, wrong_fields
from vault.portal.languages import CHINA, N_, Language
from vault.portal.organisations import BY, brief_row, organisation_row
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reasons
from vault.portal.standings import STATES, look
from vault.registry import staff_member
from vault.requesters import at_desk, two_officers
from vault.requesters.measures import Act, Order
from vault.requesters.searching import SEARCHED, Search
from vault.requesters.standing import State
from vault.signin import OFFICER, Holder

_FIELDS: Final = ("name", "uscc", "status", "after")
_ACTS: Final[dict[str, Act]] = {"suspend": "suspend", "restore": "restore", "revoke": "revoke", "shorten": "shorten"}
ACTS: Final = {
    "suspend": N_("Suspend"),
    "restore": N_("Restore"),
    "revoke": N_("Revoke for good"),
    "shorten": N_("Shorten the validity"),
    "surrender": N_("Surrender"),
    "narrow": N_("Narrow"),
}
_SHOWN: Final = {"proposed": N_("proposed"), "done": N_("done"), "refused": N_("declined")}
_DONE: Final = {
    "suspend": N_("It is suspended. A colleague of another unit must confirm within 72 hours."),
    "propose": N_("Your proposal is recorded. A colleague of another unit must agree."),
    "decide": N_("Your decision is recorded."),
}
_TIME: Final = N_("must be a day, for example 2026-11-22")


@get("/desk/requesters")
async def requesters_page(request: VaultRequest) -> Template:
    """Searching registered requesters."""
    spoken, query = language_of(request), request.query_params
    typed = {name: query.get(name, "")[:120].strip().replace("\x00", "") for name in _FIELDS}
    wanted = Search(
        name=typed["name"] or None,
        uscc=typed["uscc"] or None,
        state=next((each for each in SEARCHED if str(each) == typed["status"]), None),
        after=RequesterId(ids.parse(ids.REQUESTER, typed["after"])) if typed["after"] else None,
    )
    found = await request.as_holder(OFFICER, at_desk.listing, wanted)
    more = None
    if found.next is not None:
        rest = {name: value for name, value in typed.items() if value and name != "after"}
        more = "/desk/requesters?" + urlencode({**rest, "after": ids.public(ids.REQUESTER, found.next)})
    return page(
        request,
        "desk/requesters",
        realm=OFFICER,
        wide=True,
        query=typed,
        requesters=[organisation_row(each, spoken) for each in found.organisations],
        states=[{"code": str(each), "text": spoken.gettext(STATES[each])} for each in SEARCHED],
        more=more,
    )


@get("/desk/requesters/{requester:str}")
async def requester_page(request: VaultRequest, requester: FromPath[str]) -> Template:
    """One requester: what it is, what was done, what this officer may do."""
    spoken = language_of(request)
    found = await request.as_holder(OFFICER, _one, requester, spoken)
    said = _DONE.get(request.query_params.get("done", ""), "")
    return _page(request, found, {}, done=spoken.gettext(said) if said else "")


@post("/desk/requesters/{requester:str}/measures", status_code=200)
async def propose_page(request: VaultRequest, requester: FromPath[str]) -> Template | Redirect:
    """Suspend, or propose what takes two."""
    form = await read_form(request)
    failed: VaultError | None = None
    if not form.language:
        try:
            act = await _propose(request, RequesterId(ids.parse(ids.REQUESTER, requester)), form)
            done = "suspend" if act == "suspend" else "propose"
            return see_other(f"/desk/requesters/{requester}?done={done}")
        except (Invalid, Refused, Conflict) as error:
            failed = error
    typed = {name: form.text(name) for name in ("act", "reason", "declaration", "until")}
    found = await request.as_holder(OFFICER, _one, requester, form.language or language_of(request))
    return _page(request, found, typed, failed=failed, language=form.language)


@post("/desk/requesters/{requester:str}/measures/{measure:str}", status_code=200)
async def decide_measure_page(
    request: VaultRequest, requester: FromPath[str], measure: FromPath[str]
) -> Template | Redirect:
    """Agree to a colleague's measure, or decline it."""
    form = await read_form(request)
    failed: VaultError | None = None
    if not form.language:
        try:
            await _decide(request, measure, form)
            return see_other(f"/desk/requesters/{requester}?done=decide")
        except (Invalid, Refused, Conflict) as error:
            failed = error
    found = await request.as_holder(OFFICER, _one, requester, form.language or language_of(request))
    return _page(request, found, {"second_reason": form.text("reason")}, failed=failed, language=form.language)


async def _propose(request: VaultRequest, requester: RequesterId, form: Form) -> str:
    act = _ACTS.get(form.text("act"))
    if act is None:
        raise Invalid.field("act", "must be one of those offered")
    declared = DeclarationId(ids.parse(ids.DECLARATION, form.text("declaration"))) if form.text("declaration") else None
    until = _end_of(form.text("until")) if act == "shorten" else None
    order = Order(act, requester, declared, form.text("reason"), until)
    async with request.acting(OFFICER) as holder:
        await two_officers.propose_on_record(request.doors.database, holder, order)
    return act


async def _decide(request: VaultRequest, measure: str, form: Form) -> None:
    decision = form.text("decision")
    if decision not in {"agree", "decline"}:
        raise Invalid.field("decision", "is agree or decline")
    wanted, reason = ids.parse(ids.MEASURE, measure), form.text("reason")
    async with request.acting(OFFICER) as holder:
        await two_officers.decide_on_record(
            request.doors.database, holder, wanted, agree=decision == "agree", reason=reason
        )


def _end_of(day: str) -> datetime:
    """The beginning of a day in China."""
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=CHINA)
    except ValueError:
        raise Invalid.field("until", _TIME) from None


async def _one(session: Session, holder: Holder, requester: str, spoken: Language) -> dict[str, Any]:
    found = await at_desk.one(session, holder, RequesterId(ids.parse(ids.REQUESTER, requester)))
    names: dict[DeclarationId, str] = {each.id: f"{each.number}" for each in found.organisation.declarations}
    return {
        "requester": organisation_row(found.organisation, spoken),
        "declarations": [brief_row(each, spoken) for each in found.organisation.declarations],
        "suspended_until": found.suspended_until if found.organisation.state is State.SUSPENDED else None,
        "clients": [
            {
                "id": ids.public(ids.CLIENT, each.id),
                "number": names.get(each.declaration, ""),
                "state": look(spoken, State(each.status)),
                "uris": each.redirect_uris,
                "keys": [" ".join(str(value) for value in key.values()) for key in each.keys],
                "is_sandbox": each.is_sandbox,
            }
            for each in found.clients
        ],
        "measures": [await _measure(session, each, names, spoken) for each in found.measures],
        "acts": [{"code": code, "text": spoken.gettext(ACTS[code])} for code in _ACTS],
    }


async def _measure(
    session: Session, found: at_desk.MeasureView, names: dict[DeclarationId, str], spoken: Language
) -> dict[str, Any]:
    return {
        "id": ids.public(ids.MEASURE, found.id),
        "what": spoken.gettext(ACTS[found.act]),
        "state": spoken.gettext(_SHOWN[found.state]),
        "open": found.is_open,
        "declaration": "" if found.declaration is None else names.get(found.declaration, "?"),
        "until": found.until,
        "reason": found.reason,
        "by": await _who(session, found.by, found.by_id, spoken),
        "at": found.at,
        "lapses_at": found.lapses_at,
        "second": await _who(session, "officer", found.second, spoken) if found.second else "",
        "second_reason": found.second_reason or "",
        "decided_at": found.decided_at,
    }


async def _who(session: Session, kind: str, who: Any, spoken: Language) -> str:
    if kind in {"officer", "regulator"} and who is not None:
        try:
            member = await staff_member(session, StaffId(who))
        except NotFound:
            return spoken.gettext(BY[kind])
        return f"{member.name}, {member.unit}"
    return spoken.gettext(BY[kind])


def _page(
    request: VaultRequest,
    found: dict[str, Any],
    typed: dict[str, str],
    *,
    failed: VaultError | None = None,
    **more: Any,
) -> Template:
    spoken = more.get("language") or language_of(request)
    wrong = reasons(spoken, wrong_fields(failed)) if isinstance(failed, Invalid) else {}
    context = {"act": "", "reason": "", "declaration": "", "until": "", "second_reason": ""} | typed
    problem = f"{spoken.gettext(failed.title)} · {spoken.gettext(failed.public)}" if failed and not wrong else ""
    number = found["requester"]["id"]
    return page(
        request,
        "desk/requester",
        status=failed.status if failed else 200,
        realm=OFFICER,
        wide=True,
        typed=context,
        wrong=wrong,
        problem=problem,
        # The answer to a form stands at an address that only takes forms.
        switch=lambda other: "/language?" + urlencode({"to": other.tag, "next": f"/desk/requesters/{number}"}),
        **({"done": ""} | more | found),
    )
