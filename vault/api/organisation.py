"""An organisation's own desk, for looking: standing, declarations, grants, releases, incidents, audit."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids
from vault.api.applications import ApplicationReceived
from vault.api.description import Extra
from vault.clock import from_millis
from vault.consent.held import Held
from vault.edge import organisation as desk
from vault.edge.request import VaultRequest
from vault.ledger.reading import Entry, Stretch
from vault.organisations.filing import file_declaration
from vault.release.quotas import Whose, quota_of
from vault.requesters.applications import Application, read_application
from vault.requesters.owned import OwnDeclaration
from vault.signin import MEMBER

Index = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Most = Annotated[int, msgspec.Meta(ge=1, le=200)]


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Entries before this index, newest first."""

    before: Index | None = None
    limit: Most = 50


class GrantPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Grants older than this one, newest first."""

    before: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    limit: Most = 50


class DeclarationSummary(msgspec.Struct, frozen=True):
    """One version of a declaration. ``state``: of it and its permit; ``body``: as it was approved."""

    declaration: str
    number: int
    state: str
    valid_from: datetime
    valid_until: datetime
    body: dict[str, Any]


class DeclarationList(msgspec.Struct, frozen=True):
    """Newest first."""

    declarations: list[DeclarationSummary]


class OwnOrganisation(msgspec.Struct, frozen=True):
    """The organisation as it stands. ``valid_until``: when its vetting ends; ``open_changes`` wait for a second
    member."""

    organisation: str
    name: dict[str, str]
    uscc: str
    state: str
    vetted_at: datetime | None
    valid_until: datetime | None
    two_members: bool
    declarations: int
    clients: int
    open_changes: list[str]


class Quota(msgspec.Struct, frozen=True):
    """Of one declaration: grants in force and how often they were used so far."""

    declaration: str
    grants: int
    uses: int


class Quotas(msgspec.Struct, frozen=True):
    """By declaration; with ``complete`` false the newest 10,000 grants are counted. All clients together may have
    ``per_day`` releases a day by the clock of the registry, of which ``used_today`` are used or about to be;
    ``per_minute``, until ``slowed_until``, while the registry slows the organisation down."""

    quotas: list[Quota]
    complete: bool
    per_day: int
    used_today: int
    per_minute: int | None
    slowed_until: datetime | None


class HeldGrant(msgspec.Struct, frozen=True):
    """A grant in force: under which pairwise subject, what, until when, how much of it is used; never who."""

    grant: str
    sub: str
    client: str
    declaration: str
    items: list[dict[str, Any]]
    until: datetime
    uses: int
    max_uses: int | None
    frequency: dict[str, Any]
    window_uses: int


class HeldGrants(msgspec.Struct, frozen=True):
    """Newest first. ``next``: pass it as ``before`` for older ones."""

    grants: list[HeldGrant]
    next: str | None


class OwnEntry(msgspec.Struct, frozen=True):
    """One entry of the ledger about the organisation. ``reason``: as far as it was told when it was refused."""

    index: int
    at: datetime
    event: str
    actor: dict[str, Any]
    declaration: str | None
    items: list[dict[str, Any]] | None
    outcome: str | None
    reason: str | None
    roles: list[str] | None
    ref: str | None
    second: str | None


class OwnEntriesPage(msgspec.Struct, frozen=True):
    """Newest first. ``next``: pass it as ``before`` for older ones; a page may be empty and have a next one."""

    entries: list[OwnEntry]
    next: int | None


@get("/v1/organisation", tags=["organisation"])
async def read_organisation(request: VaultRequest) -> OwnOrganisation:
    """One's own organisation: its standing, its vetting, what waits for a second member."""
    found = await request.as_holder(MEMBER, desk.overview)
    return OwnOrganisation(
        organisation=ids.public(ids.REQUESTER, found.owner.id),
        name=found.owner.name,
        uscc=found.owner.uscc,
        state=str(found.owner.state),
        vetted_at=found.owner.vetted_at,
        valid_until=found.owner.valid_until,
        two_members=found.two_members,
        declarations=len(found.declarations),
        clients=len(found.clients),
        open_changes=[ids.public(ids.CHANGE, each.id) for each in found.open_changes],
    )


@get("/v1/organisation/declarations", tags=["organisation"])
async def list_own_declarations(request: VaultRequest) -> DeclarationList:
    """Every version of every declaration, in force or not."""
    found = await request.as_holder(MEMBER, desk.overview)
    return DeclarationList([_declaration(each) for each in found.declarations])


