"""The pages an application is written on, part by part. What was typed is saved whatever it lacks."""

from dataclasses import dataclass
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, NotFound, TooLarge
from vault.portal import apply_body
from vault.portal.apply_fields import PARTS, Part
from vault.portal.apply_inputs import group_shown, sections
from vault.portal.applying import held, key_of, lack_rows
from vault.portal.forms import Form, read_form
from vault.portal.languages import Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reason
from vault.profile.catalogue import catalogue
from vault.vetting import drafts
from vault.vetting.drafts import DraftView


@get("/apply/form/{part:str}")
async def part_page(request: VaultRequest, part: FromPath[str]) -> Template | Redirect:
    """One part of the form, as far as it is written."""
    view = await held(request)
    if view is None or not view.is_open:
        return see_other("/apply/form")
    return _part(request, _Shown(_known(part), view.body, view))


@post("/apply/form/{part:str}", status_code=200)
async def write_part(request: VaultRequest, part: FromPath[str]) -> Template | Redirect:
    """Save one part. What is missing or wrong is said, and keeps nothing from being saved."""
    known, form = _known(part), await read_form(request)
    view, key = await held(request), key_of(request)
    if view is None or key is None or not view.is_open:
        return see_other("/apply/form")
    if form.language:
        return _part(request, _Shown(known, _edited(known, form)(view.body), view), language=form.language)
    try:
        view = await request.doors.database.run(drafts.change, key, _edited(known, form))
    except (Invalid, TooLarge, Conflict) as error:
        problem = language_of(request).gettext(error.title)
        return _part(request, _Shown(known, _edited(known, form)(view.body), view), problem=problem)
    if any(row["href"].endswith(f"/{known.name}") for row in lack_rows(view.missing, language_of(request))):
        return _part(request, _Shown(known, view.body, view), saved=True)
    return see_other("/apply/form?done=saved")


def _known(name: str) -> Part:
    part = PARTS.get(name)
    if part is None:
        raise NotFound
    return part


def _edited(part: Part, form: Form) -> apply_body.Change:
    if part.name == "items":
        return lambda body: apply_body.with_items(body, catalogue(), form)
    return lambda body: apply_body.written(body, part, form)


@dataclass(frozen=True)
class _Shown:
    """What a page of a part shows: the body as it is typed, and what the draft lacks."""

    part: Part
    body: dict[str, Any]
    view: DraftView


def _part(
    request: VaultRequest, shown: _Shown, *, language: Language | None = None, problem: str = "", saved: bool = False
) -> Template:
    spoken, part, view = language or language_of(request), shown.part, shown.view
    mine = [lack for lack in view.missing if any(lack.field.startswith(over) for over in part.covers)]
    wrong = {lack.field: reason(spoken, lack.why) for lack in mine}
    context: dict[str, Any] = {
        "part": {"name": part.name, "title": spoken.gettext(part.title), "lede": spoken.gettext(part.lede)},
        "lacks": lack_rows(mine, spoken) if saved or problem else [],
        "wrong": wrong if saved else {},
        "saved": saved,
    }
    if part.name == "items":
        context["sections"] = sections(shown.body, spoken)
    else:
        context["groups"] = [group_shown(group, shown.body, spoken) for group in part.groups]
    template = "apply/items" if part.name == "items" else "apply/part"
    return page(
        request,
        template,
        language=language,
        status=422 if problem else 200,
        problem=problem,
        page_form=True,
        wide=part.name == "items",
        **context,
    )
