"""The published log over HTTP: hashes for everybody, entries for auditors in force, files for nobody."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import pytest

from tests.api.edge import Edge, opened
from tests.profile.world import Administrator
from tests.requesters.world import Staff, cheap_doorway, found_registry
from vault import ids
from vault.clock import FixedClock
from vault.crypto.canonical import canonical
from vault.crypto.jws import sign_jws
from vault.crypto.signing import SigningKey
from vault.db import Database
from vault.errors import Invalid, NotFound, Refused, Tampered
from vault.ledger import reading
from vault.ledger.checkpoint import Checkpoint, log_keys, parse, ring_signer, verify
from vault.ledger.shelf import Shelf
from vault.ledger.tiles import unbundle
from vault.ledger.tlog_proof import of_receipt, verify_proof
from vault.ledger.tree import leaf_hash
from vault.witness.auditors import add, end
from vault.witness.memory import Known
from vault.witness.mirror import Mirror
from vault.witness.passes import TYPE, make_pass
from vault.witness.rules import Declined
from vault.witness.source import HttpSource

KEY = SigningKey(b"r" * 32)


@pytest.fixture
async def edge(database: Database, tmp_path: Path) -> AsyncIterator[Edge]:
    """A founded installation that publishes."""
    async with opened(database, log_folder=tmp_path, log_publish_seconds=0.01) as made:
        yield made


@pytest.fixture
async def staff(edge: Edge, database: Database) -> Staff:
    return await found_registry(database, cheap_doorway(database))


@pytest.fixture
async def auditor(staff: Staff, database: Database) -> UUID:
    return await database.run(add, "Audit Office", KEY.public, by=(staff.first, staff.second))


async def published(edge: Edge, client: httpx.AsyncClient) -> int:
    """Wait until everything recorded is published; its size."""
    await edge.recorded()
    async with asyncio.timeout(20):
        while True:
            newest = int((await client.get("/v1/ledger/checkpoint")).text.split("\n")[1])
            answer = await client.get("/log/checkpoint")
            if answer.status_code == 200 and int(answer.text.split("\n")[1]) == newest:
                return newest
            await asyncio.sleep(0.02)


def carrying(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


async def test_strangers_read_hashes_and_no_entry(edge: Edge, auditor: UUID) -> None:
    """Checkpoint and hash tiles are anybody's, with headers to match; a bundle is refused without a pass."""
    async with edge.client() as client:
        size = await published(edge, client)
        note = await client.get("/log/checkpoint")
        keys = log_keys(edge.app.state.doors.ring, edge.settings.origin(edge.app.state.doors.ring.id))
        assert verify(note.text, keys).size == size
        assert note.headers["cache-control"] == "public, no-cache"
        assert note.headers["content-type"] == "text/plain; charset=utf-8"
        again = await client.get("/log/checkpoint", headers={"If-None-Match": note.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        tile = await client.get(f"/log/tile/0/000.p/{size}")
        assert (tile.status_code, len(tile.content)) == (200, 32 * size)
        assert "immutable" in tile.headers["cache-control"]
        assert tile.headers["content-type"] == "application/octet-stream"
        for more in ({}, carrying(""), carrying("x.y.z"), {"Authorization": "Basic eDp5"}):
            refused = await client.get(f"/log/tile/entries/000.p/{size}", headers=more)
            assert refused.status_code == 401


async def test_an_auditor_reads_entries_until_it_is_ended(
    edge: Edge, staff: Staff, auditor: UUID, database: Database
) -> None:
    """With its pass the bundle comes, private to it, and hashes to the tile; after the end, nothing at once."""
    async with edge.client() as client:
        size = await published(edge, client)
        own = carrying(make_pass(KEY, ids.public(ids.AUDITOR, auditor), edge.settings.issuer_url, database.clock.now()))
        bundle = await client.get(f"/log/tile/entries/000.p/{size}", headers=own)
        assert (bundle.status_code, bundle.headers["cache-control"].split(",")[0]) == (200, "private")
        tile = (await client.get(f"/log/tile/0/000.p/{size}")).content
        assert b"".join(leaf_hash(entry) for entry in unbundle(bundle.content, size)) == tile
        await database.run(end, auditor, by=(staff.first, staff.second))
        assert (await client.get(f"/log/tile/entries/000.p/{size}", headers=own)).status_code == 401
        assert (await client.get(f"/log/tile/0/000.p/{size}", headers=own)).status_code == 200


async def test_a_mirror_follows_over_http(edge: Edge, auditor: UUID, database: Database, tmp_path: Path) -> None:
    """With its pass a mirror derives the whole log through the published files; without one it gets nowhere."""
    who, issuer = ids.public(ids.AUDITOR, auditor), edge.settings.issuer_url
    copy = Shelf(tmp_path / "copy")
    assert copy.lock()
    async with edge.client() as client:
        size = await published(edge, client)
        for key in (SigningKey(b"x" * 32), KEY):
            make = partial(make_pass, key, who, issuer, database.clock.now())
            source = HttpSource(f"{issuer}/log", client, make)
            note = await source.checkpoint()
            assert note is not None
            if key is KEY:
                assert (await Mirror(source, copy).examine(parse(note)[0], note, Known())).size == size
            else:
                with pytest.raises(Declined, match="401"):
                    await Mirror(source, copy).examine(parse(note)[0], note, Known())
    copy.unlock()


async def test_a_receipt_under_the_published_checkpoint(edge: Edge, staff: Staff, database: Database) -> None:
    """An entry's proof moves to what is published and cosigned, where that covers it; to no other tree."""
    async with edge.client() as client:
        await published(edge, client)
        note = (await client.get("/log/checkpoint")).text
    async with database.begin() as session:
        fresh = await reading.receipt_at(session, 0)
        moved = await reading.receipt_under(session, fresh, note)
        assert moved.checkpoint == note
        keys = log_keys(database.ring, edge.settings.origin(database.ring.id))
        assert verify_proof(of_receipt(moved), None, keys) == parse(note)[0]
        late = msgspec.structs.replace(fresh, index=10_000)
        assert await reading.receipt_under(session, late, note) == late
        with pytest.raises(Tampered):
            await reading.receipt_under(session, msgspec.structs.replace(fresh, index=1), note)


async def test_false_passes(edge: Edge, auditor: UUID, clock: FixedClock) -> None:
    """Another key, registry, type or auditor, too old, too long, from the future: all look the same."""
    who, issuer, now = ids.public(ids.AUDITOR, auditor), edge.settings.issuer_url, clock.now()
    at = int(now.timestamp())
    long = canonical({"aud": issuer, "exp": at + 3000, "iat": at})
    short = canonical({"aud": issuer, "exp": at + 60, "iat": at})
    false = [
        make_pass(SigningKey(b"x" * 32), who, issuer, now),
        make_pass(KEY, who, "https://other.example", now),
        make_pass(KEY, ids.public(ids.AUDITOR, ids.new_uuid()), issuer, now),
        make_pass(KEY, "ofc_" + who[4:], issuer, now),
        make_pass(KEY, who, issuer, now - timedelta(minutes=10)),
        make_pass(KEY, who, issuer, now + timedelta(minutes=10)),
        sign_jws(KEY.sign, {"typ": TYPE, "kid": who}, long),
        sign_jws(KEY.sign, {"typ": "at+jwt", "kid": who}, short),
        sign_jws(KEY.sign, {"typ": TYPE}, short),
        sign_jws(KEY.sign, {"typ": TYPE, "kid": who}, b"{}"),
    ]
    async with edge.client() as client:
        size = await published(edge, client)
        path = f"/log/tile/entries/000.p/{size}"
        for each in false:
            assert (await client.get(path, headers=carrying(each))).status_code == 401
        good = sign_jws(KEY.sign, {"typ": TYPE, "kid": who}, short)
        assert (await client.get(path, headers=carrying(good))).status_code == 200


PATHS = (
    "/log/tile/0/001",
    "/log/tile/0/../entries/000",
    "/log/tile/0/%2e%2e/%2e%2e/checkpoint",
    "/log/tile/..%2f..%2fkeyring.json",
    "/log/tile//etc/passwd",
    "/log/tile/0/x/000",
    "/log/tile/0/000.p/0",
    "/log/tile/0/000.p/999",
    "/log/tile/entries",
    "/log/tile/0/000%00",
    "/log/status.json",
    "/log/.lock",
)


async def test_no_other_file_is_served(edge: Edge, staff: Staff, tmp_path: Path) -> None:
    """Ways out of the tree, hidden files, places that do not exist: absent, whatever lies on the disk."""
    (tmp_path / "tile/0/x").mkdir(parents=True, exist_ok=True)
    (tmp_path / "tile/0/x/000").write_bytes(b"secret")
    async with edge.client() as client:
        await published(edge, client)
        for path in PATHS:
            answer = await client.get(path)
            assert answer.status_code in {400, 401, 404}, path
            assert b"secret" not in answer.content


async def test_a_public_file_asks_no_database(edge: Edge, staff: Staff, database_url: str) -> None:
    """Checkpoint and hash tiles are served while the database lets nobody in."""
    async with edge.client() as client:
        size = await published(edge, client)
        await edge.app.state.doors.database.close()
        name = database_url.rpartition("/")[2]
        administrator = Administrator(database_url.rpartition("/")[0] + "/postgres")
        await administrator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            await administrator.execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            )
            assert (await client.get("/log/checkpoint")).status_code == 200
            assert (await client.get(f"/log/tile/0/000.p/{size}")).status_code == 200
        finally:
            await administrator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


async def test_health_tells_of_publishing(edge: Edge, staff: Staff, tmp_path: Path) -> None:
    """Ready says how publishing stands; a database behind what is published is not ready, whatever else is well."""
    async with edge.client() as client:
        size = await published(edge, client)
        async with asyncio.timeout(20):
            while (await client.get("/health/ready")).json()["publishing"] == "off":
                await asyncio.sleep(0.02)
        state = edge.app.state.doors
        signer = ring_signer(state.ring, edge.settings.origin(state.ring.id))
        ahead = signer.note(Checkpoint(signer.keys[-1].origin, size + 1, bytes(32)))
        (tmp_path / "checkpoint").write_text(ahead)
        answer = await client.get("/health/ready")
        assert (answer.status_code, "behind what was published" in answer.text) == (503, True)


async def test_who_lets_auditors_in(staff: Staff, database: Database, database_url: str) -> None:
    """Two different vetting officers of two units; a name and a key of the right length; only one there is ends."""
    a, b = staff.first, staff.second
    for by in ((a, a), (a, staff.third), (staff.regulator, b)):
        with pytest.raises(Refused):
            await database.run(add, "Audit Office", KEY.public, by=by)
    for name, public in (("x", KEY.public), ("two\nlines", KEY.public), ("Audit Office", bytes(31))):
        with pytest.raises(Invalid):
            await database.run(add, name, public, by=(a, b))
    with pytest.raises(NotFound):
        await database.run(end, ids.new_uuid(), by=(a, b))


async def test_an_edited_auditor_is_refused(edge: Edge, auditor: UUID, database: Database, database_url: str) -> None:
    """A database administrator who puts a key of their own into the row reads nothing."""
    thief = SigningKey(b"t" * 32)
    await Administrator(database_url).execute("UPDATE ledger_auditors SET public = $1", thief.public)
    own = carrying(make_pass(thief, ids.public(ids.AUDITOR, auditor), edge.settings.issuer_url, database.clock.now()))
    async with edge.client() as client:
        size = await published(edge, client)
        assert (await client.get(f"/log/tile/entries/000.p/{size}", headers=own)).status_code == 500
