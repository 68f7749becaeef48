"""Refresh tokens: not rotated, bound to client and key, dead with their grant."""

import asyncio
from datetime import timedelta

import pytest

from tests.authserver.bank import Bank
from tests.authserver.keys import Signer
from tests.authserver.recorded import refusals
from tests.profile.world import Administrator, World
from vault.authserver.errors import OAuthError
from vault.authserver.issuing import Issued
from vault.authserver.redeeming import revoke_refresh_tokens
from vault.authserver.refreshing import CHECKS
from vault.authserver.tokens import open_access_token
from vault.clock import FixedClock
from vault.consent import withdraw
from vault.errors import Tampered
from vault.ids import GrantId
from vault.signin import Holder


@pytest.fixture
async def issued(bank: Bank, person: Holder) -> Issued:
    return await bank.redeem(await bank.code(person))


async def refused(bank: Bank, refresh_token: str, /, **changes: str | None) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        await bank.refresh(refresh_token, **changes)
    return caught.value


def grant_of(bank: Bank, issued: Issued) -> GrantId:
    ring, now = bank.server.ring, bank.db.clock.now()
    return open_access_token(bank.server.keys, ring, issued.access_token, now, issuer=bank.server.issuer).grant


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_is_tested_below(name: str) -> None:
    """Client, key and status each have a test of their own."""
    assert name in {"refresh-client", "refresh-key", "refresh-status"}


async def test_the_old_one_keeps_working(bank: Bank, issued: Issued, clock: FixedClock) -> None:
    """FAPI 2.0 5.3.2.1-9: no rotation; days later the same token works."""
    for _ in range(3):
        clock.move(timedelta(days=7))
        assert (await bank.refresh(issued.refresh_token)).refresh_token == issued.refresh_token


async def test_it_ends_with_the_grant(bank: Bank, issued: Issued, clock: FixedClock) -> None:
    """Thirty days were given: then nothing, decided when asked."""
    clock.move(timedelta(days=30))
    error = await refused(bank, issued.refresh_token)
    assert (error.check, error.error) == ("grant-live", "invalid_grant")


async def test_it_ends_with_a_withdrawal(bank: Bank, person: Holder, issued: Issued) -> None:
    """The very next request is refused, and the refusal does not say why."""
    await bank.db.run(withdraw, person, grant_of(bank, issued), None)
    error = await refused(bank, issued.refresh_token)
    assert (error.check, error.error) == ("grant-live", "invalid_grant")
    assert "withdrawn" not in error.description
    assert (await refusals(bank.db))[-1]["reason"] == "grant-live"


async def test_refreshing_during_a_withdrawal(bank: Bank, person: Holder, issued: Issued) -> None:
    """Whatever the order, once the withdrawal has returned nothing is issued."""
    grant = grant_of(bank, issued)
    many = [bank.refresh(issued.refresh_token) for _ in range(4)]
    outcomes = await asyncio.gather(*many, bank.db.run(withdraw, person, grant, None), return_exceptions=True)
    assert all(isinstance(outcome, Issued | OAuthError) for outcome in outcomes[:-1])
    assert (await refused(bank, issued.refresh_token)).check == "grant-live"


async def test_another_key(bank: Bank, issued: Issued) -> None:
    """Stolen together with the client's key but without the DPoP key, it is worth nothing."""
    bank.dpop = Signer.make()
    error = await refused(bank, issued.refresh_token)
    assert (error.check, error.error) == ("refresh-key", "invalid_grant")


async def test_another_client(world: World, bank: Bank, issued: Issued) -> None:
    """In another client's hands it does not exist."""
    other = await Bank.let_in(world, bank.server, uscc="91110000802100433B")
    other.dpop = bank.dpop
    assert (await refused(other, issued.refresh_token)).check == "refresh-client"


async def test_unknown_tokens(bank: Bank, issued: Issued) -> None:
    """What was not issued is not known."""
    for text in ("rt_nonsense", "x", "rt_", "rt_" + "A" * 200, issued.refresh_token[:-1]):
        assert (await refused(bank, text)).check == "refresh-known"


async def test_a_missing_token(bank: Bank, issued: Issued) -> None:
    """The parameter is named."""
    error = await refused(bank, issued.refresh_token, refresh_token=None)
    assert (error.check, error.error) == ("refresh-present", "invalid_request")


@pytest.mark.parametrize("edit", ["expires_at = expires_at + interval '1 year'", "client_id = gen_random_uuid()"])
async def test_an_edited_row_is_refused(bank: Bank, issued: Issued, administrator: Administrator, edit: str) -> None:
    """A token's binding and end are under a MAC."""
    await administrator.execute(f"UPDATE refresh_tokens SET {edit}")
    with pytest.raises(Tampered):
        await bank.refresh(issued.refresh_token)


async def test_a_revoked_token(bank: Bank, issued: Issued) -> None:
    """Revoked is revoked, though grant, client and key are as they were."""
    assert await bank.db.run(revoke_refresh_tokens, grant_of(bank, issued)) == 1
    error = await refused(bank, issued.refresh_token)
    assert (error.check, error.error) == ("refresh-status", "invalid_grant")
    assert await bank.db.run(revoke_refresh_tokens, grant_of(bank, issued)) == 0


async def test_a_revived_row_is_refused(
    bank: Bank, person: Holder, issued: Issued, administrator: Administrator
) -> None:
    """A database administrator cannot bring a revoked token back."""
    code = await bank.code(person)
    second = await bank.redeem(code)
    with pytest.raises(OAuthError):
        await bank.redeem(code)
    await administrator.execute("UPDATE refresh_tokens SET status = 'active'")
    with pytest.raises(Tampered):
        await bank.refresh(second.refresh_token)
    assert await bank.refresh(issued.refresh_token)


async def test_an_edited_grant_is_refused(bank: Bank, issued: Issued, administrator: Administrator) -> None:
    """The consent room's MAC holds here, too."""
    await administrator.execute("UPDATE grants SET expires_at = expires_at + interval '1 year'")
    with pytest.raises(Tampered):
        await bank.refresh(issued.refresh_token)
