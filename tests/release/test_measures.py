"""Measures of regulators about a grant, seen from a release: they hold for the next one."""

from datetime import timedelta

import pytest

from tests.conftest import NOW
from tests.consent.measuring import ordered
from tests.release.world import Releases
from vault.consent import measures
from vault.consent.terms import OverAsked
from vault.release.refusals import GrantEnded


async def test_a_stop_holds_for_the_next_release_and_the_same_token_works_once_it_is_lifted(releases: Releases) -> None:
    """To the requester it looks like any ended grant; the ledger says suspended."""
    given = await releases.given()
    token = await releases.token(given)
    await releases.values(token)
    await releases.consents.db.run(measures.suspend, given.grant, ordered(), until=None)
    with pytest.raises(GrantEnded) as refused:
        await releases.release(token)
    assert (refused.value.public, refused.value.members) == (GrantEnded("").public, {})
    assert [each["reason"] for each in await releases.entries("release.refused")] == ["suspended"]
    await releases.consents.db.run(measures.lift, given.grant, ordered())
    assert len(await releases.values(token)) == 3


async def test_a_stop_by_one_regulator_lapses_for_releases_too(releases: Releases) -> None:
    """The statement that records decides by the same clock as the check before it."""
    given = await releases.given()
    token = await releases.token(given)
    await releases.consents.db.run(measures.suspend, given.grant, ordered(), until=NOW + timedelta(seconds=30))
    with pytest.raises(GrantEnded):
        await releases.release(token)
    releases.later(seconds=30)
    assert len(await releases.values(token)) == 3


async def test_what_was_cut_leaves_no_more(releases: Releases) -> None:
    """Access tokens from before are dead; one that still names the item is refused by name; the rest goes on."""
    given = await releases.given()
    token = await releases.token(given)
    cut = measures.Cut(frozenset({"contact.phone_number"}))
    await releases.consents.db.run(measures.narrow, given.grant, ordered(), cut)
    with pytest.raises(GrantEnded):
        await releases.release(token)
    wide = await releases.token(given, epoch=given.token_epoch + 1)
    with pytest.raises(OverAsked, match="phone_number"):
        await releases.release(wide)
    assert set(await releases.values(wide, "identity.name")) == {"identity.name"}
