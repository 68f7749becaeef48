"""The officers' desk: the queues of vetting cases and of sensitive releases."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import deletion, ids
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid
from vault.portal.deletion_words import order_row
from vault.portal.forms import read_form, wrong_fields
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.power_words import ROLES
from vault.portal.reasons import reasons
from vault.portal.release_desk import release_row, standing_row
from vault.portal.vetting_words import KINDS, kind_shown
from vault.registry.staff import active
from vault.release import desk as release_desk
from vault.release import desk_standing
from vault.signin import OFFICER, Holder
from vault.vetting.casefile import Row, queue
from vault.vetting.cases import OPEN, ref

_DONE: Final = {"ended": N_("The approval is ended.")}
_TABS: Final = {"open": N_("Open"), "decided": N_("Decided")}


@get("/desk")
async def desk_page(request: VaultRequest) -> Template:
    """What waits for this officer."""
    said = _DONE.get(request.query_params.get("done", ""), "")
    return await _page(request, done=language_of(request).gettext(said) if said else "")


@post("/desk/standing/{approval:str}", status_code=200)
async def end_standing_page(request: VaultRequest, approval: FromPath[str]) -> Template | Redirect:
    """End a standing approval."""
    form, spoken = await read_form(request), language_of(request)
    which = ids.parse(ids.APPROVAL, approval)
    try:
        await request.as_holder(OFFICER, desk_standing.end, which, reason=form.text("reason"))
    except Invalid as error:
        why = next(iter(reasons(spoken, wrong_fields(error)).values()))
        return await _page(request, status=error.status, wrong={approval: why})
    except Conflict as error:
        return await _page(request, status=error.status, problem=spoken.gettext(error.public))
    return see_other("/desk?done=ended")


async def _page(request: VaultRequest, *, status: int = 200, **more: Any) -> Template:
    spoken = language_of(request)
    show, kind = request.query_params.get("show", OPEN), request.query_params.get("kind", "")
    wanted = {"show": show if show in _TABS else OPEN, "kind": kind if kind in KINDS else ""}
    found = await request.as_holder(OFFICER, _queues, wanted, spoken)
    if status != 200:  # the answer to a form stands at an address that only takes forms
        found["switch"] = lambda other: "/language?" + urlencode({"to": other.tag, "next": "/desk"})
    return page(request, "desk/home", status=status, realm=OFFICER, wide=True, **(found | more))


async def _queues(session: Session, holder: Holder, wanted: Mapping[str, str], spoken: Language) -> dict[str, Any]:
    member = await active(session, holder, OFFICER)
    may_vet, may_release = "vetting" in member.roles, "release" in member.roles
    show, kind = wanted["show"], wanted["kind"]
    found = await queue(session, state=show, kind=kind or None) if may_vet else []
    waiting = await release_desk.waiting(session, holder) if may_release else []
    standing = await desk_standing.in_force(session, holder) if may_release else []
    return {
        "me": member,
        "roles": [spoken.gettext(ROLES[each]) for each in member.roles],
        "may_vet": may_vet,
        "may_release": may_release,
        "show": show,
        "kind": kind,
        "tabs": [{"name": name, "text": spoken.gettext(text)} for name, text in _TABS.items()],
        "kinds": [
            {"name": name, "text": spoken.gettext(text), "href": f"/desk?{urlencode({'show': show, 'kind': name})}"}
            for name, text in {"": N_("All"), **KINDS}.items()
        ],
        "cases": [_row(each, spoken) for each in found],
        "releases": [release_row(each, spoken) for each in waiting],
        "standing": [standing_row(each, spoken) for each in standing],
        "overdue": [order_row(each, spoken) for each in await deletion.overdue(session)],
    }


def _row(row: Row, spoken: Language) -> dict[str, Any]:
    case = row.case
    state = case.status if case.status != OPEN else "half_approved" if row.decisions else "received"
    return {
        "id": ref(case.id),
        "who": spoken.pick(msgspec.to_builtins(row.body.organisation.name)),
        "purpose": row.body.declaration.purpose.text.text(spoken.tag),
        "kind": kind_shown(spoken, case.kind),
        "at": case.opened_at,
        "checks": row.checks,
        "risk": {"total": row.score.total, "band": row.score.band},
        "questions": row.open_questions,
        "status": state,
    }
