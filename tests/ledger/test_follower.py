"""Receipts: for everybody who waits, from memory, and never for a tree that is in doubt."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import msgspec
import pytest

from tests.ledger.world import FORGED, FOUNDED, Log
from vault import ids
from vault.crypto.canonical import reread
from vault.errors import Unavailable
from vault.ids import EntryId
from vault.ledger import follower
from vault.ledger.follower import Receipts
from vault.ledger.receipt import Receipt
from vault.ledger.sequencer import Sequencer
from vault.ledger.verify import verify_receipt


@asynccontextmanager
async def tasks(*coroutines: object) -> AsyncIterator[None]:
    running = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@asynccontextmanager
async def serving(log: Log) -> AsyncIterator[Receipts]:
    """A follower and, in the same process, the sequencer it hints at."""
    sequencer = Sequencer(log.database, log.signer)
    receipts = Receipts(log.database, log.signer.keys, sequencer=sequencer)
    async with tasks(sequencer.run(), receipts.run()):
        yield receipts


async def _wait_for_ever(receipts: Receipts, entry_id: EntryId) -> None:
    async with asyncio.timeout(10):
        while True:
            await receipts.wait(entry_id, 5)


def holds(log: Log, receipt: Receipt) -> dict[str, object]:
    """The entry of a receipt that verifies offline."""
    return verify_receipt(msgspec.json.encode(receipt), log.signer.keys[-1].vkey()).entry


async def test_whoever_waits_gets_a_receipt(log: Log) -> None:
    """The receipt of one's entry comes, and verifies with the public key alone."""
    async with serving(log) as receipts:
        (entry_id,) = await log.record(FOUNDED)
        receipts.hint()
        receipt = await receipts.wait(entry_id, 5)
    assert holds(log, receipt)["id"] == ids.public(ids.ENTRY, entry_id)
    assert (receipt.index, receipt.inclusion_path) == (0, [])


async def test_a_hundred_wait_at_once(log: Log) -> None:
    """Each of a hundred gets the receipt of its own entry."""

    async def act(receipts: Receipts) -> tuple[EntryId, Receipt]:
        (entry_id,) = await log.record(FOUNDED)
        receipts.hint()
        return entry_id, await receipts.wait(entry_id, 10)

    async with serving(log) as receipts:
        done = await asyncio.gather(*(act(receipts) for _ in range(100)))
    for entry_id, receipt in done:
        assert holds(log, receipt)["id"] == ids.public(ids.ENTRY, entry_id)
    assert sorted(receipt.index for _, receipt in done) == list(range(100))


async def test_the_same_entry_can_be_asked_for_again(log: Log) -> None:
    """A retry, later and alongside others, finds the same entry under the newest checkpoint."""
    async with serving(log) as receipts:
        (entry_id,) = await log.record(FOUNDED)
        first = await receipts.wait(entry_id, 5)
        await log.record(*[FOUNDED] * 5)
        again = await asyncio.gather(*(receipts.wait(entry_id, 5) for _ in range(3)))
    for receipt in again:
        assert holds(log, receipt) == holds(log, first)


async def test_a_follower_in_another_process_hears_of_it(log: Log) -> None:
    """Without a sequencer of its own, hints and news travel through the database."""
    receipts = Receipts(log.database, log.signer.keys)
    async with tasks(Sequencer(log.database, log.signer).run(), receipts.run()):
        (entry_id,) = await log.record(FOUNDED)
        receipts.hint()
        assert holds(log, await receipts.wait(entry_id, 5))


async def test_the_sequencer_hands_over_what_it_committed(log: Log) -> None:
    """In the process that leads nobody waits for a look at the rows: three entries get their receipts without one."""
    sequencer = Sequencer(log.database, log.signer)
    receipts = Receipts(log.database, log.signer.keys, sequencer=sequencer)  # it is not running
    async with tasks(sequencer.run()):
        entries = await log.record(FOUNDED, FOUNDED, FOUNDED)
        handed = await receipts.wait_all(entries, 5)
    assert [holds(log, handed[entry])["index"] for entry in entries] == [0, 1, 2]
    assert receipts.size == 0


async def test_what_was_handed_over_is_compared_with_the_rows(log: Log) -> None:
    """The database keeps another hash than the one that was signed: from the next look on nothing is handed out."""
    sequencer = Sequencer(log.database, log.signer)
    receipts = Receipts(log.database, log.signer.keys, sequencer=sequencer)
    async with tasks(sequencer.run()):
        (entry_id,) = await log.record(FOUNDED)
        await receipts.wait(entry_id, 5)
        await log.tamper("UPDATE ledger_entries SET leaf_hash = sha256('x') WHERE idx = 0")
        async with tasks(receipts.run()):
            with pytest.raises(Unavailable):
                await _wait_for_ever(receipts, entry_id)
            assert receipts.failure is not None
            with pytest.raises(Unavailable, match="cannot prove"):
                await receipts.wait((await log.record(FOUNDED))[0], 5)


