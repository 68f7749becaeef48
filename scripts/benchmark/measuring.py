"""One measurement from beginning to end."""

import asyncio
import os
import platform
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from benchmark import floors
from benchmark.calls import Job
from benchmark.preparing import prepare_world, tokens
from benchmark.processes import postgres, serving
from benchmark.running import run_phase
from vault.cli.runtime import Runtime, installation
from vault.crypto.canonical import b64
from vault.ledger.checkpoint import log_keys
from vault.ledger.verify import verify_receipt
from vault.settings import Settings, load

SIGNED_AHEAD = 1500
"""Requests signed per second of a phase: more than any server under test will take."""
KEEP_EVERY = 97


@dataclass(frozen=True)
class Plan:
    """What to measure. ``folder`` is empty and goes away."""

    folder: Path
    seconds: float
    connections: tuple[int, ...]
    workers: int
    people: int


def measure(plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    """Prepare, serve, load, measure the floors, check."""
    settings = load(data=plan.folder, port=free_port(), workers=plan.workers)
    with installation(settings) as runtime:
        tell(f"Preparing {plan.people} people with a grant each …")
        asyncio.run(runtime.migrate())
        database = runtime.database()

        async def prepare() -> tuple[Any, ...]:
            try:
                return await prepare_world(database, plan.people)
            finally:
                await database.close()

        world = asyncio.run(prepare())
        tell("Measuring the floors …")
        crypto = floors.crypto()
        inserts = {
            count: asyncio.run(floors.durable_inserts(runtime.admin_url, count, min(plan.seconds, 5)))
            for count in plan.connections
        }
        phases = _phases(plan, settings, runtime, world, tell)
    return {
        "machine": machine(),
        "workers": plan.workers,
        "people": plan.people,
        "floors": {"durable_inserts": inserts, "crypto_one_core": crypto},
        "phases": [
            phase
            | {
                "of_inserts": phase["per_second"] / inserts[phase["connections"]],
                "of_crypto": phase["per_second"] / crypto,
            }
            for phase in phases
        ],
        "holds": all(phase["holds"] for phase in phases),
    }


def _phases(
    plan: Plan, settings: Settings, runtime: Runtime, world: tuple[Any, ...], tell: Callable[[str], None]
) -> list[dict[str, Any]]:
    bank, grants, seed = world
    vkey = log_keys(runtime.ring, settings.origin(runtime.ring.id))[-1].vkey()
    found = []
    with serving(settings, dict(os.environ)) as workers:
        groups = {"server": workers, "postgresql": [postgres(settings.data)]}
        for count in (plan.connections[-1], *plan.connections):
            issued = asyncio.run(_tokens(runtime, settings, bank, grants, seed))
            warming = not found and count == plan.connections[-1] and "warmed" not in groups
            seconds = 2.0 if warming else plan.seconds
            job = Job(
                kind="release",
                host=settings.host,
                port=settings.port,
                issuer=settings.issuer_url,
                client_id="",
                tokens=issued,
                seed=b64(seed),
                connections=count,
                seconds=seconds,
                most=int(seconds * SIGNED_AHEAD),
                keep_every=KEEP_EVERY,
            )
            tell("Warming up …" if warming else f"{count} connections for {seconds:.0f} s …")
            before = asyncio.run(_ledger(runtime))
            phase = _phase(job, {name: pids for name, pids in groups.items() if pids}, vkey)
            entries, commits = (now - then for now, then in zip(asyncio.run(_ledger(runtime)), before, strict=True))
            phase["entries_per_commit"] = entries / max(1, commits)
            if warming:
                groups["warmed"] = []
            else:
                found.append(phase)
    return found


async def _ledger(runtime: Runtime) -> tuple[int, int]:
    """Entries in the ledger, and commits that put them there."""
    connection = await asyncpg.connect(runtime.admin_url)
    row = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM ledger_entries), (SELECT count(*) FROM ledger_checkpoints)"
    )
    await connection.close()
    return row[0], row[1]


async def _tokens(runtime: Runtime, settings: Settings, bank: Any, grants: Any, seed: bytes) -> list[str]:
    database = runtime.database()
    try:
        return await tokens(database, settings.issuer_url, bank, grants, seed)
    finally:
        await database.close()


def _phase(job: Job, groups: dict[str, list[int]], vkey: str) -> dict[str, Any]:
    outcome, phase = run_phase(job, groups)
    verified = sum(_is_verified(body, vkey) for body in outcome.kept)
    receipts = {"receipts_verified": verified, "receipts_sampled": len(outcome.kept)}
    return phase | receipts | {"holds": phase["holds"] and verified == len(outcome.kept)}


def _is_verified(body: str, vkey: str) -> bool:
    try:
        told = msgspec.json.decode(body)
        verified = verify_receipt(msgspec.json.encode(told["receipt"]), vkey)
    except (KeyError, TypeError, ValueError):
        return False
    return bool(verified.entry["ref"] == told["release"] and len(told["items"]) == len(verified.entry["items"]))


def machine() -> dict[str, Any]:
    """What all of it runs on."""
    return {"cpus": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
