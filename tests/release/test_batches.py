"""A batch: each line as good as a release of its own, in order, recorded once, whoever asks again."""

import msgspec
import pytest

from tests.release.batch_world import Batches, kinds
from tests.release.world import GENERAL, Releases


@pytest.fixture
async def batches(releases: Releases) -> Batches:
    return await Batches(releases).with_people(3)


async def test_every_line_is_delivered_in_order_with_its_own_receipt(batches: Batches) -> None:
    """Three people: three payloads in the forms they allowed, three entries, three uses, one person's in each."""
    outcomes = await batches.send(batches.tokens)
    assert kinds(outcomes) == ["delivered"] * 3
    values = [batches.values(each) for each in outcomes]
    assert [sorted(each) for each in values] == [sorted(GENERAL)] * 3
    bodies = [msgspec.json.decode(each.answer.body) for each in outcomes if each.answer]
    assert len({body["sub"] for body in bodies}) == len({body["receipt"]["index"] for body in bodies}) == 3
    assert await batches.uses() == [1, 1, 1]
    assert await batches.delivered() == 3


async def test_fewer_items_may_be_asked_for(batches: Batches) -> None:
    """Only the named items leave, and the entry names no other."""
    outcomes = await batches.send(batches.tokens[:1], items=("identity.name",))
    assert list(batches.values(outcomes[0])) == ["identity.name"]
    (entry,) = await batches.releases.entries("release.delivered")
    assert [each["item"] for each in entry["items"]] == ["identity.name"]
