"""Batches of releases: many people's data under one proof, answered line by line."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any, Final

import msgspec
import structlog
from litestar import post
from litestar.response.base import ASGIResponse

from vault.api.description import Extra
from vault.api.examples import NDJSON
from vault.api.oauth import next_nonce
from vault.api.releases import MOST_ITEMS, Released, ReleaseState
from vault.authserver.batches import BatchGate
from vault.authserver.resource import read_authorization
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.problems import UnsupportedMediaType, as_vault_error
from vault.edge.request import VaultRequest
from vault.edge.streaming import Streamed
from vault.edge.strict import decode
from vault.errors import Conflict, Invalid, Malformed, Unavailable
from vault.release.batch_caller import MOST_LINES, BatchAsk, Line
from vault.release.batch_outcomes import Outcome, told_of
from vault.release.batching import Batching, admit, release_batch
from vault.release.engine import Ask

_log = structlog.get_logger("vault")
_LONGEST_TOKEN: Final = 4096
_HEADERS: Final = {
    "Authorization": "DPoP and an access token of client_credentials with the scope release_batch.",
    "DPoP": "A proof of the token's key for this very request; its claim content_digest repeats Content-Digest.",
    "Content-Digest": "sha-256=:…: of the body (RFC 9530).",
    "Idempotency-Key": "Chosen by you; the same key and body are the same batch, for a day.",
}
Names = Annotated[list[Annotated[str, msgspec.Meta(max_length=100)]], msgspec.Meta(min_length=1, max_length=MOST_ITEMS)]


class BatchLineRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``token``: a refresh token of this client and key; ``items``: names of granted items, without it all of them."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_TOKEN)]
    items: Names | None = None


class BatchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line for each person. As NDJSON: the lines alone, one JSON object each."""

    lines: Annotated[list[BatchLineRequest], msgspec.Meta(min_length=1, max_length=MOST_LINES)]


class LineProblem(msgspec.Struct, frozen=True):
    """Why a line is not delivered (RFC 9457). Further members depend on the type."""

    type: str
    title: str
    status: int
    detail: str


class BatchLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """``line``: from 0. ``outcome``: delivered, with ``release``; waiting, with ``waiting`` and ``location``; limited,
    with ``limit`` and ``problem``; refused or failed, with ``problem``."""

    line: int
    outcome: str
    release: Released | msgspec.UnsetType = msgspec.UNSET
    waiting: ReleaseState | msgspec.UnsetType = msgspec.UNSET
    location: str | msgspec.UnsetType = msgspec.UNSET
    limit: str | msgspec.UnsetType = msgspec.UNSET
    problem: LineProblem | msgspec.UnsetType = msgspec.UNSET


@post(
    "/v1/releases/batch",
    status_code=200,
    opt=NO_FORM_TOKEN
    | {
        "extra": Extra(
            body=BatchRequest,
            body_also_as=(NDJSON,),
            answer=BatchLine,
            media_type=NDJSON,
            headers=_HEADERS,
            refusals=(409,),
            schemas={
                "Idempotency-Key": {"pattern": "^[!-~]{1,128}$"},
                "Content-Digest": {"pattern": "^[!-~]+( *, *[!-~]+)*$", "maxLength": 512},
            },
        )
    },
    tags=["releases"],
)
async def release_many(request: VaultRequest) -> ASGIResponse:
    """Release items of up to 1,000 people, by the refresh tokens the client holds. Answered line by line (NDJSON), in
    their order: each line is delivered, waits, or is refused for itself."""
    doors, headers = request.doors, request.headers
    read_authorization(headers.get("authorization", ""))  # refused by its shape before the body is looked at
    read = _READERS.get(request.content_type[0])
    if read is None:
        raise UnsupportedMediaType(taken=_READERS)
    body = await request.body()
    ask = BatchAsk(
        shown=_shown(request),
        digests=headers.getall("content-digest", []),
        body=body,
        idempotency_key=headers.get("idempotency-key", ""),
        address=request.address,
    )
    batching = Batching(doors.engine, BatchGate(doors.authserver))
    sender = await admit(batching, ask)
    chunks = await release_batch(batching, sender, ask=ask, lines=_checked(read(body)))
    return Streamed(_pieces(chunks, doors.issuer), media_type=NDJSON, headers=next_nonce(request))


