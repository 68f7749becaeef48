"""Callers who never give up: the same release under the same key until there is an answer, which is written down."""

import asyncio
import itertools
import os
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import msgspec
from benchmark.client import Client

from vault.clock import unix_millis
from vault.crypto.canonical import b64

PATIENCE = 40
"""Tries of one release before it is given up (about as many seconds)."""


class Callers:
    """So many at once. ``acknowledged``: where each delivered release is kept, one JSON object per line."""

    def __init__(self, base: str, seed: bytes, tokens: list[str], acknowledged: Path) -> None:
        self.statuses: Counter[str] = Counter()
        self._base = base
        self._client = Client(seed, issuer=base)
        self._tokens = itertools.cycle(tokens)
        self._file = acknowledged.open("ab")
        self._stopped = asyncio.Event()

    async def run(self, connections: int) -> None:
        """Until :meth:`stop`."""
        async with httpx.AsyncClient(timeout=20, limits=httpx.Limits(max_connections=connections)) as http:
            await asyncio.gather(*(self._call(http) for _ in range(connections)))
        self._file.close()

    def stop(self) -> None:
        """What is under way ends first."""
        self._stopped.set()

    async def once(self, http: httpx.AsyncClient, token: str, key: str) -> httpx.Response | None:
        """One try; None when the connection broke."""
        url = f"{self._base}/v1/releases"
        proof = self._client.proof(url, unix_millis() // 1000, token=token)
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof, "Idempotency-Key": key}
        try:
            return await http.post(url, headers=headers)
        except httpx.HTTPError:
            return None

    async def _call(self, http: httpx.AsyncClient) -> None:
        while not self._stopped.is_set():
            token, key = next(self._tokens), b64(os.urandom(12))
            for _ in range(PATIENCE):
                answer = await self.once(http, token, key)
                self.statuses["broken" if answer is None else str(answer.status_code)] += 1
                if answer is not None and answer.status_code == 200:
                    self._keep(token, key, answer.json())
                    break
                if answer is not None and answer.status_code < 500:
                    break
                await asyncio.sleep(0.2 if answer is None else 1)

    def _keep(self, token: str, key: str, body: dict[str, Any]) -> None:
        kept = {"token": token, "key": key, "release": body["release"], "receipt": body["receipt"]}
        self._file.write(msgspec.json.encode(kept) + b"\n")
        self._file.flush()
