"""The grant management endpoint: a client sees what it was granted and no more, and can give it back."""

from datetime import timedelta

import msgspec
import pytest

from tests.authserver.bank import ITEMS, Bank
from tests.authserver.issued import ask, give_back, id_of, query, service_token, shown
from tests.authserver.keys import Signer
from tests.profile.world import World, drafts
from vault.authserver import grants
from vault.authserver.errors import InsufficientScope, InvalidProof, InvalidToken, OAuthError
from vault.authserver.issuing import Issued
from vault.authserver.service_tokens import QUERY, REVOKE
from vault.authserver.tokens import open_access_token
from vault.clock import FixedClock
from vault.consent import one, withdraw
from vault.errors import NotFound
from vault.ids import PersonId
from vault.signin import Holder


@pytest.fixture
async def issued(bank: Bank, person: Holder) -> Issued:
    return await bank.redeem(await bank.code(person))


async def test_what_a_client_sees(bank: Bank, person: Holder) -> None:
    """The items that were ticked, and nothing that says what else was asked; when it was given and ends."""
    issued = await bank.redeem(await bank.code(person, "identity.name"))
    told = await query(bank, await service_token(bank, QUERY), issued.grant_id)
    assert set(told) == {"authorization_details", "created_at", "last_updated_at", "expires_at"}
    assert [each["item"] for each in told["authorization_details"][0]["items"]] == ["identity.name"]
    assert "contact" not in str(told)
    assert told["authorization_details"] == issued.authorization_details
    assert told["expires_at"] - told["created_at"] == 30 * 86_400


async def test_giving_it_back(bank: Bank, person: Holder, issued: Issued) -> None:
    """Every token is dead, the person sees by whom, and nothing is left to look at."""
    token = await service_token(bank)
    await give_back(bank, token, issued.grant_id)
    assert await ask(bank, issued.access_token) == {"active": False}
    with pytest.raises(OAuthError):
        await bank.refresh(issued.refresh_token)
    seen = await bank.db.run(one, PersonId(person.id), id_of(issued.grant_id))
    assert (seen.status, seen.ended_by) == ("withdrawn", "requester")
    entry = [each for each in map(msgspec.json.decode, await drafts(bank.db)) if each["event"] == "grant.withdrawn"][-1]
    assert entry["actor"]["kind"] == "requester"
    for act in (query, give_back):
        with pytest.raises(NotFound):
            await act(bank, token, issued.grant_id)


async def test_what_is_absent(world: World, bank: Bank, person: Holder, issued: Issued, clock: FixedClock) -> None:
    """Another client's grant, an unknown one, an ended one: the same words for each, to look at and to end."""
    other = await Bank.let_in(world, bank.server, uscc="91110000802100433B")
    ended = await bank.redeem(await bank.code(person))
    await bank.db.run(withdraw, person, id_of(ended.grant_id), None)
    said = set()
    for who, grant in ((other, issued.grant_id), (bank, "gnt_" + "0" * 32), (bank, ended.grant_id)):
        token = await service_token(who)
        for act in (query, give_back):
            with pytest.raises(NotFound) as caught:
                await act(who, token, grant)
            said.add(caught.value.public)
    clock.move(timedelta(days=31))
    with pytest.raises(NotFound) as late:
        await query(bank, await service_token(bank), issued.grant_id)
    assert said == {late.value.public}


async def test_each_act_takes_its_scope(bank: Bank, issued: Issued) -> None:
    """A token to look is none to end, and the other way round."""
    with pytest.raises(InsufficientScope):
        await give_back(bank, await service_token(bank, QUERY), issued.grant_id)
    with pytest.raises(InsufficientScope) as caught:
        await query(bank, await service_token(bank, REVOKE), issued.grant_id)
    assert (caught.value.error, caught.value.http_status) == ("insufficient_scope", 403)


@pytest.mark.parametrize("scope", ["", "openid", "grant_management_query openid", f"{QUERY} {QUERY}", " "])
async def test_no_other_scope(bank: Bank, scope: str) -> None:
    """client_credentials gives nothing but these two."""
    with pytest.raises(OAuthError) as caught:
        await bank.ask({"grant_type": "client_credentials", "scope": scope})
    assert (caught.value.error, caught.value.check) == ("invalid_scope", "service-scope")


async def test_one_kind_of_token_is_not_the_other(bank: Bank, issued: Issued) -> None:
    """A token for data manages no grant, a token for grants opens no data and is no answer to introspection."""
    with pytest.raises(InvalidToken):
        await query(bank, issued, issued.grant_id)
    token = await service_token(bank)
    now = bank.db.clock.now()
    with pytest.raises(InvalidToken):
        open_access_token(bank.server.keys, bank.server.ring, token.access_token, now, issuer=bank.server.issuer)
    assert await ask(bank, token.access_token) == {"active": False}
    assert set(token.more) == {"scope"}


async def test_it_is_bound_and_short(bank: Bank, issued: Issued, clock: FixedClock) -> None:
    """Another key, a proof for another address or method, a proof twice, five minutes later: nothing."""
    token = await service_token(bank)
    grant = id_of(issued.grant_id)
    stolen = shown(bank, token, issued.grant_id)
    kept, bank.dpop = bank.dpop, Signer.make()
    with pytest.raises(InvalidProof):
        await grants.query(bank.server, shown(bank, token, issued.grant_id), grant)
    bank.dpop = kept
    for claims in ({"htm": "DELETE"}, {"htu": bank.server.token_url}, {"ath": "x"}):
        with pytest.raises(InvalidProof):
            await grants.query(bank.server, shown(bank, token, issued.grant_id, **claims), grant)
    assert await grants.query(bank.server, stolen, grant)
    with pytest.raises(InvalidProof) as caught:
        await grants.query(bank.server, stolen, grant)
    assert caught.value.check == "dpop-replayed"
    clock.move(timedelta(minutes=5))
    with pytest.raises(InvalidToken):
        await query(bank, token, issued.grant_id)


async def test_after_a_merge_the_query_tells_what_holds_now(bank: Bank, person: Holder, issued: Issued) -> None:
    """Created when the first consent was given, updated with the last; the items ticked last."""
    bank.db.clock.move(timedelta(days=1))  # type: ignore[attr-defined]  # the clock of these tests stands still
    pushed = await bank.push(grant_management_action="replace", grant_id=issued.grant_id)
    await bank.redeem(await bank.allow(person, pushed, "identity.name"))
    told = await query(bank, await service_token(bank), issued.grant_id)
    assert [each["item"] for each in told["authorization_details"][0]["items"]] == ["identity.name"]
    assert told["last_updated_at"] - told["created_at"] == 86_400
    assert set(ITEMS) > {"identity.name"}