def _shown(request: VaultRequest) -> Ask:
    return Ask(
        authorization=request.headers.get("authorization", ""),
        proofs=request.headers.getall("dpop", []),
        certificate=request.certificate,
        method="POST",
        url=request.doors.authserver.batch_url,
        items=None,
        idempotency_key="",
        address=request.address,
    )


async def _pieces(chunks: AsyncGenerator[list[Outcome]], issuer: str) -> AsyncGenerator[bytes]:
    """A piece for each chunk. What fails later than the first is said in a last line: which was not answered, and
    why."""
    following = 0
    try:
        async for chunk in chunks:
            following = chunk[-1].number + 1
            yield b"".join(_line(each, issuer) for each in chunk)
    except Exception as error:
        known = as_vault_error(error)
        if not isinstance(known, Unavailable | Conflict):
            _log.error("failed", problem=known.name, private=known.private, exc_info=error)
        yield _line(Outcome(following, "failed", told=told_of(known)), issuer)
    finally:
        await chunks.aclose()


def _line(outcome: Outcome, issuer: str) -> bytes:
    line: dict[str, Any] = {"line": outcome.number, "outcome": outcome.outcome}
    if outcome.answer is not None:
        held = "waiting" if outcome.answer.location else "release"
        line[held] = msgspec.Raw(outcome.answer.body)
        if outcome.answer.location:
            line["location"] = outcome.answer.location
    if outcome.told is not None:
        told = dict(outcome.told)
        name, members = told.pop("name"), told.pop("members")
        if "limit" in members:
            line["limit"] = members["limit"]
        line["problem"] = {"type": f"{issuer}/problems/{name}", **told, **members}
    return msgspec.json.encode(line) + b"\n"


def _json(body: bytes) -> list[BatchLineRequest]:
    return decode(body, BatchRequest).lines


def _ndjson(body: bytes) -> list[BatchLineRequest]:
    rows = body.split(b"\n")
    if rows[-1].strip() == b"":
        rows.pop()
    if not 1 <= len(rows) <= MOST_LINES:
        raise Invalid.field("$", f"holds no line, or more than {MOST_LINES}")
    return [_row(number, row) for number, row in enumerate(rows)]


def _row(number: int, row: bytes) -> BatchLineRequest:
    """One line. What is wrong with it names its place, as it does in a list."""
    try:
        return decode(row, BatchLineRequest)
    except Malformed as wrong:
        raise Malformed(f"Line {number}: {wrong.public}") from None
    except Invalid as wrong:
        found = [{**each, "field": f"lines[{number}].{each['field']}".removesuffix(".$")} for each in _errors(wrong)]
        raise Invalid("; ".join(f"{each['field']}: {each['why']}" for each in found), errors=found) from None


def _errors(wrong: Invalid) -> list[dict[str, str]]:
    found = wrong.members.get("errors")
    return found if isinstance(found, list) else [{"field": "$", "why": wrong.public}]


def _checked(asked: list[BatchLineRequest]) -> list[Line]:
    """Nobody's data is asked for twice by mistake."""
    seen: dict[str, int] = {}
    for number, each in enumerate(asked):
        if each.token in seen:
            raise Invalid.field(f"lines[{number}].token", f"is the token of line {seen[each.token]}")
        if each.items is not None and len(set(each.items)) != len(each.items):
            raise Invalid.field(f"lines[{number}].items", "names an item twice")
        seen[each.token] = number
    return [
        Line(number, each.token, None if each.items is None else tuple(each.items)) for number, each in enumerate(asked)
    ]


_READERS: Final = {"application/json": _json, NDJSON: _ndjson}
