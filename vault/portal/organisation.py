"""An organisation's desk: standing and what to do next, declarations, grants in force, releases, incidents, audit."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import get
from litestar.response import Template

from vault import ids
from vault.clock import from_millis
from vault.consent.held import Held
from vault.db import Session
from vault.edge import organisation as desk
from vault.edge.organisation import Overview
from vault.edge.request import VaultRequest
from vault.errors import NotFound
from vault.ledger.reading import Entry
from vault.organisations.members import member, members
from vault.organisations.roles import ADMINISTRATOR, KEYS
from vault.portal.events import to_others
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page
from vault.portal.words import days, form_name, frequency, item_name, item_with_form, outcome
from vault.profile.catalogue import catalogue
from vault.release.quotas import Whose, quota_of
from vault.requesters.key_times import Keys
from vault.requesters.owned import OwnDeclaration
from vault.requesters.standing import State
from vault.signin import MEMBER, Holder

SOON: Final = timedelta(days=60)
"""So long before vetting or a key ends, members are told."""
ROLE_NAMES: Final[Mapping[str, str]] = {
    "administrator": N_("Administrator"),
    "keys": N_("Keys"),
    "declarations": N_("Declarations"),
    "audit": N_("Audit"),
}
_STANDING: Final[Mapping[State, str]] = {
    State.SUSPENDED: N_("The registry suspended the registration. Nothing is released until it is restored."),
    State.REVOKED: N_("The registration was revoked. What was received stays subject to the duty to delete."),
    State.SURRENDERED: N_("The registration was given back. What was received stays subject to the duty to delete."),
    State.EXPIRED: N_("The vetting has ended. Apply again to renew it: nothing is released until then."),
}
_ACTORS: Final[Mapping[str, str]] = {
    "requester": N_("your client"),
    "officer": N_("an officer"),
    "regulator": N_("a regulator"),
    "registry": N_("the registry"),
}
_LISTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "releases": (
        N_("Releases"),
        N_("Each delivery of data, and each request that was refused or waits for an officer. Never who it is about."),
        N_("Nothing was released yet."),
    ),
    "incidents": (
        N_("Incidents"),
        N_("What was refused to your clients and members, by reason, and what was done about your standing."),
        N_("Nothing was refused so far."),
    ),
    "audit": (
        N_("Audit"),
        N_("Every act of your members, and every act about your registration, as the ledger has it."),
        N_("Nothing is recorded yet."),
    ),
}


@get("/organisation")
async def organisation_page(request: VaultRequest) -> Template:
    """How the organisation stands, and what to do next."""
    spoken = language_of(request)
    found = await request.as_holder(MEMBER, desk.overview)
    context: dict[str, Any] = {
        "who": spoken.pick(found.owner.name),
        "owner": found.owner,
        "organisation": ids.public(ids.REQUESTER, found.owner.id),
        "me": found.me,
        "roles": role_names(found.me.roles, spoken),
        "two_members": found.two_members,
        "grants": sum(each.grants for each in found.grants.by_declaration),
        "uses": sum(each.uses for each in found.grants.by_declaration),
        "is_all": found.grants.is_all,
        "declarations": sum(each.state is State.ACTIVE for each in found.declarations),
        "clients": len(found.clients),
        "next": await request.as_holder(MEMBER, _next, found, spoken),
        "done": done_text(request, spoken),
    }
    return page(request, "organisation/overview", realm=MEMBER, **context)


@get("/organisation/declarations")
async def own_declarations_page(request: VaultRequest) -> Template:
    """Every version of every declaration, and how much of it is used."""
    spoken = language_of(request)
    found = await request.as_holder(MEMBER, desk.overview)
    used = {each.declaration_id: each for each in found.grants.by_declaration}
    shown = [_declaration(each, spoken) for each in found.declarations]
    for each, own in zip(shown, found.declarations, strict=True):
        count = used.get(own.id)
        each["grants"], each["uses"] = (count.grants, count.uses) if count else (0, 0)
    quota = await request.doors.database.run(quota_of, Whose(found.owner.id, request.doors.settings.requester_quota))
    is_all = found.grants.is_all
    return page(request, "organisation/declarations", realm=MEMBER, declarations=shown, is_all=is_all, quota=quota)


@get("/organisation/grants")
async def held_grants_page(request: VaultRequest) -> Template:
    """The grants in force, newest first."""
    spoken = language_of(request)
    before = _grant_id(request.query_params.get("before", ""))
    found, further = await request.as_holder(MEMBER, desk.grants, before=before, limit=50)
    older = f"/organisation/grants?before={ids.public(ids.GRANT, further)}" if further else ""
    rows = [_grant(each, spoken) for each in found]
    return page(request, "organisation/grants", realm=MEMBER, wide=True, grants=rows, older=older)


@get("/organisation/releases")
async def own_releases_page(request: VaultRequest) -> Template:
    """Releases, newest first."""
    return await _list(request, "releases")


@get("/organisation/incidents")
async def incidents_page(request: VaultRequest) -> Template:
    """Refusals and acts about the standing, newest first."""
    return await _list(request, "incidents")


@get("/organisation/audit")
async def audit_page(request: VaultRequest) -> Template:
    """Acts of members and about the registration, newest first."""
    return await _list(request, "audit")


async def _list(request: VaultRequest, which: str) -> Template:
    spoken, given = language_of(request), request.query_params.get("before", "")
    before = int(given) if given.isascii() and given.isdigit() and len(given) < 16 else None
    source = "entries" if which == "audit" else which
    found = await request.as_holder(MEMBER, desk.entries, source, before=before, limit=50)
    names = await request.as_holder(MEMBER, _names)
    heading, lede, empty = (spoken.gettext(text) for text in _LISTS[which])
    context: dict[str, Any] = {
        "heading": heading,
        "lede": lede,
        "empty": empty,
        "rows": [_row(each, spoken, names) for each in found.entries],
        "older": f"/organisation/{which}?before={found.next}" if found.next is not None else "",
        "newest": before is None,
    }
    return page(request, "organisation/entries", realm=MEMBER, wide=True, **context)


async def _names(session: Session, holder: Holder) -> dict[str, str]:
    """What the organisation's own members are called, by public id."""
    me = await member(session, holder)
    return {ids.public(ids.MEMBER, each.id): each.name for each in await members(session, me.organisation)}


