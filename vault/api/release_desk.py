"""The officers' desk for releases: one officer decides about sensitive items, seeing neither data nor person."""

from datetime import datetime

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.api.desk import DecisionRequest
from vault.api.grants import GrantedItem
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.ids import ReleaseId
from vault.release import desk
from vault.signin import OFFICER, Holder


class WaitingRelease(msgspec.Struct, frozen=True):
    """Who asks for which items, for what; never whose they are."""

    release: str
    requester: str
    requester_name: dict[str, str]
    purpose: str
    items: list[GrantedItem]
    at: datetime
    state: str


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
    opt={"extra": Extra(body=DecisionRequest)},
    tags=["desk"],
)
async def decide_release(request: VaultRequest, release_id: FromPath[str]) -> ReleaseDecided:
    """Approve or refuse one release. Whoever vetted the requester may not."""
    body = await request.parsed(DecisionRequest)
    which = ReleaseId(ids.parse(ids.RELEASE, release_id))
    approve = body.decision == "approve"
    async with request.acting(OFFICER) as holder:
        decided = await desk.decide_on_record(
            request.doors.database, holder, which, approve=approve, reason=body.reason
        )
    return ReleaseDecided(ids.public(ids.RELEASE, decided.id), decided.state, decided.expires_at)


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
    )
