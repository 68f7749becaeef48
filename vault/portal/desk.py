"""The officers' desk: the queues, and applications side by side with the catalogue."""

from typing import Any, Final

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, Refused, VaultError
from vault.ids import ApplicationId, StaffId
from vault.portal.declared import LEGAL_BASES, handling
from vault.portal.forms import read_form, wrong_fields
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reasons
from vault.portal.release_desk import release_row
from vault.portal.words import days, form_name, frequency, purpose_name
from vault.profile.catalogue import catalogue
from vault.registry import StaffMember, officer, staff_member
from vault.registry.staff import active
from vault.release import desk as release_desk
from vault.requesters.declarations import DeclaredItem
from vault.signin import OFFICER, Holder
from vault.vetting import cases, decisions, desk

_TABS: Final = {"open": N_("Open"), "decided": N_("Decided")}


@get("/desk")
async def desk_page(request: VaultRequest) -> Template:
    """What waits for this officer."""
    spoken = language_of(request)
    wanted = request.query_params.get("show", "open")
    found = await request.as_holder(OFFICER, _queues, wanted if wanted in _TABS else "open", spoken)
    return page(request, "desk/home", realm=OFFICER, wide=True, **found)


@get("/desk/applications/{application:str}")
async def application_page(request: VaultRequest, application: FromPath[str]) -> Template:
    """One application beside what the catalogue says."""
    spoken = language_of(request)
    found = await request.as_holder(OFFICER, _application, application, spoken)
    done = spoken.gettext("Your decision is recorded.") if request.query_params.get("done") else ""
    return page(
        request, "desk/application", realm=OFFICER, wide=True, reason="", done=done, page_form=found["open"], **found
    )


@post("/desk/applications/{application:str}", status_code=200)
async def decide_application_page(request: VaultRequest, application: FromPath[str]) -> Template | Redirect:
    """Approve or refuse."""
    form = await read_form(request)
    spoken, reason, decision = form.language or language_of(request), form.text("reason"), form.text("decision")
    failed: VaultError | None = None
    if not form.language:
        try:
            await _decide(request, application, decision, reason)
            return see_other(f"/desk/applications/{application}?done=yes")
        except (Invalid, Refused, Conflict) as error:
            failed = error
    found = await request.as_holder(OFFICER, _application, application, spoken)
    wrong = reasons(spoken, wrong_fields(failed)) if isinstance(failed, Invalid) else {}
    context = {"realm": OFFICER, "wide": True, "page_form": True, "reason": reason, "wrong": wrong, **found}
    context["problem"] = spoken.gettext(failed.title) if failed and not wrong else ""
    return page(request, "desk/application", language=form.language, status=failed.status if failed else 200, **context)


async def _decide(request: VaultRequest, application: str, decision: str, reason: str) -> None:
    if decision not in {"approve", "refuse"}:
        raise Invalid.field("decision", "is approve or refuse")
    application_id = ApplicationId(ids.parse(ids.APPLICATION, application))
    approve = decision == "approve"
    async with request.acting(OFFICER) as holder:
        case = await request.doors.database.run(cases.newest, application_id)
        await decisions.decide_on_record(request.doors.database, holder, case, approve=approve, reason=reason)


async def _queues(session: Session, holder: Holder, show: str, spoken: Language) -> dict[str, Any]:
    member = await active(session, holder, OFFICER)
    may_vet, may_release = "vetting" in member.roles, "release" in member.roles
    found = await desk.applications(session) if may_vet else []
    waiting = await release_desk.waiting(session, holder) if may_release else []
    by = {"open": [a for a in found if a.decided_at is None], "decided": [a for a in found if a.decided_at]}
    return {
        "me": member,
        "may_vet": may_vet,
        "may_release": may_release,
        "show": show,
        "tabs": [{"name": name, "text": spoken.gettext(text), "count": len(by[name])} for name, text in _TABS.items()],
        "applications": [_row(each, spoken) for each in by[show]],
        "releases": [release_row(each, spoken) for each in waiting],
    }


def _row(view: desk.ApplicationView, spoken: Language) -> dict[str, Any]:
    return {
        "id": ids.public(ids.APPLICATION, view.id),
        "who": spoken.pick(msgspec.to_builtins(view.body.organisation.name)),
        "purpose": view.body.declaration.purpose.text.text(spoken.tag),
        "received_at": view.received_at,
        "status": view.status,
    }


async def _application(session: Session, holder: Holder, application: str, spoken: Language) -> dict[str, Any]:
    member = await officer(session, holder, decisions.ROLE)
    view = await desk.application(session, ApplicationId(ids.parse(ids.APPLICATION, application)))
    body: dict[str, Any] = msgspec.to_builtins(view.body)
    declared = view.body.declaration
    return {
        "application": _row(view, spoken),
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
        "decisions": [await _decision(session, made) for made in view.decisions],
        "open": view.decided_at is None and all(made.officer != member.id for made in view.decisions),
    }


async def _decision(session: Session, made: desk.Decision) -> dict[str, Any]:
    who: StaffMember = await staff_member(session, StaffId(made.officer))
    return {"officer": who.name, "decision": made.decision, "reason": made.reason, "at": made.at}


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
