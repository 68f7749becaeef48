"""One running postgres over a cluster: started, watched until ready, stopped."""

import fcntl
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Final

from vault import clock
from vault.embedded import cluster
from vault.embedded.binaries import Programs
from vault.embedded.failures import EmbeddedServerError, from_output
from vault.embedded.folder import Folder

_STEP: Final = 0.01
_PORT_ATTEMPTS: Final = 5
_PATIENCE_WITH_LEFTOVERS: Final = 1.0
_LEFTOVERS_LIMIT: Final = 20.0
_FAST_SHUTDOWN: Final = 30.0

_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "cluster_name": "pivault",
    # Stated here, over whatever a configuration file says: nothing acknowledged may be lost.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "password_encryption": "scram-sha-256",
    "jit": "off",
    # No content where it does not belong: neither statements, nor parameters, nor the values of a violated key.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_checkpoints": "off",
    "logging_collector": "off",
    "log_destination": "stderr",
}


class Postgres:
    """The process, and the port on 127.0.0.1 where it answers."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    @classmethod
    def start(cls, folder: Folder, programs: Programs, guard: int, *, port: int = 0) -> "Postgres":
        """Start it and wait until it answers. ``port`` 0 takes a free one. Raises EmbeddedServerError.

        The guard is passed on: it stays held until the last process of this server is gone.
        """
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            said_before = folder.log_size
            postgres = cls(_launch(folder, programs, guard, port := port or _free_port()), port)
            if postgres._becomes_ready(folder.cluster):
                return postgres
            said = folder.logged_since(said_before)
            if "could not bind" not in said or attempt == _PORT_ATTEMPTS:
                raise from_output(folder.top, "start", said)
            port = 0  # another program took it in between
        raise AssertionError

    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End its sessions and write everything out; at once where that takes too long. Nothing is lost either way."""
        for sign, patience in ((signal.SIGINT, _FAST_SHUTDOWN), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
            if not self.is_running():
                return
            self.process.send_signal(sign)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                continue

    def _becomes_ready(self, cluster_path: Path) -> bool:
        # However long it takes: it may be replaying its write-ahead log.
        while self.is_running():
            if _says_ready(cluster_path / "postmaster.pid", self.process.pid):
                return True
            time.sleep(_STEP)
        return False


def hold_guard(folder: Folder) -> int:
    """A descriptor that holds the guard, once no process of an earlier postgres is left. Raises EmbeddedServerError."""
    guard = os.open(folder.guard, os.O_RDWR | os.O_CREAT, 0o600)
    begun = clock.monotonic()
    while not try_lock(guard):
        waited = clock.monotonic() - begun
        if waited > _PATIENCE_WITH_LEFTOVERS:
            _kill_leftovers(folder.cluster)
        if waited > _LEFTOVERS_LIMIT:
            os.close(guard)
            raise EmbeddedServerError(f"Processes of an earlier PostgreSQL on {folder.top} do not end: end them first.")
        time.sleep(_STEP)
    return guard


def try_lock(descriptor: int) -> bool:
    """Take a lock unless another holds it. The kernel drops it with its last holder, however that ends."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _launch(folder: Folder, programs: Programs, guard: int, port: int) -> subprocess.Popen[bytes]:
    place = cluster.opened(folder.cluster)
    log = os.open(folder.log, os.O_WRONLY | os.O_APPEND)
    settings = (f"--{name}={value}" for name, value in {**_SETTINGS, "port": port}.items())
    try:
        return programs.start("postgres", "-D", f"/proc/self/fd/{place}", *settings, keep=(place, guard), log=log)
    finally:
        os.close(log)
        os.close(place)


def _says_ready(pid_file: Path, pid: int) -> bool:
    # Line 1 is the pid, line 8 the state, padded with blanks (PostgreSQL's src/include/utils/pidfile.h).
    try:
        first, *others = pid_file.read_text().splitlines()
    except (OSError, ValueError):
        return False  # not written yet
    return first == str(pid) and [line.strip() for line in others[6:7]] == ["ready"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _kill_leftovers(cluster_path: Path) -> None:
    """Kill sessions that outlived their postgres (killed itself): they notice only when their query ends.

    They are known by their working folder. What they acknowledged is in the write-ahead log.
    """
    place = cluster_path.stat()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.path.samestat((entry / "cwd").stat(), place):
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue  # gone meanwhile, or not ours to look at
