"""Whom to kill: a server process, the one that sequences, the database server."""

import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import asyncpg
from benchmark.processes import children, postgres

TARGETS: Final = ("server", "sequencer", "postgresql")
YOUNGEST: Final = 2.5
"""Seconds: a server process that ends sooner is taken for one that cannot start."""
_LEADER: Final = """
SELECT a.client_port FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND a.client_port > 0
"""


async def kill(what: str, *, data: Path, serving: int, admin_url: str) -> bool:
    """Kill one of them with SIGKILL. False: there was nobody to kill at this moment."""
    found = await FINDING[what](data, serving, admin_url)
    if found is None:
        return False
    try:
        os.kill(found, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


async def _server(_data: Path, serving: int, _admin_url: str) -> int | None:
    old = [pid for pid in children(serving) if _age(pid) > YOUNGEST]
    return random.choice(old) if old else None  # noqa: S311 - no secret


async def _sequencer(_data: Path, serving: int, admin_url: str) -> int | None:
    try:
        connection = await asyncpg.connect(admin_url, timeout=5)
        port = await connection.fetchval(_LEADER)
        await connection.close()
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return None
    mine = [pid for pid in children(serving) if port and _holds_port(pid, port)]
    return mine[0] if mine and _age(mine[0]) > YOUNGEST else None


async def _postgres(data: Path, _serving: int, _admin_url: str) -> int | None:
    try:
        return postgres(data)
    except (OSError, StopIteration, ValueError):
        return None


FINDING: Final[dict[str, Callable[[Path, int, str], Awaitable[int | None]]]] = {
    "server": _server,
    "sequencer": _sequencer,
    "postgresql": _postgres,
}


def _holds_port(pid: int, port: int) -> bool:
    """Whether a process has the local end of a TCP connection on this port."""
    inodes = {
        fields[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if int((fields := line.split())[1].rpartition(":")[2], 16) == port
    }
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(fd)
        except OSError:
            continue
        if target.removeprefix("socket:[").rstrip("]") in inodes:
            return True
    return False


def _age(pid: int) -> float:
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
