"""Home, and who saw what: a person's own lines of the ledger, each with its proof."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from vault import accounts, consent, ids
from vault.clock import from_millis
from vault.crypto.canonical import reread
from vault.db import Session
from vault.edge.history import own_history, own_receipt
from vault.edge.request import VaultRequest
from vault.errors import NotFound, VaultError
from vault.ids import PersonId
from vault.ledger import hidden
from vault.ledger.reading import Entry
from vault.ledger.receipt import Receipt, decode
from vault.ledger.verify import verify_receipt
from vault.portal.events import to_others, to_the_person
from vault.portal.grants import card, cards
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page
from vault.portal.words import item_with_form, outcome, purpose_name
from vault.profile import sections
from vault.profile.catalogue import catalogue
from vault.requesters.names import names
from vault.signin import PERSON, Holder

_ON_ONE_PAGE: Final = 30
_USES: Final = frozenset({"release.delivered", "release.refused", "release.requested"})
_TABS: Final = {"all": N_("Everything"), "uses": N_("Uses by organisations")}
_NOTICES: Final = {
    "registration_attempt": N_("Somebody tried to open a vault with your identity number. Your vault is not affected."),
    "consent_waiting": N_("An organisation asks for your information. See “Requests”."),
    "lawful_access": N_("By order of law, information of yours was asked for. “Who saw what” says by whom and why."),
    "erasure_asked": N_("Your vault is to be erased. Call it off under “Erase my vault” if you did not ask for this."),
    "grant_suspended": N_("A supervisory authority stopped one of your permissions for now."),
    "grant_restored": N_("One of your permissions that was stopped for now holds again."),
    "grant_narrowed": N_("A supervisory authority took something out of one of your permissions."),
    "claim_yielded": N_("Your identity number was proved to belong to somebody else."),
}


@get("/home")
async def home_page(request: VaultRequest) -> Template:
    """A person's sections, who may see them, and what happened last."""
    spoken = language_of(request)
    return page(request, "person/home", realm=PERSON, **await request.as_holder(PERSON, _home, spoken))


@get("/activity")
async def activity_page(request: VaultRequest) -> Template:
    """Everything recorded about the person who looks."""
    spoken, query = language_of(request), request.query_params
    show = query.get("show", "all") if query.get("show") in _TABS else "all"
    before = query.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 16):
        raise NotFound
    found = await request.as_holder(PERSON, _activity, spoken, show=show, before=int(before) if before else None)
    tabs = [{"name": name, "text": spoken.gettext(text)} for name, text in _TABS.items()]
    return page(request, "person/activity", realm=PERSON, show=show, tabs=tabs, **found)


@get("/activity/{index:int}")
async def entry_page(request: VaultRequest, index: FromPath[int]) -> Template:
    """One of one's own entries, with its receipt and whether the receipt holds."""
    spoken = language_of(request)
    row, receipt = await request.as_holder(PERSON, _entry, index, spoken)
    back = {"href": "/activity", "text": spoken.gettext("Who saw what")}
    href = f"/v1/me/entries/{index}/receipt"
    return page(
        request, "entry", realm=PERSON, back=back, entry=row, receipt_href=href, **checked(request, receipt, spoken)
    )


def checked(request: VaultRequest, receipt: Receipt, spoken: Language) -> dict[str, Any]:
    """A receipt and the outcome of checking it as anybody would, with the ledger's public key."""
    failure = ""
    try:
        verify_receipt(msgspec.json.encode(receipt), request.doors.log_key.vkey())
    except VaultError as error:
        failure = spoken.gettext(error.public)
    body = reread(decode(receipt.entry, "The entry"))
    pretty = msgspec.json.format(msgspec.json.encode(body), indent=2).decode()
    return {"receipt": receipt, "held": not failure, "why": failure, "pretty": pretty}


@dataclass(frozen=True)
class Names:
    """What requesters and purposes are called, as far as it is known."""

    requesters: dict[str, str]
    purposes: dict[str, str]


