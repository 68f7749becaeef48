"""Introspection (RFC 7662, RFC 9701): the truth of this moment, to those it is for; everybody else hears one word."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from tests.authserver.bank import ITEMS, Bank
from tests.authserver.issued import AUDIENCE, Gateway, ask, give_up
from tests.authserver.keys import ISSUER
from tests.profile.world import Administrator, World
from vault.accounts.tables import Person
from vault.authserver.errors import InvalidClient
from vault.authserver.introspecting import INACTIVE, introspect
from vault.authserver.issuing import Issued
from vault.authserver.resource_servers import Described, add, end
from vault.authserver.signed import jwks
from vault.clock import FixedClock
from vault.consent import withdraw
from vault.crypto.canonical import unb64
from vault.crypto.signing import is_signed
from vault.db import Session
from vault.errors import Invalid, Refused, Tampered
from vault.ids import GRANT, RESOURCE_SERVER, parse
from vault.requesters.tables import DeclarationRow, Requester
from vault.signin import Holder


@pytest.fixture
async def issued(bank: Bank, person: Holder) -> Issued:
    return await bank.redeem(await bank.code(person))


@pytest.fixture
async def gateway(world: World, bank: Bank) -> Gateway:
    return await Gateway.let_in(world, bank.server)


async def test_what_a_resource_server_hears(gateway: Gateway, issued: Issued, person: Holder) -> None:
    """What the token says and how it stands; no grant, no share, no id of the person."""
    told = await gateway.ask(issued.access_token)
    assert told["active"] is True
    assert told["aud"] == AUDIENCE
    assert {each["item"]: each["form"] for each in told["authorization_details"][0]["items"]} == ITEMS
    assert set(told) == {
        "active", "iss", "aud", "iat", "exp", "jti", "sub", "client_id", "token_type", "cnf", "authorization_details"
    }  # fmt: skip
    text = str(told)
    assert person.id.hex not in text
    assert str(person.id) not in text
    assert issued.grant_id.removeprefix("gnt_") not in text


async def test_what_a_client_hears(bank: Bank, issued: Issued) -> None:
    """About both of its tokens, and whose grant they are of."""
    access, refresh = await ask(bank, issued.access_token), await ask(bank, issued.refresh_token)
    assert access["grant_id"] == refresh["grant_id"] == issued.grant_id
    assert access["sub"] == refresh["sub"]
    assert refresh["authorization_details"] == issued.authorization_details
    assert access["cnf"] == refresh["cnf"] == {"jkt": bank.dpop.thumbprint}


async def test_not_theirs_to_know(world: World, bank: Bank, gateway: Gateway, issued: Issued) -> None:
    """Another client, a server for another audience, a server about a refresh token: exactly one word."""
    other = await Bank.let_in(world, bank.server, uscc="91110000802100433B")
    elsewhere = await Gateway.let_in(world, bank.server, "https://other.example/api")
    assert await ask(other, issued.access_token) == INACTIVE
    assert await ask(other, issued.refresh_token) == INACTIVE
    assert await elsewhere.ask(issued.access_token) == INACTIVE
    assert await gateway.ask(issued.refresh_token) == INACTIVE
    for token in ("x", "rt_x", "a.b.c", issued.access_token[:-2]):
        assert await gateway.ask(token) == await ask(bank, token) == INACTIVE


@dataclass
class Scene:
    """Everybody behind one token."""

    bank: Bank
    person: Holder
    issued: Issued
    clock: FixedClock


@pytest.fixture
def scene(bank: Bank, person: Holder, issued: Issued, clock: FixedClock) -> Scene:
    return Scene(bank, person, issued, clock)


async def _withdrawn(scene: Scene) -> None:
    await scene.bank.db.run(withdraw, scene.person, parse(GRANT, scene.issued.grant_id), None)


async def _revoked(scene: Scene) -> None:
    await give_up(scene.bank, scene.issued.refresh_token)


async def _expired(scene: Scene) -> None:
    scene.clock.move(timedelta(days=31))


async def _set(scene: Scene, table: Any, key: object, status: str) -> None:
    async def act(session: Session) -> None:
        row = await session.get(table, key)
        assert row is not None
        row.status = status

    await scene.bank.db.run(act)


async def _suspended(scene: Scene) -> None:
    await _set(scene, Requester, scene.bank.decided.requester, "suspended")


async def _undeclared(scene: Scene) -> None:
    async def act(session: Session) -> None:
        for row in (await session.scalars(sa.select(DeclarationRow))).all():
            row.status = "revoked"

    await scene.bank.db.run(act)


async def _closed(scene: Scene) -> None:
    await _set(scene, Person, scene.person.id, "suspended")


@pytest.mark.parametrize("deed", [_withdrawn, _revoked, _expired, _suspended, _undeclared, _closed])
async def test_what_is_dead_is_dead(scene: Scene, gateway: Gateway, deed: Callable[[Scene], Awaitable[None]]) -> None:
    """Whatever has ended, for both tokens, with the next question, in the same word."""
    await deed(scene)
    assert await gateway.ask(scene.issued.access_token) == INACTIVE
    assert await ask(scene.bank, scene.issued.access_token) == INACTIVE
    assert await ask(scene.bank, scene.issued.refresh_token) == INACTIVE


async def test_the_signed_answer(gateway: Gateway, issued: Issued) -> None:
    """RFC 9701 section 5: typed, for the asker, signed with a key that is published; no top-level sub or exp."""
    answer = await gateway.answer(issued.access_token)
    token = answer.signed(gateway.server, gateway.server.database.clock.now())
    head, body, signature = token.split(".")
    header, claims = msgspec.json.decode(unb64(head)), msgspec.json.decode(unb64(body))
    assert header["typ"] == "token-introspection+jwt"
    assert set(claims) == {"iss", "aud", "iat", "token_introspection"}
    assert (claims["iss"], claims["aud"]) == (ISSUER, gateway.id)
    assert claims["token_introspection"] == answer.told
    key = next(each for each in jwks(gateway.server.ring)["keys"] if each["kid"] == header["kid"])
    assert is_signed(unb64(key["x"]), f"{head}.{body}".encode(), unb64(signature))


@pytest.mark.parametrize(
    "claims",
    [{"aud": "https://elsewhere.example"}, {"exp": 1}, {"iss": "rsv_" + "0" * 32}, {"sub": "rsv_x", "iss": "rsv_x"}],
)
async def test_a_server_must_prove_who_it_is(gateway: Gateway, issued: Issued, claims: dict[str, object]) -> None:
    """By its own key, for this server, in time."""
    with pytest.raises(InvalidClient):
        await introspect(gateway.server, gateway.posted(issued.access_token, **claims))


async def test_a_server_s_assertion_is_used_once(gateway: Gateway, issued: Issued) -> None:
    """A captured request tells nobody anything a second time."""
    posted = gateway.posted(issued.access_token)
    await introspect(gateway.server, posted)
    with pytest.raises(InvalidClient) as caught:
        await introspect(gateway.server, posted)
    assert caught.value.check == "assertion-replayed"


async def test_who_lets_servers_in(world: World, gateway: Gateway, issued: Issued) -> None:
    """Two different vetting officers, and nobody alone; ended by two, it is nobody with the next question."""
    staff = world.staff
    described = Described("Gateway", AUDIENCE, {"keys": [gateway.signer.registered]})
    with pytest.raises(Refused):
        await world.db.run(add, described, by=(staff.first, staff.first))
    with pytest.raises(Refused):
        await world.db.run(add, described, by=(staff.first, staff.third))
    broken = Described("G", "ftp://x", {"keys": []})
    with pytest.raises(Invalid):
        await world.db.run(add, broken, by=(staff.first, staff.second))
    await world.db.run(end, parse(RESOURCE_SERVER, gateway.id), by=(staff.first, staff.second))
    with pytest.raises(InvalidClient):
        await gateway.ask(issued.access_token)


async def test_an_edited_server_is_refused(gateway: Gateway, issued: Issued, administrator: Administrator) -> None:
    """Nobody widens what a server may ask about, or gives it another key, in SQL."""
    await administrator.execute("UPDATE resource_servers SET audience = 'https://vault.example/other'")
    with pytest.raises(Tampered):
        await gateway.ask(issued.access_token)
