"""The sequencer at work: everything gets in, in order, counted, once; one at a time."""

import asyncio
from uuid import UUID

from tests.ledger.world import BANK, FOUNDED, SHOP, Log, drafts, released, running, written
from vault import ids
from vault.ids import EntryId
from vault.ledger.checkpoint import verify
from vault.ledger.leaf import draft
from vault.ledger.sequencer import CAP, Sequencer


async def test_drafts_become_entries_in_order(log: Log) -> None:
    """Everything in the outbox is in the tree, in order of id, under contiguous indexes; the outbox is empty."""
    person, _ = await log.person()
    recorded = [*await log.record(FOUNDED), *await log.record(written(), written(), person=person)]
    assert await log.drain() == 3
    members = await log.members()
    assert [m["index"] for m in members] == [0, 1, 2]
    assert sorted(m["id"] for m in members) == sorted(ids.public(ids.ENTRY, entry_id) for entry_id in recorded)
    assert await log.waiting() == 0
    assert (await log.fsck()).findings == []


async def test_requesters_are_counted_across_batches_and_restarts(log: Log) -> None:
    """A requester's sequence goes on without a gap when another sequencer takes over."""
    for count in (3, CAP + 10, 1):
        await log.put(drafts(count))
        await log.drain()
    seqs: dict[object, list[object]] = {}
    for members in await log.members():
        seqs.setdefault(members["requester"], []).append(members["seq"])
    for counted in seqs.values():
        assert counted == list(range(len(counted)))
    assert (await log.fsck()).findings == []


async def test_a_large_outbox_fills_tiles(log: Log) -> None:
    """A thousand drafts go in by full batches; tiles, checkpoints and columns all hold."""
    await log.put(drafts(1000))
    assert await log.drain() == 1000
    report = await log.fsck()
    assert (report.entries, report.checkpoints, report.findings) == (1000, -(-1000 // CAP), [])


async def test_nothing_to_do_signs_nothing(log: Log) -> None:
    """An empty outbox leaves the tree as it is."""
    assert await log.drain() == 0
    assert (await log.fsck()).checkpoints == 0


async def test_every_commit_is_signed(log: Log) -> None:
    """The newest checkpoint is over the head, by the log's key, under the log's origin."""
    await log.record(FOUNDED)
    await log.drain()
    connection = await log.admin()
    note = await connection.fetchval("SELECT note FROM ledger_checkpoints")
    root = await connection.fetchval("SELECT root FROM ledger_heads")
    await connection.close()
    assert (verify(note, log.signer.keys).size, verify(note, log.signer.keys).root) == (1, root)


async def test_it_notices_by_itself(log: Log) -> None:
    """A running sequencer picks up what nobody hinted at, and calls back after the commit."""
    grown = asyncio.Event()
    async with running(Sequencer(log.database, log.signer, on_commit=grown.set)):
        await log.record(FOUNDED)
        await asyncio.wait_for(grown.wait(), 5)
    assert await log.waiting() == 0


async def test_a_draft_from_long_ago_is_not_overlooked(log: Log) -> None:
    """A draft whose id is older than what was drained, from a slow transaction, gets in all the same."""
    async with running(Sequencer(log.database, log.signer)) as sequencer:
        await log.record(FOUNDED)
        await log.drained()
        old = EntryId(UUID("01900000-0000-7000-8000-000000000001"))
        await log.put([(old, draft(released(BANK), old, 1), None)])
        sequencer.hint()
        await log.drained()
    assert [m["index"] for m in await log.members()] == [0, 1]


async def test_two_sequencers_take_turns(log: Log) -> None:
    """Of two, one leads; when it stops, the other does; the log stays whole and nothing is in it twice."""
    first, second = Sequencer(log.database, log.signer), Sequencer(log.database, log.signer)
    async with running(second):
        async with running(first):
            await log.put(drafts(300))
            await log.drained()
            assert first.leading != second.leading
        await log.put(drafts(300))
        await log.drained()
        if not second.leading:
            await asyncio.sleep(0.3)
    assert len(await log.members()) == 600
    assert (await log.fsck()).findings == []


async def test_an_entry_drained_twice_is_in_the_tree_once(log: Log) -> None:
    """A draft that is back in the outbox after its commit, as after a crash between two databases, is dropped."""
    again = drafts(3)
    await log.put(again)
    await log.drain()
    await log.put([again[1], *drafts(2)])
    assert await log.drain() == 5
    assert await log.waiting() == 0
    assert (await log.fsck()).findings == []


async def test_another_draft_under_a_taken_id_is_told(log: Log) -> None:
    """A different draft under an id that is in the tree is recorded as refused, not dropped in silence."""
    first = drafts(1)
    await log.put(first)
    await log.drain()
    ((entry_id, _, tag),) = first
    await log.put([(entry_id, draft(released(SHOP), entry_id, 2), tag)])
    assert await log.drain() == 2
    refused = (await log.members())[1]
    assert (refused["event"], refused["reason"], refused["ref"]) == (
        "draft.refused",
        "id_taken",
        ids.public(ids.ENTRY, entry_id),
    )


async def test_rubbish_does_not_stop_the_log(log: Log) -> None:
    """What is no draft is recorded by its digest; what stands behind it in the outbox gets in."""
    rubbish = [(ids.new_uuid(), body, None) for body in (b"", b"{", b"\x00\xff", b"[1.5]", "名".encode())]
    await log.put([*rubbish, *drafts(1)])
    assert await log.drain() == 6
    assert sorted(str(m["event"]) for m in await log.members()) == ["draft.refused"] * 5 + ["release.delivered"]
    assert (await log.fsck()).findings == []
