"""Pages for an organisation without an account: begin an application, come back to it, see where it stands.

The token is shown once, typed in to come back, and kept in a cookie meanwhile; it is never in an address.
"""

from typing import Any, Final

from litestar import get, post
from litestar.response import Redirect, Template

from vault import ids
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, NotFound, Refused, TooMany, Unavailable
from vault.ids import ApplicationId
from vault.portal.apply_fields import DOCUMENTS, PARTS, Part, part_of
from vault.portal.forms import read_form
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reason
from vault.requesters.missing import Lack
from vault.requesters.shape import MISSING
from vault.vetting import desk, drafts
from vault.vetting.drafts import DraftView, Key

COOKIE: Final = "application"
_DONE: Final = {
    "saved": N_("Saved."),
    "added": N_("The document is there."),
    "removed": N_("The document is gone."),
    "submitted": N_("Handed in. Nobody changes it from now on."),
    "withdrawn": N_("Withdrawn."),
}


def key_of(request: VaultRequest) -> Key | None:
    """The application the browser is writing; None when it shows none."""
    public, _, token = request.cookies.get(request.doors.jar.name(COOKIE), "")[:400].partition(".")
    try:
        return Key(ApplicationId(ids.parse(ids.APPLICATION, public)), token)
    except NotFound:
        return None


async def held(request: VaultRequest) -> DraftView | None:
    """The application the browser is writing, read; None when there is none, or not with this token."""
    key = key_of(request)
    if key is None:
        return None
    try:
        return await request.doors.database.run(drafts.read, key)
    except NotFound:
        return None


def told(request: VaultRequest, spoken: Language) -> str:
    """What was just done, in words."""
    known = _DONE.get(request.query_params.get("done", ""))
    return spoken.gettext(known) if known else ""


def lack_rows(missing: list[Lack], spoken: Language) -> list[dict[str, Any]]:
    """The list of what is missing, each with the page it is mended on."""
    rows = []
    for lack in missing:
        part = part_of(lack.field)
        where = "" if part is None else "/apply/documents" if part is DOCUMENTS else f"/apply/form/{part.name}"
        why, todo = reason(spoken, lack.why), spoken.gettext(lack.todo) if lack.todo else ""
        title = spoken.gettext(part.title) if part else ""
        rows.append(
            {"field": lack.field, "why": why, "todo": todo, "blocks": lack.blocks, "href": where, "part": title}
        )
    return rows


@get("/apply")
async def start_page(request: VaultRequest) -> Template:
    """Begin, or come back."""
    return _start(request, await held(request))


@post("/apply", status_code=200)
async def begin(request: VaultRequest) -> Template | Redirect:
    """A new draft: its id and token are shown this once."""
    form = await read_form(request)
    if form.language:
        return _start(request, await held(request), language=form.language)
    try:
        begun = await request.doors.database.run(drafts.begin, request.address)
    except (TooMany, Unavailable) as error:
        return _start(request, await held(request), problem=_public(request, error.public), status=error.status)
    public = ids.public(ids.APPLICATION, begun.id)
    answer = page(request, "apply/kept", application=public, token_once=begun.token, lapses_at=begun.lapses_at)
    answer.cookies.append(request.doors.jar.make(COOKIE, f"{public}.{begun.token}"))
    return answer


@post("/apply/resume", status_code=200)
async def resume(request: VaultRequest) -> Template | Redirect:
    """Come back with id and token, typed into a form."""
    form = await read_form(request)
    shown = form.text("application")
    if form.language:
        return _start(request, await held(request), language=form.language, application=shown)
    token = form.text("token")[:200]
    try:
        key = Key(ApplicationId(ids.parse(ids.APPLICATION, shown)), token)
        await request.doors.database.run(drafts.check, key)
    except NotFound:
        problem = language_of(request).gettext("There is no such application, or this is not its token.")
        return _start(request, None, problem=problem, status=404, application=shown)
    answer = see_other("/apply/form")
    answer.cookies.append(request.doors.jar.make(COOKIE, f"{shown}.{token}"))
    return answer


@post("/apply/leave", status_code=303)
async def leave(request: VaultRequest) -> Redirect:
    """Forget the application in this browser; it stays where it is."""
    answer = see_other("/apply")
    answer.cookies.append(request.doors.jar.end(COOKIE))
    return answer


