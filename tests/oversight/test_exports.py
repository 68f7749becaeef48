"""Exports: the whole answer as a file that other programs read, made in parts, fetched only by whoever ordered it."""

import csv
import io
import tarfile
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import duckdb
import msgspec
import pytest
from click.testing import CliRunner

from tests.oversight.conftest import Authority
from tests.release.world import Releases
from vault.cli.ledger import ledger
from vault.errors import Conflict, Invalid, NotFound, Tampered
from vault.ledger.verify import verify_receipt
from vault.oversight import Question, exports, make_reference
from vault.registry import OutsideMandate
from vault.registry.mandates import FIRST_TERM, QUESTIONS
from vault.signin import Holder

ALL = Question()


async def made(releases: Releases, who: Holder, kind: str, question: Question = ALL) -> bytes:
    """The whole file, fetched in pieces of a thousand bytes."""
    db = releases.consents.db
    ordered = await exports.order(db, who, question, kind)
    while await db.run(exports.make_next, at_once=3):
        pass
    done = await db.run(exports.one, who, ordered.id)
    assert (done.state, done.made) == ("done", ordered.total)
    content = b""
    while len(content) < done.length:
        content += (await db.run(exports.fetch, who, ordered.id, first=len(content), most=1000))[1]
    return content


async def members(releases: Releases) -> list[dict[str, Any]]:
    """Every entry, newest first."""
    rows = await releases.administrator.rows("SELECT encode(body, 'escape') FROM ledger_bodies ORDER BY idx DESC")
    return [msgspec.json.decode(row[0]) for row in rows]


async def test_csv_holds_every_entry_once(releases: Releases, regulator: Holder) -> None:
    """In parts of three, newest first, without a gap."""
    await releases.settled()
    rows = list(csv.DictReader(io.StringIO((await made(releases, regulator, "csv")).decode())))
    wanted = (await members(releases))[-len(rows) :]
    assert len(rows) > 20
    assert [(int(row["index"]), row["id"], row["event"]) for row in rows] == [
        (each["index"], each["id"], each["event"]) for each in wanted
    ]
    assert rows[0]["at"].endswith("+00:00")


