"""Pings: who is told, with what, how often; and where a client cannot make this server go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.authserver.bank import Bank
from tests.authserver.callcentre import CallCentre
from tests.authserver.keys import ISSUER
from tests.profile.world import World
from tests.vetting.hosts import certificate
from vault.authserver.errors import OAuthError
from vault.authserver.pings import PAUSES, Held, Pings, Told
from vault.authserver.server import AuthServer
from vault.clock import FixedClock
from vault.db import Database
from vault.requesters.client_metadata import ClientMetadata, problems_of_metadata
from vault.signin import Holder

TOKEN = "8d67dc78-7faa-4d41-aabd-67707b374255"


@dataclass
class Endpoint:
    """A client's endpoint on loopback, which answers what it is told to."""

    url: str = ""
    status: str = "204 No Content"
    extra: str = ""
    delay: float = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1]) for line in head.lower().splitlines() if line.startswith("content-length")
        )
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(length))
        await asyncio.sleep(self.delay)
        writer.write(f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\nConnection: close\r\n{self.extra}\r\n".encode())
        writer.close()


@asynccontextmanager
async def listening(tls: object = None) -> AsyncIterator[Endpoint]:
    """An endpoint, as long as the block lasts."""
    made = Endpoint()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)  # type: ignore[arg-type]  # a context
    port = server.sockets[0].getsockname()[1]
    made.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/ping"
    async with server:
        yield made


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with listening() as made:
        yield made


@pytest.fixture
async def pinged(world: World, database: Database, endpoint: Endpoint) -> CallCentre:
    """A client that is told, at a server on loopback."""
    server = AuthServer(issuer=ISSUER, database=database, pings=Pings(on_loopback=True))
    return await CallCentre.registered(
        await Bank.let_in(world, server),
        backchannel_token_delivery_mode="ping",
        backchannel_client_notification_endpoint=endpoint.url,
    )


def held(endpoint: str, clock: FixedClock) -> Held:
    return Held("A" * 43, TOKEN, endpoint, clock.now())


async def test_who_said_yes_is_told(pinged: CallCentre, person: Holder, endpoint: Endpoint) -> None:
    """Once, with the client's own token, with auth_req_id and nothing else; then the tokens are there."""
    started, prompt = await pinged.asked(person, client_notification_token=TOKEN)
    pings = pinged.bank.server.pings
    assert await pings.round(pinged.bank.db) == 0
    await pinged.allow(person, prompt)
    assert (await pings.round(pinged.bank.db), await pings.round(pinged.bank.db)) == (1, 0)
    (head,), (body,) = endpoint.heads, endpoint.bodies
    assert f"authorization: bearer {TOKEN}" in head.lower()
    assert head.startswith("POST /ping HTTP/1.1")
    assert msgspec.json.decode(body) == {"auth_req_id": started.auth_req_id}
    assert (await pinged.poll(started)).grant_id


async def test_a_no_is_told_at_the_end_like_nobody(
    pinged: CallCentre, person: Holder, endpoint: Endpoint, clock: FixedClock
) -> None:
    """Refused, unanswered or unknown: one ping when the request ends, none before."""
    _, prompt = await pinged.asked(person, client_notification_token=TOKEN)
    hint = await pinged.hint(person)
    await pinged.start(hint, client_notification_token=TOKEN)
    await pinged.start(hint, client_notification_token=TOKEN)
    await pinged.deny(person, prompt)
    pings = pinged.bank.server.pings
    clock.move(timedelta(seconds=299))
    assert await pings.round(pinged.bank.db) == 0
    clock.move(timedelta(seconds=1))
    assert await pings.round(pinged.bank.db) == 3
    assert len({tuple(sorted(msgspec.json.decode(body))) for body in endpoint.bodies}) == 1


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "404 Not Found", "400 Bad Request"])
async def test_a_refusal_is_not_repeated(endpoint: Endpoint, clock: FixedClock, status: str) -> None:
    """FAPI-CIBA: no retry on 401; nor on anything that the client means."""
    endpoint.status = status
    assert await Pings(on_loopback=True).send(held(endpoint.url, clock)) is Told.NEVER


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_redirects_lead_nowhere(endpoint: Endpoint, clock: FixedClock, status: str) -> None:
    """The token is shown to the registered endpoint only."""
    async with listening() as other:
        endpoint.status, endpoint.extra = status, f"Location: {other.url}\r\n"
        assert await Pings(on_loopback=True).send(held(endpoint.url, clock)) is Told.NEVER
        assert other.heads == []


async def test_who_is_away_is_tried_again_and_given_up(
    pinged: CallCentre, person: Holder, endpoint: Endpoint, clock: FixedClock
) -> None:
    """Three times more, ever later; then the client has to poll."""
    endpoint.status = "503 Unavailable"
    _, prompt = await pinged.asked(person, client_notification_token=TOKEN)
    await pinged.allow(person, prompt)
    pings = pinged.bank.server.pings
    tried = [await pings.round(pinged.bank.db)]
    for pause in PAUSES:
        tried.append(await pings.round(pinged.bank.db))
        clock.move(pause)
        tried.append(await pings.round(pinged.bank.db))
    clock.move(timedelta(minutes=10))
    assert tried == [1, 0, 1, 0, 1, 0, 1]
    assert await pings.round(pinged.bank.db) == 0


