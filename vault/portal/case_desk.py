"""A vetting case at the desk: checks, risk, questions, decisions; the application side by side with the catalogue."""

from typing import Any, Final

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, Refused, VaultError
from vault.ids import ApplicationId, CaseId, StaffId
from vault.portal.declared import LEGAL_BASES, handling
from vault.portal.forms import Form, read_form, wrong_fields
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reasons
from vault.portal.vetting_words import checks_shown, kind_shown, questions_shown, reasons_shown, risk_shown
from vault.portal.words import days, form_name, frequency, purpose_name
from vault.profile.catalogue import catalogue
from vault.registry import StaffMember, officer, staff_member
from vault.requesters.declarations import DeclaredItem
from vault.signin import OFFICER, Holder
from vault.vetting import cases, checking, decisions, documents, questions
from vault.vetting.casefile import CaseFile, casefile
from vault.vetting.cases import APPEAL, REOPENED, ref

_DONE: Final = {
    "decided": N_("Your decision is recorded."),
    "checked": N_("The checks were run."),
    "asked": N_("The applicant sees your question."),
}


@get("/desk/applications/{application:str}")
async def application_page(request: VaultRequest, application: FromPath[str]) -> Redirect:
    """The case in which an application stands."""
    case = await request.as_holder(OFFICER, _case_of, application)
    return see_other(f"/desk/cases/{ref(case)}")


@get("/desk/cases/{case:str}")
async def case_page(request: VaultRequest, case: FromPath[str]) -> Template:
    """One case."""
    spoken = language_of(request)
    done = _DONE.get(request.query_params.get("done", ""), "")
    return await _shown(request, case, done=spoken.gettext(done) if done else "")


@post("/desk/cases/{case:str}", status_code=200)
async def decide_case_page(request: VaultRequest, case: FromPath[str]) -> Template | Redirect:
    """Approve or refuse."""
    form = await read_form(request)
    return await _act(request, case, form, "decided")


@post("/desk/cases/{case:str}/questions", status_code=200)
async def ask_page(request: VaultRequest, case: FromPath[str]) -> Template | Redirect:
    """Ask the applicant."""
    form = await read_form(request)
    return await _act(request, case, form, "asked")


@post("/desk/cases/{case:str}/checks", status_code=200)
async def check_page(request: VaultRequest, case: FromPath[str]) -> Template | Redirect:
    """Run the checks again."""
    form = await read_form(request)
    return await _act(request, case, form, "checked")


HANDLERS: Final = (application_page, case_page, decide_case_page, ask_page, check_page)


async def _act(request: VaultRequest, case: str, form: Form, what: str) -> Template | Redirect:
    failed: VaultError | None = None
    if not form.language:
        try:
            await _done(request, CaseId(ids.parse(ids.CASE, case)), form, what)
            return see_other(f"/desk/cases/{case}?done={what}")
        except (Invalid, Refused, Conflict) as error:
            failed = error
    return await _shown(request, case, failed=failed, typed=form)


async def _done(request: VaultRequest, case: CaseId, form: Form, what: str) -> None:
    doors, decision = request.doors, form.text("decision")
    if what == "asked":
        await request.as_holder(OFFICER, questions.ask, case, form.text("question"))
        return
    if what == "decided" and decision not in {"approve", "refuse"}:
        raise Invalid.field("decision", "is approve or refuse")
    async with request.acting(OFFICER) as holder:
        if what == "checked":
            await checking.check_again(doors.database, doors.checker, holder, case)
        else:
            await decisions.decide_on_record(
                doors.database, holder, case, approve=decision == "approve", reason=form.text("reason")
            )


async def _shown(
    request: VaultRequest,
    case: str,
    *,
    failed: VaultError | None = None,
    typed: Form | None = None,
    done: str = "",
) -> Template:
    spoken = (typed.language if typed else None) or language_of(request)
    found = await request.as_holder(OFFICER, _case, case, spoken)
    wrong = reasons(spoken, wrong_fields(failed)) if isinstance(failed, Invalid) else {}
    reason, asked = (typed.text("reason"), typed.text("question")) if typed else ("", "")
    texts = {"reason": reason, "asked": asked, "done": done}
    context = {"realm": OFFICER, "wide": True, "page_form": found["open"], "wrong": wrong, **texts, **found}
    context["problem"] = spoken.gettext(failed.title) if failed and not wrong else ""
    context["advice"] = spoken.gettext(failed.advice) if failed and not wrong else ""
    status = failed.status if failed else 200
    return page(request, "desk/case", language=typed.language if typed else None, status=status, **context)


