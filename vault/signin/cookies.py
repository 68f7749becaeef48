"""What a browser is given to keep: the secret of a sign-in, and the mark of a known device. No I/O here."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from vault.clock import from_millis, millis
from vault.crypto.canonical import b64, digest, unb64
from vault.crypto.keyring import KeyRing
from vault.crypto.sealing import mac, same
from vault.errors import CannotOpen, Unauthenticated

SECRET_BYTES: Final = 32
_COOKIE_CHARACTERS: Final = 86  # base64url of 16 + 16 + 32 bytes
_DEVICE_CHARACTERS: Final = 99  # base64url of 16 + 16 + 8 + 2 + 32 bytes
_DEVICE_LIFE: Final = timedelta(days=400)  # what browsers keep at most (RFC 6265bis section 5.5)
_KEY: Final = b"pivault sign-in bundle v1"


@dataclass(frozen=True)
class Cookie:
    """base64url of holder id (16 bytes) ‖ sign-in id (16) ‖ secret (32). The secret is stored nowhere else."""

    holder_id: UUID
    sign_in: UUID
    secret: bytes

    def __repr__(self) -> str:
        return "<Cookie>"

    @classmethod
    def fresh(cls, holder_id: UUID, sign_in: UUID) -> Self:
        """A new one with a random secret."""
        return cls(holder_id, sign_in, os.urandom(SECRET_BYTES))

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises Unauthenticated for anything :meth:`text` would not make."""
        try:
            raw = unb64(text) if len(text) == _COOKIE_CHARACTERS else b""
        except ValueError:
            raw = b""
        if len(raw) != 16 + 16 + SECRET_BYTES:
            raise Unauthenticated(private="the cookie has another form")
        return cls(UUID(bytes=raw[:16]), UUID(bytes=raw[16:32]), raw[32:])

    def text(self) -> str:
        """The cookie's value."""
        return b64(self.holder_id.bytes + self.sign_in.bytes + self.secret)

    def secret_hash(self) -> bytes:
        """SHA-256 of the secret: what the row has."""
        return digest(self.secret)

    def key(self) -> bytes:
        """The key the bundle is wrapped under while signed in."""
        return mac(self.secret, _KEY)


@dataclass(frozen=True)
class Device:
    """The mark left in a browser after a right password: names the holder, the device and when it was made.

    base64url of holder id (16) ‖ device id (16) ‖ made (ms, 8) ‖ ring version (2) ‖ MAC (32). It signs
    nobody in; it only keeps other people's failures from slowing this device down.
    """

    holder_id: UUID
    id: bytes
    made_at: datetime

    @classmethod
    def fresh(cls, holder_id: UUID, now: datetime) -> Self:
        """A device not seen before."""
        return cls(holder_id, os.urandom(16), now)

    @classmethod
    def read(cls, ring: KeyRing, text: str | None, *, holder_id: UUID, now: datetime) -> Self | None:
        """The device, if this is a current mark that we made for this holder; otherwise None."""
        if text is None or len(text) != _DEVICE_CHARACTERS:
            return None
        try:
            raw = unb64(text)
            body, tag = raw[:42], raw[42:]
            fits = same(_device_mac(ring, body), tag)
        except (ValueError, CannotOpen):
            return None
        made_at = from_millis(int.from_bytes(body[32:40])) if fits else now - 2 * _DEVICE_LIFE
        if UUID(bytes=body[:16]) != holder_id or not now - _DEVICE_LIFE <= made_at <= now:
            return None
        return cls(holder_id, body[16:32], made_at)

    def text(self, ring: KeyRing) -> str:
        """The mark's value, under the newest version of the key."""
        version = ring.versions("device")[-1]
        body = self.holder_id.bytes + self.id + millis(self.made_at).to_bytes(8) + version.to_bytes(2)
        return b64(body + _device_mac(ring, body))


def _device_mac(ring: KeyRing, body: bytes) -> bytes:
    return ring.derive("device", b"mark:" + body, version=int.from_bytes(body[40:42]))
