"""Processes that use the embedded server, and looking at those that make it up."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import asyncpg

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("client.py")


class Client:
    """A process that starts or joins the server of a folder. Wait for it with ``joined``."""

    def __init__(
        self, data_dir: Path, *, command: Sequence[str | Path] = (sys.executable, PROGRAM, ROOT), bin_dir: str = ""
    ) -> None:
        self.process = subprocess.Popen(
            [*command, data_dir, bin_dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.told: dict[str, Any] = {}

    def joined(self) -> Self:
        """This client, once it has its lease or was refused."""
        assert self.process.stdout
        self.told = json.loads(self.process.stdout.readline() or "{}")
        return self

    @property
    def failure(self) -> str:
        """What it was told when it was refused."""
        return str(self.told.get("failure", ""))

    @property
    def url(self) -> str:
        """The administrator's URL it was given."""
        assert "url" in self.told, self.told
        return str(self.told["url"])

    @property
    def supervisor(self) -> int:
        """The pid of the supervisor it joined."""
        return int(self.told["supervisor"])

    def leave(self) -> None:
        """Give the lease back, and wait for the end of the process."""
        self.process.communicate()

    def kill(self) -> None:
        """End it by force."""
        self.process.kill()
        self.process.communicate()

    def __enter__(self) -> Self:
        return self.joined()

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.leave()


def postgres_of(data_dir: Path) -> int:
    """The pid of the postgres of a folder."""
    return int((data_dir / "cluster" / "postmaster.pid").read_text().splitlines()[0])


def is_alive(pid: int) -> bool:
    """Whether a process runs (one that waits to be buried does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(*pids: int, within: float = 10) -> bool:
    """Whether these processes have ended, after a while at the latest."""
    until = time.monotonic() + within
    while any(map(is_alive, pids)):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def kill(*pids: int, sign: int = signal.SIGKILL) -> None:
    """End processes, by force if nothing else is said."""
    for pid in pids:
        os.kill(pid, sign)


async def ask(url: str, statement: str, *arguments: object) -> Any:
    """The first value of the answer to a statement."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval(statement, *arguments)
    finally:
        await connection.close()
