"""The client of a source: one question, one bounded answer."""

import asyncio
import os
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec

from vault.clock import Clock, SystemClock
from vault.crypto.canonical import b64
from vault.errors import BadConfiguration
from vault.proofing.source import Answer, Question, SourceUnavailable, believe

NONCE_BYTES: Final = 16
MOST_BYTES: Final = 16 * 1024
PATIENCE: Final = 5.0
"""Seconds for the whole exchange, however slowly the answer drips."""
_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/jose", "Accept-Encoding": "identity"}


class HttpSource:
    """A source behind an address. The signature is what is trusted; TLS keeps the question private."""

    def __init__(
        self,
        url: str,
        public_key: bytes,
        client: httpx.AsyncClient,
        *,
        clock: Clock | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """``url``: base address, https (http on loopback only). ``public_key``: Ed25519, 32 bytes."""
        parts = urlsplit(url)
        is_loopback = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
        if parts.scheme != "https" and not is_loopback:
            raise BadConfiguration("source_url must be an https address (http only on loopback).")
        if len(public_key) != 32:
            raise BadConfiguration("source_key must be an Ed25519 public key: 32 bytes, base64url.")
        self._address = f"{url.rstrip('/')}/v1/checks"
        self._public = public_key
        self._client = client
        self._clock = clock or SystemClock()
        self._patience = patience

    async def check(self, name: str, scheme: str, number: str) -> Answer:
        """Ask, and believe the answer only if it is the source's, to this question, of now.

        Raises SourceUnavailable for everything else. Call it outside any transaction.
        """
        question = Question(name, scheme, number, b64(os.urandom(NONCE_BYTES)))
        try:
            async with asyncio.timeout(self._patience):
                token = await self._ask(msgspec.json.encode(question))
        except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
            # Only the kind of failure: httpx's texts may quote what was sent.
            raise SourceUnavailable(private=f"asking the source: {type(error).__name__}", retry_after=5) from None
        return believe(token, question, public=self._public, now=self._clock.now())

    async def _ask(self, body: bytes) -> str:
        asking = self._client.stream(
            "POST", self._address, content=body, headers=_HEADERS, follow_redirects=False, timeout=self._patience
        )
        async with asking as response:
            if response.status_code != 200:
                raise SourceUnavailable(private=f"the source answered {response.status_code}", retry_after=5)
            received = b""
            # Raw: nothing is decompressed, so that a small answer cannot grow.
            async for piece in response.aiter_raw():
                received += piece
                if len(received) > MOST_BYTES:
                    raise SourceUnavailable(private="the source's answer is too long")
        try:
            return received.decode("ascii")
        except UnicodeDecodeError:
            raise SourceUnavailable(private="the source's answer is not ASCII") from None
