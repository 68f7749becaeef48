"""Who asks: a token that is current and ours, and a proof that was never seen."""

import asyncio

import pytest

from tests.authserver.keys import Signer
from tests.consent.world import Consents, choice
from tests.release.world import URL, Releases
from vault.authserver.errors import InvalidProof, InvalidToken
from vault.consent.standing import end_tokens
from vault.errors import VaultError
from vault.ids import GrantId, PersonId, new_uuid
from vault.release.refusals import GrantEnded

CHANGES: dict[str, dict[str, object]] = {
    "another method": {"htm": "GET"},
    "another address": {"htu": f"{URL}/other"},
    "an hour ago": {"iat": 1},
    "no address": {"htu": None},
    "another token": {"ath": "x" * 43},
    "no token": {"ath": None},
}


async def test_a_replayed_proof_is_refused(releases: Releases) -> None:
    """The second request with the same proof gets nothing, counts nothing and is no entry: nobody knows who it was."""
    given = await releases.given()
    token = await releases.token(given)
    proof = releases.proof(token)
    await releases.values(token, proof=proof)
    with pytest.raises(InvalidProof) as refused:
        await releases.release(token, proof=proof)
    assert refused.value.check == "dpop-replayed"
    assert refused.value.http_status == 401
    assert await releases.uses(given) == 1
    assert len(await releases.entries("release.delivered")) == 1
    assert await releases.entries("release.refused") == []


@pytest.mark.parametrize("same_key", [True, False])
async def test_of_ten_with_one_proof_at_once_one_gets_data(releases: Releases, same_key: bool) -> None:
    """Whatever the idempotency keys are, the constraint lets one through and rolls the others back whole."""
    given = await releases.given()
    token = await releases.token(given)
    proof = releases.proof(token)
    outcomes = await asyncio.gather(
        *(releases.release(token, proof=proof, key="once" if same_key else None) for _ in range(10)),
        return_exceptions=True,
    )
    refused = [each for each in outcomes if isinstance(each, BaseException)]
    assert len(refused) == 9
    assert all(isinstance(each, InvalidProof) and each.check == "dpop-replayed" for each in refused), refused
    assert await releases.uses(given) == 1
    assert len(await releases.entries("release.delivered")) == 1


async def test_a_refused_request_uses_up_its_proof(releases: Releases) -> None:
    """Nobody tries the same proof again with another body."""
    given = await releases.given()
    token = await releases.token(given)
    proof = releases.proof(token)
    with pytest.raises(VaultError):
        await releases.release(token, "contact.address", proof=proof)
    with pytest.raises(InvalidProof):
        await releases.release(token, proof=proof)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_proof_for_something_else_is_refused(releases: Releases, change: str) -> None:
    """Each is answered with 401, and nothing is recorded."""
    token = await releases.token(await releases.given())
    with pytest.raises(InvalidProof) as refused:
        await releases.release(token, proof=releases.proof(token, **CHANGES[change]))
    assert refused.value.http_status == 401


async def test_a_stolen_token_is_worth_nothing_with_another_key(releases: Releases) -> None:
    """The thief's proof is good, but not of the key the token is bound to."""
    token = await releases.token(await releases.given())
    releases.key = Signer.make()
    with pytest.raises(InvalidProof) as refused:
        await releases.release(token)
    assert refused.value.check == "dpop-bound"


async def test_an_expired_token_is_refused(releases: Releases) -> None:
    """Ten minutes, to the second."""
    token = await releases.token(await releases.given())
    releases.later(minutes=10)
    with pytest.raises(InvalidToken):
        await releases.release(token)


async def test_a_remembered_token_is_refused_after_its_end_and_after_its_epoch(releases: Releases) -> None:
    """A token that this process verified and used is looked at anew: neither end waits until it is forgotten."""
    given = await releases.given()
    ending = await releases.token(given)
    await releases.values(ending)
    releases.later(minutes=10)
    with pytest.raises(InvalidToken) as refused:
        await releases.release(ending)
    assert refused.value.check == "token-expired"
    revoked = await releases.token(given)
    await releases.values(revoked)
    await releases.consents.db.run(end_tokens, PersonId(releases.consents.person.id), given.grant)
    for _ in range(2):
        with pytest.raises(GrantEnded):
            await releases.release(revoked)


async def test_a_token_of_an_earlier_epoch_is_refused_and_recorded(releases: Releases) -> None:
    """After a newer authorization the old token is dead at once, the new one works."""
    given = await releases.given()
    old = await releases.token(given)
    await releases.values(old)
    await releases.consents.db.run(end_tokens, PersonId(releases.consents.person.id), given.grant)
    with pytest.raises(GrantEnded):
        await releases.release(old)
    assert [entry["reason"] for entry in await releases.entries("release.refused")] == ["stale_token"]
    await releases.values(await releases.token(given, epoch=given.token_epoch + 1))


async def test_a_token_names_a_grant_that_this_person_does_not_have(releases: Releases) -> None:
    """A grant of somebody else, or of nobody, is not found under the person in the token."""
    given = await releases.given()
    somebody = Consents(releases.consents.world, await releases.consents.world.person(), releases.consents.bank)
    theirs = await somebody.given(choice("identity.name"), items={"identity.name": "raw"})
    for grant in (theirs.grant, GrantId(new_uuid())):
        with pytest.raises(GrantEnded):
            await releases.release(await releases.token(given, grant=grant))


async def test_a_token_of_another_client_of_the_bank_is_refused(releases: Releases) -> None:
    """A grant is one client's."""
    given = await releases.given()
    with pytest.raises(GrantEnded):
        await releases.release(await releases.token(given, client_id=new_uuid()))
