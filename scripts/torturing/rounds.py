"""The rounds: load, kills, and what came of them. A folder that is given again goes on where it was left."""

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from benchmark.measuring import free_port
from benchmark.preparing import prepare_world
from benchmark.processes import WATCHED

from torturing.callers import Callers
from torturing.checking import check
from torturing.targets import TARGETS, kill
from torturing.tokens import Bank, Held, issued
from vault.cli.runtime import Runtime, installation
from vault.settings import Settings, load

PEOPLE: Final = 40


@dataclass(frozen=True)
class Plan:
    """What to do. ``folder`` may hold an earlier run."""

    folder: Path
    kills: int
    every: float
    connections: int


class State(msgspec.Struct):
    """How far it is."""

    bank: Bank
    held: list[Held]
    killed: dict[str, int]


def torture(plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    """Go on until so many were killed; then check."""
    settings = load(data=plan.folder / "data", port=free_port(), workers=2)
    plan.folder.mkdir(parents=True, exist_ok=True)
    with installation(settings) as runtime:
        state = _state(plan, runtime, tell)
        acknowledged = plan.folder / "acknowledged.jsonl"
        began = time.monotonic()
        statuses = asyncio.run(_kill(plan, state, runtime, acknowledged, tell=tell))
        tell("Checking every receipt that was given …")
        found = asyncio.run(check(runtime, acknowledged))
    bad = ("lost", "wrong", "releases_without_entry", "releases_with_two_entries")
    return {
        "kills": state.killed,
        "seconds": round(time.monotonic() - began),
        "answers": statuses,
        **found,
        "holds": found["fsck"] and found["receipts"] > 0 and not any(found[name] for name in bad),
    }


def _state(plan: Plan, runtime: Runtime, tell: Callable[[str], None]) -> State:
    path = plan.folder / "state.json"
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=State)
    tell(f"Preparing {PEOPLE} people with a grant each …")
    asyncio.run(runtime.migrate())
    state = asyncio.run(_prepared(plan, runtime))
    _keep(plan, state)
    return state


def _keep(plan: Plan, state: State) -> None:
    part = plan.folder / "state.part"
    part.write_bytes(msgspec.json.encode(state))
    part.replace(plan.folder / "state.json")


async def _prepared(plan: Plan, runtime: Runtime) -> State:
    database = runtime.database()
    try:
        bank, grants, seed = await prepare_world(database, PEOPLE)
    finally:
        await database.close()
    held = [
        Held(
            holder.id.hex,
            given.grant.hex,
            given.g,
            given.token_epoch,
            given.expires_at,
            {each.item: each.form for each in given.items},
        )
        for holder, given in grants
    ]
    assert bank.client_id is not None
    assert bank.requester is not None
    return State(Bank(seed, bank.client_id.hex, bank.requester.hex), held, dict.fromkeys(TARGETS, 0))


async def _kill(
    plan: Plan, state: State, runtime: Runtime, acknowledged: Path, *, tell: Callable[[str], None]
) -> dict[str, int]:
    settings = runtime.settings
    statuses: dict[str, int] = {}
    while sum(state.killed.values()) < plan.kills:
        async with _serving(settings) as serving:
            callers = Callers(settings.issuer_url, state.bank.seed, await _tokens(runtime, state), acknowledged)
            load = asyncio.create_task(callers.run(plan.connections))
            until = time.monotonic() + 480  # access tokens end after ten minutes
            while sum(state.killed.values()) < plan.kills and time.monotonic() < until and serving.returncode is None:
                await asyncio.sleep(plan.every * random.uniform(0.7, 1.3))  # noqa: S311 - no secret
                what = min(TARGETS, key=lambda target: state.killed[target])
                if await kill(what, data=settings.data, serving=serving.pid, admin_url=runtime.admin_url):
                    state.killed[what] += 1
                    _keep(plan, state)
                    tell(f"{sum(state.killed.values())}: {what}; answers so far {dict(callers.statuses)}")
            await asyncio.sleep(1)
            callers.stop()
            await load
            for status, count in callers.statuses.items():
                statuses[status] = statuses.get(status, 0) + count
            await asyncio.sleep(2)  # what is in the outbox gets into the tree
    return statuses


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    command = [sys.executable, "-m", "vault.cli.main", "serve", "--data", str(settings.data)]
    command += ["--port", str(settings.port), "--workers", str(settings.workers)]
    with (settings.data / "torture.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(*command, env=dict(os.environ) | WATCHED, stdout=log, stderr=log)
        try:
            async with httpx.AsyncClient(timeout=5) as http:
                for _ in range(600):
                    try:
                        if (await http.get(f"{settings.issuer_url}/health/ready")).status_code == 200:
                            break
                    except httpx.HTTPError:
                        await asyncio.sleep(0.1)
            yield process
        finally:
            process.terminate()
            await process.wait()


async def _tokens(runtime: Runtime, state: State) -> list[str]:
    database = runtime.database()
    try:
        return await issued(database, runtime.settings.issuer_url, state.bank, state.held)
    finally:
        await database.close()
