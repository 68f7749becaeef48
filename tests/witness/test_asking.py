"""The log asks its witnesses: a quorum publishes, everything else waits, and releases never do."""

from pathlib import Path

import httpx
import pytest

from tests.ledger.cosigners import W1
from tests.ledger.shelves import accepted, publisher
from tests.ledger.world import FOUNDED, Log
from tests.witness.town import asked, town
from vault.clock import SystemClock
from vault.errors import BadConfiguration, Tampered
from vault.ledger.cosignature import parse_cosigner
from vault.ledger.policy import parse_policy
from vault.ledger.sequencer import Sequencer
from vault.witness.asking import AskedWitnesses

TWO = "group g 2 a b c\nquorum g"


async def test_a_published_checkpoint_carries_cosignatures(log: Log, tmp_path: Path) -> None:
    """Over several rounds every witness follows, and another implementation finds each line genuine."""
    async with town(log, tmp_path / "w", "a", "b", "c") as (there, client):
        publishing = publisher(log, tmp_path / "log", witnesses=asked(log, there, client, TWO))
        for count in (1, 300, 5):
            await log.fill(count)
            size = await log.drain()
            status = await publishing.publish()
            assert (status.size, status.waiting, [told.size for told in status.witnesses]) == (size, False, [size] * 3)
            assert accepted(log, tmp_path / "log", *map(parse_cosigner, there.vkeys.values())) == size


async def test_witnesses_away(log: Log, tmp_path: Path) -> None:
    """With one away a quorum of two is there; with two it waits and says who is missing, while entries go on; when
    they are back, what is published skips what was never cosigned."""
    async with town(log, tmp_path / "w", "a", "b", "c") as (there, client):
        publishing = publisher(log, tmp_path / "log", witnesses=asked(log, there, client, TWO))
        await log.fill(3)
        await log.drain()
        there.away = {"b"}
        assert (await publishing.publish()).size == 3
        there.away = {"b", "c"}
        await log.fill(4)
        assert await log.drain() == 7
        status = await publishing.publish()
        assert (status.size, status.reached, status.waiting) == (3, 7, True)
        assert [bool(told.problem) for told in status.witnesses] == [False, True, True]
        await log.fill(1)
        await log.drain()
        there.away = set()
        assert (await publishing.publish()).size == 8
        assert accepted(log, tmp_path / "log", *map(parse_cosigner, there.vkeys.values())) == 8


async def test_a_publisher_that_starts_learns_where_witnesses_stand(log: Log, tmp_path: Path) -> None:
    """A new process knows nothing of them; their 409 tells it, and the next question fits."""
    async with town(log, tmp_path / "w", "a", "b", "c") as (there, client):
        for count in (2, 3):
            await log.fill(count)
            size = await log.drain()
            fresh = publisher(log, tmp_path / "log", witnesses=asked(log, there, client, TWO))
            assert (await fresh.publish()).size == size


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text=""),
        httpx.Response(200, text="hello"),
        httpx.Response(200, text="x" * 100_000),
        httpx.Response(200, content=b"\xff"),
        httpx.Response(409, text="many"),
        httpx.Response(409, text="999999"),
        httpx.Response(409, text="0"),
        httpx.Response(302, headers={"Location": "https://elsewhere.example/"}),
        httpx.Response(500),
    ],
    ids=["empty", "no note", "too long", "not text", "no size", "larger", "the same again", "elsewhere", "broken"],
)
async def test_a_strange_witness_changes_nothing(log: Log, tmp_path: Path, answer: httpx.Response) -> None:
    """Whatever one of them answers, it counts as no cosignature, is named, and the others' quorum publishes."""
    async with town(log, tmp_path / "w", "a", "b", "c") as (there, client):
        await log.fill(3)
        await log.drain()
        there.strange = {"b": answer}
        status = await publisher(log, tmp_path / "log", witnesses=asked(log, there, client, TWO)).publish()
        assert (status.size, status.waiting) == (3, False)
        assert [told.problem != "" for told in status.witnesses] == [False, True, False]
        assert accepted(log, tmp_path / "log", *(parse_cosigner(there.vkeys[name]) for name in "ac")) == 3


