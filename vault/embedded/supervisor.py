"""The process that owns postgres and ends with its last client.

    python -m vault.embedded.supervisor DATA_DIR BIN_DIR

Trusted: whoever can write in the data folder. Promised: at most one supervisor per data folder; postgres never outlives
it (the kernel sees to that); a postgres that is killed is started again on the same port.

Its standard input comes from the process that started it, which so is its first client until it has joined (see
control); its standard output goes there, for one line: empty when it serves, or a sentence that says why it cannot.
"""

import os
import select
import selectors
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Final, NoReturn

from vault import clock
from vault.embedded import account, binaries, cluster, control
from vault.embedded.failures import EmbeddedServerError, unusable_folder
from vault.embedded.folder import Folder
from vault.embedded.postgres import Postgres, hold_guard, try_lock

_STARTER: Final = 0
_REPORT: Final = 1
_SHORT_LIFE: Final = 10.0
_ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Supervisor:
    """Postgres, and those who use it."""

    def __init__(self, folder: Folder, bin_dir: Path) -> None:
        self._folder = folder
        self._wake = _signals_as_bytes()
        self._version = binaries.version(bin_dir)
        folder.require_major(int(self._version.split(".")[0]))
        self._programs = binaries.reachable(bin_dir, account.choose(cluster.owner(folder)))
        self._postgres = self._started()
        self._begun = clock.monotonic()
        self._clients: set[socket.socket] = set()
        self._starter_is_here = True
        self._last_client: socket.socket | None = None
        self._listener = control.listen(folder)

    def serve(self) -> None:
        """Until the last client has left, or a signal ends it."""
        with selectors.DefaultSelector() as selector:
            for source in (self._listener, self._wake, _STARTER):
                selector.register(source, selectors.EVENT_READ)
            while self._clients or self._starter_is_here:
                ready = [key.fileobj for key, _ in selector.select()]
                ready.sort(key=lambda source: source is not self._listener)  # who comes counts before who leaves
                if not all(self._handle(source, selector) for source in ready):
                    break
        self._end()

    def _handle(self, source: object, selector: selectors.BaseSelector) -> bool:
        """Act on one ready source. False: it is time to end."""
        if source is self._listener:
            self._welcome(selector)
        elif source == _STARTER:
            selector.unregister(_STARTER)
            self._starter_is_here = False
        elif source == self._wake:
            received = os.read(self._wake, 512)
            return not any(sign in received for sign in _ENDING) and self._keep_running()
        elif isinstance(source, socket.socket) and _has_left(source):
            selector.unregister(source)
            self._part_from(source)
        return True

    def _part_from(self, client: socket.socket) -> None:
        self._clients.discard(client)
        if self._clients or self._starter_is_here:
            client.close()
        else:
            self._last_client = client  # closed by the end of this process, for which it waits

    def _welcome(self, selector: selectors.BaseSelector) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return  # it went away
        client.setblocking(False)
        client.send(control.Hello(self._postgres.port, self._version, os.getpid()).line())
        self._clients.add(client)
        selector.register(client, selectors.EVENT_READ)

    def _keep_running(self) -> bool:
        """Start postgres again if it has ended. False when that fails."""
        if self._postgres.is_running():
            return True
        _say(f"postgres ended with status {self._postgres.process.returncode}; starting it again")
        if clock.monotonic() - self._begun < _SHORT_LIFE:
            time.sleep(0.5)
        try:
            self._postgres = self._started(port=self._postgres.port)
        except (EmbeddedServerError, OSError) as error:
            _say(f"it does not start: {error}")
            return False
        self._begun = clock.monotonic()
        return True

    def _started(self, *, port: int = 0) -> Postgres:
        guard = hold_guard(self._folder)
        try:
            if self._folder.major() is None:
                cluster.create(self._folder, self._programs, guard)
            cluster.mend(self._folder, self._programs, guard)
            return Postgres.start(self._folder, self._programs, guard, port=port)
        finally:
            os.close(guard)

    def _end(self) -> None:
        # No new clients first: who connects from here on is sent away, and starts a supervisor that waits for the lock.
        self._folder.control.unlink(missing_ok=True)
        self._listener.close()
        self._postgres.stop()


def main(data_dir: str, bin_dir: str) -> NoReturn:
    """Run until the last client is gone."""
    if os.fork():  # the starter is not burdened with a child: this process belongs to nobody
        os._exit(0)
    os.chdir("/")
    os.umask(0o077)
    folder = Folder(Path(data_dir))
    try:
        if not _become_the_only_one(folder):
            sys.exit(0)
        folder.turn_log()
        supervisor = Supervisor(folder, Path(bin_dir))
    except (EmbeddedServerError, OSError) as error:
        failure = error if isinstance(error, EmbeddedServerError) else unusable_folder(folder.top, error)
        _report(failure.public)
        sys.exit(1)
    _report("")
    supervisor.serve()
    sys.exit(0)


def _become_the_only_one(folder: Folder) -> bool:
    """Wait for the lock, then held until this process ends. False when the starter needs no supervisor any more."""
    lock = os.open(folder.lock, os.O_RDWR | os.O_CREAT, 0o600)
    while not try_lock(lock):
        if select.select([_STARTER], [], [], 0.02)[0]:
            return False
    return True


def _signals_as_bytes() -> int:
    """A descriptor on which each of the signals this process heeds arrives as one byte, its number."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    for sign in (signal.SIGCHLD, *_ENDING):
        signal.signal(sign, lambda *_: None)
    return reading


def _has_left(client: socket.socket) -> bool:
    try:
        return client.recv(64) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _report(line: str) -> None:
    try:
        os.write(_REPORT, line.encode() + b"\n")
    except OSError:
        _say(line)  # the starter is gone
    os.dup2(2, _REPORT)  # its end of file


def _say(line: str) -> None:
    sys.stderr.write(f"supervisor: {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