def row(entry: Entry, spoken: Language, known: Names, *, mine: bool) -> dict[str, Any]:
    """An entry as a line of a page. ``mine``: said to the person it is about."""
    members = entry.members
    requester, code = members.get("requester"), members.get("purpose", "")
    return {
        "index": entry.index,
        "at": from_millis(members["at"]),
        "event": members["event"],
        "what": _what(members, spoken, mine=mine),
        "who": known.requesters.get(requester, requester) if requester else "",
        "requester": requester or "",
        "purpose": known.purposes.get(members.get("declaration", "")) or purpose_name(spoken, code),
        "purpose_code": code,
        "items": [item_with_form(spoken, each["item"], each.get("form")) for each in members.get("items", ())],
        "outcome": _veiled(members, spoken) or outcome(spoken, members.get("reason") or members.get("outcome") or ""),
    }


def _veiled(members: Mapping[str, Any], spoken: Language) -> str:
    """What is said of an access that the law hides from the person, or hid."""
    if members["event"] == hidden.EVENT:
        return spoken.gettext("Hidden by law until %(day)s; then this line says who and why.") % {
            "day": spoken.day(from_millis(members["until"]))
        }
    if "hidden_until" in members:
        return spoken.gettext("Was hidden by law until %(day)s.") % {
            "day": spoken.day(from_millis(members["hidden_until"]))
        }
    return ""


def _what(members: Mapping[str, Any], spoken: Language, *, mine: bool) -> str:
    event = members["event"]
    return to_the_person(spoken, event, by=members["actor"]["kind"]) if mine else to_others(spoken, event)


async def named(session: Session, entries: Iterable[Entry], spoken: Language) -> dict[str, str]:
    """What the requesters of these entries are called, by public id."""
    wanted = {str(entry.members["requester"]) for entry in entries if "requester" in entry.members}
    found = await names(session, {UUID(hex=each.removeprefix("req_")) for each in wanted})
    return {ids.public(ids.REQUESTER, which): spoken.pick(texts) for which, texts in found.items()}


async def _rows(session: Session, holder: Holder, entries: list[Entry], spoken: Language) -> list[dict[str, Any]]:
    grants = await consent.for_person(session, PersonId(holder.id))
    purposes = {
        ids.public(ids.DECLARATION, view.declaration_id): card(view, spoken, None)["purpose"] for view in grants
    }
    known = Names(await named(session, entries, spoken), purposes)
    return [row(entry, spoken, known, mine=True) for entry in entries]


async def _home(session: Session, holder: Holder, spoken: Language) -> dict[str, Any]:
    person = PersonId(holder.id)
    written = {each.section: each.written_at for each in await sections.listing(session, person)}
    grants = await cards(session, holder, spoken)
    history = await own_history(session, holder, limit=_ON_ONE_PAGE)
    latest = [each for each in history.entries if not each.members["event"].startswith("sign_in.")]
    told = [notice for notice in await accounts.notices(session, person) if notice.seen_at is None]
    await accounts.mark_seen(session, person)
    active = [each for each in grants if each["status"] == "active"]
    return {
        "sections": [
            {"name": name, "label": spoken.pick(kind.label), "written_at": written.get(name)}
            for name, kind in catalogue().sections.items()
        ],
        "active": active,
        "organisations": len({each["requester"] for each in active}),
        "rows": await _rows(session, holder, latest[:5], spoken),
        "notices": [
            {"text": spoken.gettext(_NOTICES.get(notice.kind, notice.kind)), "at": notice.at} for notice in told
        ],
    }


async def _activity(
    session: Session, holder: Holder, spoken: Language, *, show: str, before: int | None
) -> dict[str, Any]:
    limit = _ON_ONE_PAGE if show == "all" else 10 * _ON_ONE_PAGE
    history = await own_history(session, holder, before=before, limit=limit)
    entries = [each for each in history.entries if show == "all" or each.members["event"] in _USES]
    return {
        "rows": await _rows(session, holder, entries, spoken),
        "history": history,
    }


async def _entry(session: Session, holder: Holder, index: int, spoken: Language) -> tuple[dict[str, Any], Receipt]:
    entry, receipt = await own_receipt(session, holder, index)
    return (await _rows(session, holder, [entry], spoken))[0], receipt
