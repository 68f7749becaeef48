"""A regulator's exports, questions about one person, and their own mandate."""

from typing import Any, Final

from litestar import get, post
from litestar.response import Redirect, Template

from vault import ids, oversight
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, NotFound, TooMany
from vault.ledger.catalogue import CATALOGUE
from vault.oversight import Page, Question, exports
from vault.oversight.formats import FORMATS
from vault.portal.activity import Names, row
from vault.portal.events import to_others
from vault.portal.forms import read_form, wrong_fields
from vault.portal.languages import N_
from vault.portal.oversight_figures import requester_of
from vault.portal.pages import language_of, page, see_other
from vault.portal.power_words import POWERS
from vault.portal.reasons import reason
from vault.portal.regions import region_name
from vault.registry.mandates import own_mandate
from vault.requesters.purposes import purposes
from vault.signin import REGULATOR

_FORMATS: Final = {
    "csv": N_("CSV, for spreadsheets"),
    "parquet": N_("Parquet, for analysis"),
    "bundle": N_("Bundle with receipts, to verify offline"),
}
_NONE: Final = N_("There is no such reference, or its time is over.")


@get("/oversight/exports")
async def exports_page(request: VaultRequest) -> Template:
    """One's exports with their progress, and a form for another one."""
    return await _exports(request)


@post("/oversight/exports", status_code=200)
async def order_export_page(request: VaultRequest) -> Template | Redirect:
    """Order one."""
    form, spoken = await read_form(request), language_of(request)
    try:
        question = Question(
            requester=requester_of(form.text("requester")[:80]),
            event=form.text("event") or None,
            within_mandate=form.text("within") == "yes",
        )
        async with request.acting(REGULATOR) as holder:
            await exports.order(request.doors.database, holder, question, form.text("format"))
    except Invalid as error:
        wrong = {name: reason(spoken, why) for name, why in wrong_fields(error).items()}
        return await _exports(request, status=422, wrong=wrong, typed={"requester": form.text("requester")[:80]})
    except Conflict as error:
        return await _exports(request, status=409, problem=spoken.gettext(error.public))
    return see_other("/oversight/exports")


@get("/oversight/person")
async def person_question_page(request: VaultRequest) -> Template:
    """A form for a reference: it goes into no address."""
    await request.as_holder(REGULATOR, own_mandate)
    return page(request, "oversight/person", realm=REGULATOR, wide=True, asked=False)


@post("/oversight/person", status_code=200)
async def ask_about_person_page(request: VaultRequest) -> Template:
    """The entries about whom a reference leads to."""
    form, spoken = await read_form(request), language_of(request)
    context: dict[str, Any] = {"asked": False}
    status = 200
    try:
        async with request.acting(REGULATOR) as holder:
            question = Question(reference=form.text("reference")[:40] or "-", within_mandate=True)
            found = await oversight.search(request.doors.database, holder, question, Page(limit=200))
        rows = [row(each, spoken, Names({}, {}), mine=False) for each in found.entries]
        context = {"asked": True, "entries": rows}
    except NotFound:
        status, context["wrong"] = 422, {"reference": spoken.gettext(_NONE)}
    except TooMany as error:
        status, context["wrong"] = 429, {"reference": spoken.gettext(error.public)}
    return page(request, "oversight/person", status=status, realm=REGULATOR, wide=True, **context)


@get("/oversight/mandate")
async def mandate_page(request: VaultRequest) -> Template:
    """What one's mandate covers, and until when."""
    spoken = language_of(request)
    found = await request.as_holder(REGULATOR, own_mandate)
    categories = purposes().categories
    sectors = None if found.sectors is None else [spoken.pick(categories[each]) for each in sorted(found.sectors)]
    powers = [spoken.gettext(text) for name, text in POWERS.items() if name in found.powers]
    is_over = not found.valid_from <= request.doors.clock.now() < found.valid_until
    regions = None if found.regions is None else [region_name(spoken, code) for code in sorted(found.regions)]
    context: dict[str, Any] = {"mandate": found, "sectors": sectors, "regions": regions, "powers": powers}
    return page(request, "oversight/mandate", realm=REGULATOR, is_over=is_over, **context)


HANDLERS = (
    exports_page,
    order_export_page,
    person_question_page,
    ask_about_person_page,
    mandate_page,
)


async def _exports(request: VaultRequest, *, status: int = 200, **context: Any) -> Template:
    spoken = language_of(request)
    found = await request.as_holder(REGULATOR, exports.listing)
    context["exports"] = [
        {
            "name": ids.public(ids.EXPORT, each.id),
            "format": spoken.gettext(_FORMATS[each.format]),
            "is_done": each.state == exports.DONE,
            "made": each.made,
            "total": each.total,
            "kilobytes": -(-each.length // 1024),
            "at": each.at,
            "ends_at": each.ends_at,
        }
        for each in found
    ]
    context["formats"] = [(name, spoken.gettext(_FORMATS[name])) for name in FORMATS]
    context["events"] = [{"name": name, "text": to_others(spoken, name)} for name in CATALOGUE]
    context.setdefault("typed", {"requester": ""})
    return page(request, "oversight/exports", status=status, realm=REGULATOR, wide=True, **context)
