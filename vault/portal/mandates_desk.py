"""Officers' page of mandates: what regulators may ask, proposing another, and the second officer's word."""

from datetime import datetime, timedelta
from typing import Any, Final

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, NotFound, Refused
from vault.ids import StaffId
from vault.portal.forms import Form, read_form, wrong_fields
from vault.portal.languages import CHINA, N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.power_words import POWERS
from vault.portal.reasons import reason
from vault.portal.regions import region_name
from vault.registry import StaffMember, Terms, mandates, officer, propose_mandate
from vault.registry.candidates import VETTING
from vault.registry.granting import decide_on_record
from vault.registry.mandates import PROPOSED, Mandate
from vault.registry.staff import ACTIVE, everybody
from vault.requesters.purposes import known_sectors, purposes
from vault.signin import OFFICER, REGULATOR, Holder

_NOT_A_DAY: Final = N_("must be a day, for example 2026-11-22")
_SOUND: Final = dict.fromkeys(("regulator", "regions", "valid_until", "reason"), "")
_TICKED: Final[dict[str, list[str]]] = {"sector": [], "power": []}
_NO_REGULATOR: Final = N_("must be one of the regulators")


@get("/desk/mandates")
async def mandates_page(request: VaultRequest) -> Template:
    """Mandates in force and proposed, and a form for another one. Takes the role vetting."""
    return await _page(request)


@post("/desk/mandates", status_code=200)
async def propose_mandate_page(request: VaultRequest) -> Template | Redirect:
    """Propose one."""
    form, spoken = await read_form(request), language_of(request)
    try:
        await request.as_holder(OFFICER, propose_mandate, _terms(form))
    except Invalid as error:
        wrong = {name: reason(spoken, why) for name, why in wrong_fields(error).items()}
        typed = {name: form.text(name)[:500] for name in _SOUND}
        ticked = {name: form.every(name) for name in _TICKED}
        return await _page(request, status=422, wrong=wrong, typed=typed | ticked)
    return see_other("/desk/mandates")


@post("/desk/mandates/{mandate:str}", status_code=200)
async def decide_mandate_page(request: VaultRequest, mandate: FromPath[str]) -> Template | Redirect:
    """Agree or decline."""
    form, spoken = await read_form(request), language_of(request)
    which = ids.parse(ids.MANDATE, mandate)
    try:
        async with request.acting(OFFICER) as holder:
            agree = form.text("decision") == "agree"
            await decide_on_record(request.doors.database, holder, which, agree=agree)
    except (Conflict, Refused) as error:
        return await _page(
            request, status=error.status, problem=f"{spoken.gettext(error.title)}. {spoken.gettext(error.advice)}"
        )
    return see_other("/desk/mandates")


HANDLERS = (mandates_page, propose_mandate_page, decide_mandate_page)


def _terms(form: Form) -> Terms:
    try:
        until = datetime.strptime(form.text("valid_until"), "%Y-%m-%d").replace(tzinfo=CHINA) + timedelta(days=1)
    except ValueError:
        raise Invalid.field("valid_until", _NOT_A_DAY) from None
    try:
        regulator = StaffId(ids.parse(ids.REGULATOR, form.text("regulator")))
    except NotFound:
        raise Invalid.field("regulator", _NO_REGULATOR) from None
    sectors = known_sectors(form.every("sector")) or None
    regions = form.text("regions").replace(",", " ").replace("，", " ").split() or None
    return Terms(regulator, sectors, regions, form.every("power"), until, form.text("reason"))


async def _page(request: VaultRequest, *, status: int = 200, **more: Any) -> Template:
    spoken = language_of(request)
    staff, found = await request.as_holder(OFFICER, _found)
    called = {each.id: each.name for each in staff}
    context: dict[str, Any] = {
        "typed": _SOUND | _TICKED,
        "mandates": [_shown(spoken, each, called) for each in found],
        "regulators": [
            (ids.public(ids.REGULATOR, each.id), f"{each.name} · {each.organisation}")
            for each in staff
            if each.realm == REGULATOR and each.status == ACTIVE
        ],
        "sectors": [(code, spoken.pick(names)) for code, names in purposes().categories.items()],
        "powers": [(code, spoken.gettext(text)) for code, text in POWERS.items()],
    }
    return page(request, "desk/mandates", status=status, realm=OFFICER, wide=True, **(context | more))


def _shown(spoken: Language, each: Mandate, called: dict[StaffId, str]) -> dict[str, Any]:
    categories = purposes().categories
    sectors = None if each.sectors is None else [spoken.pick(categories[code]) for code in sorted(each.sectors)]
    return {
        "number": ids.public(ids.MANDATE, each.id),
        "regulator": called.get(each.regulator_id, ""),
        "sectors": sectors,
        "regions": None if each.regions is None else [region_name(spoken, code) for code in sorted(each.regions)],
        "powers": [spoken.gettext(text) for code, text in POWERS.items() if code in each.powers],
        "until": each.valid_until,
        "is_proposed": each.status == PROPOSED,
        "by": "" if each.granted_by is None else called.get(each.granted_by, ""),
        "reason": each.reason,
    }


async def _found(session: Session, holder: Holder) -> tuple[list[StaffMember], list[Mandate]]:
    await officer(session, holder, VETTING)
    return await everybody(session), await mandates(session)
