"""``scripts/bench scale``: do authorize and token slow down when the register and the grants are a nation's?"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from benchmark.calls import Job
from benchmark.filling import GRANTS, REGISTER, counted, fill
from benchmark.holding import DETAILS, Bank
from benchmark.measuring import free_port, machine
from benchmark.preparing import PASSWORD, World, public_jwk
from benchmark.processes import postgres, serving
from benchmark.running import run_phase
from vault.authserver.server import AuthServer
from vault.cli.runtime import Runtime, installation
from vault.crypto.canonical import b64
from vault.crypto.signing import new_signing_seed
from vault.settings import Settings, load
from vault.signin import Attempt, sign_in

KINDS: Final = {"push": 201, "open": 200, "refresh": 200}
"""What is sent, and the status that is right: a request is pushed, its page is opened, a token is refreshed."""
SIGNED_AHEAD: Final = 1500
MOST_SLOWER: Final = 1.3


@dataclass(frozen=True)
class Plan:
    """What to measure. ``folder`` is empty and goes away."""

    folder: Path
    seconds: float
    rounds: int
    declarations: int
    grants: int


@dataclass(frozen=True)
class Prepared:
    """What each kind of request is made from."""

    client_id: str
    seed: bytes
    materials: dict[str, list[str]]


def measure(plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    """The same requests before and after the tables were filled; the median of several rounds of each."""
    settings = load(data=plan.folder, port=free_port(), workers=1)
    with installation(settings) as runtime:
        asyncio.run(runtime.migrate())
        prepared = asyncio.run(_prepare(runtime, settings))
        before = _rounds(plan, settings, prepared, tell)
        tell(f"Filling in {plan.declarations} declarations and {plan.grants} grants …")
        asyncio.run(fill(runtime.admin_url, REGISTER, plan.declarations))
        asyncio.run(fill(runtime.admin_url, GRANTS, plan.grants))
        rows = asyncio.run(counted(runtime.admin_url))
        after = _rounds(plan, settings, prepared, tell)
    kinds = {kind: _compared(before[kind], after[kind]) for kind in KINDS}
    holds = all(each["answered"] and each["ratio"] < MOST_SLOWER for each in kinds.values())
    return {"machine": machine(), "rows": rows, "kinds": kinds, "holds": holds}


async def _prepare(runtime: Runtime, settings: Settings) -> Prepared:
    database, seed = runtime.database(), new_signing_seed()
    try:
        world = World(database)
        decided = await world.bank(public_jwk(seed))
        bank = Bank.of(AuthServer(issuer=settings.issuer_url, database=database), decided, seed)
        materials: dict[str, list[str]] = {"push": [DETAILS], "open": [], "refresh": []}
        number = 0
        async for holder in world.people(20):
            materials["refresh"].append((await bank.hold(holder)).refresh_token)
            query = {"client_id": bank.client.client_id, "request_uri": await bank.pushed("x" * 43)}
            attempt = Attempt("person", f"bench.person.{number}", PASSWORD, "127.0.0.1", None)
            cookie = (await sign_in(database, world.door, attempt)).cookie
            materials["open"].append(f"session={cookie}\n/oauth/authorize?{urlencode(query)}")
            number += 1
        return Prepared(bank.client.client_id, seed, materials)
    finally:
        await database.close()


def _rounds(
    plan: Plan, settings: Settings, prepared: Prepared, tell: Callable[[str], None]
) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    with serving(settings, dict(os.environ)) as pids:
        groups = {"server": pids, "postgresql": [postgres(settings.data)]}
        for number in range(plan.rounds + 1):
            tell("Warming up …" if number == 0 else f"Round {number} of {plan.rounds} …")
            for kind, expected in KINDS.items():
                job = Job(
                    kind=kind,
                    host=settings.host,
                    port=settings.port,
                    issuer=settings.issuer_url,
                    client_id=prepared.client_id,
                    tokens=prepared.materials[kind],
                    seed=b64(prepared.seed),
                    connections=4,
                    seconds=plan.seconds,
                    most=int(plan.seconds * SIGNED_AHEAD),
                    keep_every=997,
                    expected=expected,
                )
                _, phase = run_phase(job, groups)
                if number:
                    found[kind].append(phase)
    return found


def _compared(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> dict[str, Any]:
    """CPU of server and database per request, which a busy machine disturbs least, and the median latency."""
    cpu = [_median([p["cpu_us"]["server"] + p["cpu_us"]["postgresql"] for p in side]) for side in (before, after)]
    p50 = [_median([p["p50_ms"] for p in side]) for side in (before, after)]
    return {
        "cpu_us": cpu,
        "p50_ms": p50,
        "ratio": cpu[1] / cpu[0],
        "p50_ratio": p50[1] / p50[0],
        "answered": all(phase["holds"] for phase in (*before, *after)),
    }


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def table(result: dict[str, Any]) -> str:
    """The result as text."""
    rows = ", ".join(f"{count} {name}" for name, count in result["rows"].items())
    lines = [f"filled: {rows}", "", "request   CPU µs empty  filled  ratio   p50 ms empty  filled  ratio"]
    for kind, each in result["kinds"].items():
        cpu, p50 = each["cpu_us"], each["p50_ms"]
        lines.append(
            f"{kind:<9} {cpu[0]:>12.0f} {cpu[1]:>7.0f} {each['ratio']:>6.2f}"
            f"   {p50[0]:>12.2f} {p50[1]:>7.2f} {each['p50_ratio']:>6.2f}"
        )
    return "\n".join([*lines, "", f"every ratio of CPU below {MOST_SLOWER}: {'yes' if result['holds'] else 'NO'}"])
