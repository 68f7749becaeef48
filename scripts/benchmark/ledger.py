"""The ledger alone: writers that wait for their receipts, the sequencer by itself, growth; beside pgbench's inserts."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from benchmark.drafts import rows
from benchmark.measuring import machine
from benchmark.processes import cpu_seconds, postgres
from benchmark.running import at
from vault.cli.runtime import Runtime, installation
from vault.db import LEDGER
from vault.ledger.checkpoint import log_keys, ring_signer
from vault.ledger.fsck import fsck
from vault.ledger.sequencer import Sequencer
from vault.settings import load

PIECE: Final = 50_000
"""Drafts put into the outbox at once while nobody drains it."""
_INSERT: Final = (
    "INSERT INTO bench_floor VALUES (gen_random_uuid(), sha256(random()::text::bytea), decode('{body}', 'hex'));"
)
_TABLE: Final = "CREATE TABLE IF NOT EXISTS bench_floor (id uuid PRIMARY KEY, hash bytea, body bytea NOT NULL)"


@dataclass(frozen=True)
class Plan:
    """What to measure. ``entries``: to how many the tree grows."""

    folder: Path
    seconds: float
    writers: int
    entries: int


class Written(msgspec.Struct):
    """What the writers' process tells. ``latencies`` in seconds, sorted: from the insert's beginning to the receipt;
    ``making``: CPU seconds of making the drafts, the generator's own part."""

    receipts: int
    seconds: float
    cpu_seconds: float
    making: float
    latencies: list[float]


