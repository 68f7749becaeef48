"""The officers' desk for releases: one officer decides about sensitive items, seeing neither data nor person."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.api.grants import GrantedItem
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.ids import ReleaseId
from vault.release import desk, desk_standing
from vault.release.denials import Code
from vault.release.standing import LONGEST, MOST
from vault.signin import OFFICER, Holder


class WaitingRelease(msgspec.Struct, frozen=True):
    """Who asks for which items, for what; never whose they are.

    ``kind``: grant where one approval for all releases of the grant would do, else release; ``beside``: how many others
    of the same grant wait; ``ends_at``: when it is abandoned."""

    release: str
    requester: str
    requester_name: dict[str, str]
    purpose: str
    items: list[GrantedItem]
    at: datetime
    state: str
    kind: str
    beside: int
    ends_at: datetime


class ReleaseDecisionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A decision, and why: one line without personal data, kept with it. ``code``: with a refusal, the ground that
    person and requester are told."""

    decision: Literal["approve", "refuse"]
    reason: str
    code: Code | None = None


class AllowanceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many releases of the grant may leave without another decision, for how many days, and why."""

    ceiling: Annotated[int, msgspec.Meta(ge=1, le=MOST)]
    days: Annotated[int, msgspec.Meta(ge=1, le=LONGEST.days)]
    reason: str


class StandingApprovalView(msgspec.Struct, frozen=True):
    """An officer's approval of a grant's releases of these items, up to a ceiling and an end; never whose grant."""

    approval: str
    officer: str
    requester: str
    requester_name: dict[str, str]
    items: list[GrantedItem]
    ceiling: int
    uses: int
    at: datetime
    expires_at: datetime


class StandingApprovals(msgspec.Struct, frozen=True):
    """Those that may still be used, newest first."""

    approvals: list[StandingApprovalView]


class EndingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it ends: one line without personal data."""

    reason: str


class WaitingReleases(msgspec.Struct, frozen=True):
    """Oldest first."""

    releases: list[WaitingRelease]


class ReleaseDecided(msgspec.Struct, frozen=True):
    """Where the release stands now. An approval that is not used ends at ``expires_at``."""

    release: str
    state: str
    expires_at: datetime | None


@get("/v1/desk/releases", tags=["desk"])
async def list_waiting_releases(request: VaultRequest) -> WaitingReleases:
    """What waits for a decision. Takes the role release."""
    return WaitingReleases([_view(each) for each in await request.as_holder(OFFICER, desk.waiting)])


@get("/v1/desk/releases/{release_id:str}", tags=["desk"])
async def read_release_at_desk(request: VaultRequest, release_id: FromPath[str]) -> WaitingRelease:
    """One release that an officer was asked about. Takes the role release."""
    return _view(await request.as_holder(OFFICER, _one, release_id))


@post(
    "/v1/desk/releases/{release_id:str}/decisions",
    status_code=200,
    opt={"extra": Extra(body=ReleaseDecisionRequest)},
    tags=["desk"],
)
async def decide_release(request: VaultRequest, release_id: FromPath[str]) -> ReleaseDecided:
    """Approve or refuse one release. Whoever vetted the requester may not."""
    body = await request.parsed(ReleaseDecisionRequest)
    which = ReleaseId(ids.parse(ids.RELEASE, release_id))
    ruling = desk.Ruling(body.decision == "approve", body.reason, body.code)
    async with request.acting(OFFICER) as holder:
        decided = await desk.decide_on_record(request.doors.database, holder, which, ruling)
    return ReleaseDecided(ids.public(ids.RELEASE, decided.id), decided.state, decided.expires_at)


@post(
    "/v1/desk/releases/{release_id:str}/standing-approvals",
    status_code=201,
    opt={"extra": Extra(body=AllowanceRequest)},
    tags=["desk"],
)
async def allow_releases(request: VaultRequest, release_id: FromPath[str]) -> StandingApprovalView:
    """Approve the releases of the grant that this waiting one is of. Whoever vetted the requester may not."""
    body = await request.parsed(AllowanceRequest)
    which = ReleaseId(ids.parse(ids.RELEASE, release_id))
    allowance = desk_standing.Allowance(body.ceiling, body.days, body.reason)
    async with request.acting(OFFICER) as holder:
        made = await desk_standing.allow_on_record(request.doors.database, holder, which, allowance)
    return _standing(made)


@get("/v1/desk/standing-approvals", tags=["desk"])
async def list_standing_approvals(request: VaultRequest) -> StandingApprovals:
    """Standing approvals that may still be used. Takes the role release."""
    return StandingApprovals([_standing(each) for each in await request.as_holder(OFFICER, desk_standing.in_force)])


@post(
    "/v1/desk/standing-approvals/{approval:str}/ending",
    status_code=204,
    opt={"extra": Extra(body=EndingRequest)},
    tags=["desk"],
)
async def end_standing_approval(request: VaultRequest, approval: FromPath[str]) -> None:
    """End a standing approval: the next release of the grant asks an officer again."""
    body = await request.parsed(EndingRequest)
    which = ids.parse(ids.APPROVAL, approval)
    await request.as_holder(OFFICER, desk_standing.end, which, reason=body.reason)


def _standing(made: desk_standing.InForce) -> StandingApprovalView:
    return StandingApprovalView(
        approval=ids.public(ids.APPROVAL, made.id),
        officer=ids.public(ids.STAFF, made.officer),
        requester=ids.public(ids.REQUESTER, made.requester_id),
        requester_name=made.requester_name,
        items=[GrantedItem(each["item"], each["form"]) for each in made.items],
        ceiling=made.ceiling,
        uses=made.uses,
        at=made.at,
        expires_at=made.expires_at,
    )


async def _one(session: Session, holder: Holder, release_id: str) -> desk.Waiting:
    return await desk.one(session, holder, ReleaseId(ids.parse(ids.RELEASE, release_id)))


def _view(waiting: desk.Waiting) -> WaitingRelease:
    return WaitingRelease(
        release=ids.public(ids.RELEASE, waiting.id),
        requester=ids.public(ids.REQUESTER, waiting.requester_id),
        requester_name=waiting.requester_name,
        purpose=waiting.purpose,
        items=[GrantedItem(each["item"], each["form"]) for each in waiting.items],
        at=waiting.at,
        state=waiting.state,
        kind=waiting.kind,
        beside=waiting.beside,
        ends_at=waiting.ends_at,
    )


HANDLERS = [
    list_waiting_releases,
    read_release_at_desk,
    decide_release,
    allow_releases,
    list_standing_approvals,
    end_standing_approval,
]
"""What the routes are made of."""
