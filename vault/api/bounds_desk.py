"""The officers' desk: another version of the bounds, proposed by one, decided by one of another unit."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import NotFound
from vault.registry import officer
from vault.requesters import bounding
from vault.requesters.bounding import BoundsVersion
from vault.requesters.bounds import Rule, Rules
from vault.requesters.two_officers import ROLE
from vault.signin import OFFICER, Holder


class BoundsProposal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole set of rules, and why: one line."""

    rules: Rules
    reason: str


class BoundsDecision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A decision about a proposal, and why: one line."""

    decision: Literal["adopt", "refuse"]
    reason: str


class BoundsForOfficer(msgspec.Struct, frozen=True):
    """One version and how it came to be; the shipped one was proposed by nobody."""

    version: int
    status: str
    reason: str
    rules: list[Rule]
    proposed_by: str | None
    proposed_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None


class BoundsHistory(msgspec.Struct, frozen=True):
    """Newest first."""

    versions: list[BoundsForOfficer]


@get("/v1/desk/bounds", tags=["desk"])
async def list_bounds(request: VaultRequest) -> BoundsHistory:
    """Every version of the bounds. Takes the role vetting."""
    return BoundsHistory([_view(each) for each in await request.as_holder(OFFICER, _versions)])


@post("/v1/desk/bounds", status_code=201, opt={"extra": Extra(body=BoundsProposal)}, tags=["desk"])
async def propose_bounds(request: VaultRequest) -> BoundsForOfficer:
    """Propose another version. It holds once an officer of another unit adopts it."""
    body = await request.parsed(BoundsProposal)
    return _view(await request.as_holder(OFFICER, bounding.propose, list(body.rules), body.reason.strip()))


@post(
    "/v1/desk/bounds/{number:str}/decisions", status_code=200, opt={"extra": Extra(body=BoundsDecision)}, tags=["desk"]
)
async def decide_bounds(request: VaultRequest, number: FromPath[str]) -> BoundsForOfficer:
    """Adopt or refuse what a colleague of another unit proposed."""
    body = await request.parsed(BoundsDecision)
    if not (number.isascii() and number.isdigit() and len(number) <= 9):
        raise NotFound("There is no such version of the bounds.")
    adopt, reason = body.decision == "adopt", body.reason.strip()
    async with request.acting(OFFICER) as holder:
        decided = await bounding.decide_on_record(
            request.doors.database, holder, int(number), adopt=adopt, reason=reason
        )
    return _view(decided)


async def _versions(session: Session, holder: Holder) -> list[BoundsVersion]:
    await officer(session, holder, ROLE)
    return await bounding.versions(session)


def _view(found: BoundsVersion) -> BoundsForOfficer:
    return BoundsForOfficer(
        version=found.bounds.version,
        status=found.status,
        reason=found.reason,
        rules=list(found.bounds.rules),
        proposed_by=ids.public(ids.STAFF, found.proposed_by) if found.proposed_by else None,
        proposed_at=found.proposed_at,
        decided_by=ids.public(ids.STAFF, found.decided_by) if found.decided_by else None,
        decided_at=found.decided_at,
    )


HANDLERS: Final[list[Any]] = [
    list_bounds,
    propose_bounds,
    decide_bounds,
]
