"""Proposing access by law on a page: the instrument, whom it names, which items, for whom, until when, told when."""

from datetime import datetime
from typing import Any, Final

from litestar import get, post
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.response import Redirect, Template

from vault import lawful
from vault.accounts.finding import index_of
from vault.consent.terms import ItemForm
from vault.crypto.canonical import unb64
from vault.crypto.keyring import KeyRing
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Invalid
from vault.lawful import BASES, Instrument, LawfulOrder, Recipient
from vault.lawful.orders import BOUNDS, LARGEST_DOCUMENT
from vault.portal import power_words
from vault.portal.forms import Form, wrong_fields
from vault.portal.languages import CHINA, N_, Language
from vault.portal.lawful import HOMES, KINDS
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reason
from vault.profile import forms
from vault.profile.catalogue import catalogue
from vault.signin import OFFICER, REGULATOR, Holder

_ROOM: Final = 1 << 16
"""Bytes of a form beside the document."""
_SCHEME: Final = "cn-ric"
_FIELDS: Final = (
    "basis",
    "authority",
    "number",
    "issued_on",
    "recipient",
    "recipient_key",
    "person",
    "valid_until",
    "openings",
    "reveal_at",
)
_NOT_A_DAY: Final = N_("must be a day, for example 2026-11-22")
_NOT_A_TIME: Final = N_("must be a day and a time, for example 2026-11-22T08:30")
_NOT_A_KEY: Final = N_("must be an X25519 public key: 32 bytes as base64url, 43 characters")
_NO_FILE: Final = N_("Choose a file first.")
_NOT_SURE: Final = N_("must be ticked")
_NO_NUMBER: Final = N_("must be a whole number")


@get("/desk/lawful/new")
async def begin_at_desk_page(request: VaultRequest) -> Template:
    """The form, for the registry's officer."""
    return await _page(request, OFFICER, None)


@get("/oversight/lawful/new")
async def begin_page(request: VaultRequest) -> Template:
    """The form, for the supervisory authority's regulator."""
    return await _page(request, REGULATOR, None)


@post("/desk/lawful", status_code=200, request_max_body_size=LARGEST_DOCUMENT + _ROOM)
async def propose_at_desk_page(request: VaultRequest) -> Template | Redirect:
    """Propose an order; the supervisory authority signs it or not."""
    return await _propose(request, OFFICER)


@post("/oversight/lawful", status_code=200, request_max_body_size=LARGEST_DOCUMENT + _ROOM)
async def propose_page(request: VaultRequest) -> Template | Redirect:
    """Propose an order; the registry signs it or not."""
    return await _propose(request, REGULATOR)


HANDLERS = (begin_at_desk_page, begin_page, propose_at_desk_page, propose_page)


async def _propose(request: VaultRequest, realm: str) -> Template | Redirect:
    fields = await request.form()
    form = Form(FormMultiDict([each for each in fields.multi_items() if each[0] != "document"]))
    file = fields.get("document")
    async with request.acting(realm) as holder:
        await request.doors.database.run(_may, holder)
        document = await file.read() if isinstance(file, UploadFile) else b""
        try:
            order = _order(form, document, request.doors.database.ring)
            await lawful.propose_on_record(request.doors.database, holder, order)
        except Invalid as error:
            return await _page(request, realm, form, wrong=wrong_fields(error))
    return see_other(f"{HOMES[realm]}?done=proposed")


async def _may(session: Session, holder: Holder) -> None:
    """Whoever may not propose is refused whatever they wrote."""
    await lawful.listing(session, holder)


def _order(form: Form, document: bytes, ring: KeyRing) -> LawfulOrder:
    """The order to be. Raises Invalid by field, one after the other."""
    if form.text("sure") != "yes":
        raise Invalid.field("sure", _NOT_SURE)
    if not document:
        raise Invalid.field("document", _NO_FILE)
    basis = BASES.get(form.text("basis"))
    if basis is None:
        raise Invalid.field("basis", "must be one of those offered")
    issued = _moment("issued_on", form.text("issued_on"), "%Y-%m-%d", _NOT_A_DAY)
    return LawfulOrder(
        kind=basis.kind,  # type: ignore[arg-type]  # the published bases have no other
        basis=form.text("basis"),
        instrument=Instrument(form.text("authority"), form.text("number"), issued.date(), document),
        recipient=Recipient(form.text("recipient"), _key(form.text("recipient_key"))),
        subject=_subject(form.text("person"), ring),
        items=[ItemForm(item, form.text(f"form.{item}") or "raw") for item in form.every("item")],
        valid_until=_moment("valid_until", form.text("valid_until"), "%Y-%m-%dT%H:%M", _NOT_A_TIME),
        openings=_count(form.text("openings")),
        reveal_at=_moment("reveal_at", form.text("reveal_at"), "%Y-%m-%d", _NOT_A_DAY),
    )


def _subject(number: str, ring: KeyRing) -> dict[str, str]:
    """The number is turned into an index here and kept nowhere; it is never shown again either."""
    try:
        return index_of(ring, _SCHEME, number)
    except Invalid as error:
        raise Invalid.field("person", next(iter(wrong_fields(error).values()), error.public)) from None


def _moment(name: str, text: str, shape: str, why: str) -> datetime:
    try:
        return datetime.strptime(text, shape).replace(tzinfo=CHINA)
    except ValueError:
        raise Invalid.field(name, why) from None


def _key(text: str) -> bytes:
    try:
        return unb64(text)
    except ValueError:
        raise Invalid.field("recipient_key", _NOT_A_KEY) from None


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 3:
        raise Invalid.field("openings", _NO_NUMBER)
    return int(text)


async def _page(
    request: VaultRequest, realm: str, form: Form | None, *, wrong: dict[str, str] | None = None
) -> Template:
    await request.as_holder(realm, _may)
    spoken = language_of(request)
    typed = {name: form.text(name)[:300] if form else "" for name in _FIELDS} | {"person": ""}
    ticked = form.every("item") if form else []
    chosen = {item: form.text(f"form.{item}") for item in ticked} if form else {}
    return page(
        request,
        "lawful_begin",
        status=422 if wrong else 200,
        realm=realm,
        wide=True,
        home=HOMES[realm],
        typed=typed,
        offered=_offered(spoken, chosen),
        bases=[
            {"code": code, "kind": spoken.gettext(KINDS[basis.kind]), "text": spoken.gettext(power_words.BASES[code])}
            for code, basis in BASES.items()
        ],
        bounds=[_bound(spoken, kind) for kind in BOUNDS],
        wrong={name: reason(spoken, why) for name, why in (wrong or {}).items()},
    )


def _offered(spoken: Language, chosen: dict[str, str]) -> list[dict[str, Any]]:
    """Every item with the forms in which it may be opened."""
    return [
        {
            "item": each.item,
            "text": spoken.pick(each.label),
            "ticked": each.item in chosen,
            "forms": [
                {"code": form, "text": forms.label(each, form, spoken.tag), "chosen": chosen.get(each.item) == form}
                for form in each.forms
            ],
        }
        for each in catalogue()
    ]


def _bound(spoken: Language, kind: str) -> dict[str, Any]:
    bounds = BOUNDS[kind]
    return {
        "kind": spoken.gettext(KINDS[kind]),
        "hours": int(bounds.holds.total_seconds() // 3600),
        "openings": bounds.openings,
        "days": bounds.hidden.days,
    }
