"""Regulators' pages about their powers: what was ordered, ordering, and deciding what a colleague ordered."""

from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids, powers
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, NotFound, Refused, VaultError
from vault.ids import StaffId
from vault.portal.forms import Form, read_form, wrong_fields
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reasons
from vault.powers import Order, PowerView, Target, decide_on_record, propose_on_record
from vault.powers.orders import Act
from vault.registry import staff_member
from vault.signin import REGULATOR, Holder

_ACTS: Final[dict[Act, str]] = {
    "suspend": N_("Suspend"),
    "lift": N_("Lift a suspension"),
    "narrow": N_("Take items out"),
    "order_deletion": N_("Order deletion"),
}
_REASONS: Final = {
    "beyond-purpose": N_("Used for more than the declared purpose"),
    "excessive-use": N_("More than the purpose needs, or more often"),
    "unlawful-basis": N_("The legal basis does not hold"),
    "security-incident": N_("Data is not safe with the organisation"),
    "complaint": N_("A grounded complaint"),
    "danger-to-persons": N_("Life, health or property in danger"),
    "court-decision": N_("A court decided it"),
    "mended": N_("It was mended"),
    "unfounded": N_("It proved to be nothing"),
}
_STATES: Final = {
    "proposed": N_("Waits for a second regulator"),
    "done": N_("Done"),
    "refused": N_("Declined"),
    "lapsed": N_("Nobody decided in time"),
}
_DONE: Final = {
    "propose": N_("Your order is recorded. A regulator of another unit must confirm it."),
    "urgent": N_("It is stopped. A regulator of another unit must confirm within 24 hours, or it works again."),
    "decide": N_("Your decision is recorded."),
}
_FIELDS: Final = ("act", "target", "reason_code", "reason", "items", "urgent")
_SOUND: Final = {"act": "suspend", "target": "", "reason_code": "", "reason": "", "items": "", "urgent": ""}


@get("/oversight/powers")
async def powers_page(request: VaultRequest) -> Template:
    """What was ordered, and the form to order something."""
    said = _DONE.get(request.query_params.get("done", ""), "")
    spoken = language_of(request)
    return await _page(request, {}, done=spoken.gettext(said) if said else "")


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
    return await _page(request, {name: form.text(name) for name in _FIELDS}, failed=failed, language=form.language)


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
    return await _page(request, {"second_reason": form.text("second_reason")}, failed=failed, language=form.language)


def _order(form: Form) -> Order:
    act = next((each for each in _ACTS if each == form.text("act")), None)
    if act is None:
        raise Invalid.field("act", "must be one of those offered")
    items = [each for each in form.text("items").replace(",", " ").split() if each]
    return Order(
        act=act,
        target=Target.read(form.text("target")),
        reason_code=form.text("reason_code"),
        reason=form.text("reason"),
        is_urgent=form.text("urgent") == "yes",
        cut={"without": items} if act == "narrow" else None,
    )


async def _page(
    request: VaultRequest, typed: dict[str, str], *, failed: VaultError | None = None, **more: Any
) -> Template:
    spoken = more.get("language") or language_of(request)
    found = await request.as_holder(REGULATOR, _found, spoken)
    wrong = reasons(spoken, wrong_fields(failed)) if isinstance(failed, Invalid) else {}
    problem = f"{spoken.gettext(failed.title)} · {spoken.gettext(failed.public)}" if failed and not wrong else ""
    return page(
        request,
        "oversight/powers",
        status=failed.status if failed else 200,
        realm=REGULATOR,
        wide=True,
        typed={"second_reason": ""} | _SOUND | typed,
        wrong=wrong,
        problem=problem,
        acts=[{"code": code, "text": spoken.gettext(text)} for code, text in _ACTS.items()],
        reason_codes=[{"code": code, "text": spoken.gettext(text)} for code, text in _REASONS.items()],
        # The answer to a form stands at an address that only takes forms.
        switch=lambda other: "/language?" + urlencode({"to": other.tag, "next": "/oversight/powers"}),
        orders=found,
        **({"done": ""} | more),
    )


async def _found(session: Session, holder: Holder, spoken: Language) -> list[dict[str, Any]]:
    return [await _row(session, each, holder, spoken) for each in await powers.listing(session, holder)]


async def _row(session: Session, found: PowerView, holder: Holder, spoken: Language) -> dict[str, Any]:
    return {
        "id": ids.public(ids.POWER, found.id),
        "what": spoken.gettext(_ACTS[found.act]),  # type: ignore[index]  # the table lets in no other
        "target": found.target,
        "cut": "" if found.cut is None else msgspec.json.encode(found.cut).decode(),
        "why": spoken.gettext(_REASONS.get(found.reason_code, found.reason_code)),
        "reason": found.reason,
        "urgent": found.is_urgent,
        "state": spoken.gettext(_STATES[found.state]),
        "open": found.is_open,
        "mine": found.proposed_by == holder.id,
        "by": await _who(session, found.proposed_by),
        "at": found.at,
        "lapses_at": found.lapses_at,
        "second": "" if found.second is None else await _who(session, found.second),
        "second_reason": found.second_reason or "",
    }


async def _who(session: Session, who: StaffId) -> str:
    member = await staff_member(session, who)
    return f"{member.name}, {member.unit}"
