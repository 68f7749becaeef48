"""Asking registers of organisations, and believing only what they sign."""

import os
from typing import Final, Protocol

import httpx
import msgspec

from vault.clock import Clock, SystemClock
from vault.crypto.canonical import b64
from vault.proofing import RegisterQuestion, SourceUnavailable, Statement
from vault.proofing.client import PATIENCE, checked_address, exchange
from vault.proofing.registers import Register, believe

NONCE_BYTES: Final = 16


class Registers(Protocol):
    """Registers that can be asked."""

    async def ask(self, register: Register, *, uscc: str, name: str, persons: list[str]) -> Statement:
        """What a register says about an organisation. Raises SourceUnavailable. Never call it in a transaction."""
        ...


class HttpRegisters:
    """Registers behind an address. The signature is what is trusted; TLS keeps the question private."""

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
        self._address = f"{checked_address(url, public_key, setting='registers')}/v1/registers"
        self._public = public_key
        self._client = client
        self._clock = clock or SystemClock()
        self._patience = patience

    async def ask(self, register: Register, *, uscc: str, name: str, persons: list[str]) -> Statement:
        """See :class:`Registers`."""
        question = RegisterQuestion(register, uscc, name, persons, b64(os.urandom(NONCE_BYTES)))
        token = await exchange(self._client, self._address, msgspec.json.encode(question), patience=self._patience)
        return believe(token, question, public=self._public, now=self._clock.now())


class NoRegisters:
    """Stands where no register is configured: nothing can be confirmed, and so nobody is let in."""

    async def ask(self, register: Register, *, uscc: str, name: str, persons: list[str]) -> Statement:
        raise SourceUnavailable("No register of organisations is connected.", retry_after=60)
