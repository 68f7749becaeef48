"""The officers' desk: how much a requester may take in a day. Above the default it takes two."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.ids import RequesterId
from vault.registry import officer
from vault.release import quotas
from vault.release.quotas import Quota, Whose
from vault.requesters.two_officers import ROLE
from vault.signin import OFFICER, Holder


class QuotaRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Releases a day, and why: one line of 4 to 500 characters, without personal data."""

    per_day: Annotated[int, msgspec.Meta(ge=0, le=quotas.MOST)]
    reason: str


class QuotaDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The second officer's word, and why."""

    decision: Literal["agree", "decline"]
    reason: str


class QuotaAtDesk(msgspec.Struct, frozen=True):
    """What holds. ``leased``: of ``per_day``, used today or about to be; ``per_minute`` while the requester is slowed
    down, until ``slowed_until``; ``proposed`` waits for a second officer."""

    per_day: int
    default: bool
    leased: int
    per_minute: int | None
    slowed_until: datetime | None
    proposed: int | None


@get("/v1/desk/requesters/{requester:str}/quota", tags=["desk"])
async def read_requester_quota(request: VaultRequest, requester: FromPath[str]) -> QuotaAtDesk:
    """A requester's quota. Takes the role vetting."""
    return view(await request.as_holder(OFFICER, _quota, _whose(request, requester)))


@post(
    "/v1/desk/requesters/{requester:str}/quota",
    status_code=200,
    opt={"extra": Extra(body=QuotaRequest)},
    tags=["desk"],
)
async def set_requester_quota(request: VaultRequest, requester: FromPath[str]) -> QuotaAtDesk:
    """Set the quota of a day. Above the default it is proposed, and an officer of another unit decides."""
    body, whose = await request.parsed(QuotaRequest), _whose(request, requester)
    set_by = await request.as_holder(OFFICER, quotas.set_quota, whose, per_day=body.per_day, reason=body.reason.strip())
    return view(set_by)


@post(
    "/v1/desk/requesters/{requester:str}/quota/decisions",
    status_code=200,
    opt={"extra": Extra(body=QuotaDecision)},
    tags=["desk"],
)
async def decide_requester_quota(request: VaultRequest, requester: FromPath[str]) -> QuotaAtDesk:
    """Agree to a proposed quota, or decline it: an officer of another unit than who proposed it."""
    body, whose = await request.parsed(QuotaDecision), _whose(request, requester)
    agree, reason = body.decision == "agree", body.reason.strip()
    async with request.acting(OFFICER) as holder:
        decided = await quotas.decide_on_record(request.doors.database, holder, whose, agree=agree, reason=reason)
    return view(decided)


async def _quota(session: Session, holder: Holder, whose: Whose) -> Quota:
    await officer(session, holder, ROLE)
    return await quotas.quota_of(session, whose)


def view(found: Quota) -> QuotaAtDesk:
    """As JSON."""
    return QuotaAtDesk(
        per_day=found.per_day,
        default=found.is_default,
        leased=found.leased,
        per_minute=found.per_minute,
        slowed_until=found.slowed_until,
        proposed=found.proposed,
    )


def _whose(request: VaultRequest, requester: str) -> Whose:
    return Whose(RequesterId(ids.parse(ids.REQUESTER, requester)), request.doors.settings.requester_quota)


HANDLERS: Final[list[Any]] = [
    read_requester_quota,
    set_requester_quota,
    decide_requester_quota,
]
