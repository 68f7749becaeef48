"""The load generator, a process of its own: proofs are signed before the clock starts, each answer is looked at.

Reads one JSON object from standard input, writes one to standard output.
"""

import asyncio
import resource
import sys
import time
from collections import Counter
from typing import Any

import msgspec
import uvloop

from benchmark.calls import Job, endless, requests_of


class Outcome(msgspec.Struct):
    """What came of it. ``latencies`` in seconds, sorted; ``kept``: some of the answers' bodies."""

    statuses: dict[int, int]
    seconds: float
    cpu_seconds: float
    latencies: list[float]
    kept: list[str]
    trace: list[tuple[int, float, int]] = []
    """Of a traced phase: number of the token, when it was sent (monotonic seconds), status."""


class Connection(asyncio.Protocol):
    """Keep-alive HTTP/1.1, one request at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.index(b"content-length:") + 15
        line = head.find(b"\r\n", at)
        size = int(head[at : line if line > 0 else len(head)])
        if len(self._buffer) >= end + 4 + size:
            body, self._buffer = self._buffer[end + 4 : end + 4 + size], self._buffer[end + 4 + size :]
            assert self._answer is not None
            self._answer.set_result((int(head[9:12]), body))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer


async def run(job: Job) -> Outcome:
    """One phase."""
    waiting = endless(job) if job.is_traced else enumerate(requests_of(job))
    trace: list[tuple[int, float, int]] = []
    statuses: Counter[int] = Counter()
    latencies: list[float] = []
    kept: list[str] = []
    loop = asyncio.get_running_loop()
    connections = [(await loop.create_connection(Connection, job.host, job.port))[1] for _ in range(job.connections)]
    cpu, began = _cpu(), time.perf_counter()
    until = began + job.seconds

    async def keep_asking(connection: Connection) -> None:
        for token, request in waiting:
            sent, at = time.perf_counter(), time.monotonic()
            if sent >= until:
                return
            status, body = await connection.ask(request)
            latencies.append(time.perf_counter() - sent)
            statuses[status] += 1
            if job.is_traced:
                trace.append((token, at, status))
                continue
            if status != job.expected or len(latencies) % job.keep_every == 0:
                kept.append(body.decode())

    await asyncio.gather(*(keep_asking(connection) for connection in connections))
    seconds = time.perf_counter() - began
    return Outcome(dict(statuses), seconds, _cpu() - cpu, sorted(latencies), kept[:500], trace)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.stdout.buffer.write(
        msgspec.json.encode(uvloop.run(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Job))))
    )