async def test_parquet_is_read_by_others(releases: Releases, regulator: Holder, tmp_path: Path) -> None:
    """An independent reader finds the same rows, types and gaps, across row groups."""
    (tmp_path / "entries.parquet").write_bytes(await made(releases, regulator, "parquet"))
    columns = '"index", epoch_ms("at"), id, event, actor, requester, seq, items'
    query = f"SELECT {columns} FROM read_parquet('{tmp_path}/entries.parquet')"
    rows = duckdb.sql(query).fetchall()
    wanted = (await members(releases))[-len(rows) :]
    assert rows == [
        (
            each["index"],
            each["at"],
            each["id"],
            each["event"],
            each["actor"].get("id"),
            each.get("requester"),
            each.get("seq"),
            " ".join(":".join(filter(None, (i["item"], i.get("form")))) for i in each.get("items", ())) or None,
        )
        for each in wanted
    ]
    groups = duckdb.sql(f"SELECT count(DISTINCT row_group_id) FROM parquet_metadata('{tmp_path}/entries.parquet')")
    assert groups.fetchall() == [(-(-len(wanted) // 3),)]


async def test_a_bundle_is_verified_by_anybody(releases: Releases, regulator: Holder) -> None:
    """Every entry of the answer with its receipt, all against the one checkpoint in it."""
    question = Question(event="release.delivered")
    with tarfile.open(fileobj=io.BytesIO(await made(releases, regulator, "bundle", question))) as tar:
        files = {name: file.read() for name in tar.getnames() if (file := tar.extractfile(name))}
    lines = [line for name in sorted(files) if name.startswith("receipts/") for line in files[name].splitlines()]
    verified = [verify_receipt(line, releases.vkey) for line in lines]
    assert [each.entry["event"] for each in verified] == ["release.delivered"] * 2
    assert {msgspec.json.decode(line)["checkpoint"] for line in lines} == {files["checkpoint"].decode()}
    assert msgspec.json.decode(files["question.json"])["entries"] == 2


async def test_the_offline_tool_takes_a_bundle(releases: Releases, regulator: Holder, tmp_path: Path) -> None:
    """It says how many entries are proven; a changed byte, another key or an empty bundle is refused."""
    (tmp_path / "vkey").write_text(releases.vkey + "\n")
    content = await made(releases, regulator, "bundle", Question(event="release.delivered"))
    trust = ["--vkey", str(tmp_path / "vkey"), "--json"]

    def run(bundle: bytes) -> tuple[int, dict[str, Any]]:
        (tmp_path / "answer.tar").write_bytes(bundle)
        said = CliRunner().invoke(ledger, ["verify-answer", str(tmp_path / "answer.tar"), *trust])
        return said.exit_code, msgspec.json.decode(said.stdout)

    assert run(content) == (0, {"holds": True, "entries": 2})
    at = content.index(b'"inclusion_path":["') + 20
    broken = content[:at] + (b"A" if content[at : at + 1] != b"A" else b"B") + content[at + 1 :]
    for bundle in (broken, b"", content[:100], bytes(10240)):
        assert run(bundle)[0] == 1


async def test_it_goes_on_where_it_stopped(releases: Releases, regulator: Holder) -> None:
    """Progress is kept with each part: another process goes on, and nothing is made twice."""
    db = releases.consents.db
    whole = await made(releases, regulator, "csv", Question(event="release.delivered"))
    ordered = await exports.order(db, regulator, Question(event="release.delivered"), "csv")
    assert ordered.total == 2
    await db.run(exports.make_next, at_once=1)
    half = await db.run(exports.one, regulator, ordered.id)
    assert (half.state, half.made) == ("running", 1)
    with pytest.raises(Conflict):
        await db.run(exports.fetch, regulator, ordered.id, most=10)
    while await db.run(exports.make_next, at_once=1):
        pass
    assert (await db.run(exports.fetch, regulator, ordered.id, most=10**6))[1] == whole


async def test_it_is_of_the_ledger_as_it_was(releases: Releases, regulator: Holder) -> None:
    """What comes in while it is made is not in it."""
    db = releases.consents.db
    ordered = await exports.order(db, regulator, ALL, "csv")
    await releases.settled()
    await exports.make_all(db)
    content = (await db.run(exports.fetch, regulator, ordered.id, most=10**6))[1].decode()
    assert content.count("\r\n") == 1 + ordered.total


async def test_nobody_fetches_anothers(releases: Releases, authority: Authority) -> None:
    """Not the colleague, not by guessing, not once it is gone, not without a mandate; fetching is an entry."""
    db = releases.consents.db
    ordered = await exports.order(db, authority.first, ALL, "csv")
    await exports.make_all(db)
    for who, which in ((authority.second, ordered.id), (authority.first, UUID(int=7))):
        with pytest.raises(NotFound):
            await db.run(exports.fetch, who, which, most=10)
    assert await db.run(exports.listing, authority.second) == []
    await db.run(exports.fetch, authority.first, ordered.id, most=10)
    await releases.settled()
    assert len(await releases.entries("export.fetched")) == 1
    await authority.give(powers=(QUESTIONS,))
    with pytest.raises(OutsideMandate):
        await db.run(exports.fetch, authority.first, ordered.id, most=10)
    with pytest.raises(OutsideMandate):
        await exports.order(db, authority.first, ALL, "csv")


async def test_it_is_gone_after_a_week(releases: Releases, regulator: Holder) -> None:
    """For whoever asks at once, from the disk with the next tidying."""
    db = releases.consents.db
    ordered = await exports.order(db, regulator, ALL, "csv")
    await exports.make_all(db)
    releases.clock.move(exports.LIFE)
    with pytest.raises(NotFound):
        await db.run(exports.one, regulator, ordered.id)
    assert await db.run(exports.delete_ended) == 1
    assert await releases.administrator.rows("SELECT FROM export_parts") == []


async def test_a_mandate_that_ended_fetches_nothing(releases: Releases, regulator: Holder) -> None:
    """What was ordered in time stays out of reach afterwards."""
    db = releases.consents.db
    releases.clock.move(FIRST_TERM - exports.LIFE / 2)
    ordered = await exports.order(db, regulator, ALL, "csv")
    releases.clock.move(exports.LIFE / 2)
    with pytest.raises(OutsideMandate):
        await db.run(exports.one, regulator, ordered.id)


async def test_an_edited_export_is_refused(releases: Releases, authority: Authority, database_url: str) -> None:
    """An administrator cannot hand one to somebody else, nor widen what it asks."""
    db = releases.consents.db
    ordered = await exports.order(db, authority.first, Question(event="release.delivered"), "csv")
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE exports SET regulator_id = $1", authority.second.id)
    await connection.close()
    with pytest.raises(Tampered):
        await db.run(exports.one, authority.second, ordered.id)


async def test_what_is_not_exported(releases: Releases, regulator: Holder) -> None:
    """Neither one person's entries, nor formats that do not exist, nor from beyond the end."""
    db = releases.consents.db
    reference = await db.run(make_reference, releases.consents.person)
    with pytest.raises(Invalid):
        await exports.order(db, regulator, Question(reference=reference.code), "csv")
    with pytest.raises(Invalid):
        await exports.order(db, regulator, ALL, "xlsx")
    ordered = await exports.order(db, regulator, ALL, "csv")
    await exports.make_all(db)
    with pytest.raises(Invalid):
        await db.run(exports.fetch, regulator, ordered.id, first=10**9, most=10)


@pytest.mark.parametrize("narrower", [{"sectors": ["health"]}, {"regions": ["11"]}])
async def test_a_narrower_mandate_lets_go_no_more(
    releases: Releases, authority: Authority, narrower: dict[str, list[str]]
) -> None:
    """What was ordered under a wide mandate is not fetched under a narrow one; what lies within it is."""
    db = releases.consents.db
    ordered = await exports.order(db, authority.first, ALL, "csv")
    await exports.make_all(db)
    await authority.give(**narrower)
    for act in (exports.one, exports.fetch):
        with pytest.raises(OutsideMandate):
            await db.run(act, authority.first, ordered.id, **({} if act is exports.one else {"most": 1000}))
    assert await made(releases, authority.first, "csv", Question(within_mandate=True))