def measure(plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    """Start a server with full durability, measure everything in turn."""
    settings = load(data=plan.folder)
    with installation(settings) as runtime:
        asyncio.run(runtime.migrate())
        groups = {"postgresql": [postgres(settings.data)]}
        found: dict[str, Any] = {"machine": machine(), "writers": plan.writers}
        tell("Filling the first 10,000 entries …")
        asyncio.run(_grow(runtime, 10_000))
        tell("The sequencer alone, near the beginning …")
        found["alone_small"] = asyncio.run(_alone(runtime, groups))
        found["floor"] = pgbench(runtime, plan.seconds)
        tell(f"{plan.writers} writers that wait for receipts …")
        found["small"] = _waiting(plan, runtime, groups)
        found["apart"] = _apart(plan, runtime, groups)
        size = asyncio.run(_head(runtime, "size"))
        if plan.entries > size:
            tell(f"Growing to {plan.entries:,} entries …")
            asyncio.run(_grow(runtime, plan.entries - size, tell))
            tell("The same again …")
            found["alone_large"] = asyncio.run(_alone(runtime, groups))
            found["large"] = _waiting(plan, runtime, groups)
            found["floor_after"] = pgbench(runtime, plan.seconds)
        found["entries"] = asyncio.run(_head(runtime, "size"))
        tell("Checking all of it …")
        found["fsck"] = asyncio.run(_check(runtime))
    return found | {"holds": found["fsck"]["holds"]}


def pgbench(runtime: Runtime, seconds: float) -> float:
    """Rows per second of single-row durable inserts, 32 clients, with PostgreSQL's own load generator."""
    assert runtime.pg_bin is not None
    script = runtime.settings.data / "insert.sql"
    script.write_text(_INSERT.format(body="5a" * 300))
    asyncio.run(_execute(runtime, _TABLE))
    command = [str(runtime.pg_bin / "pgbench"), "-n", "-c", "32", "-j", "2", "-T", str(max(2, round(seconds)))]
    command += ["-M", "prepared", "-f", str(script), runtime.admin_url]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    asyncio.run(_execute(runtime, "DROP TABLE bench_floor"))
    return next(float(line.split()[2]) for line in done.stdout.splitlines() if line.startswith("tps"))


def _waiting(plan: Plan, runtime: Runtime, groups: dict[str, list[int]]) -> dict[str, Any]:
    """One process writes, waits and sequences, as a server does that is the only one."""
    return _written(plan, runtime, groups, "leading")


def _apart(plan: Plan, runtime: Runtime, groups: dict[str, list[int]]) -> dict[str, Any]:
    """One process sequences, another one writes and follows. What starting the first took is not counted."""
    with _sequencing(runtime) as sequencer:
        return _written(plan, runtime, groups | {"sequencer": [sequencer]}, "following")


def _written(plan: Plan, runtime: Runtime, groups: dict[str, list[int]], how: str) -> dict[str, Any]:
    before = {name: cpu_seconds(*pids) for name, pids in groups.items()}
    command = [sys.executable, "-m", "benchmark.writers", str(runtime.settings.data), str(plan.writers)]
    done = subprocess.run([*command, str(plan.seconds), how], stdout=subprocess.PIPE, check=True)
    used = {name: cpu_seconds(*pids) - before[name] for name, pids in groups.items()}
    written = msgspec.json.decode(done.stdout.splitlines()[-1], type=Written)  # after its log
    cpu = {"writers": written.cpu_seconds, "of which making drafts": written.making, **used}
    return {
        "per_second": written.receipts / written.seconds,
        "p50_ms": at(written.latencies, 0.50),
        "p99_ms": at(written.latencies, 0.99),
        "cpu_us": {name: 1e6 * seconds / max(1, written.receipts) for name, seconds in cpu.items()},
    }


@contextmanager
def _sequencing(runtime: Runtime) -> Iterator[int]:
    before, until = asyncio.run(_head(runtime, "epoch")), time.monotonic() + 60
    command = [sys.executable, "-m", "benchmark.sequencing", str(runtime.settings.data)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while asyncio.run(_head(runtime, "epoch")) == before and time.monotonic() < until:
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


async def _alone(runtime: Runtime, groups: dict[str, list[int]]) -> dict[str, Any]:
    """A full outbox, and how fast it is put into the tree."""
    await _put(runtime, rows(PIECE))
    before, used, began = cpu_seconds(*groups["postgresql"]), time.process_time(), time.perf_counter()
    await _drain(runtime)
    seconds = time.perf_counter() - began
    cpu = {"sequencer": time.process_time() - used, "postgresql": cpu_seconds(*groups["postgresql"]) - before}
    return {"per_second": PIECE / seconds, "cpu_us": {name: 1e6 * each / PIECE for name, each in cpu.items()}}


async def _grow(runtime: Runtime, entries: int, tell: Callable[[str], None] = lambda _: None) -> None:
    """Put so many entries into the tree; another process makes the next drafts meanwhile."""
    pieces = [min(PIECE, entries - first) for first in range(0, entries, PIECE)]
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        made = [pool.submit(rows, piece) for piece in pieces[:1]]
        for done, piece in enumerate(pieces, 1):
            await _put(runtime, await asyncio.wrap_future(made.pop()))
            made = [pool.submit(rows, following) for following in pieces[done : done + 1]]
            await _drain(runtime)
            if done % 10 == 0:
                tell(f"  {(done - 1) * PIECE + piece:,} …")
    await _execute(runtime, "VACUUM (ANALYZE)")
    await _execute(runtime, "CHECKPOINT")


async def _put(runtime: Runtime, made: list[tuple[Any, ...]]) -> None:
    connection = await asyncpg.connect(runtime.admin_url)
    await connection.copy_records_to_table("ledger_outbox", records=made, columns=["shard", "id", "draft", "tag"])
    await connection.close()


async def _drain(runtime: Runtime) -> None:
    database = runtime.database()
    try:
        signer = ring_signer(runtime.ring, runtime.settings.origin(runtime.ring.id))
        await Sequencer(database, signer).drain()
    finally:
        await database.close()


async def _check(runtime: Runtime) -> dict[str, Any]:
    database = runtime.database()
    connection = await database.connect(LEDGER)
    try:
        began = time.perf_counter()
        report = await fsck(connection, log_keys(runtime.ring, runtime.settings.origin(runtime.ring.id)))
        return {"holds": report.holds, "per_second": report.entries / (time.perf_counter() - began)}
    finally:
        await connection.close()
        await database.close()


async def _execute(runtime: Runtime, statement: str) -> None:
    connection = await asyncpg.connect(runtime.admin_url)
    await connection.execute(statement)
    await connection.close()


async def _head(runtime: Runtime, column: str) -> int:
    connection = await asyncpg.connect(runtime.admin_url)
    row = await connection.fetchrow("SELECT size, epoch FROM ledger_heads WHERE shard = 0")
    await connection.close()
    return int(row[column])


def table(found: dict[str, Any]) -> str:
    """The figures as text."""
    floor = found["floor"]
    lines = [
        f"{found['machine']['cpus']} CPUs; single-row durable inserts by pgbench at 32 clients: {floor:.0f}/s"
        + (f", afterwards {found['floor_after']:.0f}/s" if "floor_after" in found else ""),
        "",
        f"{'':<34}{'entries/s':>10}{'of floor':>10}{'p50 ms':>8}{'p99 ms':>8}   CPU us per entry",
    ]
    names = {
        "alone_small": "sequencer alone, 10 k entries",
        "small": f"{found['writers']} writers, receipts, 10 k",
        "apart": "the same, sequencer apart",
        "alone_large": f"sequencer alone, {found['entries']:,}",
        "large": f"{found['writers']} writers, receipts, large",
    }
    for key, name in names.items():
        if key in found:
            lines.append(_line(name, found[key], found["floor_after"] if "large" in key else floor))
    lines += ["", f"fsck of {found['entries']:,} entries: {found['fsck']['per_second']:.0f}/s"]
    return "\n".join([*lines, f"holds: {'yes' if found['holds'] else 'NO'}"])


def _line(name: str, row: dict[str, Any], floor: float) -> str:
    latency = f"{row['p50_ms']:>8.1f}{row['p99_ms']:>8.1f}" if "p50_ms" in row else f"{'':>16}"
    cpu = ", ".join(f"{who} {us:.0f}" for who, us in row["cpu_us"].items())
    return f"{name:<34}{row['per_second']:>10.0f}{row['per_second'] / floor:>10.2f}{latency}   {cpu}"
