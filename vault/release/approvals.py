"""The officer's part in one release: what is signed, and how the officer share is kept until it is used. Pure.

The share lies under ``derive("approval", …)``, bound to the person and the approval, for an hour at most. The
statement that uses it replaces it by a form that only repeats the same release (:func:`keep_used`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from vault import ids
from vault.clock import millis
from vault.crypto.canonical import b64, canonical, digest
from vault.crypto.keyring import KeyRing, ring_open, ring_seal
from vault.crypto.sealing import aead, mac, open_aead, place
from vault.ids import PersonId, ReleaseId

FRESH_FOR: Final = timedelta(hours=1)
SKEW: Final = timedelta(minutes=1)
"""So far the clocks of two nodes may be apart."""
WAITS: Final = timedelta(days=1)
"""A release that nobody decided by then is abandoned; decided when reading."""
APPROVE: Final = "approve"
DENY: Final = "deny"
_PURPOSE: Final = "approval"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an officer decided about one release, as it is signed.

    ``code``: of a denial, one of :data:`vault.release.denials.CODES`; ``request_digest`` fixes grant, client and items,
    so that an approval of one thing cannot let out another.
    """

    release: ReleaseId
    request_digest: bytes
    decision: str
    reason: str
    at: datetime
    expires_at: datetime
    code: str | None = None

    def message(self) -> bytes:
        """The canonical bytes under the signature (version 1; may grow by members)."""
        coded = {} if self.code is None else {"code": self.code}
        return canonical(
            {
                "v": 1,
                "kind": "release decision",
                "release": ids.public(ids.RELEASE, self.release),
                "request": b64(self.request_digest),
                "decision": self.decision,
                "reason": self.reason,
                "at": millis(self.at),
                "expires_at": millis(self.expires_at),
                **coded,
            }
        )

    def digest(self, signature: bytes) -> bytes:
        """What entries cite: SHA-256 over message and signature, so that nobody guesses it from the contents."""
        return digest(self.message() + signature)


def keep_share(ring: KeyRing, person: PersonId, approval: UUID, share: bytes) -> bytes:
    """The officer share ``o`` (32 bytes), kept for one approval of one release."""
    return ring_seal(ring, _PURPOSE, share, _place(person, approval, "unused"))


def open_share(ring: KeyRing, person: PersonId, approval: UUID, blob: bytes) -> bytes:
    """The inverse of :func:`keep_share`. CannotOpen when it belongs to another approval."""
    return ring_open(ring, _PURPOSE, blob, _place(person, approval, "unused"))


def keep_used(ring: KeyRing, person: PersonId, approval: UUID, *, g: bytes, share: bytes) -> bytes:
    """What takes the share's place when it is used, until the approval's hour is over.

    A requester whose answer was lost may have the same release again, so the share cannot vanish with its first
    use; but from then on it opens only together with the person's share, and only to repeat this release.
    """
    version = ring.versions(_PURPOSE)[-1]
    where = _place(person, approval, "used")
    key = mac(ring.derive(_PURPOSE, where, version=version), g)
    return version.to_bytes(2) + aead(key, share, where)


def open_used(ring: KeyRing, person: PersonId, approval: UUID, *, g: bytes, blob: bytes) -> bytes:
    """The inverse of :func:`keep_used`. CannotOpen with another grant's share or another approval."""
    where = _place(person, approval, "used")
    return open_aead(mac(ring.derive(_PURPOSE, where, version=int.from_bytes(blob[:2])), g), blob[2:], where)


def _place(person: PersonId, approval: UUID, state: str) -> bytes:
    return place("approvals", (person, approval), "share", state)
