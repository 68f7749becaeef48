"""``scripts/bench batch``: people per second by batches, receipts included, beside the floors of the same run."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmark import floors
from benchmark.batch_load import BatchJob, BatchOutcome
from benchmark.holding import Bank
from benchmark.measuring import free_port, machine
from benchmark.preparing import World, public_jwk
from benchmark.processes import cpu_seconds, postgres, serving
from vault.authserver.server import AuthServer
from vault.cli.runtime import Runtime, installation
from vault.crypto.canonical import b64
from vault.crypto.signing import new_signing_seed
from vault.ledger.checkpoint import log_keys
from vault.ledger.verify import verify_receipt
from vault.settings import Settings, load

WARMING: Final = 2.0


@dataclass(frozen=True)
class Plan:
    """What to measure: ``streams`` numbers of batches at once, a phase each. ``folder`` is empty and goes away."""

    folder: Path
    seconds: float
    streams: tuple[int, ...]
    workers: int
    people: int
    lines: int


@dataclass(frozen=True)
class Prepared:
    """What a bank holds: its own token for batches, and a refresh token of each person."""

    token: str
    seed: bytes
    held: list[str]


def measure(plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    """Prepare, measure the floors, serve, load, verify."""
    settings = load(data=plan.folder, port=free_port(), workers=plan.workers)
    with installation(settings) as runtime:
        asyncio.run(runtime.migrate())
        tell(f"Preparing {plan.people} people whose tokens a bank holds …")
        prepared = asyncio.run(prepare(runtime, settings, plan.people))
        tell("Measuring the floors …")
        crypto = floors.crypto()
        inserts = asyncio.run(floors.durable_inserts(runtime.admin_url, 32, min(plan.seconds, 5)))
        vkey = log_keys(runtime.ring, settings.origin(runtime.ring.id))[-1].vkey()
        phases = _phases(plan, settings, prepared, vkey=vkey, tell=tell)
    return {
        "machine": machine(),
        "workers": plan.workers,
        "people": plan.people,
        "lines": plan.lines,
        "floors": {"durable_inserts_32": inserts, "crypto_one_core": crypto},
        "phases": [
            phase | {"of_inserts": phase["per_second"] / inserts, "of_crypto": phase["per_second"] / crypto}
            for phase in phases
        ],
        "holds": all(phase["holds"] for phase in phases),
    }


async def prepare(runtime: Runtime, settings: Settings, people: int) -> Prepared:
    """The bank, its token, and what it holds of each person."""
    database, seed = runtime.database(), new_signing_seed()
    try:
        world = World(database)
        decided = await world.bank(public_jwk(seed))
        bank = Bank.of(AuthServer(issuer=settings.issuer_url, database=database), decided, seed)
        held = [(await bank.hold(holder)).refresh_token async for holder in world.people(people)]
        return Prepared(await bank.own_token("release_batch"), seed, held)
    finally:
        await database.close()


def _phases(
    plan: Plan, settings: Settings, prepared: Prepared, *, vkey: str, tell: Callable[[str], None]
) -> list[dict[str, Any]]:
    found = []
    with serving(settings, dict(os.environ)) as pids:
        groups = {"server": pids, "postgresql": [postgres(settings.data)]}
        _phase(_job(plan, settings, prepared, plan.streams[-1], WARMING), groups, vkey)
        for streams in plan.streams:
            tell(f"{streams} batches of {plan.lines} at once for {plan.seconds:.0f} s …")
            found.append(_phase(_job(plan, settings, prepared, streams, plan.seconds), groups, vkey))
    return found


def _job(plan: Plan, settings: Settings, prepared: Prepared, streams: int, seconds: float) -> BatchJob:
    return BatchJob(
        host=settings.host,
        port=settings.port,
        issuer=settings.issuer_url,
        token=prepared.token,
        seed=b64(prepared.seed),
        held=prepared.held,
        lines=plan.lines,
        streams=streams,
        seconds=seconds,
    )


def _phase(job: BatchJob, groups: dict[str, list[int]], vkey: str) -> dict[str, Any]:
    before = {name: cpu_seconds(*pids) for name, pids in groups.items()}
    command = [sys.executable, "-m", "benchmark.batch_load"]
    done = subprocess.run(command, input=msgspec.json.encode(job), stdout=subprocess.PIPE, check=True)
    outcome = msgspec.json.decode(done.stdout, type=BatchOutcome)
    used = {name: cpu_seconds(*pids) - before[name] for name, pids in groups.items()}
    good = outcome.lines.get("delivered", 0)
    verified = sum(_is_verified(line, vkey) for line in outcome.kept)
    return {
        "streams": job.streams,
        "per_second": good / outcome.seconds,
        "batch_p50_s": outcome.latencies[len(outcome.latencies) // 2],
        "outcomes": outcome.lines,
        "cpu_us": {
            name: 1e6 * seconds / max(1, good) for name, seconds in ({"load": outcome.cpu_seconds} | used).items()
        },
        "receipts_verified": verified,
        "receipts_sampled": len(outcome.kept),
        "holds": set(outcome.lines) == {"delivered"} and verified == len(outcome.kept),
    }


def _is_verified(line: str, vkey: str) -> bool:
    try:
        told = msgspec.json.decode(line)["release"]
        verified = verify_receipt(msgspec.json.encode(told["receipt"]), vkey)
    except (KeyError, TypeError, ValueError):
        return False
    return bool(verified.entry["ref"] == told["release"] and len(told["items"]) == len(verified.entry["items"]))


def table(result: dict[str, Any]) -> str:
    """The result as text."""
    head = "batches at once  people/s  batch p50 s  of inserts  of crypto   CPU µs a person: server  pgsql   load"
    lines = [
        f"{result['machine']['cpus']} CPUs, {result['workers']} server processes, {result['people']} people, "
        f"{result['lines']} lines a batch",
        "",
        head,
    ]
    for phase in result["phases"]:
        cpu = phase["cpu_us"]
        lines.append(
            f"{phase['streams']:>15}  {phase['per_second']:>8.0f}  {phase['batch_p50_s']:>11.2f}"
            f"  {phase['of_inserts']:>10.2f}  {phase['of_crypto']:>9.2f}   {cpu['server']:>23.0f}"
            f" {cpu['postgresql']:>6.0f} {cpu['load']:>6.0f}"
        )
    floor = result["floors"]
    verified = sum(phase["receipts_verified"] for phase in result["phases"])
    sampled = sum(phase["receipts_sampled"] for phase in result["phases"])
    return "\n".join(
        [
            *lines,
            "",
            f"durable single-row inserts per second, 32 connections: {floor['durable_inserts_32']:.0f}",
            f"bare cryptography of a release, per second of one core: {floor['crypto_one_core']:.0f}",
            f"every line delivered: {'yes' if result['holds'] else 'NO'}",
            f"receipts verified offline: {verified} of {sampled}",
        ]
    )
