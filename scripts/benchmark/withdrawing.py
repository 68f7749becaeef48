"""Withdrawal to refusal: grants are withdrawn one after another while releases rain, and nothing may leave afterwards.

A withdrawal is acknowledged when its transaction has committed. From then on each request that begins must be refused,
by every server process: those of the load, and some that are sent for just this purpose, over several connections.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from benchmark.calls import KINDS, Job
from benchmark.load import Connection, Outcome
from benchmark.measuring import free_port, machine
from benchmark.preparing import prepare_world, tokens
from benchmark.processes import serving
from vault.cli.runtime import Runtime, installation
from vault.consent import withdraw
from vault.crypto.canonical import b64
from vault.settings import Settings, load

BESIDE = 200
"""Persons whose grants stay as they are, for the load alone."""
PROBES = 6
PER_WITHDRAWAL = 0.3
"""Seconds that the load goes on for each withdrawal, at most."""


@dataclass(frozen=True)
class Plan:
    """What to measure. ``folder`` is empty and goes away."""

    folder: Path
    withdrawals: int
    connections: int
    workers: int


def measure(plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    """Prepare, serve, load, withdraw, look at every answer."""
    settings = load(data=plan.folder, port=free_port(), workers=plan.workers)
    with installation(settings) as runtime:
        tell(f"Preparing {plan.withdrawals + BESIDE} people with a grant each …")
        asyncio.run(runtime.migrate())
        with serving(settings, dict(os.environ)):
            return asyncio.run(_measure(plan, settings, runtime, tell))


async def _measure(plan: Plan, settings: Settings, runtime: Runtime, tell: Callable[[str], None]) -> dict[str, Any]:
    database = runtime.database()
    try:
        bank, grants, seed = await prepare_world(database, plan.withdrawals + BESIDE)
        issued = await tokens(database, settings.issuer_url, bank, grants, seed)
        job = Job(
            kind="release",
            host=settings.host,
            port=settings.port,
            issuer=settings.issuer_url,
            client_id="",
            tokens=issued,
            seed=b64(seed),
            connections=plan.connections,
            seconds=plan.withdrawals * PER_WITHDRAWAL + 2,
            most=0,
            keep_every=10**9,
            is_traced=True,
        )
        tell(f"{plan.withdrawals} withdrawals under {plan.connections} connections …")
        loaded = asyncio.create_task(asyncio.to_thread(_load, job))
        await asyncio.sleep(1.5)
        acknowledged, refused, late = await _withdraw_all(plan, job, database, grants)
        outcome = await loaded
    finally:
        await database.close()
    late += sum(
        status == job.expected and token in acknowledged and sent > acknowledged[token]
        for token, sent, status in outcome.trace
    )
    asked = sum(token in acknowledged and sent > acknowledged[token] for token, sent, _ in outcome.trace)
    return {
        "machine": machine(),
        "withdrawals": len(acknowledged),
        "connections": plan.connections,
        "workers": plan.workers,
        "releases_per_second": outcome.statuses.get(job.expected, 0) / outcome.seconds,
        "statuses": outcome.statuses,
        "asked_afterwards": asked + PROBES * len(acknowledged),
        "late": late,
        "p50_ms": 1000 * sorted(refused)[len(refused) // 2],
        "p99_ms": 1000 * sorted(refused)[int(len(refused) * 0.99)],
        "most_ms": 1000 * max(refused),
        "holds": late == 0 and len(refused) == plan.withdrawals,
    }


def _load(job: Job) -> Outcome:
    command = [sys.executable, "-m", "benchmark.load"]
    done = subprocess.run(command, input=msgspec.json.encode(job), stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Outcome)


async def _withdraw_all(
    plan: Plan, job: Job, database: Any, grants: list[Any]
) -> tuple[dict[int, float], list[float], int]:
    """When each was acknowledged, seconds from then to the first refusal, and how many probes got data."""
    loop, client = asyncio.get_running_loop(), job.client()
    probes = [(await loop.create_connection(Connection, job.host, job.port))[1] for _ in range(PROBES)]
    acknowledged: dict[int, float] = {}
    refused: list[float] = []
    late, until = 0, time.monotonic() + job.seconds - 2

    async def probe(connection: Connection, number: int) -> tuple[int, float]:
        request = KINDS[job.kind](job, client, job.tokens[number], int(time.time()))
        status, _ = await connection.ask(request)
        return status, time.monotonic()

    for number in range(plan.withdrawals):
        holder, given = grants[number]
        await database.run(withdraw, holder, given.grant)
        acknowledged[number] = time.monotonic()
        answers = await asyncio.gather(*(probe(connection, number) for connection in probes))
        late += sum(status == job.expected for status, _ in answers)
        times = [at for status, at in answers if status == 403]
        if times:
            refused.append(min(times) - acknowledged[number])
        if time.monotonic() > until:
            break
    return acknowledged, refused, late


def table(result: dict[str, Any]) -> str:
    """The result as text."""
    return "\n".join(
        [
            f"{result['withdrawals']} withdrawals under {result['releases_per_second']:.0f} releases/s at"
            f" {result['connections']} connections, {result['workers']} server processes",
            f"from the acknowledged withdrawal to the first refusal: p50 {result['p50_ms']:.1f} ms,"
            f" p99 {result['p99_ms']:.1f} ms, most {result['most_ms']:.1f} ms",
            f"requests begun afterwards: {result['asked_afterwards']}, of which got data: {result['late']}",
        ]
    )
