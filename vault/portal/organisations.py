"""The public register as people read it: who may ask for what and why, what became of it, what a state means."""

from typing import Any, Final
from urllib.parse import urlencode

from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from vault import ids
from vault.crypto.canonical import b64
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import NotFound
from vault.ids import DeclarationId, RequesterId
from vault.portal.declared import LEGAL_BASES, contacts, handling
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page
from vault.portal.standings import STATES, look
from vault.portal.words import days, form_name, frequency, item_name, purpose_name
from vault.profile.catalogue import catalogue
from vault.requesters import published
from vault.requesters.declarations import stored_declaration
from vault.requesters.purposes import purposes
from vault.requesters.searching import SEARCHED, Search, search
from vault.requesters.standing import FINAL, MEANINGS, WORKS, Capability, State, allows

_FIELDS: Final = ("name", "uscc", "item", "form", "purpose", "authority", "status", "after")
_LONGEST: Final = 120
_ON_ONE_PAGE: Final = 20
ACTS: Final = {
    "suspend": N_("Suspended"),
    "restore": N_("Restored"),
    "revoke": N_("Revoked"),
    "surrender": N_("Surrendered by the organisation"),
    "shorten": N_("Validity shortened"),
    "narrow": N_("Narrowed"),
}
BY: Final = {
    "officer": N_("officers of the registry"),
    "regulator": N_("the supervising authority"),
    "requester": N_("the organisation"),
    "member": N_("the organisation"),
    "registry": N_("the registry"),
}


@get("/organisations")
async def organisations_page(request: VaultRequest) -> Template:
    """Searching the register."""
    spoken, query = language_of(request), request.query_params
    typed = {name: query.get(name, "")[:_LONGEST].strip() for name in _FIELDS}
    if "\x00" in "".join(typed.values()):
        raise NotFound
    found = await request.doors.database.run(search, _search(typed))
    more = None
    if found.next is not None:
        rest = {name: value for name, value in typed.items() if value and name != "after"}
        more = "/organisations?" + urlencode({**rest, "after": ids.public(ids.REQUESTER, found.next)})
    return page(
        request,
        "organisations/list",
        wide=True,
        query=typed,
        organisations=[organisation_row(each, spoken) for each in found.organisations],
        more=more,
        states=[{"code": str(each), "text": spoken.gettext(STATES[each])} for each in SEARCHED],
        purposes=[{"code": code, "text": spoken.pick(each.name)} for code, each in purposes().by_code.items()],
        items=[{"code": each.item, "text": item_name(spoken, each.item)} for each in catalogue()],
    )


@get("/organisations/statuses")
async def statuses_page(request: VaultRequest) -> Template:
    """What still works in each state."""
    spoken = language_of(request)
    return page(
        request,
        "organisations/statuses",
        wide=True,
        states=[
            look(spoken, each) | {"meaning": spoken.pick(MEANINGS[each]), "final": each in FINAL} for each in State
        ],
        rows=[
            {
                "code": str(each),
                "meaning": spoken.pick(WORKS[each]),
                "cells": [{"state": spoken.gettext(STATES[state]), "works": allows(state, each)} for state in State],
            }
            for each in Capability
        ],
    )


@get("/organisations/{requester:str}")
async def organisation_page(request: VaultRequest, requester: FromPath[str]) -> Template:
    """One organisation."""
    spoken = language_of(request)
    wanted = RequesterId(ids.parse(ids.REQUESTER, requester))
    found = await request.doors.database.run(published.organisation, wanted)
    return page(
        request,
        "organisations/one",
        who=organisation_row(found, spoken) | contacts(found.contact, spoken),
        state_meaning=spoken.pick(MEANINGS[found.state]),
        history=[_event(each, spoken) for each in found.history],
    )


@get("/organisations/{requester:str}/declarations/{declaration:str}")
async def declaration_page(request: VaultRequest, requester: FromPath[str], declaration: FromPath[str]) -> Template:
    """One declaration, with its permit."""
    spoken = language_of(request)
    wanted = DeclarationId(ids.parse(ids.DECLARATION, declaration))
    found = await request.doors.database.run(_of, RequesterId(ids.parse(ids.REQUESTER, requester)), wanted)
    return page(request, "organisations/declaration", wide=True, **_published(found, spoken))


