"""The relay: clients send through it, people see and close their addresses."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids
from vault.api.description import Extra
from vault.authserver.admitting import admitted
from vault.authserver.service_tokens import RELAY
from vault.db import Session
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.problems import UnsupportedMediaType
from vault.edge.request import VaultRequest
from vault.edge.strict import decode
from vault.ids import PersonId
from vault.relay import RelayView, close, listing, mail
from vault.relay.names import MAIL
from vault.release.caller import check_idempotency_key
from vault.release.engine import Ask
from vault.requesters.views import ClientView
from vault.signin import PERSON, Holder

To = Annotated[str, msgspec.Meta(min_length=1, max_length=254)]
_HEADERS: Final = {
    "Authorization": "DPoP and an access token of client_credentials with the scope relay.",
    "DPoP": "A proof of the token's key for this very request.",
    "Idempotency-Key": "Chosen by you; the same key is the same message, for 24 hours.",
}


class MailWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``to``: an address that a release gave in the place of a mail address."""

    to: To
    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=mail.LONGEST_SUBJECT)]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=mail.LONGEST_TEXT)]


class CallWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``to``: an address that a release gave in the place of a number; ``caller``: the line of yours that is
    connected, one of the client's ``relay_lines``; without it the first of them."""

    to: To
    caller: Annotated[str, msgspec.Meta(min_length=7, max_length=16)] | None = None


class Passed(msgspec.Struct, frozen=True):
    """It was handed over. That is no promise that it arrived, or was read."""

    message: str


class OwnRelayAddress(msgspec.Struct, frozen=True):
    """``state``: open, closed or ended (with its permission); ``messages``: how many came through."""

    id: str
    grant: str
    requester: str
    requester_name: dict[str, str]
    item: str
    address: str
    state: str
    opened_at: datetime
    messages: int
    last_at: datetime | None


class OwnRelayAddresses(msgspec.Struct, frozen=True):
    """Newest first."""

    addresses: list[OwnRelayAddress]


def _sending(body: Any) -> dict[str, Any]:
    extra = Extra(
        body=body,
        answer=Passed,
        headers=_HEADERS,
        refusals=(401, 403, 404, 409, 429),
        schemas={"Idempotency-Key": {"pattern": "^[!-~]{1,128}$"}},
    )
    return NO_FORM_TOKEN | {"extra": extra}


@post("/v1/relay/messages", status_code=202, opt=_sending(MailWanted), tags=["relay"])
async def send_mail(request: VaultRequest) -> Passed:
    """Write to a person through the relay. Closed, ended and unknown addresses are answered alike."""
    client, key = await _client(request, "messages")
    wanted = decode(await request.body(), MailWanted)
    content = mail.checked(wanted.subject, wanted.text)
    return _passed(await request.doors.exchange.mail(client, wanted.to, key, content))


@post("/v1/relay/calls", status_code=202, opt=_sending(CallWanted), tags=["relay"])
async def start_call(request: VaultRequest) -> Passed:
    """Have a person called through the relay, and your line connected when they answer."""
    client, key = await _client(request, "calls")
    wanted = decode(await request.body(), CallWanted)
    return _passed(await request.doors.exchange.call(client, wanted.to, key, wanted.caller))


@get("/v1/me/relay-addresses", tags=["sharing"])
async def list_relay_addresses(request: VaultRequest) -> OwnRelayAddresses:
    """The addresses that stand for this person's contacts, with how much came through."""
    found, now = await request.as_holder(PERSON, _listing), request.doors.clock.now()
    return OwnRelayAddresses([_own(each, request.doors.exchange.domain, now) for each in found])


@post("/v1/me/relay-addresses/{address:str}/closing", status_code=200, tags=["sharing"], opt={"extra": Extra()})
async def close_relay_address(request: VaultRequest, address: FromPath[str]) -> OwnRelayAddresses:
    """Close an address: nothing passes from this moment on. Answers with all of them."""
    await request.as_holder(PERSON, close, ids.parse(ids.RELAY, address))
    found, now = await request.as_holder(PERSON, _listing), request.doors.clock.now()
    return OwnRelayAddresses([_own(each, request.doors.exchange.domain, now) for each in found])


async def _client(request: VaultRequest, what: str) -> tuple[ClientView, str]:
    """Who sends, by its token; and its key."""
    doors, headers = request.doors, request.headers
    key = headers.get("idempotency-key", "")
    shown = Ask(
        authorization=headers.get("authorization", ""),
        proofs=headers.getall("dpop", []),
        certificate=request.certificate,
        method="POST",
        url=f"{doors.issuer}/v1/relay/{what}",
        items=None,
        idempotency_key=key,
        address=request.address,
    )
    async with (await doors.database.pool()).acquire() as connection:
        client = await admitted(doors.authserver, connection, shown, RELAY)
    if request.content_type[0] != "application/json":
        raise UnsupportedMediaType
    check_idempotency_key(key)
    return client, key


async def _listing(session: Session, holder: Holder) -> list[RelayView]:
    return await listing(session, PersonId(holder.id))


def _passed(message: Any) -> Passed:
    return Passed(ids.public(ids.MESSAGE, message))


def _own(view: RelayView, domain: str, now: datetime) -> OwnRelayAddress:
    return OwnRelayAddress(
        id=ids.public(ids.RELAY, view.id),
        grant=ids.public(ids.GRANT, view.grant),
        requester=ids.public(ids.REQUESTER, view.requester_id),
        requester_name=view.requester_name,
        item=view.item,
        address=f"{view.name}@{domain}" if view.by == MAIL else f"sip:{view.name}@{domain}",
        state=view.state(now),
        opened_at=view.opened_at,
        messages=view.messages,
        last_at=view.last_at,
    )


HANDLERS: Final = (send_mail, start_call, list_relay_addresses, close_relay_address)
"""Every endpoint of the relay."""
