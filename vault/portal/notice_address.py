"""How a person is told: the address for notices, its code, and the outbox where no mail is sent."""

from typing import Any, Final

from litestar import get, post
from litestar.response import Redirect, Template

from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Invalid, NotFound, TooMany
from vault.ids import PersonId
from vault.notifying import address_of, confirm_address, give_address, remove_address
from vault.notifying.notifier import Letter
from vault.notifying.outbox import letters
from vault.portal.forms import Form, read_form
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reason
from vault.settings import NONE, OUTBOX
from vault.signin import PERSON, Holder

_DONE: Final = {
    "given": N_("A code is on its way to that address."),
    "confirmed": N_("Confirmed. Notices go there from now on."),
    "removed": N_("Removed. From now on you are told here only."),
}
_WRONG_CODE: Final = N_("This is not the code. Compare it with the message, or have a new one sent.")


@get("/notice-address")
async def notice_address_page(request: VaultRequest) -> Template:
    """What was given, and what waits for its code."""
    done = _DONE.get(request.query_params.get("done", ""), "")
    return await _page(request, done=language_of(request).gettext(done) if done else "")


@post("/notice-address", status_code=200)
async def change_notice_address(request: VaultRequest) -> Template | Redirect:
    """Give an address, send back its code, or remove it."""
    form = await read_form(request)
    spoken, act = form.language or language_of(request), form.text("act")
    if form.language or act not in _ACTS:
        return await _page(request, form=form)
    try:
        step, wrong = await _ACTS[act](request, form)
    except Invalid as error:
        why = reason(spoken, error.public.partition(": ")[2])
        return await _page(request, form=form, wrong={"address": why})
    except (NotFound, TooMany) as error:
        return await _page(request, form=form, problem=spoken.gettext(error.public))
    if wrong:
        return await _page(request, form=form, wrong={"code": spoken.gettext(wrong)})
    return see_other(f"/notice-address?done={step}")


@get("/outbox")
async def outbox_page(request: VaultRequest) -> Template:
    """What would have been sent to the person who looks; only where the outbox stands in for mail."""
    if request.doors.settings.notifying != OUTBOX:
        raise NotFound
    return page(request, "person/outbox", realm=PERSON, letters=await request.as_holder(PERSON, _letters))


async def _letters(session: Session, holder: Holder) -> list[Letter]:
    return await letters(session, PersonId(holder.id))


async def _give(request: VaultRequest, form: Form) -> tuple[str, str]:
    if request.doors.settings.notifying == NONE:
        raise NotFound("This installation sends no messages.")
    await request.as_holder(PERSON, give_address, form.text("address"))
    return "given", ""


async def _confirm(request: VaultRequest, form: Form) -> tuple[str, str]:
    is_right = await request.as_holder(PERSON, confirm_address, form.text("code"))
    return "confirmed", "" if is_right else _WRONG_CODE


async def _remove(request: VaultRequest, _form: Form) -> tuple[str, str]:
    await request.as_holder(PERSON, remove_address)
    return "removed", ""


_ACTS: Final = {"give": _give, "confirm": _confirm, "remove": _remove}


async def _page(
    request: VaultRequest,
    *,
    form: Form | None = None,
    wrong: dict[str, str] | None = None,
    problem: str = "",
    done: str = "",
) -> Template:
    language: Language | None = form.language if form else None
    found: Any = await request.as_holder(PERSON, address_of)
    return page(
        request,
        "person/notice_address",
        language=language,
        status=422 if wrong else 409 if problem else 200,
        realm=PERSON,
        confirmed=found.confirmed,
        pending=found.pending,
        typed=form.text("address") if form else "",
        sends=request.doors.settings.notifying,
        wrong=wrong or {},
        problem=problem,
        done=done,
    )
