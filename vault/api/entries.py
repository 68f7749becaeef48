"""A person's own lines of the ledger, with receipts; and what everybody may know of the ledger itself."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from vault.api.description import Extra
from vault.clock import from_millis
from vault.db import Session
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.history import MOST_LINES, own_history, own_receipt
from vault.edge.proven import proof_file
from vault.edge.request import VaultRequest
from vault.errors import NotFound
from vault.ledger import hidden, reading
from vault.ledger.receipt import Consistency, Receipt
from vault.signin import PERSON, Holder
from vault.witness.publishing import log_signing

_NAMES = (
    "id",
    "event",
    "actor",
    "requester",
    "declaration",
    "declaration_version",
    "purpose",
    "items",
    "outcome",
    "reason",
    "ref",
)


Count = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class Stretch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of one's own lines: the newest ``limit`` of those numbered below ``before``."""

    before: Count | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_LINES)] = 50


class Sizes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two sizes of the ledger, each with a stored checkpoint."""

    first: Count
    second: Count


class EntryView(msgspec.Struct, frozen=True):
    """One entry: what happened, by whom, to which items; never a value. ``index`` is its place in the ledger."""

    index: int
    at: datetime
    id: str
    event: str
    actor: dict[str, Any]
    requester: str | None
    declaration: str | None
    declaration_version: int | None
    purpose: str | None
    items: list[dict[str, Any]] | None
    outcome: str | None
    reason: str | None
    ref: str | None
    hidden_until: datetime | None
    """Of an access that the law hid, or still hides, from the person: until when."""


class OwnEntries(msgspec.Struct, frozen=True):
    """Newest first: the lines numbered ``first`` up to, not including, ``end`` of ``total``. ``waiting`` of them
    are being recorded; ``missing`` must be 0. For older ones pass ``first`` as ``before``."""

    entries: list[EntryView]
    first: int
    end: int
    total: int
    waiting: int
    missing: int


def entry_view(entry: reading.Entry) -> EntryView:
    """An entry as it is shown to whoever may see it."""
    members = entry.members
    named: dict[str, Any] = {name: members.get(name) for name in _NAMES}
    until = members.get("hidden_until") or (members.get("until") if members["event"] == hidden.EVENT else None)
    opens = from_millis(until) if until else None
    return EntryView(index=entry.index, at=from_millis(members["at"]), hidden_until=opens, **named)


@get("/v1/me/entries", opt={"extra": Extra(query=Stretch)}, tags=["sharing"])
async def list_own_entries(request: VaultRequest) -> OwnEntries:
    """Everything recorded about oneself, and whether anything is missing."""
    asked = request.asked(Stretch)
    found = await request.as_holder(PERSON, own_history, before=asked.before, limit=asked.limit)
    return OwnEntries(
        entries=[entry_view(entry) for entry in found.entries],
        first=found.first,
        end=found.end,
        total=found.total,
        waiting=found.waiting,
        missing=found.missing,
    )


@get("/v1/me/entries/{index:int}/receipt", tags=["sharing"])
async def read_own_receipt(request: VaultRequest, index: FromPath[int]) -> Receipt:
    """The receipt of one's own entry: verifiable offline with the ledger's public key."""
    return await request.as_holder(PERSON, _receipt, index)


@get("/v1/me/entries/{index:int}/tlog-proof", opt={"extra": Extra(media_type="text/plain")}, tags=["sharing"])
async def read_own_proof(request: VaultRequest, index: FromPath[int]) -> Response[bytes]:
    """The receipt of one's own entry as a file (C2SP tlog-proof), with witnesses' cosignatures where there are any."""
    return await proof_file(request, await request.as_holder(PERSON, _receipt, index))


@get("/v1/ledger/checkpoint", opt=NO_FORM_TOKEN | {"extra": Extra(media_type="text/plain")}, tags=["ledger"])
async def read_checkpoint(request: VaultRequest) -> Response[bytes]:
    """The newest signed checkpoint (C2SP tlog-checkpoint)."""
    ends = await request.doors.database.run(reading.first_and_latest)
    if ends is None:
        raise NotFound("The ledger is empty.")
    return Response(ends[1].note.encode(), media_type="text/plain")


@get("/v1/ledger/key", opt=NO_FORM_TOKEN | {"extra": Extra(media_type="text/plain")}, tags=["ledger"])
async def read_log_key(request: VaultRequest) -> Response[bytes]:
    """The ledger's public key as a verifier key (C2SP signed-note): name+id+base64."""
    return Response(request.doors.log_key.vkey().encode() + b"\n", media_type="text/plain")


@get("/v1/ledger/keys", opt=NO_FORM_TOKEN | {"extra": Extra(media_type="text/plain")}, tags=["ledger"])
async def read_log_keys(request: VaultRequest) -> Response[bytes]:
    """Every verifier key of the ledger, one a line: Ed25519 (older ones first), then ML-DSA-44."""
    doors = request.doors
    signing = log_signing(doors.ring, doors.settings.origin(doors.ring.id))
    vkeys = [key.vkey() for key in signing.keys] + ([signing.second.key.vkey()] if signing.second else [])
    return Response("".join(f"{vkey}\n" for vkey in vkeys).encode(), media_type="text/plain")


@get("/v1/ledger/consistency", opt=NO_FORM_TOKEN | {"extra": Extra(query=Sizes, refusals=(404,))}, tags=["ledger"])
async def read_consistency(request: VaultRequest) -> Consistency:
    """Proof that the ledger at the size ``first`` is the beginning of the ledger at the size ``second``."""
    sizes = request.asked(Sizes)
    return await request.doors.database.run(reading.consistency, sizes.first, sizes.second)


async def _receipt(session: Session, holder: Holder, index: int) -> Receipt:
    return (await own_receipt(session, holder, index))[1]
