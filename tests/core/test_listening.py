"""The listening sockets of one port: dealt out over processes, and never shared with strangers."""

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from vault.cli.serving import listen
from vault.errors import BadConfiguration

HOST = "127.0.0.1"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is opened is closed."""
    with ExitStack() as stack:
        yield stack


def _port(stack: ExitStack, count: int) -> tuple[int, list[socket.socket]]:
    sockets = [stack.enter_context(sock) for sock in listen(HOST, 0, exact=True, count=count)]
    return int(sockets[0].getsockname()[1]), sockets


def test_connections_are_dealt_out(stack: ExitStack) -> None:
    """No process takes them all because it woke first: of 64 each of two has a good part waiting in its own queue."""
    port, sockets = _port(stack, 2)
    assert [sock.getsockname()[1] for sock in sockets] == [port, port]
    for _ in range(64):
        stack.enter_context(socket.create_connection((HOST, port), timeout=5))
    taken = []
    for sock in sockets:
        count = 0
        while select.select([sock], [], [], 0)[0]:
            stack.enter_context(sock.accept()[0])
            count += 1
        taken.append(count)
    assert sum(taken) == 64
    assert min(taken) >= 6  # fewer by chance: once in 10**12 runs


@pytest.mark.parametrize("count", [1, 2])
def test_a_port_in_use_is_not_shared(stack: ExitStack, count: int) -> None:
    """Nor with a second installation of the same user, whose sockets would be willing to share."""
    port, _ = _port(stack, count)
    with pytest.raises(BadConfiguration, match=f"Port {port}"):
        listen(HOST, port, exact=True, count=2)
    other = [stack.enter_context(sock) for sock in listen(HOST, port, exact=False, count=2)]
    assert other[0].getsockname()[1] > port
