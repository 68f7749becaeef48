"""The sharing dashboard: what a person allowed, what was done under it, and stopping it."""

from typing import Any, Final

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import consent, deletion, ids
from vault.consent import GrantView
from vault.consent.deletion import ask_deletion
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Invalid, NotFound, Refused
from vault.ids import PersonId
from vault.portal.deletion_words import order_row
from vault.portal.forms import read_form, wrong_fields
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reasons
from vault.portal.standings import became, ends_at, stands, status_of
from vault.portal.words import days, form_name, frequency, item_name, item_with_form, outcome
from vault.profile.catalogue import catalogue
from vault.release import history
from vault.requesters.register import declaration
from vault.requesters.states import DeclarationState
from vault.signin import PERSON, Holder

_TABS: Final = {
    "active": N_("Active"),
    "paused": N_("Paused"),
    "expired": N_("Ended by itself"),
    "withdrawn": N_("Stopped"),
    "ended": N_("Organisation out"),
}
_ALWAYS: Final = ("active", "expired", "withdrawn")
"""Tabs that are there also when nothing is in them."""


@get("/grants")
async def grants_page(request: VaultRequest) -> Template:
    """Everything allowed, by state."""
    spoken = language_of(request)
    found = await request.as_holder(PERSON, cards, spoken)
    wanted = request.query_params.get("show", "active")
    show = wanted if wanted in _TABS else "active"
    counts = {name: sum(each["status"] == name for each in found) for name in _TABS}
    return page(
        request,
        "person/grants",
        realm=PERSON,
        show=show,
        tabs=[
            {"name": name, "text": spoken.gettext(text), "count": counts[name]}
            for name, text in _TABS.items()
            if counts[name] or name in _ALWAYS
        ],
        grants=[each for each in found if each["status"] == show],
    )


@get("/grants/{grant:str}")
async def grant_page(request: VaultRequest, grant: FromPath[str]) -> Template:
    """One grant and what was done under it."""
    spoken = language_of(request)
    return page(request, "person/grant", realm=PERSON, **await request.as_holder(PERSON, _detail, grant, spoken))


@get("/grants/{grant:str}/withdraw")
async def withdraw_page(request: VaultRequest, grant: FromPath[str]) -> Template:
    """Stopping: review, confirm, done."""
    spoken, step = language_of(request), request.query_params.get("step", "review")
    found = await request.as_holder(PERSON, _detail, grant, spoken)
    if found["grant"]["status"] not in {"active", "paused"}:
        step = "done" if found["grant"]["status"] == "withdrawn" else ""
    if step not in {"review", "confirm", "done"} or (step == "done" and not found["grant"]["ended_at"]):
        raise NotFound
    return page(
        request,
        "person/withdraw",
        realm=PERSON,
        step=step,
        reason="",
        delete=True,
        page_form=step == "confirm",
        **found,
    )


@post("/grants/{grant:str}/withdraw", status_code=200)
async def withdraw(request: VaultRequest, grant: FromPath[str]) -> Template | Redirect:
    """Stop sharing, now."""
    form = await read_form(request)
    spoken, reason = form.language or language_of(request), form.text("reason")
    wrong: dict[str, str] = {}
    if not form.language:
        try:
            await request.as_holder(PERSON, _withdraw, grant, reason, delete=form.text("delete") == "yes")
        except Invalid as error:
            wrong = reasons(spoken, wrong_fields(error))
        else:
            return see_other(f"/grants/{grant}/withdraw?step=done")
    found = await request.as_holder(PERSON, _detail, grant, spoken)
    return page(
        request,
        "person/withdraw",
        language=form.language,
        status=422 if wrong else 200,
        **found,
        realm=PERSON,
        step="confirm",
        page_form=True,
        reason=reason,
        delete=form.text("delete") == "yes",
        wrong=wrong,
    )


@post("/grants/{grant:str}/deletion", status_code=200)
async def order_deletion_page(request: VaultRequest, grant: FromPath[str]) -> Redirect:
    """Have what an ended grant gave deleted."""
    await read_form(request)
    await request.as_holder(PERSON, ask_deletion, ids.parse(ids.GRANT, grant))
    return see_other(f"/grants/{grant}")


