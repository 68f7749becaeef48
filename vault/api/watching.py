"""The officers' desk about behaviour: what the watcher found, and looking into it."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.edge.request import VaultRequest
from vault.ids import RequesterId
from vault.signin import OFFICER
from vault.watching import desk
from vault.watching.desk import Found
from vault.watching.rules import RULES


class WatchSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``closed``: those that were looked into, instead of those that wait."""

    closed: bool = False


class FindingClosing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of it: one line of 4 to 500 characters, without personal data."""

    reason: Annotated[str, msgspec.Meta(max_length=500)]


class RuleView(msgspec.Struct, frozen=True):
    """A rule by which behaviour is scored, in words."""

    rule: str
    title: dict[str, str]
    meaning: dict[str, str]


class RuleApplied(msgspec.Struct, frozen=True):
    """A rule that applied: its points and the figures it saw."""

    rule: str
    points: int
    figures: dict[str, int]


class FindingView(msgspec.Struct, frozen=True):
    """``outcome``: noted, throttled (until ``until``) or stopped (until two officers decide)."""

    finding: str
    requester: str
    requester_name: dict[str, str]
    score: int
    outcome: str
    rules: list[RuleApplied]
    at: datetime
    until: datetime | None
    closed_at: datetime | None
    closed_reason: str | None


class FindingsAtDesk(msgspec.Struct, frozen=True):
    """What waits: worst first. What was closed: newest first. ``rules``: every rule there is."""

    findings: list[FindingView]
    rules: list[RuleView]


@get("/v1/desk/watch", opt={"extra": Extra(query=WatchSearch)}, tags=["desk"])
async def list_findings(request: VaultRequest) -> FindingsAtDesk:
    """What the watcher found. Takes the role vetting."""
    wanted = request.asked(WatchSearch)
    async with request.acting(OFFICER) as holder:
        found = await request.doors.database.run(desk.found, holder, closed=wanted.closed)
    rules = [RuleView(each.name, dict(each.title), dict(each.meaning)) for each in RULES]
    return FindingsAtDesk([_view(each) for each in found], rules)


@post(
    "/v1/desk/requesters/{requester:str}/watch/{finding:str}",
    status_code=200,
    opt={"extra": Extra(body=FindingClosing)},
    tags=["desk"],
)
async def close_finding(request: VaultRequest, requester: FromPath[str], finding: FromPath[str]) -> FindingView:
    """Close a finding with what came of it. Lifting a suspension is an act of its own. Takes the role vetting."""
    body = await request.parsed(FindingClosing)
    who, which = RequesterId(ids.parse(ids.REQUESTER, requester)), ids.parse(ids.FINDING, finding)
    async with request.acting(OFFICER) as holder:
        return _view(await request.doors.database.run(desk.close, holder, who, which, reason=body.reason))


HANDLERS: Final[list[Any]] = [list_findings, close_finding]


def _view(found: Found) -> FindingView:
    return FindingView(
        finding=ids.public(ids.FINDING, found.id),
        requester=ids.public(ids.REQUESTER, found.requester),
        requester_name=found.requester_name,
        score=found.score,
        outcome=found.outcome,
        rules=[msgspec.convert(each, RuleApplied) for each in found.findings],
        at=found.at,
        until=found.until,
        closed_at=found.closed_at,
        closed_reason=found.closed_reason,
    )
