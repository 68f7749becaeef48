"""``scripts/bench tokens``: refresh and introspection, with one server process and with two."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmark import floors
from benchmark.calls import Job
from benchmark.holding import Bank, Held
from benchmark.measuring import free_port, machine
from benchmark.preparing import World, public_jwk
from benchmark.processes import postgres, serving
from benchmark.running import run_phase
from vault.authserver.server import AuthServer
from vault.cli.runtime import Runtime, installation
from vault.crypto.canonical import b64
from vault.crypto.signing import new_signing_seed
from vault.settings import Settings, load

SIGNED_AHEAD: Final = {"refresh": 1500, "introspect": 3000}
"""Requests signed per second of a phase: more than any server under test will take."""
WARMING: Final = 2.0


@dataclass(frozen=True)
class Plan:
    """What to measure. ``folder`` is empty and goes away."""

    folder: Path
    seconds: float
    connections: int
    workers: tuple[int, ...]
    people: int


@dataclass(frozen=True)
class Prepared:
    """A bank that holds tokens of people."""

    client_id: str
    seed: bytes
    held: list[Held]


def measure(plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    """Prepare once, then serve and load for each number of workers; the floor in the same run."""
    settings = load(data=plan.folder, port=free_port())
    with installation(settings) as runtime:
        asyncio.run(runtime.migrate())
        tell(f"Preparing {plan.people} people whose tokens a bank holds …")
        prepared = asyncio.run(prepare(runtime, settings, plan.people))
        tell("Measuring the floor …")
        floor = floors.token_crypto()
        phases = [
            phase for workers in plan.workers for phase in _phases(plan, settings, prepared, workers=workers, tell=tell)
        ]
    return {
        "machine": machine(),
        "people": plan.people,
        "floors": {"token_crypto_us": 1e6 / floor},
        "phases": phases,
        "holds": all(phase["holds"] for phase in phases),
    }


async def prepare(runtime: Runtime, settings: Settings, people: int) -> Prepared:
    """The bank, and what it holds of each person."""
    database, seed = runtime.database(), new_signing_seed()
    try:
        world = World(database)
        decided = await world.bank(public_jwk(seed))
        bank = Bank.of(AuthServer(issuer=settings.issuer_url, database=database), decided, seed)
        held = [await bank.hold(holder) async for holder in world.people(people)]
        return Prepared(bank.client.client_id, seed, held)
    finally:
        await database.close()


def _phases(
    plan: Plan, settings: Settings, prepared: Prepared, *, workers: int, tell: Callable[[str], None]
) -> list[dict[str, Any]]:
    found = []
    with serving(settings, dict(os.environ), workers=workers) as pids:
        groups = {"server": pids, "postgresql": [postgres(settings.data)]}
        for kind in SIGNED_AHEAD:
            run_phase(job_of(plan, settings, prepared, kind=kind, seconds=WARMING), groups)
            tell(f"{kind}: {workers} server process(es), {plan.connections} connections for {plan.seconds:.0f} s …")
            _, phase = run_phase(job_of(plan, settings, prepared, kind=kind, seconds=plan.seconds), groups)
            found.append({"kind": kind, "workers": workers} | phase)
            time.sleep(0.2)
    return found


def job_of(plan: Plan, settings: Settings, prepared: Prepared, *, kind: str, seconds: float) -> Job:
    """One phase's orders."""
    refresh = kind == "refresh"
    return Job(
        kind=kind,
        host=settings.host,
        port=settings.port,
        issuer=settings.issuer_url,
        client_id=prepared.client_id,
        tokens=[held.refresh_token if refresh else held.access_token for held in prepared.held],
        seed=b64(prepared.seed),
        connections=plan.connections,
        seconds=seconds,
        most=int(seconds * SIGNED_AHEAD[kind]),
        keep_every=997,
    )


def table(result: dict[str, Any]) -> str:
    """The result as text."""
    head = f"{'request':<11} {'workers':>7} {'per s':>7} {'p50 ms':>7} {'p99 ms':>7}   CPU µs: server  pgsql   load"
    lines = [f"{result['machine']['cpus']} CPUs, {result['people']} people", "", head]
    for phase in result["phases"]:
        cpu = phase["cpu_us"]
        lines.append(
            f"{phase['kind']:<11} {phase['workers']:>7} {phase['per_second']:>7.0f} {phase['p50_ms']:>7.2f}"
            f" {phase['p99_ms']:>7.2f}   {cpu['server']:>14.0f} {cpu['postgresql']:>6.0f} {cpu['load']:>6.0f}"
        )
    floor = result["floors"]["token_crypto_us"]
    lines += ["", f"bare cryptography of a refresh (two verifications, one signature): {floor:.0f} µs of one core"]
    return "\n".join([*lines, f"every answer 200: {'yes' if result['holds'] else 'NO'}"])
