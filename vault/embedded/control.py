"""The control socket: how clients find the supervisor, and how it counts them.

A client is one connection. It is given one line of JSON (Hello), sends nothing, and counts until its side is closed, by
itself or by the kernel when it is killed. The last client to leave gets its end of file when postgres has stopped; the
others, at once.
"""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from vault.embedded.folder import Folder


@dataclass(frozen=True)
class Hello:
    """What a client is told. It may grow by new members; both sides are always of one installation."""

    port: int
    version: str
    supervisor: int

    def line(self) -> bytes:
        """As it is sent."""
        return json.dumps(asdict(self)).encode() + b"\n"


def listen(folder: Folder) -> socket.socket:
    """The supervisor's end. Only who may enter the data folder reaches it."""
    folder.control.unlink(missing_ok=True)  # of a dead supervisor: the caller holds the folder's lock
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _address(folder.control) as address:
        listener.bind(address)
    listener.listen(128)
    listener.setblocking(False)
    return listener


def join(folder: Folder) -> tuple[socket.socket, Hello] | None:
    """Become a client. None when no supervisor answers there (not yet, or no longer)."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(folder.control) as address:
            client.connect(address)
        line = client.makefile("rb").readline()  # waits while the supervisor starts a killed postgres again
        if line.endswith(b"\n"):
            return client, Hello(**json.loads(line))
    except OSError:
        pass
    client.close()
    return None


def leave(client: socket.socket) -> None:
    """Stop being a client; when it was the last one, wait until postgres has stopped."""
    with contextlib.suppress(OSError):  # the supervisor may be dead
        client.shutdown(socket.SHUT_WR)
        while client.recv(64):
            pass
    client.close()


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    # A socket's path has room for 107 bytes (unix(7)); a descriptor of its folder stands for a path of any length.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
