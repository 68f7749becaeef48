"""The caller's side: start the embedded server, or join the one that runs."""

import select
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self, cast

from vault.embedded import binaries, control
from vault.embedded.control import Hello
from vault.embedded.failures import EmbeddedServerError
from vault.embedded.folder import Folder

_PACKAGES: Final = Path(__file__).parents[2]
_STEP: Final = 0.02


class EmbeddedServer:
    """A lease on the PostgreSQL server of one data folder.

    The server runs while any process holds a lease and ends with the last one, however that process ends. Children that
    a process forks share its lease.
    """

    def __init__(self, folder: Folder, bin_dir: Path, lease: socket.socket, hello: Hello) -> None:
        self.data_dir = folder.top
        self.bin_dir = bin_dir
        """Where pg_dump and the like are, of the server's major version."""
        self.log_path = folder.log
        self.version = hello.version
        """As "18.4"."""
        self.port = hello.port
        self.supervisor_pid = hello.supervisor
        self._lease = lease
        self._password = folder.read_password()

    @classmethod
    def start(cls, data_dir: Path, *, bin_dir: Path | None = None) -> Self:
        """The server of a data folder, which is made when it is not there. Waits until it answers.

        ``bin_dir``: a folder with other PostgreSQL programs (15 or later) than the packaged ones.
        Raises EmbeddedServerError.
        """
        if not sys.platform.startswith("linux"):
            raise EmbeddedServerError("The embedded PostgreSQL needs Linux: set DATABASE_URL to a server of your own.")
        bin_dir = bin_dir or binaries.packaged()
        folder = Folder(data_dir.expanduser().absolute())
        folder.require_major(binaries.major(bin_dir))
        folder.prepare()
        lease, hello = control.join(folder) or _joined_anew(folder, bin_dir)
        return cls(folder, bin_dir, lease, hello)

    @property
    def admin_url(self) -> str:
        """The superuser's way to the database `pivault`: a secret."""
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self.port}/pivault"

    def stop(self) -> None:
        """Give the lease back; when it was the last one, wait until the server has ended. May be called twice."""
        control.leave(self._lease)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _joined_anew(folder: Folder, bin_dir: Path) -> tuple[socket.socket, Hello]:
    """Start a supervisor and join it, or another one that was quicker."""
    while True:
        starter = _start_supervisor(folder, bin_dir)
        try:
            joined = _joined(folder, starter)
        finally:
            _let_go(starter)
        if joined:
            return joined


def _start_supervisor(folder: Folder, bin_dir: Path) -> subprocess.Popen[bytes]:
    with folder.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "vault.embedded.supervisor", folder.top, bin_dir.absolute()],
            cwd=_PACKAGES,  # `-m` looks here first
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the caller, who then stops the server in its own order
        )


def _joined(folder: Folder, starter: subprocess.Popen[bytes]) -> tuple[socket.socket, Hello] | None:
    """A lease; None when the supervisor served but ended before it was joined. Raises EmbeddedServerError."""
    reports = cast("IO[bytes]", starter.stdout)
    while not (joined := control.join(folder)):
        if not select.select([reports], [], [], _STEP)[0]:
            continue
        report = reports.readline()
        if report == b"\n":
            return control.join(folder)
        raise EmbeddedServerError(
            report.decode().strip() or f"The supervisor of PostgreSQL ended unexpectedly: see the end of {folder.log}."
        )
    return joined


def _let_go(starter: subprocess.Popen[bytes]) -> None:
    """Close the pipes: a supervisor that serves counts sockets from here on, one that waits for the lock gives up."""
    for pipe in (starter.stdin, starter.stdout):
        if pipe:
            pipe.close()
    starter.wait()  # the process that forked the supervisor, gone long since
