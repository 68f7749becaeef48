"""A batch: each line as good as a release of its own, in order, recorded once, whoever asks again."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import msgspec
import pytest

from tests.release.batch_world import Batches, kinds, reasons
from tests.release.officers import BOTH, decide
from tests.release.world import GENERAL, Releases
from vault.consent import withdraw
from vault.errors import IdempotencyMismatch
from vault.release.batch_caller import Line
from vault.release.batches import KEPT, BatchUnderWay, delete_old_batches
from vault.release.batching import admit, release_batch
from vault.release.recorder import Recorder


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


async def test_where_rows_are_spread_by_person_each_line_is_a_transaction_of_its_own(batches: Batches) -> None:
    """A database that may lock the rows of one person only in a transaction; elsewhere lines share one."""
    transactions = "SELECT DISTINCT xmin::text FROM releases"
    assert kinds(await batches.send(batches.tokens)) == ["delivered"] * 3
    assert len(await batches.releases.administrator.rows(transactions)) == 1
    engine = batches.releases.engine
    batches.releases.engine = replace(engine, recorder=Recorder(engine.pool, most=1))
    assert kinds(await batches.send(batches.tokens)) == ["delivered"] * 3
    assert len(await batches.releases.administrator.rows(transactions)) == 1 + 3
    assert await batches.uses() == [2, 2, 2]


async def test_fewer_items_may_be_asked_for(batches: Batches) -> None:
    """Only the named items leave, and the entry names no other; what was not granted is named as too much."""
    outcomes = await batches.send(batches.tokens[:1], items=("identity.name",))
    assert list(batches.values(outcomes[0])) == ["identity.name"]
    (entry,) = await batches.releases.entries("release.delivered")
    assert [each["item"] for each in entry["items"]] == ["identity.name"]
    beyond = await batches.send(batches.tokens[:1], items=("identity.national_id",))
    assert reasons(beyond) == ["over-asked"]


async def test_one_persons_failure_is_nobody_elses(batches: Batches) -> None:
    """In the middle somebody withdrew: the others are delivered, and numbers stay dense (the fixture checks)."""
    middle = batches.consents[1]
    await batches.releases.consents.db.run(withdraw, middle.holder, middle.given.grant, None)
    outcomes = await batches.send(batches.tokens)
    assert kinds(outcomes) == ["delivered", "refused", "delivered"]
    assert await batches.delivered() == 2
    (entry,) = await batches.releases.entries("release.refused")
    assert entry["reason"] == "withdrawn"
    assert "tag" in entry


async def test_the_same_batch_again_is_the_same_releases(batches: Batches) -> None:
    """Whoever lost the answer gets it again: no entry, no use more; what changed meanwhile does not show."""
    bad = [*batches.tokens, "rt_" + "A" * 80]
    first = await batches.send(bad, key="again")
    await batches.releases.consents.world.write(
        batches.consents[0].holder, "contact", {"phone_number": "+8613900139000"}, expected=1
    )
    second = await batches.send(bad, key="again")
    assert kinds(first) == kinds(second) == ["delivered"] * 3 + ["refused"]
    assert [batches.values(each) for each in first[:3]] == [batches.values(each) for each in second[:3]]
    assert [each.told for each in first] == [each.told for each in second]
    assert await batches.uses() == [1, 1, 1]
    assert (await batches.delivered(), len(await batches.releases.entries("release.refused"))) == (3, 1)


async def test_the_same_key_with_another_body_is_refused(batches: Batches) -> None:
    """Before anything is done; a day later the key is free again."""
    await batches.send(batches.tokens, key="again")
    with pytest.raises(IdempotencyMismatch):
        await batches.send(batches.tokens[:2], key="again")
    assert await batches.delivered() == 3
    batches.releases.later(seconds=KEPT.total_seconds())
    assert kinds(await batches.send(batches.tokens[:2], key="again")) == ["delivered"] * 2
    assert await batches.uses() == [2, 2, 1]


async def test_a_broken_connection_is_resumed(batches: Batches) -> None:
    """After the first chunk nobody listens: nothing more is begun; the same batch goes on, nothing happens twice."""
    lines = [Line(number, token, None) for number, token in enumerate(batches.tokens)]
    ask, batching = await batches.ask(lines, key="broken"), batches.batching(chunk=1)
    sender = await admit(batching, ask)
    async with aclosing(await release_batch(batching, sender, ask=ask, lines=lines)) as chunks:
        first = await anext(chunks)
    assert await batches.delivered() == 1
    again = await batches.send(batches.tokens, key="broken", chunk=1)
    assert batches.values(again[0]) == batches.values(first[0])
    assert await batches.uses() == [1, 1, 1]
    assert await batches.delivered() == 3


async def test_two_at_once_under_one_key(batches: Batches) -> None:
    """One answers, the other is told to wait; asked again it repeats what the first one did."""
    lines = [Line(number, token, None) for number, token in enumerate(batches.tokens)]
    ask, batching = await batches.ask(lines, key="twice"), batches.batching(chunk=1)
    sender = await admit(batching, ask)
    async with aclosing(await release_batch(batching, sender, ask=ask, lines=lines)) as chunks:
        await anext(chunks)
        with pytest.raises(BatchUnderWay):
            await batches.send(batches.tokens, key="twice")
        rest = [each async for each in chunks]
    assert len(rest) == 2
    assert kinds(await batches.send(batches.tokens, key="twice")) == ["delivered"] * 3
    assert await batches.uses() == [1, 1, 1]


async def test_a_run_that_fell_silent_is_taken_over(batches: Batches) -> None:
    """Another run may go on after half a minute; the first one, awake again, does nothing more."""
    lines = [Line(number, token, None) for number, token in enumerate(batches.tokens)]
    ask, batching = await batches.ask(lines, key="silent"), batches.batching(chunk=1)
    sender = await admit(batching, ask)
    chunks = await release_batch(batching, sender, ask=ask, lines=lines)
    async with aclosing(chunks):
        await anext(chunks)
        batches.releases.later(seconds=30)
        assert kinds(await batches.send(batches.tokens, key="silent")) == ["delivered"] * 3
        with pytest.raises(BatchUnderWay):
            await anext(chunks)
    assert await batches.uses() == [1, 1, 1]
    assert await batches.delivered() == 3


async def test_two_batches_of_the_same_people_at_once(batches: Batches) -> None:
    """Under different keys both are done: every delivered line has its use and its entry."""
    both = await asyncio.gather(batches.send(batches.tokens), batches.send(batches.tokens[::-1]))
    assert [kinds(each) for each in both] == [["delivered"] * 3] * 2
    assert await batches.uses() == [2, 2, 2]
    assert await batches.delivered() == 6


async def test_a_person_twice_in_one_batch(batches: Batches) -> None:
    """By two grants: each is delivered under its own, and the person's numbers stay dense (the fixture checks)."""
    await batches.allows(batches.consents[0].holder, {"identity.name": "raw"})
    outcomes = await batches.send(batches.tokens)
    assert kinds(outcomes) == ["delivered"] * 4
    assert list(batches.values(outcomes[3])) == ["identity.name"]
    assert await batches.uses() == [1, 1, 1, 1]


