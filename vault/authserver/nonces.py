"""DPoP nonces (RFC 9449 sections 8 and 9): stateless, the same for every server of an installation. Pure.

A nonce names a window of time and proves that the key ring made it. It is no secret and is used by many: it only
shows that a proof was made recently, by a clock that is ours.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from vault.crypto.canonical import b64, unb64
from vault.crypto.keyring import KeyRing
from vault.crypto.sealing import same
from vault.errors import CannotOpen

PURPOSE: Final = "nonce"
HEADER: Final = "DPoP-Nonce"
WINDOW: Final = 120
"""Seconds; a nonce is taken in its own window and in the next one."""
_LENGTH: Final = 2 + 4 + 16


def fresh(ring: KeyRing, now: datetime) -> str:
    """This window's nonce: key version, window, 16 bytes of MAC, in base64url."""
    return b64(_made(ring, ring.versions(PURPOSE)[-1], _window(now)))


def is_current(ring: KeyRing, nonce: object, now: datetime) -> bool:
    """Whether it is of this window or the one before, and made under the ring."""
    if not isinstance(nonce, str) or len(nonce) > 2 * _LENGTH:
        return False
    try:
        raw = unb64(nonce)
        window = int.from_bytes(raw[2:6])
        genuine = same(raw, _made(ring, int.from_bytes(raw[:2]), window))
    except (ValueError, CannotOpen):
        return False
    return genuine and 0 <= _window(now) - window <= 1


def next_for(ring: KeyRing, proofs: Sequence[str], now: datetime, *, always: bool) -> dict[str, str]:
    """The header with the nonce for the caller's next proof: always, or for who used one now (section 8.2)."""
    return {HEADER: fresh(ring, now)} if always or any(_holds_nonce(proof) for proof in proofs) else {}


def _holds_nonce(proof: str) -> bool:
    try:
        return b'"nonce"' in unb64(proof.split(".")[1])
    except (ValueError, IndexError):
        return False


def _window(now: datetime) -> int:
    return int(now.timestamp()) // WINDOW


def _made(ring: KeyRing, version: int, window: int) -> bytes:
    context = b"dpop nonce v1" + window.to_bytes(4)
    return version.to_bytes(2) + window.to_bytes(4) + ring.derive(PURPOSE, context, version=version)[:16]
