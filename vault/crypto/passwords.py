"""Password stretching: Argon2id (RFC 9106) through libsodium, in a bounded queue of threads."""

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import msgspec
from nacl import bindings, pwhash

from vault.crypto.canonical import b64, unb64
from vault.errors import Unavailable

SALT_BYTES = 16


class Stretch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters, stored with what they protect: passes, memory in bytes, salt (base64url)."""

    ops: int
    mem: int
    salt: str

    @classmethod
    def fresh(cls, ops: int = 3, mem: int = 64 * 1024 * 1024) -> Self:
        """Today's parameters (RFC 9106 section 4, second choice: 64 MiB, 3 passes) with a new salt."""
        return cls(ops=ops, mem=mem, salt=b64(bindings.randombytes(SALT_BYTES)))


def stretch(password: str, params: Stretch) -> bytes:
    """32 bytes from a password; tens of milliseconds of CPU. The password is normalised (NFKC) first."""
    normalised = unicodedata.normalize("NFKC", password).encode()
    return pwhash.argon2id.kdf(32, normalised, unb64(params.salt), opslimit=params.ops, memlimit=params.mem)


class StretchQueue:
    """Runs :func:`stretch` in a few threads; refuses when too many already wait."""

    def __init__(self, *, threads: int = 2, waiting: int = 64) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2id")
        self._room = threads + waiting
        self._under_way = 0

    async def stretch(self, password: str, params: Stretch) -> bytes:
        """As :func:`stretch`. Raises Unavailable when the queue is full."""
        if self._under_way >= self._room:
            raise Unavailable("Many people are signing in at this moment.", retry_after=2)
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, stretch, password, params)
        finally:
            self._under_way -= 1

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)