async def test_a_grant_twice_in_one_batch_takes_two_uses_of_its_limit(releases: Releases) -> None:
    """Two refresh tokens of one grant, of which one use is left: one is delivered, one hears the limit's name."""
    batches = await Batches(releases).with_people(1, max_uses=1)
    one = batches.consents[0]
    tokens = [one.token, await batches.refresh_token(one.holder, one.given)]
    outcomes = await batches.send(tokens)
    assert kinds(outcomes) == ["delivered", "limited"]
    assert outcomes[1].told is not None
    assert outcomes[1].told["members"] == {"limit": "max_uses"}
    assert await batches.uses() == [1]


async def test_limits_are_exact_between_batches(releases: Releases) -> None:
    """Two uses are left; six batches want one each at the same moment: two get it, the others hear which limit."""
    batches = await Batches(releases).with_people(1, max_uses=2)
    one = batches.consents[0]
    sent = await asyncio.gather(*(batches.send([one.token]) for _ in range(6)))
    assert sorted(kind for each in sent for kind in kinds(each)) == ["delivered"] * 2 + ["limited"] * 4
    assert await batches.uses() == [2]
    assert await batches.delivered() == 2


async def test_sensitive_lines_wait_and_are_delivered_later(releases: Releases) -> None:
    """The general line is delivered, the sensitive one waits for an officer; the same batch then delivers both."""
    batches = await Batches(releases).with_people(1)
    await batches.with_people(1, BOTH)
    first = await batches.send(batches.tokens, key="officer")
    assert kinds(first) == ["delivered", "waiting"]
    assert first[1].answer is not None
    assert first[1].answer.location is not None
    assert kinds(await batches.send(batches.tokens, key="officer")) == ["delivered", "waiting"]
    assert len(await releases.entries("release.requested")) == 1
    await decide(releases, first[1].answer.location)
    last = await batches.send(batches.tokens, key="officer")
    assert kinds(last) == ["delivered", "delivered"]
    assert "identity.national_id" in batches.values(last[1])
    assert await batches.uses() == [1, 1]
    assert kinds(await batches.send(batches.tokens, key="officer")) == ["delivered", "delivered"]
    assert await batches.delivered() == 2


async def test_old_batches_are_forgotten(batches: Batches) -> None:
    """What nobody can ask for again is deleted, with what was told of its lines."""
    await batches.send([*batches.tokens, "rt_nobody"])
    assert await batches.releases.consents.db.run(delete_old_batches) == 0
    batches.releases.later(seconds=KEPT.total_seconds())
    assert await batches.releases.consents.db.run(delete_old_batches) == 1
    assert await batches.releases.administrator.rows("SELECT FROM release_batch_lines") == []
