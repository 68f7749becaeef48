"""Officers' page about behaviour: what the watcher found, by which rules, and closing it."""

from typing import Any, Final

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, VaultError
from vault.ids import RequesterId
from vault.portal.forms import read_form, wrong_fields
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reasons
from vault.signin import OFFICER
from vault.watching import desk
from vault.watching.desk import Found
from vault.watching.rules import NOTE, RULES, STOP, THROTTLE

OUTCOMES: Final = {
    "noted": N_("To be looked at"),
    "throttled": N_("Slowed down"),
    "stopped": N_("Suspended"),
}
_FIGURES: Final = {
    "grants_last_hour": N_("%(n)s consents in an hour"),
    "usual_per_hour": N_("%(n)s per hour are usual"),
    "deliveries_last_day": N_("%(n)s deliveries in a day"),
    "percent_at_night": N_("%(n)s per cent at night"),
    "usual_percent": N_("%(n)s per cent are usual"),
    "refusals_last_day": N_("%(n)s refusals in a day"),
    "percent_refused": N_("%(n)s per cent refused"),
    "grants_used_last_hour": N_("%(n)s consents used in an hour"),
    "percent_in_order": N_("%(n)s per cent in order"),
    "items_granted": N_("%(n)s items granted"),
    "items_never_used": N_("%(n)s items never used"),
    "deliveries_last_month": N_("%(n)s deliveries in a month"),
    "guesses_last_hour": N_("%(n)s guesses in an hour"),
}


@get("/desk/watch")
async def watch_page(request: VaultRequest) -> Template:
    """What waits to be looked into, and the rules."""
    done = language_of(request).gettext("It is closed.") if request.query_params.get("done") else ""
    return await _page(request, {"done": done})


@post("/desk/requesters/{requester:str}/watch/{finding:str}", status_code=200)
async def close_page(request: VaultRequest, requester: FromPath[str], finding: FromPath[str]) -> Template | Redirect:
    """Close one finding."""
    form = await read_form(request)
    failed: VaultError | None = None
    if not form.language:
        try:
            who, which = RequesterId(ids.parse(ids.REQUESTER, requester)), ids.parse(ids.FINDING, finding)
            async with request.acting(OFFICER) as holder:
                await request.doors.database.run(desk.close, holder, who, which, reason=form.text("reason"))
            return see_other("/desk/watch?done=yes")
        except (Invalid, Conflict) as error:
            failed = error
    tried = {"tried": finding, "typed": form.text("reason")}
    return await _page(request, tried, failed=failed, language=form.language)


async def _page(
    request: VaultRequest,
    context: dict[str, str],
    *,
    failed: VaultError | None = None,
    language: Language | None = None,
) -> Template:
    spoken = language or language_of(request)
    is_closed = request.query_params.get("show") == "closed"
    async with request.acting(OFFICER) as holder:
        found = await request.doors.database.run(desk.found, holder, closed=is_closed)
    wrong = reasons(spoken, wrong_fields(failed)) if isinstance(failed, Invalid) else {}
    return page(
        request,
        "desk/watch",
        language=language,
        status=failed.status if failed else 200,
        realm=OFFICER,
        wide=True,
        findings=[_row(each, spoken) for each in found],
        closed=is_closed,
        rules=[{"title": each.title[spoken.tag], "meaning": each.meaning[spoken.tag]} for each in RULES],
        lines={"note": NOTE, "throttle": THROTTLE, "stop": STOP},
        wrong=wrong,
        problem=spoken.gettext(failed.title) if failed and not wrong else "",
        switch=lambda other: f"/language?to={other.tag}&next=/desk/watch",
        **({"tried": "", "typed": "", "done": ""} | context),
    )


def _row(found: Found, spoken: Language) -> dict[str, Any]:
    rules = {each.name: each.title[spoken.tag] for each in RULES}
    return {
        "id": ids.public(ids.FINDING, found.id),
        "requester": ids.public(ids.REQUESTER, found.requester),
        "name": found.requester_name.get(spoken.tag) or next(iter(found.requester_name.values()), ""),
        "score": found.score,
        "outcome": spoken.gettext(OUTCOMES[found.outcome]),
        "is_grave": found.outcome == "stopped",
        "at": found.at,
        "until": found.until,
        "closed_at": found.closed_at,
        "closed_reason": found.closed_reason or "",
        "rules": [
            {
                "title": rules.get(each["rule"], each["rule"]),
                "points": each["points"],
                "figures": [_figure(spoken, name, value) for name, value in each["figures"].items()],
            }
            for each in found.findings
        ],
    }


def _figure(spoken: Language, name: str, value: object) -> str:
    known = _FIGURES.get(name)
    return spoken.gettext(known) % {"n": value} if known else f"{name}: {value}"