@get("/apply/form")
async def overview_page(request: VaultRequest) -> Template | Redirect:
    """All parts of a draft, and everything it lacks."""
    view = await held(request)
    if view is None:
        return see_other("/apply")
    return _overview(request, view) if view.is_open else see_other("/apply/status")


@post("/apply/submit", status_code=200)
async def submit(request: VaultRequest) -> Template | Redirect:
    """Hand it in."""
    await read_form(request)
    view, key = await held(request), key_of(request)
    if view is None or key is None:
        return see_other("/apply")
    try:
        await request.doors.database.run(drafts.submit, key)
    except Invalid:
        problem = language_of(request).gettext("It cannot be handed in yet: the list says what is missing.")
        return _overview(request, view, problem=problem, status=422)
    except (Conflict, Refused) as error:
        return _overview(request, view, problem=_public(request, error.public), status=error.status)
    return see_other("/apply/status?done=submitted")


@post("/apply/withdraw", status_code=200)
async def withdraw(request: VaultRequest) -> Redirect:
    """Take it back."""
    await read_form(request)
    view, key = await held(request), key_of(request)
    if view is None or key is None:
        return see_other("/apply")
    try:
        await request.doors.database.run(drafts.withdraw, key)
    except Conflict:
        return see_other("/apply/status")
    if not view.is_open:
        return see_other("/apply/status?done=withdrawn")
    answer = see_other("/apply?done=withdrawn")
    answer.cookies.append(request.doors.jar.end(COOKIE))
    return answer


@get("/apply/status")
async def status_page(request: VaultRequest) -> Template | Redirect:
    """Where an application stands that was handed in."""
    view, key = await held(request), key_of(request)
    if view is None or key is None:
        return see_other("/apply")
    if view.is_open:
        return see_other("/apply/form")
    spoken = language_of(request)
    found = await request.doors.database.run(desk.status, key.application, key.token)
    made = {ids.REQUESTER: found.requester, ids.DECLARATION: found.declaration, ids.CLIENT: found.client_id}
    return page(
        request,
        "apply/status",
        done=told(request, spoken),
        application=ids.public(ids.APPLICATION, found.id),
        state=found.status,
        received_at=found.received_at,
        decided_at=found.decided_at,
        reasons=found.reasons,
        ids=[ids.public(prefix, value) for prefix, value in made.items() if value is not None],
        sandbox=ids.public(ids.CLIENT, found.sandbox) if found.sandbox else "",
        documents=[document_row(each) for each in view.documents],
        may_withdraw=found.status == "received",
    )


def document_row(document: Any) -> dict[str, Any]:
    """A document as pages list it."""
    return {
        "id": ids.public(ids.DOCUMENT, document.id),
        "name": document.name,
        "kib": max(1, document.size // 1024),
        "sha256": document.sha256,
        "at": document.at,
    }


def _public(request: VaultRequest, text: str) -> str:
    return language_of(request).gettext(text)


def _start(request: VaultRequest, view: DraftView | None, *, language: Language | None = None, **more: Any) -> Template:
    return page(
        request,
        "apply/start",
        language=language,
        **({"application": ""} | more),
        done=told(request, language or language_of(request)),
        page_form=True,
        current_application=None if view is None else ids.public(ids.APPLICATION, view.id),
    )


def _overview(request: VaultRequest, view: DraftView, *, problem: str = "", status: int = 200) -> Template:
    spoken = language_of(request)
    rows = lack_rows(view.missing, spoken)
    return page(
        request,
        "apply/overview",
        status=status,
        problem=problem,
        done=told(request, spoken),
        application=ids.public(ids.APPLICATION, view.id),
        parts=[_tile(part, rows, spoken) for part in PARTS.values()],
        missing=rows,
        ready=not any(each["blocks"] for each in rows),
        documents=[document_row(each) for each in view.documents],
        changed_at=view.changed_at,
        lapses_at=view.lapses_at,
    )


def _tile(part: Part, rows: list[dict[str, Any]], spoken: Language) -> dict[str, Any]:
    href = f"/apply/form/{part.name}"
    mine = [each for each in rows if each["href"] == href]
    return {
        "href": href,
        "title": spoken.gettext(part.title),
        "lede": spoken.gettext(part.lede),
        "open": len(mine),
        "empty": all(each["why"] == reason(spoken, MISSING) for each in mine),
    }
