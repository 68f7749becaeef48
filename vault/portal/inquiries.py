"""Regulators' pages of cases: opening one, what is attached to it, and the decision that two sign."""

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, NotFound, Refused, VaultError
from vault.ids import RequesterId
from vault.portal.forms import Form, read_form, sha256_of, wrong_fields
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.power_rows import order_rows, who_is
from vault.portal.power_words import CASE_STATES, DECISIONS, KINDS
from vault.portal.reasons import reasons
from vault.powers import Evidence, Inquiry, cases
from vault.powers.case_bounds import CLOSED, CLOSING, on_record
from vault.registry.mandates import OutsideMandate
from vault.requesters.names import names
from vault.signin import REGULATOR, Holder

_HOME: Final = "/oversight/cases"
_DONE: Final = {
    "opened": N_("The case is open."),
    "attached": N_("It is attached."),
    "proposed": N_("Your decision is recorded. A regulator of another unit must agree."),
    "closed": N_("The case is decided."),
}
_NO_REQUESTER: Final = N_("must be the number of an organisation: req_ and 32 characters")
_NO_ENTRY: Final = N_("Tick at least one entry.")
_NO_CASE: Final = N_("Choose the case.")


@get("/oversight/cases")
async def cases_page(request: VaultRequest) -> Template:
    """The newest cases, and the form to open one."""
    return await _list(request, {"requester": request.query_params.get("requester", "")[:40]})


@post("/oversight/cases", status_code=200)
async def open_case_page(request: VaultRequest) -> Template | Redirect:
    """Open a case."""
    form = await read_form(request)
    failed: VaultError | None = None
    typed = {name: form.text(name)[:300] for name in ("title", "requester")}
    if not form.language:
        try:
            about = _requester(typed["requester"])
            async with request.acting(REGULATOR) as holder:
                row = await cases.open_on_record(request.doors.database, holder, typed["title"], about)
            return see_other(f"{_HOME}/{ids.public(ids.INQUIRY, row.id)}?done=opened")
        except (Invalid, Refused) as error:
            failed = error
    return await _list(request, typed, failed=failed, language=form.language)


@get("/oversight/cases/{inquiry:str}")
async def case_page(request: VaultRequest, inquiry: FromPath[str]) -> Template:
    """One case with everything attached and ordered."""
    said = _DONE.get(request.query_params.get("done", ""), "")
    return await _one(request, inquiry, {}, done=language_of(request).gettext(said) if said else "")


@post("/oversight/cases/{inquiry:str}", status_code=200)
async def act_on_case_page(request: VaultRequest, inquiry: FromPath[str]) -> Template | Redirect:
    """Attach a note or a document, propose a decision, agree to a colleague's."""
    form = await read_form(request)
    failed: VaultError | None = None
    if not form.language:
        try:
            done = await _act(request, ids.parse(ids.INQUIRY, inquiry), form)
            return see_other(f"{_HOME}/{inquiry}?done={done}")
        except OutsideMandate:
            raise
        except (Invalid, Refused, Conflict) as error:
            failed = error
    typed = {name: form.text(name)[:2000] for name in ("act", "text", "digest", "decision")}
    return await _one(request, inquiry, typed, failed=failed, language=form.language)


@post("/oversight/evidence", status_code=200)
async def attach_entries_page(request: VaultRequest) -> Template | Redirect:
    """Attach the ticked entries of an answer to a case, each with the receipt that it has now."""
    form, spoken = await read_form(request), language_of(request)
    ticked = [int(each) for each in form.every("entry")[:50] if each.isascii() and each.isdigit() and len(each) < 16]
    case, text = form.text("case"), form.text("text")
    wrong = {} if ticked else {"entry": spoken.gettext(_NO_ENTRY)}
    wrong |= {} if case else {"case": spoken.gettext(_NO_CASE)}
    problem, status = "", 422
    if not wrong:
        try:
            which = ids.parse(ids.INQUIRY, case)
            async with request.acting(REGULATOR) as holder:
                for index in dict.fromkeys(ticked):
                    await cases.attach_entry(request.doors.database, holder, which, index, text)
            return see_other(f"{_HOME}/{case}?done=attached")
        except Invalid as error:
            wrong = reasons(spoken, wrong_fields(error))
        except Conflict as error:
            problem, status = spoken.gettext(error.public), 409
    shown = {"entries": ticked, "case": case, "text": text[:2000]}
    offered = await request.as_holder(REGULATOR, open_cases)
    context: dict[str, Any] = {"typed": shown, "cases": offered, "wrong": wrong, "problem": problem}
    context["switch"] = lambda other: "/language?" + urlencode({"to": other.tag, "next": "/oversight"})
    return page(request, "oversight/attach", status=status, realm=REGULATOR, wide=True, **context)


HANDLERS = (cases_page, open_case_page, case_page, act_on_case_page, attach_entries_page)


async def open_cases(session: Session, holder: Holder) -> list[dict[str, str]]:
    """Cases to which something can be attached; none for whoever's mandate has no cases."""
    try:
        found = await cases.listing(session, holder)
    except OutsideMandate:
        return []
    return [{"id": ids.public(ids.INQUIRY, each.id), "title": each.title} for each in found if each.state != CLOSED]


