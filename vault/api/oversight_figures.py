"""Regulators' figures, blast radius and exports; and what everybody may see of all of it."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.api.oversight import Asked, question_of
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.request import VaultRequest
from vault.errors import Invalid
from vault.oversight import exports
from vault.oversight.figures import Stretch, figures
from vault.oversight.formats import SUFFIXES
from vault.oversight.reach import Case, radius
from vault.oversight.transparency import Transparency, transparency
from vault.signin import REGULATOR

Code = Annotated[str, msgspec.Meta(max_length=80)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
PIECE: Final = 8 * 1024 * 1024
"""Bytes of an export in one answer."""
_ONE_RANGE: Final = re.compile(r"bytes=(?P<first>[0-9]{1,15})-(?P<last>[0-9]{1,15})?")
MONTH: Final = timedelta(days=30)


class FiguresAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Which figures; without ``from``, of the last thirty days. Buckets are whole, in the registry's zone (UTC+8)."""

    from_: Moment | None = None
    to: Moment | None = None
    per: Literal["hour", "day", "month"] = "day"
    requester: Code | None = None
    within_mandate: bool = False


class FiguresView(msgspec.Struct, frozen=True):
    """``series``: counts by name, one for each bucket. ``median_ms`` and ``ninth_ms``: officers' time to decide, at the
    median and at nine of ten, over the newest decisions of the period."""

    per: str
    buckets: list[datetime]
    series: dict[str, list[int]]
    median_ms: int | None
    ninth_ms: int | None


class ReachAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """An organisation and a period. ``after``: a person's reference, for the next page of persons."""

    requester: Code
    from_: Moment
    to: Moment
    after: Code = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class TouchedView(msgspec.Struct, frozen=True):
    """One person, by a reference that is good in this case alone."""

    reference: str
    releases: int
    first: datetime
    last: datetime
    sensitivity: str
    items: list[str]


class NoticeView(msgspec.Struct, frozen=True):
    """What to tell people of one class, by language."""

    sensitivity: str
    persons: int
    text: dict[str, str]


class ReachedItem(msgspec.Struct, frozen=True):
    """An item in a form: how many persons it is about, in how many releases."""

    item: str
    persons: int
    releases: int


class RadiusView(msgspec.Struct, frozen=True):
    """``releases`` by the register, ``entries`` by the ledger: the two should be the same."""

    case: str
    persons: int
    releases: int
    entries: int
    items: list[ReachedItem]
    days: dict[str, int]
    classes: dict[str, int]
    listed: list[TouchedView]
    next: str | None
    notices: list[NoticeView]


