"""The officers' desk: the queues of vetting cases and of sensitive releases."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import get
from litestar.response import Template

from vault import deletion
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.portal.deletion_words import order_row
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page
from vault.portal.power_words import ROLES
from vault.portal.release_desk import release_row, standing_row
from vault.portal.vetting_words import KINDS, kind_shown
from vault.registry.staff import active
from vault.release import desk as release_desk
from vault.release import desk_standing
from vault.signin import OFFICER, Holder
from vault.vetting.casefile import Row, queue
from vault.vetting.cases import OPEN, ref

_TABS: Final = {"open": N_("Open"), "decided": N_("Decided")}


@get("/desk")
async def desk_page(request: VaultRequest) -> Template:
    """What waits for this officer."""
    spoken = language_of(request)
    show, kind = request.query_params.get("show", OPEN), request.query_params.get("kind", "")
    wanted = {"show": show if show in _TABS else OPEN, "kind": kind if kind in KINDS else ""}
    found = await request.as_holder(OFFICER, _queues, wanted, spoken)
    return page(request, "desk/home", realm=OFFICER, wide=True, **found)


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