async def _act(request: VaultRequest, case: UUID, form: Form) -> str:
    db, act, text = request.doors.database, form.text("act"), form.text("text")
    async with request.acting(REGULATOR) as holder:
        match act:
            case "note":
                await on_record(db, cases.attach_note, holder, case, text)
            case "document":
                await on_record(db, cases.attach_document, holder, case, text, sha256_of(form.text("digest")))
            case "propose":
                await on_record(db, cases.propose_closing, holder, case, form.text("decision"), text)
                return "proposed"
            case "close":
                await cases.close_on_record(db, holder, case)
                return "closed"
            case _:
                raise NotFound
    return "attached"


def _requester(text: str) -> RequesterId | None:
    try:
        return RequesterId(ids.parse(ids.REQUESTER, text)) if text else None
    except NotFound:
        raise Invalid.field("requester", _NO_REQUESTER) from None


def _said(failed: VaultError | None, spoken: Language) -> dict[str, Any]:
    """What went wrong: by field, or above the page; and the status."""
    wrong = reasons(spoken, wrong_fields(failed)) if isinstance(failed, Invalid) else {}
    problem = f"{spoken.gettext(failed.title)} · {spoken.gettext(failed.public)}" if failed and not wrong else ""
    return {"status": failed.status if failed else 200, "wrong": wrong, "problem": problem}


async def _list(
    request: VaultRequest,
    typed: dict[str, str],
    *,
    failed: VaultError | None = None,
    language: Language | None = None,
) -> Template:
    spoken = language or language_of(request)
    found = await request.as_holder(REGULATOR, _rows, spoken)
    return page(
        request,
        "oversight/cases",
        language=language,
        realm=REGULATOR,
        wide=True,
        cases=found,
        typed={"title": ""} | typed,
        **_said(failed, spoken),
    )


async def _one(
    request: VaultRequest, inquiry: str, typed: dict[str, str], *, failed: VaultError | None = None, **more: Any
) -> Template:
    spoken, which = more.get("language") or language_of(request), ids.parse(ids.INQUIRY, inquiry)
    async with request.acting(REGULATOR) as holder:
        shown = await on_record(request.doors.database, _case, holder, which, spoken)
    return page(
        request,
        "oversight/case",
        realm=REGULATOR,
        wide=True,
        case=shown,
        typed=dict.fromkeys(("act", "text", "digest", "decision", "second_reason"), "") | typed,
        tried="",
        decisions=[{"code": code, "text": spoken.gettext(text)} for code, text in DECISIONS.items()],
        switch=lambda other: "/language?" + urlencode({"to": other.tag, "next": f"{_HOME}/{inquiry}"}),
        **_said(failed, spoken) | {"done": ""} | more,
    )


async def _rows(session: Session, holder: Holder, spoken: Language) -> list[dict[str, Any]]:
    found = await cases.listing(session, holder)
    called = await names(session, {each.requester_id for each in found if each.requester_id})
    return [await _brief(session, each, spoken, called) for each in found]


async def _brief(
    session: Session, row: Inquiry, spoken: Language, called: dict[UUID, dict[str, str]]
) -> dict[str, Any]:
    about = row.requester_id
    return {
        "id": ids.public(ids.INQUIRY, row.id),
        "title": row.title,
        "requester": None if about is None else ids.public(ids.REQUESTER, about),
        "who": "" if about is None else spoken.pick(called.get(about, {})),
        "state": spoken.gettext(CASE_STATES[row.state]),
        "by": await who_is(session, row.opened_by),
        "at": row.opened_at,
        "decision": "" if row.decision is None else spoken.gettext(DECISIONS[row.decision]),
    }


async def _case(session: Session, holder: Holder, which: UUID, spoken: Language) -> dict[str, Any]:
    found = await cases.one(session, holder, which)
    row, about = found.case, found.case.requester_id
    number, ordered = ids.public(ids.INQUIRY, which), await order_rows(session, holder, spoken)
    return {
        **await _brief(session, row, spoken, await names(session, {about} if about else set())),
        "evidence": [await _attached(session, each, spoken) for each in found.evidence],
        "orders": [each for each in ordered if each["case"] == number],
        "open": row.state != CLOSED,
        "text": row.decision_text or "",
        "closed_by": "" if row.closed_by is None else await who_is(session, row.closed_by),
        "closed_at": row.closed_at,
        "second": "" if row.second_id is None else await who_is(session, row.second_id),
        "may_agree": row.state == CLOSING and row.closed_by != holder.id,
        "waits": row.state == CLOSING and row.closed_by == holder.id,
    }


async def _attached(session: Session, row: Evidence, spoken: Language) -> dict[str, Any]:
    return {
        "kind": spoken.gettext(KINDS[row.kind]),
        "text": row.text,
        "entry": row.entry_index,
        "digest": "" if row.digest is None else row.digest.hex(),
        "by": await who_is(session, row.added_by),
        "at": row.at,
    }