class ExportAsked(Asked, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A question, and the format of the file that answers it. ``before``, ``limit`` and ``proof`` say nothing here."""

    format: Literal["csv", "parquet", "bundle"] = "csv"


class ExportView(msgspec.Struct, frozen=True):
    """An export: ``made`` of ``entries``; ``length`` in bytes so far; ``state`` running or done."""

    export: str
    format: str
    state: str
    entries: int
    made: int
    length: int
    at: datetime
    ends_at: datetime


class ExportsView(msgspec.Struct, frozen=True):
    """One's own exports, newest first."""

    exports: list[ExportView]


@get("/v1/oversight/figures", opt={"extra": Extra(query=FiguresAsked, refusals=(404,))}, tags=["oversight"])
async def read_figures(request: VaultRequest) -> FiguresView:
    """Figures over time within one's mandate, in full."""
    asked = request.asked(FiguresAsked)
    until = asked.to or request.doors.clock.now()
    who = ids.parse(ids.REQUESTER, asked.requester) if asked.requester else None
    stretch = Stretch(asked.from_ or until - MONTH, until, asked.per, who, asked.within_mandate)
    async with request.acting(REGULATOR) as holder:
        found = await figures(request.doors.database, holder, stretch)
    median, ninth = found.waits or (None, None)
    return FiguresView(asked.per, found.buckets, found.series, median, ninth)


@post(
    "/v1/oversight/reach", status_code=200, opt={"extra": Extra(body=ReachAsked, refusals=(404,))}, tags=["oversight"]
)
async def read_reach(request: VaultRequest) -> RadiusView:
    """Whom an organisation's uses reached in a period, what and how often, and what to tell them."""
    asked = await request.parsed(ReachAsked)
    case = Case(ids.parse(ids.REQUESTER, asked.requester), asked.from_, asked.to, asked.after, asked.limit)
    async with request.acting(REGULATOR) as holder:
        found = await radius(request.doors.database, holder, case)
    return RadiusView(
        case=found.case,
        persons=found.count,
        releases=found.releases,
        entries=found.entries,
        items=[ReachedItem(item, *counts) for item, counts in found.items.items()],
        days=found.days,
        classes=found.classes,
        listed=[
            TouchedView(each.reference, each.releases, each.first, each.last, each.sensitivity, list(each.items))
            for each in found.persons
        ],
        next=found.next,
        notices=[NoticeView(each.sensitivity, each.persons, each.text) for each in found.notices],
    )


@get("/v1/oversight/exports", tags=["oversight"])
async def list_exports(request: VaultRequest) -> ExportsView:
    """One's own exports and how far they are."""
    return ExportsView([_view(each) for each in await request.as_holder(REGULATOR, exports.listing)])


@post(
    "/v1/oversight/exports",
    status_code=201,
    opt={"extra": Extra(body=ExportAsked, refusals=(404, 409))},
    tags=["oversight"],
)
async def order_export(request: VaultRequest) -> ExportView:
    """Order an export of everything that answers a question, as the ledger stands now."""
    asked = await request.parsed(ExportAsked)
    async with request.acting(REGULATOR) as holder:
        question = question_of(asked, asked.reference)
        return _view(await exports.order(request.doors.database, holder, question, asked.format))


@get("/v1/oversight/exports/{export:str}", tags=["oversight"])
async def read_export(request: VaultRequest, export: FromPath[str]) -> ExportView:
    """How far an export is."""
    return _view(await request.as_holder(REGULATOR, exports.one, ids.parse(ids.EXPORT, export)))


@get(
    "/v1/oversight/exports/{export:str}/content",
    opt={
        "extra": Extra(
            media_type="application/octet-stream",
            conditions={"Range": "bytes=FIRST- or bytes=FIRST-LAST (RFC 9110 section 14): go on from this byte."},
            answers={206: ("A part of it: Content-Range says which, and how long the whole is.", bytes)},
            refusals=(409, 422),
        )
    },
    tags=["oversight"],
)
async def fetch_export(request: VaultRequest, export: FromPath[str]) -> Response[bytes]:
    """The file, or its next piece of at most 8 MiB: go on with Range until the length is reached."""
    first, most = _span(request.headers.get("range", ""))
    which = ids.parse(ids.EXPORT, export)
    found, content = await request.as_holder(REGULATOR, exports.fetch, which, first=first, most=most)
    whole = first == 0 and len(content) == found.length
    name = f"{export}.{SUFFIXES[found.format]}"
    headers = {"Accept-Ranges": "bytes", "Content-Disposition": f'attachment; filename="{name}"'}
    if not whole:
        headers["Content-Range"] = f"bytes {first}-{first + len(content) - 1}/{found.length}"
    status = 200 if whole else 206
    return Response(content, status_code=status, media_type="application/octet-stream", headers=headers)


@get("/v1/transparency", opt=NO_FORM_TOKEN, tags=["ledger"])
async def read_transparency(request: VaultRequest) -> Transparency:
    """What everybody may know: figures by month with small counts kept back, and what is hidden from people now."""
    return await transparency(request.doors.database)


HANDLERS = (
    read_figures,
    read_reach,
    list_exports,
    order_export,
    read_export,
    fetch_export,
    read_transparency,
)


def _view(ordered: exports.Ordered) -> ExportView:
    return ExportView(
        export=ids.public(ids.EXPORT, ordered.id),
        format=ordered.format,
        state=ordered.state,
        entries=ordered.total,
        made=ordered.made,
        length=ordered.length,
        at=ordered.at,
        ends_at=ordered.ends_at,
    )


def _span(wanted: str) -> tuple[int, int]:
    """The first byte that a Range header asks for, and how many at most: from 0 and one piece without one.

    Raises Invalid for any but one range of the forms ``bytes=FIRST-`` and ``bytes=FIRST-LAST``.
    """
    if not wanted:
        return 0, PIECE
    asked = _ONE_RANGE.fullmatch(wanted)
    if asked is None or int(asked["last"] or asked["first"]) < int(asked["first"]):
        raise Invalid.field("Range", "must be bytes=FIRST- or bytes=FIRST-LAST")
    first = int(asked["first"])
    return first, min(PIECE, int(asked["last"]) - first + 1) if asked["last"] else PIECE
