"""Pages of numbers: a regulator's figures and blast radius, and what everybody may know."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from litestar import get
from litestar.response import Template

from vault import ids
from vault.edge.request import VaultRequest
from vault.errors import Invalid, NotFound
from vault.oversight.figures import EXPIRED, Per, Stretch, figures
from vault.oversight.reach import Case, Radius, radius
from vault.oversight.transparency import transparency
from vault.portal.events import to_others
from vault.portal.forms import wrong_fields
from vault.portal.languages import CHINA, N_, Language
from vault.portal.pages import language_of, page
from vault.portal.power_words import GROUNDS
from vault.portal.reasons import reason
from vault.portal.words import item_with_form, outcome
from vault.signin import REGULATOR

_PERS: Final = {"hour": N_("By hour"), "day": N_("By day"), "month": N_("By month")}
_STAGES: Final = {
    "stage:opened": N_("Consent: page opened"),
    "stage:signed_in": N_("Consent: seen signed in"),
    "stage:redeemed": N_("Consent: code redeemed"),
    "latency:to-50ms": N_("Releases answered within 50 ms"),
    "latency:to-150ms": N_("Releases answered within 150 ms"),
    "latency:to-500ms": N_("Releases answered within 500 ms"),
    "latency:to-1s": N_("Releases answered within a second"),
    "latency:over-1s": N_("Releases that took longer"),
    EXPIRED: N_("Grants that ended by themselves"),
}
_CLASSES: Final = {"sensitive": N_("Sensitive"), "general": N_("General"), "public": N_("Public")}
_NOT_AN_ID: Final = N_("must be the number of an organisation: req_ and 32 characters")
_NOT_A_DAY: Final = N_("must be a day, for example 2026-11-22")


@get("/oversight/figures")
async def figures_page(request: VaultRequest) -> Template:
    """Figures over time, as a table with bars."""
    spoken, query = language_of(request), request.query_params
    today = request.doors.clock.now().astimezone(CHINA)
    typed = _typed(query, {"from": f"{today - timedelta(days=13):%Y-%m-%d}", "to": f"{today:%Y-%m-%d}"})
    per = cast(Per, query.get("per") if query.get("per") in _PERS else "day")
    typed |= {"per": per, "within": "yes" if query.get("within") == "yes" else ""}
    context: dict[str, Any] = {"query": typed, "pers": [(name, spoken.gettext(text)) for name, text in _PERS.items()]}
    context["asked"], status = False, 200
    async with request.acting(REGULATOR):
        pass  # nobody else sees as much as the questions
    if query.get("ask"):
        try:
            since, until = _day("from", typed["from"]), _day("to", typed["to"]) + timedelta(days=1)
            stretch = Stretch(since, until, per, requester_of(typed["requester"]), typed["within"] == "yes")
            async with request.acting(REGULATOR) as holder:
                found = await figures(request.doors.database, holder, stretch)
            shape = {"hour": "%m-%d %H:00", "day": "%Y-%m-%d", "month": "%Y-%m"}[per]
            labels = [f"{at:{shape}}" for at in found.buckets]
            rows = [series_row(spoken, name, counts) for name, counts in found.series.items() if any(counts)]
            waits = [] if found.waits is None else [_took(spoken, ms) for ms in found.waits]
            context |= {"asked": True, "labels": labels, "rows": rows, "waits": waits}
        except Invalid as error:
            status, context["wrong"] = 422, _wrong(spoken, error)
    return page(request, "oversight/figures", status=status, realm=REGULATOR, wide=True, **context)


@get("/oversight/reach")
async def reach_page(request: VaultRequest) -> Template:
    """Whom an organisation's uses reached."""
    spoken, query = language_of(request), request.query_params
    today = request.doors.clock.now().astimezone(CHINA)
    typed = _typed(query, {"from": f"{today - timedelta(days=29):%Y-%m-%d}", "to": f"{today:%Y-%m-%d}"})
    context: dict[str, Any] = {"query": typed, "asked": False}
    status = 200
    async with request.acting(REGULATOR):
        pass  # nobody else sees as much as the questions
    if query.get("ask"):
        try:
            since, until = _day("from", typed["from"]), _day("to", typed["to"]) + timedelta(days=1)
            who = requester_of(typed["requester"])
            if who is None:
                raise Invalid.field("requester", _NOT_AN_ID)
            async with request.acting(REGULATOR) as holder:
                found = await radius(request.doors.database, holder, Case(who, since, until))
            context |= {"asked": True, "found": found, **_radius(spoken, found)}
        except Invalid as error:
            status, context["wrong"] = 422, _wrong(spoken, error)
    return page(request, "oversight/reach", status=status, realm=REGULATOR, wide=True, **context)


