"""Erasing one's vault: what goes, what stays, the week in which it can be called off, what stands in the way."""

from collections.abc import Mapping
from typing import Final

from litestar import get, post
from litestar.response import Redirect, Template

from vault.edge.request import VaultRequest
from vault.erasure import Held, ask, call_off, standing
from vault.erasure.asking import TIME_TO_CALL_OFF
from vault.errors import Conflict, Invalid, NotFound, TooMany, Unavailable, VaultError
from vault.portal.forms import read_form, wrong_fields
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reasons
from vault.signin import PERSON

_DONE: Final = {
    "asked": N_("Your vault will be erased. Until then you can call it off here."),
    "kept": N_("Called off. Your vault stays as it is."),
}
_HOLDS: Final[Mapping[str, str]] = {
    "lawful-order": N_("Access to your information was ordered by law, and the order is in force."),
    "hidden-access": N_("The law still hides an access to your records. “Who saw what” shows until when."),
    "open-case": N_("A supervisory authority's open case rests on an entry about you."),
}


@get("/erasure")
async def erasure_page(request: VaultRequest) -> Template:
    """How it stands, and the form."""
    return await _page(request, done=_DONE.get(request.query_params.get("done", ""), ""))


@post("/erasure", status_code=200)
async def erase_page(request: VaultRequest) -> Template | Redirect:
    """Ask for it, with the password, or call it off."""
    form = await read_form(request)
    if form.language:
        return await _page(request, language=form.language)
    doors = request.doors
    try:
        if form.text("act") == "keep":
            await request.as_holder(PERSON, call_off)
            return see_other("/erasure?done=kept")
        async with request.acting(PERSON) as holder:
            await ask(doors.database, doors.doorway, holder, form.exact("present"))
    except Held:
        return await _page(request, status=Held.status)
    except (Invalid, TooMany, Unavailable, Conflict, NotFound) as error:
        return await _page(request, failed=error)
    return see_other("/erasure?done=asked")


async def _page(
    request: VaultRequest,
    *,
    language: Language | None = None,
    failed: VaultError | None = None,
    status: int = 200,
    done: str = "",
) -> Template:
    spoken = language or language_of(request)
    found = await request.as_holder(PERSON, standing)
    wrong = reasons(spoken, wrong_fields(failed)) if isinstance(failed, Invalid) else {}
    return page(
        request,
        "person/erasure",
        language=language,
        status=failed.status if failed else status,
        realm=PERSON,
        found=found,
        days=TIME_TO_CALL_OFF.days,
        holds=[spoken.gettext(_HOLDS[kind]) for kind in found.holds],
        wrong=wrong,
        problem=spoken.gettext(failed.public) if failed and not wrong else "",
        done=spoken.gettext(done) if done else "",
    )


HANDLERS: Final = (erasure_page, erase_page)
