"""Serving: a parent that keeps one or more server processes on the listening sockets of one port."""

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from vault.clock import monotonic
from vault.errors import BadConfiguration
from vault.settings import Settings, child_environment

LONGEST_HEAD = 64 * 1024
"""Bytes of address and headers, beside the first piece that came of them (at most 256 KiB)."""
_NOT_HTTP = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n"
    b"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\n"
    b"X-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n%s"
)
COLLECT_AFTER = 20_000
"""Objects that may appear, beyond those that go, before the youngest are looked through for cycles."""
_HIGHEST_TRY = 50
_TOO_SOON = 2.0


def listen(host: str, port: int, *, exact: bool, count: int = 1) -> list[socket.socket]:
    """Listening sockets of one port, one for each of ``count`` processes.

    Where the kernel can (Linux), each is a queue of its own and connections are dealt out over them: on one shared
    queue whoever wakes first takes every connection that waits, and the others stand idle. Not ``exact``: the next
    free port is taken when this one is in use. Raises BadConfiguration when there is none.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, port + (1 if exact else _HIGHEST_TRY)):
        try:
            # A port is ours only if it is free for one who would not share it.
            with _bound(family, host, candidate) as alone:
                free = int(alone.getsockname()[1])
            return _dealt(family, host, free, count)
        except OSError as error:
            if exact:
                raise BadConfiguration(f"Port {port} on {host} cannot be used: {error.strerror}.") from None
    raise BadConfiguration(f"No free port between {port} and {port + _HIGHEST_TRY - 1} on {host}.")


def _dealt(family: socket.AddressFamily, host: str, port: int, count: int) -> list[socket.socket]:
    if count == 1 or sys.platform != "linux":
        made = [_bound(family, host, port)] * count
    else:
        made = [_bound(family, host, port, shared=True) for _ in range(count)]
    for sock in made:
        sock.listen(1024)
        sock.set_inheritable(True)
    return made


def _bound(family: socket.AddressFamily, host: str, port: int, *, shared: bool = False) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP with an end to the head of a request: its fast parser has none, and keeps all of it."""

    _is_in_head = False
    _head = 0

    def data_received(self, data: bytes) -> None:
        if self._is_in_head:
            self._head += len(data)
            if self._head > LONGEST_HEAD:
                self.send_400_response("The headers are too long.")
                return
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """What the application never sees is answered as carefully as what it does."""
        self.transport.write(_NOT_HTTP % (len(msg), msg.encode()))
        self.transport.close()

    def on_message_begin(self) -> None:
        self._is_in_head, self._head = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()


class Server(uvicorn.Server):
    """uvicorn's server without its own signal handling: whoever starts it decides when it ends."""

    def __init__(self, app: object, sock: socket.socket, *, on_ready: Callable[[], None] | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,  # type: ignore[arg-type]  # any ASGI application
                loop="uvloop",
                http=Protocol,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="on",
                proxy_headers=False,
                timeout_graceful_shutdown=10,
                timeout_keep_alive=30,
                limit_concurrency=2048,
            )
        )
        self._sock = sock
        self._on_ready = on_ready

    def install_signal_handlers(self) -> None:
        """Left to the caller."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()  # what stands by now stays: looking through it again and again would hold up requests
        gc.set_threshold(COLLECT_AFTER)
        if self.started and self._on_ready:
            self._on_ready()

    async def serve_until_told(self) -> None:
        """Serve until SIGINT or SIGTERM."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        await self._serve([self._sock])
        if not self.started:
            raise BadConfiguration("The server did not start; the log above says why.")

    def stop(self) -> None:
        """End after the requests under way."""
        self.should_exit = True


def end_with_parent(fd: int) -> None:
    """Ask this process to stop as soon as the parent is gone: the pipe it holds closes with it."""

    def watch() -> None:
        os.read(fd, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


class Workers:
    """The server processes of one installation: started together, replaced when one dies, ended together."""

    def __init__(self, settings: Settings, sockets: list[socket.socket], log: int | None = None) -> None:
        """``sockets``: one for each process. ``log``: the descriptor their log goes to; default: standard output."""
        self._log = log
        self._sockets = sockets
        self._environment = child_environment(settings)
        self._alive: dict[int, subprocess.Popen[bytes]] = {}
        self._started: dict[int, float] = {}
        self._told = threading.Event()
        self._reading, self._writing = os.pipe()

    def __enter__(self) -> "Workers":
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        for index in range(len(self._sockets)):
            self._start(index)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._writing)  # the workers notice, even if this process is killed before it gets here
        for process in self._alive.values():
            if process.poll() is None:
                process.terminate()
        for process in self._alive.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        os.close(self._reading)
        for sock in self._sockets:
            sock.close()

    @property
    def told_to_stop(self) -> bool:
        """Whether SIGINT or SIGTERM has arrived."""
        return self._told.is_set()

    def watch(self) -> None:
        """Keep the workers alive until told to stop."""
        while not self._told.wait(0.2):
            self.check()

    def check(self) -> None:
        """Replace workers that ended. Raises BadConfiguration when one ends as soon as it starts."""
        for index, process in list(self._alive.items()):
            if process.poll() is None or self._told.is_set():
                continue
            if monotonic() - self._started[index] < _TOO_SOON:
                raise BadConfiguration(f"A server process ended at once (status {process.returncode}); see its log.")
            self._start(index)

    def wait_until_ready(self, probe: Callable[[], bool], *, seconds: float = 60) -> None:
        """Return when the probe says yes; raises BadConfiguration when it does not in time."""
        until = monotonic() + seconds
        while not probe():
            self.check()
            if monotonic() > until:
                raise BadConfiguration(f"The server was not ready after {seconds:.0f} seconds; see its log.")
            if self._told.wait(0.05):
                raise BadConfiguration("Stopped before the server was ready.")

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._told.set()

    def _start(self, index: int) -> None:
        fds = (self._sockets[index].fileno(), self._reading)
        command = [sys.executable, "-m", "vault.cli.main", "worker", "--fd", str(fds[0]), "--parent-fd", str(fds[1])]
        self._alive[index] = subprocess.Popen(
            command,
            pass_fds=fds,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=None if self._log is None else subprocess.STDOUT,
        )
        self._started[index] = monotonic()
