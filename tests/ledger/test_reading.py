"""Reading: proofs for any entry, pages by any filter, a person's own lines."""

from contextlib import suppress

import msgspec
import pytest

from tests.ledger.world import FOUNDED, Log, released, written
from vault import ids
from vault.db import REGULATOR
from vault.errors import Invalid, NotFound, Tampered
from vault.ids import EntryId
from vault.ledger import reading
from vault.ledger.reading import Question
from vault.ledger.verify import verify_consistency_proof, verify_receipt


async def test_any_entry_can_be_proved(log: Log) -> None:
    """Receipts for entries all over the tree, by index and by id, verify offline."""
    await log.fill(1500)
    assert await log.drain() == 1500
    vkey = log.signer.keys[-1].vkey()
    async with log.database.begin(REGULATOR) as session:
        for index in (0, 1, 255, 256, 511, 1023, 1024, 1279, 1280, 1498, 1499):
            receipt = await reading.receipt_at(session, index)
            assert verify_receipt(msgspec.json.encode(receipt), vkey).index == index
            by_id = await reading.receipt_of(session, await log.id_at(index))
            assert by_id == receipt


async def test_proofs_reach_over_levels_of_tiles(log: Log) -> None:
    """In a tree of more than 65,536 entries, proofs made from tiles of tiles verify."""
    await log.record(FOUNDED)
    await log.plant(66_000)
    await log.record(FOUNDED)
    assert await log.drain() == 66_002
    vkey = log.signer.keys[-1].vkey()
    async with log.database.begin(REGULATOR) as session:
        for index in (65_999, 66_000):
            receipt = await reading.receipt_at(session, index)
            assert verify_receipt(msgspec.json.encode(receipt), vkey).index == index
        proof = await reading.consistency(session, 66_000, 66_002)
    assert verify_consistency_proof(msgspec.json.encode(proof), vkey).new.size == 66_002


async def test_any_two_checkpoints_are_consistent(log: Log) -> None:
    """Between every two checkpoints of a log there is a proof, and it verifies."""
    sizes = []
    for count in (1, 2, 60, 193, 256, 7):
        await log.fill(count)
        sizes.append(await log.drain())
    vkey = log.signer.keys[-1].vkey()
    async with log.database.begin(REGULATOR) as session:
        for old in sizes:
            for new in sizes:
                if old <= new:
                    proof = await reading.consistency(session, old, new)
                    assert verify_consistency_proof(msgspec.json.encode(proof), vkey).old.size == old
        with pytest.raises(Invalid):
            await reading.consistency(session, sizes[1], sizes[0])
        with pytest.raises(NotFound):
            await reading.consistency(session, sizes[0], sizes[1] + 1)


async def test_an_empty_ledger_has_nothing(log: Log) -> None:
    """Before the first entry there are no checkpoints, no entries, no receipts."""
    async with log.database.begin(REGULATOR) as session:
        assert await reading.first_and_latest(session) is None
        assert await reading.page(session, Question()) == []
        with pytest.raises(NotFound):
            await reading.receipt_at(session, 0)


@pytest.mark.parametrize("index", [-1, 3, 1 << 40])
async def test_an_entry_that_is_not_there_has_no_receipt(log: Log, index: int) -> None:
    """Indexes outside the tree, and unknown ids, are absent."""
    await log.record(FOUNDED, FOUNDED, FOUNDED)
    await log.drain()
    async with log.database.begin() as session:
        with pytest.raises(NotFound):
            await reading.receipt_at(session, index)
        with pytest.raises(NotFound):
            await reading.receipt_of(session, EntryId(ids.new_uuid()))


async def test_pages_by_every_filter(log: Log) -> None:
    """A regulator's filters, alone and combined, give exactly the entries that fit, newest first."""
    person, _ = await log.person()
    banks = [ids.new_uuid(), ids.new_uuid()]
    for number in range(12):
        purpose = ("credit.assessment", "insurance.claim")[number % 3 == 0]
        await log.record(released(banks[number % 2], purpose=purpose), person=person)
    await log.record(FOUNDED)
    await log.drain()
    async with log.database.begin(REGULATOR) as session:
        every = await reading.page(session, Question())
        assert [entry.index for entry in every] == list(range(12, -1, -1))
        for question in (
            Question(requester=banks[0]),
            Question(purpose="insurance.claim"),
            Question(event="registry.founded"),
            Question(event="release.delivered", requester=banks[1], purpose="credit.assessment"),
            Question(outcome="nothing"),
            Question(requester=ids.new_uuid()),
        ):
            found = await reading.page(session, question)
            assert [entry.index for entry in found] == [e.index for e in every if _fits(e.members, question)]


def _fits(members: dict[str, object], question: Question) -> bool:
    asked = {
        "requester": question.requester and ids.public(ids.REQUESTER, question.requester),
        "purpose": question.purpose,
        "event": question.event,
        "outcome": question.outcome,
    }
    return all(value is None or members.get(name) == value for name, value in asked.items())


async def test_pages_by_time(log: Log) -> None:
    """The beginning of a period belongs to it, its end does not."""
    await log.fill(30)  # dated 0, 1, 2, … ms after 1970
    await log.drain()
    async with log.database.begin(REGULATOR) as session:
        found = await reading.page(session, Question(since=10, until=20))
        assert sorted(entry.members["at"] for entry in found) == list(range(10, 20))
        assert len(await reading.page(session, Question(since=25))) == 5
        assert len(await reading.page(session, Question(until=5))) == 5


