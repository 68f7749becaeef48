"""A real installation in a folder of its own, run as a user would run it: processes, sockets, files."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

REPOSITORY = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    """The caller's environment without any setting of ours, plus the given ones."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PIVAULT_") and k != "DATABASE_URL"}
    return kept | {"PYTHONPATH": str(REPOSITORY), "COLUMNS": "160"} | more


def pivault(*args: str, timeout: float = 120, typed: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; ``typed``: what somebody types who is asked for a password."""
    command = [sys.executable, "-m", "vault.cli.main", *args]
    return subprocess.run(
        command,
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        input=typed,
        start_new_session=True,  # no terminal to type on
    )


class Serving:
    """A server in a process group of its own, so that all of it can be killed at once."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str]) -> None:
        self._out = log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vault.cli.main", *command],
            env=env,
            stdout=self._out,
            stderr=self._out,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self) -> None:
        """kill -9 of every process of the group."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self._out.close()

    def stop(self) -> int:
        """Ctrl-C; returns the exit status."""
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(30)
        self._out.close()
        return status


def wait_ready(base: str, serving: Serving, seconds: float = 60) -> None:
    """Return when the server answers that it is ready."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert serving.process.poll() is None, "the server ended before it was ready"
        try:
            if httpx.get(f"{base}/health/ready", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError("the server was not ready in time")


@contextmanager
def serving(data: Path, port: int, *extra: str, **env: str) -> Iterator[Serving]:
    """`pivault serve` on a port, ready; stopped at the end."""
    made = Serving(["serve", "--data", str(data), "--port", str(port), *extra], data / "server.log", environment(**env))
    try:
        wait_ready(f"http://127.0.0.1:{port}", made)
        yield made
    finally:
        if made.process.poll() is None:
            made.stop()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
