"""Calls: from lines of the client alone, through the operator's gateway."""

import pytest

from tests.profile.world import CONTACT
from tests.relay.conftest import DOMAIN, LINE, Relayed
from vault.edge.exchange import Exchange
from vault.errors import BadConfiguration, Invalid, Unavailable
from vault.relay.calls import HttpCallBridge, LineNotRegistered
from vault.relay.simulator import CallGatewaySimulator

PHONE = "contact.phone_number"


async def test_a_call_goes_through_the_gateway(relayed: Relayed, gateway: CallGatewaySimulator) -> None:
    """The simulated gateway is asked to connect both; it shows the address, and the bank never sees the number."""
    bridge = HttpCallBridge.read(gateway.url, gateway.secret)
    exchange = Exchange(relayed.exchange.database, DOMAIN, "", None, bridge)
    to, client = (await relayed.released())[PHONE], await relayed.client()
    await exchange.call(client, to, "k", LINE)
    (call,) = gateway.calls.values()
    assert (call["caller"], call["callee"], call["shown"]) == (LINE, CONTACT["phone_number"], to)
    gateway.is_broken = True
    with pytest.raises(Unavailable):
        await exchange.call(client, to, "k2", LINE)
    gateway.is_broken = False
    await exchange.call(client, to, "k2", LINE)
    assert len(await relayed.releases.entries("relay.forwarded")) == 2


async def test_a_gateway_that_does_not_know_us_calls_nobody(relayed: Relayed, gateway: CallGatewaySimulator) -> None:
    """A wrong secret, a gateway that is away: put off, and nothing is connected."""
    to, client = (await relayed.released())[PHONE], await relayed.client()
    for bridge in (HttpCallBridge(gateway.url, "wrong"), HttpCallBridge("http://127.0.0.1:9", "x")):
        exchange = Exchange(relayed.exchange.database, DOMAIN, "", None, bridge)
        with pytest.raises(Unavailable):
            await exchange.call(client, to, "k", LINE)
    assert gateway.calls == {}


@pytest.mark.parametrize("caller", ["", "10086", "+86", "+86 592 123", "+8659212345678;ext=1", "sip:me@bank.example"])
async def test_a_caller_is_a_number(relayed: Relayed, caller: str) -> None:
    """Anything else is refused before anybody is called."""
    with pytest.raises(Invalid):
        await relayed.exchange.call(await relayed.client(), (await relayed.released())[PHONE], "k", caller)


@pytest.mark.parametrize("caller", ["+8613800130013", "+86592123456789", "+8659212345679"])
async def test_a_line_of_somebody_else_is_not_rung(relayed: Relayed, caller: str) -> None:
    """A line that the client has not registered, be it the person's own: refused and recorded, and nobody is called."""
    to = (await relayed.released())[PHONE]
    with pytest.raises(LineNotRegistered):
        await relayed.exchange.call(await relayed.client(), to, "k", caller)
    assert relayed.line.calls == []
    assert [each["reason"] for each in await relayed.releases.entries("relay.refused")] == ["line-not-registered"]


async def test_who_names_no_line_calls_from_the_first(relayed: Relayed) -> None:
    """Without ``caller`` the first registered line is connected; with none registered there are no calls."""
    to = (await relayed.released())[PHONE]
    await relayed.registers("+8659200000001", LINE)
    await relayed.exchange.call(await relayed.client(), to, "k")
    await relayed.exchange.call(await relayed.client(), to, "k2", LINE)
    assert [each.caller for each in relayed.line.calls] == ["+8659200000001", LINE]
    await relayed.registers()
    for caller in (None, LINE):
        with pytest.raises(LineNotRegistered):
            await relayed.exchange.call(await relayed.client(), to, "k3", caller)
    assert len(relayed.line.calls) == 2


@pytest.mark.parametrize(
    ("gateway", "secret"),
    [
        ("http://gateway.example", "x"),
        ("https://u:p@gateway.example", "x"),
        ("ftp://127.0.0.1", "x"),
        ("https://g", ""),
    ],
)
def test_numbers_go_over_tls_only(gateway: str, secret: str) -> None:
    """A gateway in the clear, or without a secret, is refused at the start."""
    with pytest.raises(BadConfiguration):
        HttpCallBridge.read(gateway, secret)
