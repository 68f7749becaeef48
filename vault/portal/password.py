"""Changing one's own password: one page for every realm."""

from litestar import get, post
from litestar.response import Redirect, Template

from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, TooMany, Unavailable, VaultError
from vault.portal.forms import read_form, wrong_fields
from vault.portal.languages import Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reasons
from vault.signin import Holder, change_password


@get("/password")
async def password_page(request: VaultRequest) -> Template:
    """The form."""
    return await _form(request, done=bool(request.query_params.get("done")))


@post("/password", status_code=200)
async def change_password_page(request: VaultRequest) -> Template | Redirect:
    """Replace the password; other sign-ins end."""
    form = await read_form(request)
    if form.language:
        return await _form(request, language=form.language)
    doors = request.doors
    try:
        if form.exact("password") != form.exact("again"):
            raise Invalid.field("again", "must be the same as above")
        async with request.acting(None) as holder:
            await change_password(
                doors.database, doors.doorway, holder, present=form.exact("present"), new=form.exact("password")
            )
    except (Invalid, TooMany, Unavailable, Conflict) as error:
        return await _form(request, failed=error)
    return see_other("/password?done=yes")


async def _form(
    request: VaultRequest, *, language: Language | None = None, failed: VaultError | None = None, done: bool = False
) -> Template:
    spoken = language or language_of(request)
    realm = await request.as_holder(None, _realm)
    wrong = reasons(spoken, wrong_fields(failed)) if isinstance(failed, Invalid) else {}
    return page(
        request,
        "password",
        language=language,
        status=failed.status if failed else 200,
        realm=realm,
        page_form=True,
        wrong=wrong,
        problem=spoken.gettext(failed.public) if failed and not wrong else "",
        done=spoken.gettext("Your password is changed. Your other sign-ins have ended.") if done else "",
    )


async def _realm(_session: Session, holder: Holder) -> str:
    return holder.realm
