"""A person's grants: what they allowed, and taking it back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import consent, ids
from vault.api.description import Extra
from vault.consent import GrantView
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.ids import DeclarationId, PersonId
from vault.requesters.states import DeclarationState, states_of
from vault.signin import PERSON, Holder


class GrantedItem(msgspec.Struct, frozen=True):
    """An item in the form in which it leaves."""

    item: str
    form: str


class GrantSummary(msgspec.Struct, frozen=True):
    """A grant. ``status``: active, expired or withdrawn; ``registration``: the state of the requester or of the
    declaration, whichever stops more. Nothing is released under it unless both are active; after ``revoked`` and
    ``surrendered`` never again."""

    grant: str
    status: str
    registration: str
    requester: str
    requester_name: dict[str, str]
    purpose: dict[str, Any]
    declaration: str
    items: list[GrantedItem]
    given_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None
    max_uses: int | None
    frequency: dict[str, Any]
    uses: int
    last_used_at: datetime | None


class GrantListing(msgspec.Struct, frozen=True):
    """Newest first."""

    grants: list[GrantSummary]


class EarlierConsent(msgspec.Struct, frozen=True):
    """A consent that another one took the place of. ``how``: merge or replace."""

    given_at: datetime
    superseded_at: datetime
    how: str
    receipt: dict[str, Any]


class GrantDetail(GrantSummary, frozen=True):
    """A grant with its consent receipt: the record, signed with the person's key (ISO/IEC TS 27560), and what the
    page said. ``earlier``: what was agreed to before, newest first; ``ended_by``: person or requester."""

    receipt: dict[str, Any]
    reason: str | None
    created_at: datetime
    ended_by: str | None
    earlier: list[EarlierConsent]


class WithdrawalRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``reason``: one's own words; nobody else can read them. ``delete``: the organisation must also delete what it has
    (PIPL art. 47), unless one says that it need not."""

    reason: str | None = None
    delete: bool = True


@get("/v1/me/grants", tags=["sharing"])
async def list_grants(request: VaultRequest) -> GrantListing:
    """Everything one has allowed, also what has ended."""
    return GrantListing(await request.as_holder(PERSON, _all))


@get("/v1/me/grants/{grant:str}", tags=["sharing"])
async def read_grant(request: VaultRequest, grant: FromPath[str]) -> GrantDetail:
    """One grant with its receipt."""
    return await request.as_holder(PERSON, _one, grant)


@post(
    "/v1/me/grants/{grant:str}/withdrawal",
    status_code=200,
    opt={"extra": Extra(body=WithdrawalRequest)},
    tags=["sharing"],
)
async def withdraw_grant(request: VaultRequest, grant: FromPath[str]) -> GrantDetail:
    """End a grant. It holds for the very next release; a grant that has ended stays as it was."""
    body = await request.parsed(WithdrawalRequest)
    return await request.as_holder(PERSON, _withdraw, grant, body.reason, delete=body.delete)


async def _all(session: Session, holder: Holder) -> list[GrantSummary]:
    views = await consent.for_person(session, PersonId(holder.id))
    known = await states_of(session, {view.declaration_id for view in views})
    return [GrantSummary(**_members(view, known)) for view in views]


async def _one(session: Session, holder: Holder, grant: str) -> GrantDetail:
    return await _detail(session, holder, await consent.one(session, PersonId(holder.id), ids.parse(ids.GRANT, grant)))


async def _withdraw(session: Session, holder: Holder, grant: str, reason: str | None, *, delete: bool) -> GrantDetail:
    withdrawn = await consent.withdraw(session, holder, ids.parse(ids.GRANT, grant), reason, delete=delete)
    return await _detail(session, holder, withdrawn)


async def _detail(session: Session, holder: Holder, view: GrantView) -> GrantDetail:
    members = _members(view, await states_of(session, [view.declaration_id]))
    public = holder.bundle.signing_public
    kept = await consent.earlier(session, PersonId(holder.id), view.id, public)
    return GrantDetail(
        **members,
        receipt=view.receipt(public),
        reason=view.reason(holder),
        created_at=view.created_at,
        ended_by=view.ended_by,
        earlier=[EarlierConsent(each.given_at, each.superseded_at, each.how, dict(each.receipt)) for each in kept],
    )


def _members(view: GrantView, known: Mapping[DeclarationId, DeclarationState]) -> dict[str, Any]:
    purpose = view.record["pii_processing"]["purposes"][0]
    return {
        "grant": ids.public(ids.GRANT, view.id),
        "status": view.status,
        "registration": str(known[view.declaration_id].worst),
        "requester": ids.public(ids.REQUESTER, view.requester_id),
        "requester_name": view.record["party_identification"][0]["party_name"],
        "purpose": {"code": purpose["purpose_type"], "text": purpose["purpose"]},
        "declaration": ids.public(ids.DECLARATION, view.declaration_id),
        "items": [GrantedItem(each.item, each.form) for each in view.items],
        "given_at": view.given_at,
        "expires_at": view.expires_at,
        "withdrawn_at": view.withdrawn_at,
        "max_uses": view.max_uses,
        "frequency": dict(view.frequency),
        "uses": view.uses,
        "last_used_at": view.last_used_at,
    }