@get("/transparency")
async def transparency_page(request: VaultRequest) -> Template:
    """What everybody may know."""
    spoken = language_of(request)
    found = await transparency(request.doors.database)
    rows = [
        {
            "name": called(spoken, each.name),
            "counts": ["<10" if count is None else f"{count}" for count in each.counts],
            "total": f"{each.total}" if each.whole else f"≥ {each.total}",
        }
        for each in found.series
    ]
    hidden = [
        {
            "authority": each.authority,
            "ground": spoken.gettext(GROUNDS.get(each.ground, each.ground)),
            "count": each.count,
            "opens": each.first_opens
            if each.first_opens == each.last_opens
            else f"{each.first_opens} – {each.last_opens}",
        }
        for each in found.hidden
    ]
    return page(request, "transparency", found=found, rows=rows, hidden=hidden, wide=True)


HANDLERS = (figures_page, reach_page, transparency_page)


def called(spoken: Language, name: str) -> str:
    """What a series is called."""
    if name in _STAGES:
        return spoken.gettext(_STAGES[name])
    event, _, why = name.partition(":")
    return f"{to_others(spoken, event)}: {outcome(spoken, why)}" if why else to_others(spoken, event)


def series_row(spoken: Language, name: str, counts: list[int]) -> dict[str, Any]:
    """A series as a line of the table, with the heights of its bars out of 24."""
    most = max(counts) or 1
    bars = [
        {"x": at * 6, "height": -(-count * 24 // most), "y": 24 - -(-count * 24 // most)}
        for at, count in enumerate(counts)
    ]
    return {
        "name": called(spoken, name),
        "code": name,
        "counts": counts,
        "total": sum(counts),
        "bars": bars,
        "width": max(6, 6 * len(counts)),
    }


def _radius(spoken: Language, found: Radius) -> dict[str, Any]:
    return {
        "items": [
            {"name": item_with_form(spoken, *_parts(item)), "code": item, "persons": persons, "releases": releases}
            for item, (persons, releases) in found.items.items()
        ],
        "classes": [(spoken.gettext(_CLASSES[name]), count) for name, count in found.classes.items()],
        "notices": [
            {"name": spoken.gettext(_CLASSES[each.sensitivity]), "persons": each.persons, "text": each.text}
            for each in found.notices
        ],
    }


def _parts(item: str) -> tuple[str, str | None]:
    name, _, form = item.partition(":")
    return name, form or None


def _took(spoken: Language, ms: int) -> str:
    minutes = ms // 60_000
    if minutes < 120:
        return spoken.gettext("%(count)s minutes") % {"count": minutes}
    return spoken.gettext("%(count)s hours") % {"count": minutes // 60}


def _typed(query: Mapping[str, str], defaults: Mapping[str, str]) -> dict[str, str]:
    names = ("requester", "from", "to")
    return {name: query.get(name, defaults.get(name, ""))[:80].strip().replace("\x00", "") for name in names}


def requester_of(text: str) -> UUID | None:
    """An organisation by its number; None for no text. Raises Invalid."""
    try:
        return ids.parse(ids.REQUESTER, text) if text else None
    except NotFound:
        raise Invalid.field("requester", _NOT_AN_ID) from None


def _day(name: str, text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=CHINA)
    except ValueError:
        raise Invalid.field(name, _NOT_A_DAY) from None


def _wrong(spoken: Language, error: Invalid) -> dict[str, str]:
    return {name: reason(spoken, why) for name, why in wrong_fields(error).items()}
