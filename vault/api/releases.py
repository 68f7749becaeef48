"""Releases: the hot path. Raw bytes in, raw bytes out; everything between is the release room's."""

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from vault import ids
from vault.api.description import Extra
from vault.api.oauth import next_nonce
from vault.authserver.resource import read_authorization
from vault.clock import monotonic
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.request import VaultRequest
from vault.edge.strict import decode
from vault.ledger.receipt import Receipt
from vault.release.engine import Answer, Ask
from vault.release.formats import JOSE, SD_JWT, negotiated
from vault.release.pipeline import release, state

MOST_ITEMS: Final = 64
_HEADERS: Final = {"DPoP": "A proof of the token's key for this very request."}


_WAITING: Final = (
    "An officer must approve first; Location tells the state, Retry-After when to look (a webhook tells it at once). "
    "Then send the same request again."
)
RETRY_AFTER: Final = "60"
"""Seconds between two looks at what an officer has not decided."""


class ReleaseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``items``: names of granted items; without it everything the token covers."""

    items: Annotated[list[Annotated[str, msgspec.Meta(max_length=100)]], msgspec.Meta(max_length=MOST_ITEMS)] | None = (
        None
    )


_DECODER: Final = msgspec.json.Decoder(ReleaseRequest)


class CheckDetail(msgspec.Struct, frozen=True):
    """How and by whom the value was compared."""

    check_method: Literal["data"]
    organization: str


class Evidence(msgspec.Struct, frozen=True):
    """A source compared the value with its own record."""

    type: Literal["electronic_record"]
    check_details: list[CheckDetail]


class Verification(msgspec.Struct, frozen=True):
    """``time``: the day of the check, in the registry's time zone."""

    trust_framework: Literal["pivault"]
    assurance_level: str
    time: str
    evidence: list[Evidence]


class VerifiedClaims(msgspec.Struct, frozen=True):
    """OpenID Identity Assurance Schema Definition 1.0. A claim made from an item is named item#form."""

    verification: Verification
    claims: dict[str, Any]


class ReleasedItem(msgspec.Struct, frozen=True):
    """An item in the form it was granted in.

    ``level``: self_asserted, or what the source's check came to; ``written_on``: the day since which the person has had
    this value; ``confirmed_on``: the day they last wrote it down; ``verified_claims`` where a source confirmed it.
    """

    item: str
    form: str
    value: Any
    level: str
    written_on: str
    confirmed_on: str
    verified_claims: VerifiedClaims | msgspec.UnsetType = msgspec.UNSET


class Released(msgspec.Struct, frozen=True):
    """A delivered release with the receipt of its entry."""

    release: str
    grant: str
    sub: str
    purpose: str
    declaration: str
    declaration_version: int
    items: list[ReleasedItem]
    commitment: dict[str, str]
    receipt: Receipt


class ReleaseState(msgspec.Struct, frozen=True):
    """``state``: waiting, approved, denied, delivered, refused, or lapsed: nobody decided within a day."""

    release: str
    state: str


@post(
    "/v1/releases",
    status_code=200,
    opt=NO_FORM_TOKEN
    | {
        "extra": Extra(
            body=ReleaseRequest,
            may_be_empty=True,
            answer=Released,
            headers=_HEADERS | {"Idempotency-Key": "Chosen by you; the same key is the same release."},
            answers={202: (_WAITING, ReleaseState)},
            also_as=(SD_JWT, JOSE),
            refusals=(406, 429),
            schemas={"Idempotency-Key": {"pattern": "^[!-~]{1,128}$"}},
        )
    },
    tags=["releases"],
)
async def make_release(request: VaultRequest) -> ASGIResponse:
    """Release items under a grant. The bytes leave only after their entry is in the ledger."""
    doors, headers, began = request.doors, request.headers, monotonic()
    answer = await release(
        doors.engine,
        Ask(
            authorization=_authorization(request),
            proofs=headers.getall("dpop", []),
            certificate=request.certificate,
            method="POST",
            url=f"{doors.issuer}/v1/releases",
            items=_items(await request.body()),
            idempotency_key=headers.get("idempotency-key", ""),
            address=request.address,
            format=negotiated(", ".join(headers.getall("accept", []))),
        ),
    )
    doors.figures.latency(monotonic() - began)
    return _answer(answer, _where(answer.location), request)


def _where(location: str | None) -> dict[str, str]:
    """Where its state is told, and in how many seconds it is worth asking (RFC 9110 section 10.2.3)."""
    return {"Location": location, "Retry-After": RETRY_AFTER} if location else {}


@get(
    "/v1/releases/{release_id:str}",
    opt=NO_FORM_TOKEN | {"extra": Extra(answer=ReleaseState, headers=_HEADERS)},
    tags=["releases"],
)
async def read_release(request: VaultRequest, release_id: FromPath[str]) -> ASGIResponse:
    """What has become of a release of one's own grant: its state and nothing else."""
    doors = request.doors
    which = ids.parse(ids.RELEASE, release_id)
    ask = Ask(
        authorization=_authorization(request),
        proofs=request.headers.getall("dpop", []),
        certificate=request.certificate,
        method="GET",
        url=f"{doors.issuer}/v1/releases/{ids.public(ids.RELEASE, which)}",
        items=None,
        idempotency_key="",
        address=request.address,
    )
    answer = await state(doors.engine, ask, which)
    return _answer(answer, {}, request)


def _answer(answer: Answer, headers: dict[str, str], request: VaultRequest) -> ASGIResponse:
    headers |= next_nonce(request)
    return ASGIResponse(body=answer.body, status_code=answer.status, media_type=answer.media_type, headers=headers)


def _authorization(request: VaultRequest) -> str:
    """The header, refused by its shape before the body is looked at."""
    header = request.headers.get("authorization", "")
    read_authorization(header)
    return header


def _items(body: bytes) -> list[str] | None:
    if not body:
        return None
    try:
        return _DECODER.decode(body).items
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return decode(body, ReleaseRequest).items  # the slow way says what is wrong
