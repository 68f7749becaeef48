"""Releases around a change of the grant: what was loaded, approved or delivered under the consent before is over."""

import asyncio

import pytest

from tests.consent.changing import before, changed
from tests.profile.world import IDENTITY
from tests.release.officers import BOTH, NUMBER, ask_for_number, decide
from tests.release.world import GENERAL, Releases
from vault.consent import Given
from vault.consent.changes import How
from vault.release.pipeline import Answer
from vault.release.refusals import ApprovalLapsed, CannotRepeat, GrantEnded

HOWS: tuple[How, ...] = ("merge", "replace")


async def _changed(releases: Releases, given: Given, how: How = "replace") -> Given:
    """The person allows the same items anew, a second later."""
    releases.later(seconds=1)
    return await changed(releases.consents, how, await before(releases.consents, given.grant), BOTH)


@pytest.mark.parametrize("how", HOWS)
async def test_the_old_token_releases_nothing(releases: Releases, given: Given, token: str, how: How) -> None:
    """For the very next release; the new one delivers, also what is stored under older section keys."""
    new = await _changed(releases, given, how)
    with pytest.raises(GrantEnded):
        await releases.release(token)
    fresh = await releases.token(new)
    assert (await releases.values(fresh, "identity.name"))["identity.name"] == IDENTITY["name"]


async def test_an_approval_of_the_consent_before_lets_nothing_out(releases: Releases, given: Given, token: str) -> None:
    """The officer agreed to a release under what the person had agreed to then; under the new consent they are asked
    again, and then it delivers."""
    location = await ask_for_number(releases, token)
    await decide(releases, location)
    fresh = await releases.token(await _changed(releases, given))
    with pytest.raises(ApprovalLapsed):
        await releases.release(fresh, NUMBER, key="once")
    await decide(releases, await ask_for_number(releases, fresh, key="again"))
    assert await releases.values(fresh, NUMBER, key="again") == {NUMBER: IDENTITY["national_id"]}


async def test_a_sensitive_release_of_before_is_not_repeated(releases: Releases, given: Given, token: str) -> None:
    """What was delivered under the consent before is delivered; its officer's share opens nothing of the new one."""
    await decide(releases, await ask_for_number(releases, token))
    assert await releases.values(token, NUMBER, key="once") == {NUMBER: IDENTITY["national_id"]}
    fresh = await releases.token(await _changed(releases, given))
    with pytest.raises(CannotRepeat):
        await releases.release(fresh, NUMBER, key="once")


async def test_releasing_during_a_replacement(releases: Releases, given: Given, token: str) -> None:
    """Whatever the order: what leaves left under the consent before, and nothing leaves afterwards."""
    many = [releases.release(token, "identity.name") for _ in range(4)]
    found = await before(releases.consents, given.grant)
    *outcomes, new = await asyncio.gather(
        *many, changed(releases.consents, "replace", found, {"identity.name": "masked"}), return_exceptions=True
    )
    assert isinstance(new, Given)
    assert all(isinstance(each, Answer | GrantEnded) for each in outcomes), outcomes
    with pytest.raises(GrantEnded):
        await releases.release(token, "identity.name")
    fresh = await releases.token(new, items={"identity.name": "masked"})
    assert (await releases.values(fresh))["identity.name"] != IDENTITY["name"]
    assert "identity.name" in GENERAL
