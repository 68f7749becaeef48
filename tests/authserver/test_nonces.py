"""DPoP nonces: the server says when a proof was made (RFC 9449 sections 8 and 9)."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.authserver.bank import Bank, Presented
from tests.authserver.keys import ISSUER
from tests.authserver.recorded import refusals
from tests.conftest import NOW, fresh_ring
from vault.authserver.errors import OAuthError, UseNonce
from vault.authserver.nonces import WINDOW, fresh, is_current, next_for
from vault.authserver.resource import ResourceGate
from vault.clock import FixedClock
from vault.crypto.canonical import b64, unb64
from vault.signin import Holder

RING = fresh_ring()
START = datetime.fromtimestamp(int(NOW.timestamp()) // WINDOW * WINDOW, NOW.tzinfo)


@pytest.mark.parametrize(
    ("later", "holds"), [(0, True), (WINDOW - 1, True), (2 * WINDOW - 1, True), (2 * WINDOW, False), (-1, False)]
)
def test_a_nonce_holds_in_its_window_and_the_next(later: int, holds: bool) -> None:
    """Neither longer nor before its time; whoever made it needs to remember nothing."""
    assert is_current(RING, fresh(RING, START), START + timedelta(seconds=later)) is holds


def test_a_nonce_of_another_window_cannot_be_made_by_changing_it() -> None:
    """Its window is under the MAC; so is its version; another ring's is none."""
    raw = bytearray(unb64(fresh(RING, START - timedelta(seconds=5 * WINDOW))))
    raw[2:6] = (int(START.timestamp()) // WINDOW).to_bytes(4)
    for text in (b64(bytes(raw)), fresh(fresh_ring(), START), "", "AAAA", "é", "A" * 400, b64(b"\xff" * 22), 5, None):
        assert not is_current(RING, text, START)


async def challenged(attempt: object) -> UseNonce:
    with pytest.raises(UseNonce) as caught:
        await attempt  # type: ignore[misc]  # any request
    assert (caught.value.check, caught.value.error) == ("dpop-nonce", "use_dpop_nonce")
    assert caught.value.headers()["DPoP-Nonce"] == caught.value.nonce
    return caught.value


@pytest.mark.parametrize("by_client", [True, False])
async def test_at_the_back_channel(bank: Bank, person: Holder, clock: FixedClock, by_client: bool) -> None:
    """Where the server or the client's registration asks for it: at PAR and token endpoint, until it is sent."""
    if by_client:
        await bank.registers(require_dpop_nonce=True)
    else:
        bank.server = replace(bank.server, dpop_nonces=True)
    error = await challenged(bank.push(bank.proof(bank.server.par_url)))
    assert error.http_status == 400
    code = await bank.allow(person, await bank.push(bank.proof(bank.server.par_url, nonce=error.nonce)))
    form, url = bank.redemption(code), bank.server.token_url
    error = await challenged(bank.ask(form))
    clock.move(timedelta(seconds=2 * WINDOW))
    await challenged(bank.ask(form, bank.proof(url, nonce=error.nonce)))
    code = await bank.code(person)
    nonce = (await challenged(bank.ask(bank.redemption(code)))).nonce
    assert await bank.ask(bank.redemption(code), bank.proof(url, nonce=nonce))
    assert await refusals(bank.db) == []


async def test_at_the_api(bank: Bank, person: Holder) -> None:
    """A token of a client that asked for nonces needs them there, too; the answer is a challenge of status 401."""
    await bank.registers(require_dpop_nonce=True)
    nonce = fresh(bank.server.ring, bank.db.clock.now())
    proof = bank.proof(bank.server.token_url, nonce=nonce)
    issued = await bank.ask(bank.redemption(await bank.code(person)), proof)
    url, ath = f"{ISSUER}/v1/releases", b64(hashlib.sha256(issued.access_token.encode()).digest())
    gate, now, header = ResourceGate(bank.server), bank.db.clock.now(), f"DPoP {issued.access_token}"
    error = await challenged(gate.admit(Presented(header, [bank.proof(url, ath=ath)]), now=now))
    assert error.http_status == 401
    assert 'error="use_dpop_nonce"' in error.headers()["WWW-Authenticate"]
    admitted = await gate.admit(Presented(header, [bank.proof(url, ath=ath, nonce=error.nonce)]), now=now)
    assert admitted[0].needs_nonce


async def test_a_nonce_that_nobody_asked_for(bank: Bank, person: Holder) -> None:
    """Is not looked at: clients may send what they like beside what is checked."""
    code = await bank.code(person)
    assert await bank.ask(bank.redemption(code), bank.proof(bank.server.token_url, nonce="mine"))


def test_the_next_nonce_comes_with_the_answer(bank: Bank) -> None:
    """For who used one, and for everybody where the server wants it; a broken proof is no reason to fail."""
    using, plain = bank.proof(ISSUER, nonce="x"), bank.proof(ISSUER)
    assert next_for(RING, [using], NOW, always=False) == {"DPoP-Nonce": fresh(RING, NOW)}
    assert next_for(RING, [plain, "", "a.b", "a.?.c"], NOW, always=False) == {}
    assert next_for(RING, [], NOW, always=True) == {"DPoP-Nonce": fresh(RING, NOW)}


async def test_other_complaints_come_first(bank: Bank) -> None:
    """A proof that is wrong anyway gets no nonce."""
    bank.server = replace(bank.server, dpop_nonces=True)
    with pytest.raises(OAuthError) as caught:
        await bank.push(bank.proof("https://elsewhere.example/oauth/par"))
    assert caught.value.check == "dpop-htu"
