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


def checked_address(url: str, public_key: bytes, *, setting: str) -> str:
    """The base address without a slash at its end. Raises BadConfiguration unless it is https (http on loopback only)
    and the key an Ed25519 public key; ``setting`` is the first word of the settings' names."""
    parts = urlsplit(url)
    is_loopback = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if parts.scheme != "https" and not is_loopback:
        raise BadConfiguration(f"{setting}_url must be an https address (http only on loopback).")
    if len(public_key) != 32:
        raise BadConfiguration(f"{setting}_key must be an Ed25519 public key: 32 bytes, base64url.")
    return url.rstrip("/")


async def exchange(client: httpx.AsyncClient, address: str, body: bytes, *, patience: float) -> str:
    """What a source answers to one question: ASCII, bounded in length and time. Raises SourceUnavailable.

    ``patience``: seconds for the whole exchange, however slowly the answer drips.
    """
    try:
        async with asyncio.timeout(patience):
            return await _received(client, address, body, patience)
    except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
        # Only the kind of failure: httpx's texts may quote what was sent.
        raise SourceUnavailable(private=f"asking the source: {type(error).__name__}", retry_after=5) from None


async def _received(client: httpx.AsyncClient, address: str, body: bytes, patience: float) -> str:
    asking = client.stream("POST", address, content=body, headers=_HEADERS, follow_redirects=False, timeout=patience)
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
        self._address = f"{checked_address(url, public_key, setting='source')}/v1/checks"
        self._public = public_key
        self._client = client
        self._clock = clock or SystemClock()
        self._patience = patience

    async def check(self, name: str, scheme: str, number: str) -> Answer:
        """Ask, and believe the answer only if it is the source's, to this question, of now.

        Raises SourceUnavailable for everything else. Call it outside any transaction.
        """
        question = Question(name, scheme, number, b64(os.urandom(NONCE_BYTES)))
        token = await exchange(self._client, self._address, msgspec.json.encode(question), patience=self._patience)
        return believe(token, question, public=self._public, now=self._clock.now())
