"""The server under test as processes, and the CPU seconds each group of processes has used (from /proc)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from vault.settings import Settings

WATCHED = {"PIVAULT_WATCHER": "note"}
"""One client that takes everybody's data as fast as it can is what the watcher is there for: here it only notes."""
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(settings: Settings, environment: dict[str, str], *, workers: int | None = None) -> Iterator[list[int]]:
    """`pivault serve` over a prepared installation; gives the ids of its server processes.

    ``workers`` replaces the number that the settings name.
    """
    command = [
        *(sys.executable, "-m", "vault.cli.main", "serve", "--data", str(settings.data)),
        *("--port", str(settings.port), "--workers", str(workers or settings.workers)),
    ]
    with (settings.data / "bench.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment | WATCHED, stdout=log, stderr=log)
        try:
            _until_ready(f"http://{settings.host}:{settings.port}/health/ready", process)
            yield children(process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError("the server did not become ready; its log is in the data folder")


def children(parent: int) -> list[int]:
    """The processes started by a process."""
    return [pid for pid, (ppid, _) in _stats().items() if ppid == parent]


def postgres(data: Path) -> int:
    """The process id of the postmaster of an embedded server."""
    found = next(data.rglob("postmaster.pid"))
    return int(found.read_text().splitlines()[0])


def cpu_seconds(*pids: int) -> float:
    """CPU seconds of these processes, of their children, and of children that have ended."""
    stats = _stats()
    chosen = [pid for pid in stats if pid in pids or stats[pid][0] in pids]
    return sum(stats[pid][1] for pid in chosen) / _TICKS


def _stats() -> dict[int, tuple[int, int]]:
    """{pid: (parent, ticks)}."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            found[int(entry.name)] = int(fields[1]), sum(int(each) for each in fields[11:15])
    return found