@post(
    "/v1/organisation/declarations",
    status_code=201,
    opt={"extra": Extra(body=Application)},
    tags=["organisation"],
)
async def file_own_declaration(request: VaultRequest) -> ApplicationReceived:
    """File a new declaration, or a new version of one. Takes the role declarations; two officers decide."""
    application = read_application(await request.parsed(dict[str, Any]))
    made = await request.as_holder(MEMBER, file_declaration, application)
    return ApplicationReceived(ids.public(ids.APPLICATION, made.id), made.status_token, "received")


@get("/v1/organisation/quotas", tags=["organisation"])
async def read_quotas(request: VaultRequest) -> Quotas:
    """How many grants are in force under each declaration, how often they were used, and what is left of the day."""
    overview = await request.as_holder(MEMBER, desk.overview)
    found, default = overview.grants, request.doors.settings.requester_quota
    held = await request.doors.database.run(quota_of, Whose(overview.owner.id, default))
    rows = [Quota(ids.public(ids.DECLARATION, c.declaration_id), c.grants, c.uses) for c in found.by_declaration]
    return Quotas(rows, found.is_all, held.per_day, held.leased, held.per_minute, held.slowed_until)


@get("/v1/organisation/grants", opt={"extra": Extra(query=GrantPage, refusals=(404,))}, tags=["organisation"])
async def list_held_grants(request: VaultRequest) -> HeldGrants:
    """The grants in force, newest first."""
    asked = request.asked(GrantPage)
    before = ids.parse(ids.GRANT, asked.before) if asked.before else None
    found, further = await request.as_holder(MEMBER, desk.grants, before=before, limit=asked.limit)
    return HeldGrants([_held(each) for each in found], ids.public(ids.GRANT, further) if further else None)


@get("/v1/organisation/grants/{grant:str}", tags=["organisation"])
async def read_held_grant(request: VaultRequest, grant: FromPath[str]) -> HeldGrant:
    """One grant in force."""
    return _held(await request.as_holder(MEMBER, desk.grant, ids.parse(ids.GRANT, grant)))


@get("/v1/organisation/releases", opt={"extra": Extra(query=Page)}, tags=["organisation"])
async def list_own_releases(request: VaultRequest) -> OwnEntriesPage:
    """Releases delivered, waiting, denied and refused."""
    return await _entries(request, "releases")


@get("/v1/organisation/incidents", opt={"extra": Extra(query=Page)}, tags=["organisation"])
async def list_incidents(request: VaultRequest) -> OwnEntriesPage:
    """What was refused, and what was done about the organisation's standing."""
    return await _entries(request, "incidents")


@get("/v1/organisation/entries", opt={"extra": Extra(query=Page)}, tags=["organisation"])
async def list_organisation_entries(request: VaultRequest) -> OwnEntriesPage:
    """Every act of the organisation's members, and on its standing, as the ledger has it."""
    return await _entries(request, "entries")


async def _entries(request: VaultRequest, which: str) -> OwnEntriesPage:
    asked = request.asked(Page)
    found: Stretch = await request.as_holder(MEMBER, desk.entries, which, before=asked.before, limit=asked.limit)
    return OwnEntriesPage([_entry(each) for each in found.entries], found.next)


def _entry(entry: Entry) -> OwnEntry:
    members = entry.members
    named = {name: members.get(name) for name in ("actor", "declaration", "items", "outcome", "roles", "ref", "second")}
    return OwnEntry(
        index=entry.index,
        at=from_millis(members["at"]),
        event=members["event"],
        reason=desk.reason(entry),
        **named,  # type: ignore[arg-type]  # members of a leaf, by name
    )


def _declaration(own: OwnDeclaration) -> DeclarationSummary:
    return DeclarationSummary(
        ids.public(ids.DECLARATION, own.id),
        own.number,
        str(own.state),
        own.valid_from,
        own.valid_until,
        msgspec.to_builtins(own.body),
    )


def _held(held: Held) -> HeldGrant:
    return HeldGrant(
        grant=ids.public(ids.GRANT, held.id),
        sub=held.subject,
        client=ids.public(ids.CLIENT, held.client_id),
        declaration=ids.public(ids.DECLARATION, held.declaration_id),
        items=held.items,
        until=held.until,
        uses=held.uses,
        max_uses=held.max_uses,
        frequency=held.frequency,
        window_uses=held.window_uses,
    )


HANDLERS = [
    read_organisation,
    list_own_declarations,
    file_own_declaration,
    read_quotas,
    list_held_grants,
    read_held_grant,
    list_own_releases,
    list_incidents,
    list_organisation_entries,
]
"""What the routes are made of."""
