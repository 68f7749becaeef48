"""The load generator for batches, a process of its own: one proof and one connection for each batch.

Reads one JSON object from standard input, writes one to standard output.
"""

import asyncio
import os
import resource
import sys
import time
from collections import Counter
from typing import Any

import msgspec
import uvloop

from benchmark.client import Client
from vault.clock import unix_millis
from vault.crypto.canonical import b64, unb64


class BatchJob(msgspec.Struct):
    """One phase: ``streams`` batches at once, each of ``lines`` of the refresh tokens ``held``, for ``seconds``."""

    host: str
    port: int
    issuer: str
    token: str
    seed: str
    held: list[str]
    lines: int
    streams: int
    seconds: float


class BatchOutcome(msgspec.Struct):
    """What came of it: lines by outcome, the first line of each of some answers, seconds of each batch, sorted."""

    lines: dict[str, int]
    seconds: float
    cpu_seconds: float
    latencies: list[float]
    kept: list[str]


async def run(job: BatchJob) -> BatchOutcome:
    """One phase."""
    counted: Counter[str] = Counter()
    latencies: list[float] = []
    kept: list[str] = []
    cpu, began = _cpu(), time.perf_counter()
    until = began + job.seconds

    async def keep_sending(stream: int) -> None:
        offset = stream * len(job.held) // job.streams
        while time.perf_counter() < until:
            chosen = (job.held * 2)[offset : offset + job.lines]
            offset = (offset + job.lines) % len(job.held)
            sent = time.perf_counter()
            lines = await _send(job, chosen)
            latencies.append(time.perf_counter() - sent)
            counted.update(_outcome(line) for line in lines)
            kept.append(lines[len(kept) % len(lines)].decode())

    await asyncio.gather(*(keep_sending(stream) for stream in range(job.streams)))
    seconds = time.perf_counter() - began
    return BatchOutcome(dict(counted), seconds, _cpu() - cpu, sorted(latencies), kept[:200])


async def _send(job: BatchJob, tokens: list[str]) -> list[bytes]:
    """The lines of the answer."""
    body = msgspec.json.encode({"lines": [{"token": token} for token in tokens]})
    reader, writer = await asyncio.open_connection(job.host, job.port, limit=1 << 22)
    writer.write(_request(job, body))
    raw = await reader.read(-1)
    writer.close()
    head, _, rest = raw.partition(b"\r\n\r\n")
    return _unchunked(rest).splitlines() if b" 200 " in head[:16] else [head[:12]] * len(tokens)


def _request(job: BatchJob, body: bytes) -> bytes:
    client, url = Client(unb64(job.seed)), f"{job.issuer}/v1/releases/batch"
    content = client.content_digest(body)
    proof = client.proof(url, unix_millis() // 1000, token=job.token, content=content)
    head = [
        "POST /v1/releases/batch HTTP/1.1",
        f"Host: {job.host}:{job.port}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Content-Digest: {content}",
        f"Authorization: DPoP {job.token}",
        f"DPoP: {proof}",
        f"Idempotency-Key: {b64(os.urandom(12))}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def _unchunked(raw: bytes) -> bytes:
    pieces = []
    while raw:
        size, _, raw = raw.partition(b"\r\n")
        length = int(size, 16)
        pieces.append(raw[:length])
        raw = raw[length + 2 :] if length else b""
    return b"".join(pieces)


def _outcome(line: bytes) -> str:
    found = line[:60].partition(b'"outcome":"')[2].partition(b'"')[0]
    return found.decode() or line.decode("ascii", "replace")


def _cpu() -> float:
    used: Any = resource.getrusage(resource.RUSAGE_SELF)
    return float(used.ru_utime + used.ru_stime)


if __name__ == "__main__":
    sys.stdout.buffer.write(
        msgspec.json.encode(uvloop.run(run(msgspec.json.decode(sys.stdin.buffer.read(), type=BatchJob))))
    )