async def test_who_comes_late_follows_from_tiles(log: Log) -> None:
    """A follower that starts behind thousands of entries rebuilds the edge, and gives receipts old and new."""
    old = await log.record(FOUNDED)
    await log.fill(9000)
    await log.drain()
    async with serving(log) as receipts:
        (new,) = await log.record(FOUNDED)
        assert holds(log, await receipts.wait(new, 10))["index"] == 9001
        assert holds(log, await receipts.wait(old[0], 10))["index"] == 0
        assert receipts.size == 9002


async def test_who_fell_behind_catches_up(log: Log) -> None:
    """A follower that slept through more than it takes hash by hash jumps, and checks the jump."""
    async with serving(log) as receipts:
        await receipts.wait((await log.record(FOUNDED))[0], 5)
        await log.fill(follower.MOST_HASHES + 3000)
        last = (await log.record(FOUNDED))[0]
        assert holds(log, await receipts.wait(last, 30))["event"] == "registry.founded"


async def test_an_entry_that_does_not_come_is_not_waited_for(log: Log) -> None:
    """After the time allowed the answer is: not now, try again; nobody is left waiting inside."""
    async with serving(log) as receipts:
        with pytest.raises(Unavailable) as caught:
            await receipts.wait(EntryId(ids.new_uuid()), 0.1)
        assert caught.value.retry_after >= 1
        assert receipts._waiting == {}


async def test_too_many_waiting_are_turned_away(log: Log) -> None:
    """The queue is bounded: one more than it holds is told to come back."""
    receipts = Receipts(log.database, log.signer.keys)
    crowd = [asyncio.create_task(receipts.wait(EntryId(UUID(int=n)), 60)) for n in range(follower.MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="Too many"):
        await receipts.wait(EntryId(UUID(int=1 << 60)), 60)
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
    assert receipts._waiting == {}


async def test_it_survives_the_loss_of_its_connections(log: Log) -> None:
    """The server ends every connection of the follower; receipts come all the same."""
    async with serving(log) as receipts:
        for _ in range(5):
            (entry_id,) = await log.record(FOUNDED)
            receipts.hint()
            await log.tamper(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND usename LIKE 'vault_app%' AND query LIKE ANY ('{%ledger_checkpoints%,%LISTEN%,%NOTIFY%}')"
            )
            assert holds(log, await receipts.wait(entry_id, 10))


TAMPERED = {
    "a leaf hash changed": "UPDATE ledger_entries SET leaf_hash = sha256('x') WHERE idx = 3",
    "a body changed": "UPDATE ledger_bodies SET body = convert_to(replace(convert_from(body, 'UTF8'), "
    "'registry.founded', 'registry.flounder'), 'UTF8'), event = 'registry.flounder' WHERE idx = 3",
    "an entry removed": "DELETE FROM ledger_entries WHERE idx = 2",
    "the signature changed": FORGED,
    "the checkpoint cut": "UPDATE ledger_checkpoints SET note = '' WHERE size = 4",
}


async def test_nothing_is_handed_out_from_a_tree_in_doubt(log: Log) -> None:
    """Where the rows and the signed checkpoint differ, everybody is refused and the reason is kept."""
    await log.record(FOUNDED, FOUNDED, FOUNDED, FOUNDED)
    await log.drain()
    last = await log.id_at(3)
    refused = []
    for what, statement in TAMPERED.items():
        receipts = Receipts(log.database, log.signer.keys)
        async with log.broken(statement), tasks(receipts.run()):
            with suppress(Unavailable):
                await receipts.wait(last, 5)
                continue
            with pytest.raises(Unavailable):
                await receipts.wait(last, 5)
            if receipts.failure is not None:
                refused.append(what)
    assert refused == list(TAMPERED)


async def test_a_shorter_tree_than_before_is_not_followed(log: Log) -> None:
    """When the log comes back shorter than what was trusted (an old backup), nothing is handed out."""
    receipts = Receipts(log.database, log.signer.keys)
    first, second = await log.record(FOUNDED), await log.record(FOUNDED)
    await log.drain()
    await log.record(FOUNDED)
    async with tasks(receipts.run()):
        await receipts.wait(first[0], 5)
        await log.drain()
        await receipts.wait(second[0], 5)
        while receipts.size < 3:
            await asyncio.sleep(0.01)
        await log.tamper("DELETE FROM ledger_checkpoints WHERE size = 3")
        with pytest.raises(Unavailable):
            await _wait_for_ever(receipts, first[0])
    assert "shorter" in str(receipts.failure)


async def test_a_rewritten_past_is_not_followed(log: Log) -> None:
    """When other entries under a genuine signature stand where trusted ones stood, nothing is handed out."""
    receipts = Receipts(log.database, log.signer.keys)
    (first,) = await log.record(FOUNDED)
    await log.drain()
    async with tasks(receipts.run()):
        trusted = await receipts.wait(first, 5)
        await log.tamper("TRUNCATE ledger_entries, ledger_bodies, ledger_checkpoints, ledger_tiles")
        await log.tamper("UPDATE ledger_heads SET size = 0, root = sha256(''), frontier = ''")
        forged = await log.record(FOUNDED, FOUNDED)
        await log.drain()
        with pytest.raises(Unavailable):
            await receipts.wait(forged[0], 5)
    assert receipts.failure is not None
    assert reread(base64.b64decode(trusted.entry))["index"] == 0