@pytest.mark.parametrize(
    ("address", "resolved"),
    [
        ("https://client.example/ping", ["10.0.0.7"]),
        ("https://client.example/ping", ["192.168.1.1"]),
        ("https://client.example/ping", ["169.254.169.254"]),
        ("https://client.example/ping", ["127.0.0.1"]),
        ("https://client.example/ping", ["::1"]),
        ("https://client.example/ping", ["::ffff:10.0.0.7"]),
        ("https://client.example/ping", ["fd00::1"]),
        ("https://client.example/ping", ["93.184.216.34", "10.0.0.7"]),
        ("https://client.example/ping", []),
        ("http://client.example/ping", ["93.184.216.34"]),
        ("http://127.0.0.1:9/ping", ["127.0.0.1"]),
        ("https://127.0.0.1:9/ping", ["127.0.0.1"]),
        ("ftp://client.example/ping", ["93.184.216.34"]),
        ("file:///etc/passwd", ["93.184.216.34"]),
    ],
)
async def test_nobody_is_reached_inside(clock: FixedClock, address: str, resolved: list[str]) -> None:
    """No private, local or metadata address, however the name leads there; no scheme but https."""

    async def resolve(_: str) -> list[str]:
        return resolved

    assert await Pings(resolve=resolve).send(held(address, clock)) is Told.NEVER


async def test_the_connection_goes_where_the_name_was_looked_up(tmp_path: Path, clock: FixedClock) -> None:
    """One look-up; then to that very address, with a certificate for the very name."""
    made = certificate(tmp_path, "localhost")
    looked_up: list[str] = []

    async def resolve(host: str) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    async with listening(made.server) as endpoint:
        pings = Pings(on_loopback=True, resolve=resolve, tls=made.trusting)
        good = endpoint.url.replace("127.0.0.1", "localhost")
        assert await pings.send(held(good, clock)) is Told.TAKEN
        assert "host: localhost" in endpoint.heads[0].lower()
        assert await pings.send(held(endpoint.url, clock)) is Told.LATER  # the certificate is for another name
        assert len(endpoint.heads) == 1
    assert looked_up == ["localhost", "127.0.0.1"]


@pytest.mark.parametrize(
    ("members", "wrong"),
    [
        ({"backchannel_token_delivery_mode": "ping"}, True),
        ({"backchannel_client_notification_endpoint": "https://client.example/ping"}, True),
        ({"backchannel_client_notification_endpoint": "http://client.example/ping"}, True),
        ({"backchannel_client_notification_endpoint": "https://client.example/#x"}, True),
        ({"backchannel_client_notification_endpoint": "https://u:p@client.example/"}, True),
        ({"backchannel_client_notification_endpoint": "https://client.example/ping", "ping": True}, False),
        ({"backchannel_token_delivery_mode": "poll"}, False),
        ({"event_endpoint": "https://client.example:8443/events"}, False),
        ({"event_endpoint": "http://127.0.0.1:8400/events"}, False),
        ({"event_endpoint": "https://[2606:4700::1]/events"}, False),
        ({"event_endpoint": "https://10.0.0.5/events"}, True),
        ({"event_endpoint": "https://169.254.169.254/latest"}, True),
        ({"event_endpoint": "https://[fd00::1]/events"}, True),
        ({"backchannel_client_notification_endpoint": "https://192.168.1.1/ping", "ping": True}, True),
        ({"relay_lines": ("+8659212345678", "+8659212345679")}, False),
        ({"relay_lines": ("+8659212345678", "+8659212345678")}, True),
        ({"relay_lines": ("110",)}, True),
        ({"relay_lines": tuple(f"+86592123456{n:02}" for n in range(11))}, True),
    ],
)
def test_what_may_be_registered(members: dict[str, Any], wrong: bool) -> None:
    """An endpoint goes with ping, ping with an endpoint; https, no fragment, no user, no address of an inner network;
    lines are few, different, and numbers."""
    given = {name: value for name, value in members.items() if name != "ping"}
    if "ping" in members or "#" in str(members) or "@" in str(members):
        given["backchannel_token_delivery_mode"] = "ping"
    found = problems_of_metadata(ClientMetadata(**given), {"keys": []})  # type: ignore[arg-type]  # the test's words
    assert bool(found) == wrong


@pytest.mark.parametrize("token", [None, "short", "x" * 1025, "has spaces in the middle", "naïve-token-of-this-client"])
async def test_a_ping_needs_a_token(pinged: CallCentre, person: Holder, token: str | None) -> None:
    """A bearer token of some length; nothing that breaks a header."""
    with pytest.raises(OAuthError) as caught:
        await pinged.start(await pinged.hint(person), client_notification_token=token)
    assert caught.value.check == "backchannel-notification-token"
