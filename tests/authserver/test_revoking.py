"""Revocation (RFC 7009): one's own tokens end, at once; other people's do not, and nobody learns which there are."""

import msgspec
import pytest

from tests.authserver.bank import Bank
from tests.authserver.issued import ask, give_up
from tests.authserver.recorded import refusals
from tests.profile.world import World, drafts
from vault.authserver.errors import InvalidClient, InvalidRequest, OAuthError
from vault.authserver.issuing import Issued
from vault.authserver.revoking import revoke
from vault.consent import for_person
from vault.db import Session
from vault.ids import PersonId
from vault.requesters.tables import Client
from vault.signin import Holder

INACTIVE = {"active": False}


@pytest.fixture
async def issued(bank: Bank, person: Holder) -> Issued:
    return await bank.redeem(await bank.code(person))


async def events(bank: Bank) -> list[tuple[str, str | None]]:
    return [(entry["event"], entry.get("outcome")) for entry in map(msgspec.json.decode, await drafts(bank.db))]


async def test_a_refresh_token_takes_its_access_tokens_along(bank: Bank, person: Holder, issued: Issued) -> None:
    """Both are dead with the answer; the consent stands, and the person sees what was done."""
    second = await bank.refresh(issued.refresh_token)
    await give_up(bank, issued.refresh_token, token_type_hint="refresh_token")
    for token in (issued.access_token, second.access_token, issued.refresh_token):
        assert await ask(bank, token) == INACTIVE
    with pytest.raises(OAuthError):
        await bank.refresh(issued.refresh_token)
    (view,) = await bank.db.run(for_person, PersonId(person.id))
    assert view.status == "active"
    assert (await events(bank))[-2:] == [("token.revoked", "refresh_token"), ("token.refused", None)]


async def test_an_access_token_leaves_the_refresh_token(bank: Bank, issued: Issued) -> None:
    """What was revoked is dead; what is issued next is not."""
    await give_up(bank, issued.access_token)
    assert await ask(bank, issued.access_token) == INACTIVE
    again = await bank.refresh(issued.refresh_token)
    assert (await ask(bank, again.access_token))["active"] is True
    assert ("token.revoked", "access_token") in await events(bank)


async def test_revoking_twice_or_nothing(bank: Bank, issued: Issued) -> None:
    """Unknown, malformed, revoked: the same answer, no entry (section 2.2)."""
    await give_up(bank, issued.refresh_token)
    before = await events(bank)
    for token in (issued.refresh_token, issued.access_token, "rt_x", "x", "a.b.c", "rt_" + "A" * 20_000):
        await give_up(bank, token)
    assert await events(bank) == before


async def test_another_client_s_tokens_stay(world: World, bank: Bank, issued: Issued) -> None:
    """No effect, no hint; the attempt is written down."""
    other = await Bank.let_in(world, bank.server, uscc="91110000802100433B")
    for token in (issued.refresh_token, issued.access_token):
        await give_up(other, token)
    assert (await ask(bank, issued.access_token))["active"] is True
    assert await bank.refresh(issued.refresh_token)
    assert [each["reason"] for each in await refusals(bank.db)] == ["revoke-client"] * 2


async def test_strangers_revoke_nothing(bank: Bank, issued: Issued) -> None:
    """Without the client's authentication nothing happens."""
    with pytest.raises(InvalidClient):
        await revoke(bank.server, bank.posted({"token": issued.refresh_token, "client_assertion": None}))
    assert await bank.refresh(issued.refresh_token)


async def test_the_token_is_needed(bank: Bank) -> None:
    """The parameter is named."""
    with pytest.raises(InvalidRequest) as caught:
        await revoke(bank.server, bank.posted({}))
    assert caught.value.check == "token-parameter"


async def test_who_is_suspended_may_still_give_up(bank: Bank, issued: Issued) -> None:
    """The table of standings lets everybody who was let in give up what they hold."""

    async def suspend(session: Session) -> None:
        row = await session.get(Client, bank.decided.client_id)
        assert row is not None
        row.status = "suspended"

    await bank.db.run(suspend)
    await give_up(bank, issued.refresh_token)
    assert ("token.revoked", "refresh_token") in await events(bank)