async def cards(session: Session, holder: Holder, spoken: Language) -> list[dict[str, Any]]:
    """All grants of a person as they are shown, with what became of their requesters."""
    views = await consent.for_person(session, PersonId(holder.id))
    known = await stands(session, views)
    return [card(view, spoken, known.get(view.declaration_id)) for view in views]


async def _withdraw(session: Session, holder: Holder, grant: str, reason: str, *, delete: bool) -> GrantView:
    return await consent.withdraw(session, holder, ids.parse(ids.GRANT, grant), reason or None, delete=delete)


async def _detail(session: Session, holder: Holder, grant: str, spoken: Language) -> dict[str, Any]:
    view = await consent.one(session, PersonId(holder.id), ids.parse(ids.GRANT, grant))
    shown = card(view, spoken, (await stands(session, [view])).get(view.declaration_id))
    shown["consequence"] = await _consequence(session, view, spoken)
    done = await history.for_person(session, PersonId(holder.id), grant=view.id)
    kept = await consent.earlier(session, PersonId(holder.id), view.id, holder.bundle.signing_public)
    orders = await deletion.for_person(session, PersonId(holder.id), grant=view.id)
    return {
        "grant": shown,
        "releases": [_release(each, spoken) for each in done],
        "earlier": [_earlier(each, spoken) for each in kept],
        "orders": [order_row(each, spoken) for each in orders],
        "may_order": _may_order(view, orders),
    }


def _may_order(view: GrantView, orders: list[deletion.Order]) -> bool:
    """Whether there may be copies that nobody was told to delete."""
    is_over, is_held = view.status in {"withdrawn", "expired"}, view.last_used_at is not None
    return is_over and is_held and all(each.state in {"kept", "partly"} for each in orders)


def _earlier(kept: consent.Superseded, spoken: Language) -> dict[str, Any]:
    """A consent that another one took the place of, as its record has it."""
    agreed = kept.record["pii_processing"]["purposes"][0]["pii_information"]
    return {
        "given_at": kept.given_at,
        "superseded_at": kept.superseded_at,
        "items": [item_with_form(spoken, each["pii_type"], each["form"]) for each in agreed],
    }


def _release(released: history.Released, spoken: Language) -> dict[str, Any]:
    return {
        "state": released.state,
        "at": released.at,
        "items": [item_with_form(spoken, each["item"], each.get("form")) for each in released.items],
        "reason": outcome(spoken, released.reason or ""),
    }


async def _consequence(session: Session, view: GrantView, spoken: Language) -> str:
    try:
        declared = await declaration(session, view.declaration_id)
    except (NotFound, Refused):  # no longer live: there is nothing to lose any more
        return ""
    return declared.body.consequence_of_refusal.text(spoken.tag)


def card(view: GrantView, spoken: Language, standing: DeclarationState | None) -> dict[str, Any]:
    """A grant in the reader's language. ``standing``: of its declaration and requester, now."""
    purpose = view.record["pii_processing"]["purposes"][0]
    party = view.record["party_identification"][0]
    return {
        "id": ids.public(ids.GRANT, view.id),
        "requester": view.requester_id,
        "who": spoken.pick(party["party_name"]),
        "status": status_of(view, standing),
        "became": became(spoken, view, standing),
        "organisation": ids.public(ids.REQUESTER, view.requester_id),
        "purpose": spoken.pick(purpose["purpose"]),
        "items": [item_with_form(spoken, each.item, each.form) for each in view.items],
        "terms": [
            {
                "label": item_name(spoken, each.item),
                "form": form_name(spoken, each.item, each.form),
                "sensitive": _is_sensitive(each.item),
            }
            for each in view.items
        ],
        "given_at": view.given_at,
        "expires_at": ends_at(view, standing),
        "ended_at": view.withdrawn_at,
        "ended_by": view.ended_by,
        "uses": view.uses,
        "max_uses": view.max_uses,
        "last_used_at": view.last_used_at,
        "frequency": frequency(spoken, view.frequency["per"], view.frequency["count"]),
        "retention": days(spoken, purpose["retention_period"]["days"]),
        "contact": (party.get("party_contact") or {}).get("email", ""),
        "deletion": (party.get("deletion_contact") or party.get("party_contact") or {}).get("email", ""),
        "complaints": (party.get("complaint_contact") or {}).get("email", ""),
        "consequence": "",
    }


def _is_sensitive(item: str) -> bool:
    field = catalogue().find(item)
    return field is not None and field.is_sensitive
