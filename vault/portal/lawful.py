"""Access by law, for both who carry it out: orders, signing, each one's step. No value is ever on these pages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids, lawful
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import CannotOpen, Conflict, Invalid, NotFound, Refused, VaultError
from vault.lawful import OrderView
from vault.lawful.deciding import confirm_by_court, on_record
from vault.portal.forms import Form, read_form, sha256_of, wrong_fields
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.power_words import BASES
from vault.portal.reasons import reasons
from vault.portal.words import item_with_form
from vault.registry import staff_member
from vault.signin import OFFICER, REGULATOR, Holder

HOMES: Final = {OFFICER: "/desk/lawful", REGULATOR: "/oversight/lawful"}
KINDS: Final = {"court": N_("Order of a court"), "emergency": N_("Emergency")}
_STATES: Final = {
    "proposed": N_("Waits for the other authority"),
    "in_force": N_("In force"),
    "refused": N_("Not signed, or nobody has such a vault"),
    "ended": N_("Ended"),
    "lapsed": N_("Nobody signed in time"),
    "over": N_("Over"),
}
_DONE: Final = {
    "yes": N_("It is done and recorded."),
    "proposed": N_("Your proposal is signed and recorded. The other authority must sign it too."),
}
_OPENINGS: Final = {
    "peeled": N_("First step taken; the second waits"),
    "opened": N_("Opened for the recipient"),
    "late": N_("The second step never came"),
}


@get("/desk/lawful")
async def lawful_at_desk_page(request: VaultRequest) -> Template:
    """Orders, for the registry's officer."""
    return await _page(request, OFFICER)


@get("/oversight/lawful")
async def lawful_page(request: VaultRequest) -> Template:
    """Orders, for the supervisory authority's regulator."""
    return await _page(request, REGULATOR)


@post("/desk/lawful/{lawful_order:str}", status_code=200)
async def act_at_desk_page(request: VaultRequest, lawful_order: FromPath[str]) -> Template | Redirect:
    """Sign, decline, take the first step, end."""
    return await _act(request, OFFICER, lawful_order)


@post("/oversight/lawful/{lawful_order:str}", status_code=200)
async def act_page(request: VaultRequest, lawful_order: FromPath[str]) -> Template | Redirect:
    """Sign, decline, take the second step, end."""
    return await _act(request, REGULATOR, lawful_order)


async def _act(request: VaultRequest, realm: str, order: str) -> Template | Redirect:
    form = await read_form(request)
    failed: VaultError | None = None
    if not form.language:
        try:
            await _carry_out(request, realm, ids.parse(ids.LAWFUL_ORDER, order), form)
            return see_other(f"{HOMES[realm]}?done=yes")
        except (Invalid, Refused, Conflict, CannotOpen) as error:
            failed = error
    typed = {"order": order, "court_number": form.text("court_number")[:200], "digest": form.text("digest")[:64]}
    return await _page(request, realm, typed=typed, failed=failed, language=form.language)


async def _carry_out(request: VaultRequest, realm: str, order: UUID, form: Form) -> None:
    db, act = request.doors.database, form.text("act")
    async with request.acting(realm) as holder:
        if act in {"sign", "decline"}:
            await lawful.decide_on_record(db, holder, order, agree=act == "sign")
        elif act == "end":
            await on_record(db, lawful.end, holder, order)
        elif act == "peel":
            await lawful.peel_on_record(db, holder, order)
        elif act == "open":
            await lawful.open_on_record(db, holder, ids.parse(ids.OPENING, form.text("opening")))
        elif act == "court":
            said = sha256_of(form.text("digest"))
            await on_record(db, confirm_by_court, holder, order, number=form.text("court_number"), document_digest=said)
        else:
            raise NotFound


async def _page(
    request: VaultRequest,
    realm: str,
    *,
    typed: Mapping[str, str] = MappingProxyType({}),
    failed: VaultError | None = None,
    language: Any = None,
) -> Template:
    spoken = language or language_of(request)
    home, done = HOMES[realm], _DONE.get(request.query_params.get("done", ""), "")
    wrong = reasons(spoken, wrong_fields(failed)) if isinstance(failed, Invalid) else {}
    return page(
        request,
        "lawful",
        status=failed.status if failed else 200,
        realm=realm,
        wide=True,
        language=language,
        done=spoken.gettext(done) if done else "",
        typed={"order": "", "court_number": "", "digest": ""} | dict(typed),
        wrong=wrong,
        problem=f"{spoken.gettext(failed.title)} · {spoken.gettext(failed.public)}" if failed and not wrong else "",
        home=home,
        back={"href": "/desk", "text": spoken.gettext("Desk")}
        if realm == OFFICER
        else {"href": "/oversight", "text": spoken.gettext("Ledger")},
        switch=lambda other: "/language?" + urlencode({"to": other.tag, "next": home}),
        orders=await request.as_holder(realm, _found, spoken),
    )


async def _found(session: Session, holder: Holder, spoken: Language) -> list[dict[str, Any]]:
    found = [await lawful.one(session, holder, each.id) for each in await lawful.listing(session, holder)]
    return [await _row(session, each, holder, spoken) for each in found]


async def _row(session: Session, found: OrderView, holder: Holder, spoken: Language) -> dict[str, Any]:
    mine = holder.id in {found.officer, found.regulator}
    is_open, in_force = found.state == "proposed", found.state == "in_force"
    made = [
        {
            "id": ids.public(ids.OPENING, each.id),
            "state": spoken.gettext(_OPENINGS[each.state]),
            "at": each.opened_at or each.at,
            "until": each.expires_at if each.state == "peeled" else None,
            "may_open": in_force and mine and holder.realm == REGULATOR and each.state == "peeled",
            "file": mine and holder.realm == REGULATOR and each.state == "opened",
        }
        for each in found.made
    ]
    return {
        "id": ids.public(ids.LAWFUL_ORDER, found.id),
        "kind": spoken.gettext(KINDS[found.kind]),
        "basis": spoken.gettext(BASES[found.basis]),
        "authority": found.authority,
        "number": found.number,
        "issued_on": found.issued_on,
        "recipient": found.recipient,
        "items": [item_with_form(spoken, each["item"], each["form"]) for each in found.items],
        "state": spoken.gettext(_STATES[found.state]),
        "by": (await staff_member(session, found.proposed_by)).name,
        "at": found.at,
        "until": found.lapses_at if is_open else found.valid_until,
        "reveal_at": found.reveal_at,
        "used": found.used,
        "openings": found.openings,
        "court_due_at": found.court_due_at if found.court_confirmed_at is None else None,
        "is_overdue": found.is_overdue,
        "court_number": found.court_number,
        "may_confirm": mine and found.court_due_at is not None and found.court_confirmed_at is None,
        "made": made,
        "may_sign": is_open and not mine,
        "may_peel": in_force and mine and holder.realm == OFFICER,
        "may_end": in_force and mine,
    }
