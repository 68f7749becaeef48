"""Regulators' pages about their powers: what was ordered, ordering, and deciding what a colleague ordered."""

from typing import Any, Final
from urllib.parse import urlencode

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids, powers
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, NotFound, Refused, VaultError
from vault.portal.forms import Form, read_form, wrong_fields
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.power_rows import order_rows
from vault.portal.power_words import ACTS, REASONS
from vault.portal.reasons import reasons
from vault.powers import Order, Target, decide_on_record, propose_on_record
from vault.profile.catalogue import catalogue
from vault.signin import REGULATOR

_DONE: Final = {
    "propose": N_("Your order is recorded. A regulator of another unit must confirm it."),
    "urgent": N_("It is stopped. A regulator of another unit must confirm within 24 hours, or it works again."),
    "decide": N_("Your decision is recorded."),
}
_FIELDS: Final = ("act", "target", "reason_code", "reason", "urgent", "case")
_SOUND: Final = dict.fromkeys(_FIELDS, "") | {"act": "suspend", "item": []}
_NO_TARGET: Final = N_("There is no such organisation, declaration or permission.")


@get("/oversight/powers")
async def powers_page(request: VaultRequest) -> Template:
    """What was ordered, and the form to order something."""
    said = _DONE.get(request.query_params.get("done", ""), "")
    spoken = language_of(request)
    asked = {name: request.query_params.get(name, "")[:40] for name in ("target", "case")}
    return await _page(request, asked, done=spoken.gettext(said) if said else "")


@post("/oversight/powers", status_code=200)
async def order_page(request: VaultRequest) -> Template | Redirect:
    """Order something."""
    form = await read_form(request)
    failed: VaultError | None = None
    if not form.language:
        try:
            order = _order(form)
            async with request.acting(REGULATOR) as holder:
                await propose_on_record(request.doors.database, holder, order)
            return see_other(f"/oversight/powers?done={'urgent' if order.is_urgent else 'propose'}")
        except (Invalid, Refused, Conflict, NotFound) as error:
            failed = error
    typed: dict[str, Any] = {name: form.text(name) for name in _FIELDS} | {"item": form.every("item")}
    return await _page(request, typed, failed=failed, language=form.language)


@post("/oversight/powers/{power:str}", status_code=200)
async def decide_power_page(request: VaultRequest, power: FromPath[str]) -> Template | Redirect:
    """Confirm a colleague's order, or decline it."""
    form = await read_form(request)
    failed: VaultError | None = None
    if not form.language:
        try:
            if form.text("decision") not in {"agree", "decline"}:
                raise Invalid.field("decision", "is agree or decline")
            agree, wanted = form.text("decision") == "agree", ids.parse(ids.POWER, power)
            async with request.acting(REGULATOR) as holder:
                await decide_on_record(
                    request.doors.database, holder, wanted, agree=agree, reason=form.text("second_reason")
                )
            return see_other("/oversight/powers?done=decide")
        except (Invalid, Refused, Conflict) as error:
            failed = error
    typed = {"second_reason": form.text("second_reason")}
    return await _page(request, typed, failed=failed, deciding=power, language=form.language)


def _order(form: Form) -> Order:
    act = next((each for each in powers.ACTS if each == form.text("act")), None)
    if act is None:
        raise Invalid.field("act", "must be one of those offered")
    case = form.text("case")
    return Order(
        act=act,
        target=Target.read(form.text("target")),
        reason_code=form.text("reason_code"),
        reason=form.text("reason"),
        is_urgent=form.text("urgent") == "yes",
        cut={"without": form.every("item")} if act == "narrow" else None,
        inquiry=ids.parse(ids.INQUIRY, case) if case else None,
    )


def _beside(failed: VaultError | None, spoken: Language, *, deciding: str) -> dict[str, str]:
    """What is wrong, by field of the form that was sent."""
    if isinstance(failed, NotFound) and not deciding:
        return {"target": spoken.gettext(_NO_TARGET)}
    if not isinstance(failed, Invalid):
        return {}
    wrong = reasons(spoken, wrong_fields(failed))
    if deciding:
        return {deciding: next(iter(wrong.values()))}
    return {"item" if name == "cut" else name: why for name, why in wrong.items()}


async def _page(
    request: VaultRequest, typed: dict[str, Any], *, failed: VaultError | None = None, deciding: str = "", **more: Any
) -> Template:
    spoken = more.get("language") or language_of(request)
    found = await request.as_holder(REGULATOR, order_rows, spoken)
    wrong = _beside(failed, spoken, deciding=deciding)
    problem = f"{spoken.gettext(failed.title)} · {spoken.gettext(failed.public)}" if failed and not wrong else ""
    return page(
        request,
        "oversight/powers",
        status=failed.status if failed else 200,
        realm=REGULATOR,
        wide=True,
        typed={"second_reason": ""} | _SOUND | typed,
        tried=deciding,
        wrong=wrong,
        problem=problem,
        acts=[{"code": code, "text": spoken.gettext(text)} for code, text in ACTS.items()],
        reason_codes=[{"code": code, "text": spoken.gettext(text)} for code, text in REASONS.items()],
        offered=[{"code": each.item, "text": spoken.pick(each.label)} for each in catalogue()],
        # The answer to a form stands at an address that only takes forms.
        switch=lambda other: "/language?" + urlencode({"to": other.tag, "next": "/oversight/powers"}),
        orders=found,
        **({"done": ""} | more),
    )
