"""A regulator's questions over a large ledger: each filter, combinations, figures, a blast radius; beside their floors.

The entries go through outbox and sequencer as always; they are spread over organisations, purposes, items and ninety
days as a register's are: few organisations ask for much, many for little. Every question is a whole one, with mandate,
entry and proof-ready answer, as ``vault.oversight`` gives it.
"""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from benchmark.measuring import machine
from benchmark.preparing import PASSWORD, World, public_jwk
from benchmark.running import at
from vault import ids
from vault.cli.runtime import Runtime, installation
from vault.clock import SystemClock, millis
from vault.crypto.signing import new_signing_seed
from vault.db import Database
from vault.ledger.checkpoint import ring_signer
from vault.ledger.events import Event, Item, requester
from vault.ledger.indexing import index_next
from vault.ledger.leaf import draft
from vault.ledger.sequencer import Sequencer
from vault.oversight import Page, Question, search
from vault.oversight.figures import Stretch, figures
from vault.oversight.reach import Case, radius
from vault.requesters.purposes import purposes
from vault.settings import load
from vault.signin import Attempt, Holder, sign_in

PIECE: Final = 50_000
ORGANISATIONS: Final = 200
DAYS: Final = 90
SLOWEST: Final = 200.0
"""Milliseconds: p95 of a question."""
REACH: Final = 5.0
"""Seconds: a blast radius."""
_ITEMS: Final = ("identity.name", "contact.phone_number", "identity.birthdate", "contact.address", "contact.email")
_RARE: Final = "employment.monthly_income"


@dataclass(frozen=True)
class Plan:
    """What to measure. ``folder`` is empty and goes away; ``persons``: whom the blast radius reaches."""

    folder: Path
    entries: int
    persons: int
    tries: int


class Spread:
    """Rows of the outbox, spread over organisations and time; the same for the same seed."""

    def __init__(self, entries: int, bank: UUID, now: datetime) -> None:
        self.random = random.Random(4)  # noqa: S311  # where entries fall, nothing secret
        self.organisations = [bank, *(ids.new_uuid() for _ in range(ORGANISATIONS - 1))]
        self.declarations = [ids.new_uuid() for _ in range(ORGANISATIONS)]
        self.codes = sorted(purposes().by_code)
        self._entries, self._made = entries, 0
        self._first, self._span = millis(now - timedelta(days=DAYS)), DAYS * 86_400_000

    def row(self) -> tuple[int, UUID, bytes, bytes]:
        """One draft, dated as its place among all of them says."""
        when = self._first + self._span * self._made // self._entries
        self._made += 1
        entry = ids.new_uuid()
        return 0, entry, draft(self._event(), entry, when), os.urandom(32)

    def _event(self) -> Event:
        which = int(ORGANISATIONS * self.random.random() ** 3)
        names = [_RARE] if self.random.random() < 0.002 else self.random.sample(_ITEMS, 3)
        common: dict[str, Any] = {
            "actor": requester(self.organisations[which]),
            "requester": self.organisations[which],
            "declaration": self.declarations[which],
            "declaration_version": 1,
            "purpose": self.codes[which % len(self.codes)],
            "items": tuple(Item(name, "raw") for name in names),
            "ref": ids.public(ids.RELEASE, ids.new_uuid()),
        }
        if self.random.random() < 0.05:
            return Event(
                name="release.refused", reason=self.random.choice(("over_asked", "expired", "quota")), **common
            )
        digests = {name: os.urandom(32) for name in ("consent", "permit", "commit")}
        return Event(name="release.delivered", outcome=None, **digests, **common)


