"""Regulators' page of courts' orders about one person: filed by one, confirmed by another, a reference shown once."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, VaultError
from vault.oversight.orders import AnotherInspector, Filing, confirm_on_record, file_order, waiting
from vault.oversight.references import Reference
from vault.portal.forms import Form, read_form, wrong_fields
from vault.portal.languages import CHINA, N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.power_rows import who_is
from vault.portal.power_words import GROUNDS
from vault.portal.reasons import reasons
from vault.signin import REGULATOR, Holder

_HOME: Final = "/oversight/orders"
_FIELDS: Final = ("instrument", "ground", "hidden_until")
_NAMED: Final = {"national_id.number": "number", "until": "hidden_until"}
"""Fields of the room by those of the form."""
_NOT_A_DAY: Final = N_("must be a day, for example 2026-11-22")
_FILED: Final = N_("The order is recorded. A regulator of another unit must confirm it.")


@get("/oversight/orders")
async def orders_page(request: VaultRequest) -> Template:
    """Orders that wait for a second regulator, and the form to file one."""
    done = language_of(request).gettext(_FILED) if request.query_params.get("done") else ""
    return await _page(request, {}, done=done)


@post("/oversight/orders", status_code=200)
async def file_order_page(request: VaultRequest) -> Template | Redirect:
    """File one. Whether there is such a person is not said."""
    form = await read_form(request)
    failed: VaultError | None = None
    if not form.language:
        try:
            await request.as_holder(REGULATOR, file_order, _filing(form))
            return see_other(f"{_HOME}?done=yes")
        except Invalid as error:
            failed = error
    typed = {name: form.text(name)[:120] for name in _FIELDS}
    return await _page(request, typed, failed=failed, language=form.language)


@post("/oversight/orders/{order:str}", status_code=200)
async def confirm_order_page(request: VaultRequest, order: FromPath[str]) -> Template:
    """Confirm a colleague's: the reference, shown once."""
    form = await read_form(request)
    failed: VaultError | None = None
    made: Reference | None = None
    if not form.language:
        try:
            async with request.acting(REGULATOR) as holder:
                made = await confirm_on_record(request.doors.database, holder, ids.parse(ids.ORDER, order))
        except (AnotherInspector, Conflict) as error:
            failed = error
    return await _page(request, {}, failed=failed, language=form.language, made=made)


HANDLERS = (orders_page, file_order_page, confirm_order_page)


def _filing(form: Form) -> Filing:
    text, until = form.text("hidden_until"), None
    if text:
        try:
            until = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=CHINA)
        except ValueError:
            raise Invalid.field("hidden_until", _NOT_A_DAY) from None
    return Filing(form.text("instrument"), form.text("ground"), "cn-ric", form.text("number"), until)


async def _page(
    request: VaultRequest, typed: dict[str, str], *, failed: VaultError | None = None, **more: Any
) -> Template:
    spoken = more.get("language") or language_of(request)
    found = await request.as_holder(REGULATOR, _rows, spoken)
    wrong = reasons(spoken, wrong_fields(failed)) if isinstance(failed, Invalid) else {}
    return page(
        request,
        "oversight/orders",
        status=failed.status if failed else 200,
        realm=REGULATOR,
        wide=True,
        orders=found,
        typed=dict.fromkeys(_FIELDS, "") | typed,
        wrong={_NAMED.get(name, name): why for name, why in wrong.items()},
        problem=f"{spoken.gettext(failed.title)} · {spoken.gettext(failed.advice)}" if failed and not wrong else "",
        grounds=[{"code": code, "text": spoken.gettext(text)} for code, text in GROUNDS.items()],
        switch=lambda other: "/language?" + urlencode({"to": other.tag, "next": _HOME}),
        **({"done": "", "made": None} | more),
    )


async def _rows(session: Session, holder: Holder, spoken: Language) -> list[dict[str, Any]]:
    return [
        {
            "id": ids.public(ids.ORDER, each.id),
            "instrument": each.instrument,
            "ground": spoken.gettext(GROUNDS[each.ground]),
            "authority": each.authority,
            "hidden_until": each.hidden_until,
            "by": await who_is(session, each.filed_by),
            "ends_at": each.ends_at,
            "mine": each.filed_by == holder.id,
        }
        for each in await waiting(session, holder)
    ]