async def test_a_forged_cosignature_is_not_published(log: Log, tmp_path: Path) -> None:
    """A line under a witness's name that is not genuine, or of another witness's key: not counted, not shown."""
    async with town(log, tmp_path / "w", "a", "b", "c") as (there, client):
        await log.fill(3)
        await log.drain()
        first = asked(log, there, client, TWO)
        await publisher(log, tmp_path / "log", witnesses=first).publish()
        lines = (tmp_path / "log/checkpoint").read_text().splitlines(keepends=True)
        stolen = [next(line for line in lines if line.startswith(f"— {name}.")) for name in "ab"]
        await log.fill(1)
        await log.drain()
        there.strange = {"b": httpx.Response(200, text=stolen[1]), "c": httpx.Response(200, text=stolen[0])}
        status = await publisher(log, tmp_path / "log", witnesses=asked(log, there, client, TWO)).publish()
        assert (status.size, status.waiting) == (3, True)


async def test_a_fork_of_the_log_finds_no_witness(log: Log, tmp_path: Path) -> None:
    """The registry's own keys over another history: witnesses refuse it, no quorum, nothing is shown."""
    async with town(log, tmp_path / "w", "a", "b", "c") as (there, client):
        await log.fill(5)
        await log.drain()
        await publisher(log, tmp_path / "one", witnesses=asked(log, there, client, TWO)).publish()
        await log.tamper(
            "TRUNCATE ledger_entries, ledger_bodies, ledger_tiles, ledger_checkpoints; "
            "UPDATE ledger_heads SET size = 0, root = sha256(''), frontier = ''"
        )
        await log.fill(9)
        await log.drain()
        status = await publisher(log, tmp_path / "two", witnesses=asked(log, there, client, TWO)).publish()
        assert (status.size, status.waiting) == (0, True)
        assert all(told.problem == "it answered 422" for told in status.witnesses)


async def test_a_witness_remembers_for_the_sequencer(log: Log, tmp_path: Path) -> None:
    """The folder is gone and the database is behind, or of the same size and different: the sequencer refuses;
    witnesses that are away, or know nothing, do not stop it."""
    async with town(log, tmp_path / "w", "a", "b", "c") as (there, client):
        await log.fill(5)
        await log.drain()
        outside = asked(log, there, client, TWO)
        assert await Sequencer(log.database, log.signer).heeding(outside).drain() == 5
        await publisher(log, tmp_path / "log", witnesses=outside).publish()
        assert await Sequencer(log.database, log.signer).heeding(outside).drain() == 5
        await log.tamper(
            "TRUNCATE ledger_entries, ledger_bodies, ledger_tiles, ledger_checkpoints; "
            "UPDATE ledger_heads SET size = 0, root = sha256(''), frontier = ''"
        )
        for count in (2, 3):
            await log.fill(count)
            await log.drain()
            with pytest.raises(Tampered) as caught:
                await Sequencer(log.database, log.signer).heeding(outside).drain()
            assert "witness a" in caught.value.private
        there.away = {"a", "b", "c"}
        await log.record(FOUNDED)
        assert await Sequencer(log.database, log.signer).heeding(outside).drain() == 6


@pytest.mark.parametrize("url", ["http://w.example/", "ftp://127.0.0.1/", "w.example", "file:///etc/passwd"])
async def test_a_witness_has_a_safe_address(url: str) -> None:
    """Neither plain http beyond this machine nor anything else is asked."""
    key = "witness.example/w1"
    policy = parse_policy(f"witness {key} {W1.key.vkey()} {url}\nquorum {key}\n".encode())
    async with httpx.AsyncClient() as client:
        with pytest.raises(BadConfiguration, match="https"):
            AskedWitnesses(policy, client, SystemClock())