async def _next(session: Session, holder: Holder, found: Overview, spoken: Language) -> list[dict[str, str]]:
    """What members should look after now."""
    told: list[tuple[str, str]] = []
    now, owner, say = session.now, found.owner, spoken.gettext
    if owner.state in _STANDING:
        told.append((say(_STANDING[owner.state]), "/organisation/incidents"))
    if owner.state is State.ACTIVE and owner.valid_until and owner.valid_until < now + SOON:
        text = say(N_("The vetting ends on %(day)s. Apply again before that day to renew it."))
        told.append((text % {"day": spoken.day(owner.valid_until)}, "/organisation/declarations"))
    if found.open_changes:
        told.append((say(N_("A change waits for a second member.")), "/organisation/changes"))
    everybody = await members(session, found.me.organisation)
    active = [each.roles for each in everybody if each.status == "active"]
    if not any(KEYS in roles for roles in active):
        told.append((say(N_("Nobody may change keys yet: give a member the role for it.")), "/organisation/members"))
    if sum(ADMINISTRATOR in roles for roles in active) < 2:
        text = say(N_("There is one administrator only. Invite a second one: nobody can reset a lost password."))
        told.append((text, "/organisation/members"))
    if any(_ends_soon(Keys(client.jwks, client.times), now) for client in found.clients):
        told.append((say(N_("A key ends soon and none follows it: add the next one.")), "/organisation/clients"))
    return [{"text": text, "href": href} for text, href in told]


def _ends_soon(keys: Keys, now: datetime) -> bool:
    gap = keys.first_gap(now)
    return gap is not None and gap < now + SOON


def _grant_id(given: str) -> UUID | None:
    try:
        return ids.parse(ids.GRANT, given) if given else None
    except NotFound:
        return None


def _grant(held: Held, spoken: Language) -> dict[str, Any]:
    return {
        "id": ids.public(ids.GRANT, held.id),
        "sub": held.subject,
        "items": [item_with_form(spoken, each["item"], each["form"]) for each in held.items],
        "until": held.until,
        "uses": held.uses,
        "max_uses": held.max_uses,
        "frequency": frequency(spoken, held.frequency["per"], held.frequency["count"]),
        "window_uses": held.window_uses,
    }


def _declaration(own: OwnDeclaration, spoken: Language) -> dict[str, Any]:
    body = own.body
    return {
        "id": ids.public(ids.DECLARATION, own.id),
        "number": own.number,
        "state": str(own.state),
        "purpose": spoken.pick(msgspec.to_builtins(body.purpose.text)),
        "code": body.purpose.code,
        "items": [
            {
                "label": item_name(spoken, each.item),
                "forms": ", ".join(form_name(spoken, each.item, form) for form in each.forms),
                "required": each.required,
                "sensitive": (field := catalogue().find(each.item)) is not None and field.is_sensitive,
            }
            for each in body.items
        ],
        "frequency": frequency(spoken, body.frequency.per, body.frequency.count),
        "max_uses": body.max_uses,
        "longest": days(spoken, body.longest_duration_days),
        "retention": days(spoken, body.retention_days),
        "from": own.valid_from,
        "until": own.valid_until,
    }


def _row(entry: Entry, spoken: Language, names: Mapping[str, str]) -> dict[str, Any]:
    members_ = entry.members
    actor, reason = members_["actor"], desk.reason(entry)
    by = str(actor.get("id") or "")
    is_staff = actor["kind"] in {"officer", "regulator"}
    return {
        "index": entry.index,
        "at": from_millis(members_["at"]),
        "event": members_["event"],
        "what": to_others(spoken, members_["event"]),
        "by": names.get(by) or spoken.gettext(_ACTORS.get(actor["kind"], N_("a former member"))),
        "by_id": by if is_staff else "",
        "second": names.get(str(members_.get("second") or ""), ""),
        "about": names.get(str(members_.get("ref") or ""), members_.get("ref") or ""),
        "roles": role_names(members_.get("roles") or (), spoken),
        "declaration": members_.get("declaration") or "",
        "items": [item_with_form(spoken, each["item"], each.get("form")) for each in members_.get("items", ())],
        "outcome": outcome(spoken, reason or members_.get("outcome") or ""),
    }


def role_names(roles: Any, spoken: Language) -> list[str]:
    """Roles in words."""
    return [spoken.gettext(ROLE_NAMES[role]) if role in ROLE_NAMES else role for role in roles]


_DONE: Final = {
    "made": N_("The change is made."),
    "open": N_("The change waits for a second member."),
    "refused": N_("The proposal is refused."),
    "standing": N_("The member's standing is changed."),
    "withdrawn": N_("The invitation is withdrawn."),
    "password": N_("Your password is changed. Your other sign-ins have ended."),
}


def done_text(request: VaultRequest, spoken: Language) -> str:
    """What was done just now, from the address."""
    return spoken.gettext(_DONE[done]) if (done := request.query_params.get("done", "")) in _DONE else ""