async def _of(session: Session, requester: RequesterId, declaration: DeclarationId) -> published.Published:
    found = await published.declaration(session, declaration)
    if found.owner.id != requester:
        raise NotFound("There is no such declaration of this organisation.")
    return found


def _search(typed: dict[str, str]) -> Search:
    """What was typed, as the room takes it; an unknown state is none. Raises NotFound for a page there is not."""
    state = next((each for each in SEARCHED if str(each) == typed["status"]), None)
    return Search(
        item=typed["item"] or None,
        form=typed["form"] or None,
        purpose=typed["purpose"] or None,
        authority=typed["authority"] or None,
        name=typed["name"] or None,
        uscc=typed["uscc"] or None,
        state=state,
        after=RequesterId(ids.parse(ids.REQUESTER, typed["after"])) if typed["after"] else None,
        limit=_ON_ONE_PAGE,
    )


def organisation_row(found: published.Organisation, spoken: Language) -> dict[str, Any]:
    """An organisation in the reader's language."""
    other = "en" if spoken.tag == "zh-CN" else "zh-CN"
    authority = found.contact.get("supervising_authority") or {}
    return {
        "id": ids.public(ids.REQUESTER, found.id),
        "name": spoken.pick(found.name),
        "other_name": found.name.get(other, ""),
        "uscc": found.uscc,
        "state": look(spoken, found.state),
        "authority_name": spoken.pick(authority.get("name") or {}),
        "vetted_at": found.vetted_at,
        "valid_until": found.valid_until,
        "declarations": [brief_row(each, spoken) for each in found.declarations],
    }


def brief_row(found: published.Brief, spoken: Language) -> dict[str, Any]:
    """A declaration in a line."""
    owner, number = ids.public(ids.REQUESTER, found.requester), ids.public(ids.DECLARATION, found.id)
    return {
        "id": number,
        "href": f"/organisations/{owner}/declarations/{number}",
        "number": found.number,
        "state": look(spoken, found.state),
        "purpose": spoken.pick(found.purpose["text"]),
        "purpose_name": purpose_name(spoken, found.purpose["code"]),
        "purpose_code": found.purpose["code"],
        "items": [item_name(spoken, each["item"]) for each in found.items],
        "valid_from": found.valid_from,
        "valid_until": found.valid_until,
    }


def _event(found: published.Event, spoken: Language) -> dict[str, Any]:
    return {
        "what": spoken.gettext(ACTS[found.act]),
        "by": spoken.gettext(BY[found.by]),
        "at": found.at,
        "until": found.until,
        "confirmed": found.is_confirmed,
        "declaration": "" if found.declaration is None else ids.public(ids.DECLARATION, found.declaration),
    }


def _published(found: published.Published, spoken: Language) -> dict[str, Any]:
    body = stored_declaration(found.body)
    return {
        "who": organisation_row(found.owner, spoken) | contacts(found.owner.contact, spoken),
        "declaration": brief_row(found.brief, spoken) | handling(body, spoken),
        "basis": spoken.gettext(LEGAL_BASES[body.legal_basis]),
        "items": [
            {
                "name": each.item,
                "label": item_name(spoken, each.item),
                "forms": [form_name(spoken, each.item, form) for form in each.forms],
                "required": each.required,
                "necessity": each.necessity.text(spoken.tag),
            }
            for each in body.items
        ],
        "duration": days(spoken, body.longest_duration_days),
        "frequency": frequency(spoken, body.frequency.per, body.frequency.count),
        "max_uses": body.max_uses,
        "retention": days(spoken, body.retention_days),
        "consequence": body.consequence_of_refusal.text(spoken.tag),
        "history": [_event(each, spoken) for each in found.owner.history],
        "digest": b64(found.digest),
        "permit": {
            "digest": b64(found.permit.digest()),
            "signed_until": found.permit.terms.valid_until,
            "valid_until": found.permit_valid_until,
            "signatures": [
                {
                    "officer": ids.public(ids.STAFF, each.officer),
                    "of": f"{each.organisation}, {each.unit}",
                    "key": b64(each.public_key),
                }
                for each in found.signatures
            ],
        },
        "is_in_force": found.brief.state is State.ACTIVE and found.owner.state is State.ACTIVE,
    }
