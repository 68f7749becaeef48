"""Pages about an organisation's clients: keys and their times, return addresses, and changes that take two."""

import json
from datetime import datetime
from typing import Any, Final

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.clock import from_millis, millis
from vault.db import Session
from vault.edge import organisation as desk
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, Refused, VaultError
from vault.organisations import changes
from vault.organisations.changes import Change, OwnProposal
from vault.organisations.client_changes import KEY_ADDED, KEY_RETIRED, METADATA, REDIRECTS
from vault.organisations.endpoint_changes import EVENT_ENDPOINT
from vault.organisations.members import Member, member, members
from vault.organisations.memberships import INVITATION, ROLES_CHANGED, TWO_MEMBERS
from vault.organisations.roles import KEYS, POWERFUL
from vault.organisations.surrendering import SURRENDER
from vault.portal.forms import Form, read_form, wrong_fields
from vault.portal.languages import CHINA, N_, Language
from vault.portal.organisation import done_text, role_names
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reason
from vault.requesters.key_times import Keys
from vault.requesters.owned import OwnClient
from vault.signin import MEMBER, Holder

_KINDS: Final = {
    KEY_ADDED: N_("A new key"),
    KEY_RETIRED: N_("The end of a key"),
    REDIRECTS: N_("Return addresses"),
    METADATA: N_("Settings of a client"),
    EVENT_ENDPOINT: N_("The address for events"),
    ROLES_CHANGED: N_("A member's roles"),
    INVITATION: N_("An invitation"),
    TWO_MEMBERS: N_("How many members changes take"),
    SURRENDER: N_("Giving the registration back"),
}
_NOT_A_DAY: Final = N_("must be a day and a time, for example 2026-11-22T08:30")


@get("/organisation/clients")
async def clients_page(request: VaultRequest) -> Template:
    """Clients with their keys."""
    return await _clients(request)


@post("/organisation/clients/{client:str}/keys", status_code=200)
async def add_key_page(request: VaultRequest, client: FromPath[str]) -> Template | Redirect:
    """Add a public key."""
    form = await read_form(request)

    def body() -> dict[str, Any]:
        times = {"from": _moment(form, "from"), "until": _moment(form, "until")}
        return {"jwk": _jwk(form.text("jwk")), **{name: at for name, at in times.items() if at is not None}}

    return await _propose(request, KEY_ADDED, client, body)


@post("/organisation/clients/{client:str}/retirements", status_code=200)
async def retire_key_page(request: VaultRequest, client: FromPath[str]) -> Template | Redirect:
    """Let a key end."""
    form = await read_form(request)

    def body() -> dict[str, Any]:
        until = _moment(form, "until")
        return {"kid": form.text("kid"), "until": millis(request.doors.clock.now()) if until is None else until}

    return await _propose(request, KEY_RETIRED, client, body)


@post("/organisation/clients/{client:str}/redirect-uris", status_code=200)
async def redirects_page(request: VaultRequest, client: FromPath[str]) -> Template | Redirect:
    """Replace the return addresses."""
    form = await read_form(request)
    lines = [line.strip() for line in form.text("redirect_uris").splitlines() if line.strip()]
    return await _propose(request, REDIRECTS, client, lambda: {"redirect_uris": lines})


@get("/organisation/changes")
async def changes_page(request: VaultRequest) -> Template:
    """Changes, those that wait first."""
    return await _changes(request)


@post("/organisation/changes/{change:str}", status_code=200)
async def decide_change_page(request: VaultRequest, change: FromPath[str]) -> Template | Redirect:
    """Confirm or refuse a proposal."""
    form = await read_form(request)
    which, decision = ids.parse(ids.CHANGE, change), form.text("decision")
    if decision not in {"confirm", "refuse"}:
        raise Invalid.field("decision", "is confirm or refuse")
    try:
        if decision == "confirm":
            async with request.acting(MEMBER) as holder:
                await changes.confirm_on_record(request.doors.database, holder, which)
            return see_other("/organisation/changes?done=made")
        await request.as_holder(MEMBER, changes.refuse, which)
    except (OwnProposal, Conflict, Invalid) as error:
        return await _changes(request, failed=error)
    return see_other("/organisation/changes?done=refused")


@get("/organisation/surrender")
async def surrender_page(request: VaultRequest) -> Template:
    """What giving the registration back means, and the form."""
    found = await request.as_holder(MEMBER, desk.overview)
    spoken = language_of(request)
    return page(request, "organisation/surrender", realm=MEMBER, who=spoken.pick(found.owner.name), reason="")


@post("/organisation/surrender", status_code=200)
async def surrender(request: VaultRequest) -> Template | Redirect:
    """Give the registration back, or propose it where it takes two."""
    form = await read_form(request)
    spoken, why = language_of(request), form.text("reason")
    try:
        if form.text("sure") != "yes":
            raise Invalid.field("sure", "must be ticked: this cannot be undone")
        made = await request.as_holder(MEMBER, changes.propose, SURRENDER, None, body={"reason": why})
    except (Invalid, Conflict) as error:
        found = await request.as_holder(MEMBER, desk.overview)
        context: dict[str, Any] = {
            "who": spoken.pick(found.owner.name),
            "reason": why,
            "problem": problem_text(error, spoken),
        }
        return page(request, "organisation/surrender", status=error.status, realm=MEMBER, **context)
    return see_other(f"/organisation?done={made.state}")