async def _case_of(session: Session, holder: Holder, application: str) -> CaseId:
    await officer(session, holder, decisions.ROLE)
    return await cases.newest(session, ApplicationId(ids.parse(ids.APPLICATION, application)))


async def _case(session: Session, holder: Holder, case: str, spoken: Language) -> dict[str, Any]:
    member = await officer(session, holder, decisions.ROLE)
    file = await casefile(session, CaseId(ids.parse(ids.CASE, case)))
    is_open = file.case.decided_at is None
    return {
        "case": _head(file, spoken),
        "checks": checks_shown(spoken, file.run.findings, with_evidence=True),
        "checked_at": file.run.at,
        "runs": file.runs,
        "risk": risk_shown(spoken, file.score),
        "questions": [await _named(session, each) for each in questions_shown(file.questions)],
        "decisions": [await _named(session, _decision(each)) for each in file.decisions],
        "others": [
            {"id": ref(each.id), "kind": kind_shown(spoken, each.kind), "status": each.status, "at": each.opened_at}
            for each in file.others
        ],
        "is_open": is_open,
        "open": is_open and all(made.officer != member.id for made in file.decisions),
        "evidence": await _evidence(session, file),
        **_application(file, spoken),
    }


async def _evidence(session: Session, file: CaseFile) -> list[dict[str, str]]:
    """The documents that were handed in, each with where an officer who vets saves it from."""
    above = f"/v1/desk/applications/{ids.public(ids.APPLICATION, file.case.application)}/documents"
    held = await documents.of_filed(session, file.case.application)
    return [
        {"name": each.name, "sha256": each.sha256, "href": f"{above}/{ids.public(ids.DOCUMENT, each.id)}"}
        for each in held
    ]


def _head(file: CaseFile, spoken: Language) -> dict[str, Any]:
    case = file.case
    return {
        "id": ref(case.id),
        "kind": kind_shown(spoken, case.kind),
        "status": file.state,
        "who": spoken.pick(msgspec.to_builtins(file.body.organisation.name)),
        "opened_at": case.opened_at,
        "received_at": file.received_at,
        "token": case.token,
        "appeal": case.grounds if case.kind == APPEAL else "",
        "changes": reasons_shown(spoken, (case.grounds or "").split()) if case.kind == REOPENED else [],
    }


def _application(file: CaseFile, spoken: Language) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.to_builtins(file.body)
    declared = file.body.declaration
    return {
        "organisation": body["organisation"],
        "client": body["client"],
        "keys": [_key(key) for key in body["client"]["jwks"]["keys"]],
        "declaration": body["declaration"],
        "items": [_item(each, spoken) for each in declared.items],
        "purpose": purpose_name(spoken, declared.purpose.code),
        "basis": spoken.gettext(LEGAL_BASES[declared.legal_basis]),
        "handling": handling(declared, spoken),
        "frequency": frequency(spoken, declared.frequency.per, declared.frequency.count),
        "days": lambda count: days(spoken, count),
    }


def _decision(made: Any) -> dict[str, Any]:
    return {"officer": made.officer, "decision": made.decision, "reason": made.reason, "at": made.at}


async def _named(session: Session, shown: dict[str, Any]) -> dict[str, Any]:
    who: StaffMember = await staff_member(session, StaffId(shown["officer"]))
    return {**shown, "officer": who.name, "unit": who.unit}


def _item(declared: DeclaredItem, spoken: Language) -> dict[str, Any]:
    field = catalogue().item(declared.item)
    return {
        "name": declared.item,
        "label": spoken.pick(field.label),
        "sensitive": field.is_sensitive,
        "forms": [form_name(spoken, declared.item, form) for form in declared.forms],
        "offered": [form_name(spoken, declared.item, form) for form in field.forms],
        "required": declared.required,
        "necessity": msgspec.to_builtins(declared.necessity),
    }


def _key(jwk: dict[str, Any]) -> str:
    return " ".join(str(jwk[name]) for name in ("kid", "kty", "crv", "alg") if name in jwk)