def measure(plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    """Fill, index, ask."""
    settings = load(data=plan.folder)
    with installation(settings) as runtime:
        asyncio.run(runtime.migrate())
        return asyncio.run(_measure(runtime, plan, tell))


async def _measure(runtime: Runtime, plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    database = runtime.database()
    try:
        world = World(database)
        bank = await world.bank(public_jwk(new_signing_seed()))
        assert bank.requester is not None
        attempt = Attempt("regulator", "bench.four", PASSWORD, "127.0.0.1", None)
        regulator = (await sign_in(database, world.door, attempt)).holder
        spread = Spread(plan.entries, bank.requester, SystemClock().now())
        began = time.perf_counter()
        await _fill(runtime, database, spread, plan, tell)
        filled = time.perf_counter() - began
        tell("Indexing …")
        began, blocks = time.perf_counter(), 0
        while await index_next(database):
            blocks += 1
        indexed = time.perf_counter() - began
        tell(f"Releases of {plan.persons:,} persons …")
        await _releases(runtime, bank.requester, plan.persons)
        found = await _ask_all(database, regulator, spread, tries=plan.tries, tell=tell)
        found["floors"] = await _floors(runtime)
    finally:
        await database.close()
    index = {"blocks": blocks, "seconds": indexed, "us_per_entry": 1e6 * indexed / max(1, blocks << 14)}
    within = all(row["p95"] < SLOWEST for row in found["questions"]) and found["reach_seconds"] < REACH
    return (
        {"machine": machine(), "entries": plan.entries, "filled_seconds": filled, "index": index}
        | found
        | {"holds": within}
    )


async def _fill(runtime: Runtime, database: Database, spread: Spread, plan: Plan, tell: Callable[[str], None]) -> None:
    signer = ring_signer(runtime.ring, runtime.settings.origin(runtime.ring.id))
    connection = await asyncpg.connect(runtime.admin_url)
    columns = ["shard", "id", "draft", "tag"]
    for first in range(0, plan.entries, PIECE):
        rows = [spread.row() for _ in range(min(PIECE, plan.entries - first))]
        await connection.copy_records_to_table("ledger_outbox", records=rows, columns=columns)
        await Sequencer(database, signer).drain()
        if first % 500_000 == 0:
            tell(f"Filling: {first:,} of {plan.entries:,} entries …")
    await connection.execute("VACUUM (ANALYZE)")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def _releases(runtime: Runtime, bank: UUID, persons: int) -> None:
    """One release of each person, made by one statement: rows that nobody reads but the count."""
    connection = await asyncpg.connect(runtime.admin_url)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(_RELEASES, bank, persons)
    await connection.execute("ANALYZE releases")
    await connection.close()


async def _ask_all(
    database: Database, regulator: Holder, spread: Spread, *, tries: int, tell: Callable[[str], None]
) -> dict[str, Any]:
    now = SystemClock().now()
    rows = []
    for name, questions in _questions(spread, now).items():
        tell(f"Asking: {name} …")
        rows.append({"name": name, **await _timed(tries, _asker(database, regulator, questions))})
    tell("Figures, blast radius, floors …")
    stretch = Stretch(now - timedelta(days=30), now, "day")
    counting = await _timed(5, lambda _: figures(database, regulator, stretch))
    began = time.perf_counter()
    case = Case(spread.organisations[0], now - timedelta(days=DAYS + 1), now + timedelta(days=1))
    reached = await radius(database, regulator, case)
    seconds = time.perf_counter() - began
    return {"questions": rows, "reach_seconds": seconds, "reached": reached.count, "figures": counting}


def _questions(spread: Spread, now: datetime) -> dict[str, list[Question]]:
    """Each filter with common and rare values, combinations, and what nothing fits."""
    common, rare = (spread.organisations[at] for at in (0, -1))
    day = {"since": millis(now - timedelta(days=40)), "until": millis(now - timedelta(days=39))}
    return {
        "nothing asked": [Question()],
        "requester": [Question(requester=common), Question(requester=rare)],
        "declaration": [Question(declaration=spread.declarations[at]) for at in (0, -1)],
        "purpose": [Question(purpose=spread.codes[0]), Question(purpose="other.purpose")],
        "item": [Question(item=_ITEMS[0]), Question(item=_RARE)],
        "event": [Question(event="release.refused"), Question(event="grant.given")],
        "outcome": [Question(outcome="delivered")],
        "reason": [Question(reason="quota")],
        "time": [Question(**day)],
        "requester, item, time": [Question(requester=who, item=_RARE, **day) for who in (common, rare)],
        "requester, event, reason": [
            Question(requester=who, event="release.refused", reason="quota") for who in (common, rare)
        ],
        "all but one that fit": [
            Question(
                requester=rare, purpose=spread.codes[0], item=_RARE, event="release.refused", reason="expired", **day
            )
        ],
    }


def _asker(database: Database, regulator: Holder, questions: list[Question]) -> Callable[[int], Awaitable[Any]]:
    def ask(number: int) -> Awaitable[Any]:
        return search(database, regulator, questions[number % len(questions)], Page(limit=100))

    return ask


async def _timed(tries: int, act: Callable[[int], Awaitable[Any]]) -> dict[str, float]:
    await act(0)
    took = []
    for number in range(tries):
        began = time.perf_counter()
        await act(number)
        took.append(time.perf_counter() - began)
    took.sort()
    return {"p50": at(took, 0.50), "p95": at(took, 0.95)}


async def _floors(runtime: Runtime) -> dict[str, dict[str, float]]:
    """A round trip that does nothing, and one that finds a hundred entries by their index."""
    connection = await asyncpg.connect(runtime.admin_url)
    page = "SELECT idx, body FROM ledger_bodies WHERE shard = 0 AND idx < $1 ORDER BY idx DESC LIMIT 100"
    size = await connection.fetchval("SELECT size FROM ledger_heads WHERE shard = 0")
    found = {
        "SELECT 1": await _timed(200, lambda _: connection.fetch("SELECT 1")),
        "100 entries by index": await _timed(200, lambda n: connection.fetch(page, size - 5_000 * n)),
    }
    await connection.close()
    return found


_RELEASES: Final = """
INSERT INTO releases (person_id, id, grant_id, requester_id, client_id, declaration_id, idempotency_key, request_digest,
    state, purpose, items, versions, commit_key, entry_id, at)
SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), $1::uuid, gen_random_uuid(), gen_random_uuid(), n::text,
    sha256(n::text::bytea), 'delivered', 'credit.mortgage',
    CASE n % 3 WHEN 0 THEN '[{"item": "identity.name", "form": "raw"}]'::jsonb
        ELSE '[{"item": "identity.name", "form": "raw"}, {"item": "contact.email", "form": "masked"}]'::jsonb END,
    '{}'::jsonb, sha256(n::text::bytea), gen_random_uuid(), now() - (n % 80) * interval '1 day'
FROM generate_series(1, $2::int) n
"""


def table(result: dict[str, Any]) -> str:
    """As it is read."""
    index = result["index"]
    lines = [
        f"{result['entries']:,} entries; indexed at {index['us_per_entry']:.1f} µs an entry, beside the commits",
        "question                            p50 ms     p95 ms",
        *(f"{row['name']:34} {row['p50']:8.1f} {row['p95']:10.1f}" for row in result["questions"]),
        *(f"floor: {name:27} {row['p50']:8.1f} {row['p95']:10.1f}" for name, row in result["floors"].items()),
        f"figures of 30 days by day: {result['figures']['p50']:.0f} ms",
        f"blast radius over {result['reached']:,} persons: {result['reach_seconds']:.2f} s",
        "All within bounds." if result["holds"] else "BEYOND the bounds.",
    ]
    return "\n".join(lines)