async def _propose(request: VaultRequest, kind: str, client: str, body: Any) -> Template | Redirect:
    which = ids.parse(ids.CLIENT, client)
    try:
        made = await request.as_holder(MEMBER, changes.propose, kind, which, body=body())
    except (Invalid, Conflict) as error:
        return await _clients(request, failed=error)  # what was typed may be a private key: it is not shown again
    return see_other(f"/organisation/clients?done={made.state}")


async def _clients(request: VaultRequest, *, failed: VaultError | None = None) -> Template:
    spoken = language_of(request)
    found = await request.as_holder(MEMBER, desk.overview)
    now = request.doors.clock.now()
    numbers = {each.id: each.number for each in found.declarations}
    context: dict[str, Any] = {
        "may": KEYS in found.me.roles,
        "two_members": found.two_members,
        "clients": [_client(each, now, numbers.get(each.declaration_id, 0)) for each in found.clients],
        "problem": problem_text(failed, spoken) if failed else "",
        "done": done_text(request, spoken),
    }
    return page(request, "organisation/clients", realm=MEMBER, status=failed.status if failed else 200, **context)


async def _changes(request: VaultRequest, *, failed: VaultError | None = None) -> Template:
    spoken = language_of(request)
    found = await request.as_holder(MEMBER, _all_changes)
    me, everybody, listed = found
    names = {each.id: each.name for each in everybody}
    may = bool(POWERFUL & set(me.roles))
    rows = [_change(each, spoken, names) | {"may_confirm": may and each.proposed_by != me.id} for each in listed]
    context: dict[str, Any] = {
        "may": may,
        "open": [row for row in rows if row["state"] == "open"],
        "decided": [row for row in rows if row["state"] != "open"],
        "problem": problem_text(failed, spoken) if failed else "",
        "done": done_text(request, spoken),
    }
    return page(request, "organisation/changes", realm=MEMBER, status=failed.status if failed else 200, **context)


async def _all_changes(session: Session, holder: Holder) -> tuple[Member, list[Member], list[Change]]:
    me = await member(session, holder)
    return me, await members(session, me.organisation), await changes.changes(session, me.organisation)


def problem_text(error: VaultError, spoken: Language) -> str:
    """What is wrong, in the reader's language."""
    wrong = wrong_fields(error) if isinstance(error, Invalid) else {}
    if wrong:
        return "; ".join(f"{name}: {reason(spoken, why)}" for name, why in wrong.items())
    title = error.title if isinstance(error, Refused) else error.public
    return spoken.gettext(title)


def _jwk(text: str) -> dict[str, Any]:
    try:
        jwk = json.loads(text)
    except (ValueError, RecursionError):
        jwk = None
    if not isinstance(jwk, dict):
        raise Invalid.field("jwk", "must be a public key as JSON, beginning with {")
    return jwk


def _moment(form: Form, name: str) -> int | None:
    """Milliseconds of a local time as the browser writes it; the registry's zone."""
    if not form.text(name):
        return None
    try:
        return max(0, millis(datetime.fromisoformat(form.text(name)).replace(tzinfo=CHINA)))
    except (ValueError, OverflowError):
        raise Invalid.field(name, _NOT_A_DAY) from None


def _client(own: OwnClient, now: datetime, number: int) -> dict[str, Any]:
    keys = Keys(own.jwks, own.times)
    return {
        "id": ids.public(ids.CLIENT, own.id),
        "name": own.metadata.client_name or "",
        "status": own.status,
        "number": number,
        "is_sandbox": own.sandbox_of is not None,
        "keys": [_key(keys, each, now) for each in own.jwks["keys"]],
        "redirect_uris": own.redirect_uris,
    }


def _key(keys: Keys, key: dict[str, Any], now: datetime) -> dict[str, Any]:
    bounds = keys.times.get(key["kid"], {})
    return {
        "kid": key["kid"],
        "kind": " ".join(str(key[name]) for name in ("kty", "crv", "alg") if name in key),
        "state": keys.state(key["kid"], now),
        "from": from_millis(bounds["from"]) if "from" in bounds else None,
        "until": from_millis(bounds["until"]) if "until" in bounds else None,
    }


def _change(each: Change, spoken: Language, names: dict[Any, str]) -> dict[str, Any]:
    return {
        "id": ids.public(ids.CHANGE, each.id),
        "what": spoken.gettext(_KINDS.get(each.kind, each.kind)),
        "details": _details(each, spoken, names),
        "by": names.get(each.proposed_by, ""),
        "made_at": each.made_at,
        "expires_at": each.expires_at,
        "state": each.state,
        "decided_by": names.get(each.decided_by, "") if each.decided_by else "",
        "decided_at": each.decided_at,
    }


def _details(each: Change, spoken: Language, names: dict[Any, str]) -> str:
    body = each.body
    match each.kind:
        case "key.added":
            return str(body["jwk"].get("kid", ""))
        case "key.retired":
            return f"{body['kid']} · {spoken.moment(from_millis(body['until']))}"
        case "redirects":
            return ", ".join(body["redirect_uris"])
        case "event-endpoint":
            return body["url"] or spoken.gettext("none")
        case "metadata":
            return json.dumps(body["metadata"], ensure_ascii=False)
        case "roles":
            return f"{names.get(each.subject, '')}: {', '.join(role_names(body['roles'], spoken))}"
        case "invitation":
            return ", ".join(role_names(body["roles"], spoken))
        case "two-members":
            return spoken.gettext("two") if body["two_members"] else spoken.gettext("one")
        case _:
            return str(body.get("reason", ""))
