"""Regulators' pages: a question in a form, its answer in a table, the proof of each entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from vault import ids, oversight
from vault.clock import from_millis, millis
from vault.db import Session
from vault.edge.published import OFF, STOPPED, WAITING, WELL, publishing_status, state
from vault.edge.request import VaultRequest
from vault.errors import Invalid, NotFound
from vault.ledger import reading
from vault.ledger.catalogue import CATALOGUE
from vault.ledger.reading import Entry
from vault.ledger.shelf import Status
from vault.oversight import Page, Question
from vault.portal.activity import Names, checked, named, row
from vault.portal.events import to_others
from vault.portal.forms import wrong_fields
from vault.portal.inquiries import open_cases
from vault.portal.languages import CHINA, N_, Language
from vault.portal.pages import language_of, page
from vault.portal.reasons import reason
from vault.signin import REGULATOR, Holder

_FIELDS = ("requester", "declaration", "purpose", "item", "event", "outcome", "reason", "from", "to", "within")
_NOT_A_TIME = N_("must be a day and a time, for example 2026-11-22T08:30")
_NOT_AN_ID = N_("must be the number of an organisation: req_ and 32 characters")
_NO_DECLARATION = N_("must be the number of a declaration: dcl_ and 32 characters")


@get("/oversight")
async def search_page(request: VaultRequest) -> Template:
    """The form, and under it the answer to what was asked."""
    spoken, query = language_of(request), request.query_params
    typed = {name: query.get(name, "")[:80].strip() for name in _FIELDS}
    context: dict[str, Any] = {
        "query": {**typed, "since": typed["from"], "until": typed["to"]},
        "events": [{"name": name, "text": to_others(spoken, name)} for name in CATALOGUE],
        "checkpoint": await request.as_holder(REGULATOR, _checkpoint),
        "published": _published(await publishing_status(request.doors.settings), spoken),
        "asked": False,
        "cases": [],
    }
    status = 200
    if query.get("ask"):
        try:
            context |= await _answer(request, typed, spoken)
        except Invalid as error:
            status = 422
            context["wrong"] = {name: reason(spoken, why) for name, why in wrong_fields(error).items()}
    return page(request, "oversight/search", status=status, realm=REGULATOR, wide=True, **context)


@get("/oversight/entries/{index:int}")
async def oversight_entry_page(request: VaultRequest, index: FromPath[int]) -> Template:
    """One entry, with its receipt and whether the receipt holds."""
    spoken = language_of(request)
    async with request.acting(REGULATOR) as holder:
        entry, receipt = await oversight.entry(request.doors.database, holder, index)
    rows = await _rows(request, [entry], spoken)
    back = {"href": "/oversight", "text": spoken.gettext("Ledger")}
    context: dict[str, Any] = {"back": back, "entry": rows[0], "receipt_href": f"/v1/oversight/entries/{index}/receipt"}
    return page(request, "entry", realm=REGULATOR, **context, **checked(request, receipt, spoken))


@dataclass(frozen=True)
class _Asked:
    question: Question
    before: int | None


async def _answer(request: VaultRequest, typed: Mapping[str, str], spoken: Language) -> dict[str, Any]:
    asked = _read(typed, request.query_params.get("before", ""))
    async with request.acting(REGULATOR) as holder:
        found = await oversight.search(request.doors.database, holder, asked.question, Page(asked.before, 50))
    kept = {name: value for name, value in typed.items() if value}
    older = urlencode({"ask": "yes", **kept, "before": found.next}) if found.next is not None else ""
    return {
        "asked": True,
        "entries": await _rows(request, found.entries, spoken),
        "cases": await request.as_holder(REGULATOR, open_cases),
        "next_href": f"/oversight?{older}" if older else "",
        "sentence": _sentence(kept, spoken),
    }


def _read(typed: Mapping[str, str], before: str) -> _Asked:
    """The question as it was typed. Raises Invalid by field."""
    question = Question(
        requester=_id("requester", ids.REQUESTER, typed["requester"], _NOT_AN_ID),
        declaration=_id("declaration", ids.DECLARATION, typed["declaration"], _NO_DECLARATION),
        purpose=typed["purpose"] or None,
        item=typed["item"] or None,
        outcome=typed["outcome"] or None,
        reason=typed["reason"] or None,
        within_mandate=typed["within"] == "yes",
        event=typed["event"] if typed["event"] in CATALOGUE else None,
        since=_moment("from", typed["from"]),
        until=_moment("to", typed["to"]),
    )
    is_number = before.isascii() and before.isdigit() and len(before) < 16
    return _Asked(question, int(before) if is_number else None)


def _id(name: str, prefix: str, text: str, why: str) -> UUID | None:
    try:
        return ids.parse(prefix, text) if text else None
    except NotFound:
        raise Invalid.field(name, why) from None


def _moment(name: str, text: str) -> int | None:
    """Milliseconds of a local time as the browser writes it; the registry's zone."""
    if not text:
        return None
    try:
        return millis(datetime.fromisoformat(text).replace(tzinfo=CHINA))
    except (ValueError, OverflowError):
        raise Invalid.field(name, _NOT_A_TIME) from None


def _sentence(kept: Mapping[str, str], spoken: Language) -> str:
    """The question in words, as it was recorded."""
    if not kept:
        return spoken.gettext("All entries, newest first.")
    words = {
        "requester": spoken.gettext("Organisation"),
        "declaration": spoken.gettext("Declaration"),
        "purpose": spoken.gettext("Purpose"),
        "item": spoken.gettext("Item"),
        "outcome": spoken.gettext("Outcome"),
        "reason": spoken.gettext("Reason"),
        "within": spoken.gettext("Within my mandate only"),
        "event": spoken.gettext("Event"),
        "from": spoken.gettext("From"),
        "to": spoken.gettext("To"),
    }
    return " · ".join(f"{words[name]}: {value}" for name, value in kept.items())


async def _rows(request: VaultRequest, entries: list[Entry], spoken: Language) -> list[dict[str, Any]]:
    known = Names(await request.as_holder(REGULATOR, _named, entries, spoken), {})
    return [row(entry, spoken, known, mine=False) for entry in entries]


async def _named(session: Session, _holder: Holder, entries: list[Entry], spoken: Language) -> dict[str, str]:
    return await named(session, entries, spoken)


def _published(status: Status | None, spoken: Language) -> dict[str, Any]:
    """What the page says of the published log and its witnesses."""
    sentences = {
        OFF: spoken.gettext("The log is not published yet."),
        WAITING: spoken.gettext("The newest checkpoint waits for its witnesses. Releases go on."),
        STOPPED: spoken.gettext("Publishing has stopped; the registry must look at it. Releases go on."),
        WELL: spoken.gettext("The log is published and up to date."),
    }
    word = state(status)
    told = [
        {
            "name": each.name,
            "size": each.size,
            "at": from_millis(each.at) if each.at else None,
            "problem": each.problem != "",
        }
        for each in (status.witnesses if status else ())
    ]
    at = from_millis(status.at) if status and status.size else None
    return {"sentence": sentences[word], "size": status.size if status else 0, "at": at, "witnesses": told}


async def _checkpoint(session: Session, _holder: Holder) -> str:
    ends = await reading.first_and_latest(session)
    return ends[1].note if ends else ""