async def test_pages_follow_each_other(log: Log) -> None:
    """Page by page, every entry comes exactly once, also while new ones are added."""
    await log.fill(300)
    await log.drain()
    seen: list[int] = []
    async with log.database.begin(REGULATOR) as session:
        while page := await reading.page(session, Question(), before=seen[-1] if seen else None, limit=70):
            seen += [entry.index for entry in page]
            if len(seen) == 70:
                await log.fill(10)
                await log.drain()
    assert seen == list(range(299, -1, -1))


async def test_a_page_is_bounded(log: Log) -> None:
    """Asking for more than a page holds gives a page."""
    await log.fill(reading.MOST_ROWS + 10)
    await log.drain()
    async with log.database.begin(REGULATOR) as session:
        assert len(await reading.page(session, Question(), limit=10**9)) == reading.MOST_ROWS


async def test_a_person_finds_every_line(log: Log) -> None:
    """With the ledger key one finds all of one's entries in order, also one that still waits."""
    person, k_s = await log.person()
    stranger, _ = await log.person()
    await log.record(written(), released(ids.new_uuid()), person=person)
    await log.record(written(), person=stranger)
    await log.drain()
    await log.record(written("finance"), person=person)
    async with log.database.begin() as session:
        lines = await reading.history(session, k_s, 0, 4)
    assert [line.entry and line.entry.members["event"] for line in lines] == [
        "section.written",
        "release.delivered",
        None,
        None,
    ]
    assert [line.waiting for line in lines] == [False, False, True, False]


async def test_a_person_sees_a_hole(log: Log) -> None:
    """An entry taken away leaves a number without an entry, which is not waiting either."""
    person, k_s = await log.person()
    await log.record(written(), person=person)
    await log.record(written(), person=person)
    await log.drain()
    await log.tamper("DELETE FROM ledger_bodies WHERE idx = 0")
    async with log.database.begin() as session:
        first, second = await reading.history(session, k_s, 0, 2)
    assert (first.entries, first.waiting) == ((), False)
    assert len(second.entries) == 1


async def test_a_person_sees_a_number_used_twice(log: Log) -> None:
    """A counter set back does not hide an entry: both stand under the number."""
    person, k_s = await log.person()
    await log.record(written(), person=person)
    await log.tamper("UPDATE ledger_subjects SET next_n = 0")
    await log.record(written(), person=person)
    await log.drain()
    async with log.database.begin() as session:
        (line,) = await reading.history(session, k_s, 0, 1)
    assert len(line.entries) == 2


async def test_another_key_finds_nothing(log: Log) -> None:
    """Without the ledger key there is no way to a person's entries."""
    person, _ = await log.person()
    await log.record(written(), person=person)
    await log.drain()
    async with log.database.begin() as session:
        assert all(not line.entries for line in await reading.history(session, bytes(32), 0, 10))


TAMPERED = {
    "a body changed": "UPDATE ledger_bodies SET body = convert_to(replace(convert_from(body, 'UTF8'), "
    "'\"v\":1', '\"v\":2'), 'UTF8') WHERE idx = 3",
    "a neighbour's leaf hash changed": "UPDATE ledger_entries SET leaf_hash = sha256('x') WHERE idx = 2",
    "a neighbour removed": "DELETE FROM ledger_entries WHERE idx = 2",
    "the root changed": "UPDATE ledger_checkpoints SET note = replace(note, split_part(note, E'\\n', 3), "
    "'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=')",
}


async def test_no_proof_is_made_from_altered_rows(log: Log) -> None:
    """Where rows and checkpoint differ, there is no receipt but an alarm."""
    await log.record(*[FOUNDED] * 5)
    await log.drain()
    refused = []
    for what, statement in TAMPERED.items():
        async with log.broken(statement), log.database.begin(REGULATOR) as session:
            with suppress(Tampered):
                await reading.receipt_at(session, 3)
                continue
            refused.append(what)
    assert refused == list(TAMPERED)


async def test_no_consistency_is_claimed_where_there_is_none(log: Log) -> None:
    """A checkpoint over another history than the rows' cannot be connected to them."""
    for _ in range(2):
        await log.record(FOUNDED, FOUNDED, FOUNDED)
        await log.drain()
    await log.tamper(
        "UPDATE ledger_checkpoints SET note = replace(note, split_part(note, E'\\n', 3), "
        "'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=') WHERE size = 3"
    )
    async with log.database.begin(REGULATOR) as session:
        with pytest.raises(Tampered):
            await reading.consistency(session, 3, 6)


async def test_a_regulator_reads_and_nothing_else(log: Log) -> None:
    """The regulator's role cannot even see what waits in the outbox, or whom the keys belong to."""
    for table in ("ledger_outbox", "ledger_subjects"):
        with pytest.raises(Exception, match="permission denied"):
            await _select(log, table)


async def _select(log: Log, table: str) -> None:
    connection = await log.database.connect(REGULATOR)
    try:
        await connection.fetch(f"SELECT * FROM {table}")  # constants above
    finally:
        await connection.close()
