"""The key ring: secrets that live outside the database, behind one small interface.

Secrets never leave a ring; callers get MACs, signatures and public keys. Every purpose has its own
secret and every secret is versioned: new work uses the newest, old work says which one it used.
A process is handed a ring narrowed to the purposes it needs (``only``).
"""

import hmac
from collections.abc import Iterable, Mapping
from typing import Final, Protocol, Self

from vault.crypto.sealing import aead, open_aead
from vault.crypto.signing import SigningKey
from vault.errors import BadConfiguration, CannotOpen

MAC_PURPOSES: Final = frozenset(
    {
        "release",  # the registry's share of a grant's secret
        "approval",  # re-sealed officer shares
        "index",  # blind indexes of login names and national ids
        "login",  # mixed into stretched passwords
        "notice",  # notice addresses
        "row",  # row MACs
        "refresh",  # refresh tokens
        "token-keys",  # the hourly keys that hide grant shares in tokens
        "pairwise",  # subject identifiers per requester
        "subject",  # persons' ledger keys, for writing tags
        "device",  # known-device cookies and throttling keys
        "csrf",  # form tokens
        "database",  # log-in passwords of the run-time database roles
    }
)
SIGNING_PURPOSES: Final = frozenset({"token", "ledger", "register"})
PURPOSES: Final = MAC_PURPOSES | SIGNING_PURPOSES


class KeyRing(Protocol):
    """What the rest of the product may ask of the ring."""

    @property
    def id(self) -> str:
        """Eight hex digits naming this ring; not secret."""
        ...

    def derive(self, purpose: str, context: bytes, *, version: int | None = None) -> bytes:
        """HMAC-SHA-256 of the context under the purpose's secret: 32 bytes."""
        ...

    def sign(self, purpose: str, message: bytes, *, version: int | None = None) -> bytes:
        """Ed25519 signature, 64 bytes."""
        ...

    def public_key(self, purpose: str, *, version: int | None = None) -> bytes:
        """Ed25519 public key, 32 bytes."""
        ...

    def versions(self, purpose: str) -> list[int]:
        """Live versions, oldest first; the last one is used for new work."""
        ...

    def only(self, purposes: Iterable[str]) -> "KeyRing":
        """The same ring with nothing but these purposes."""
        ...


class MemoryRing:
    """A ring whose secrets are in this process: what a key ring file is loaded into."""

    def __init__(self, ring_id: str, secrets: Mapping[str, Mapping[int, bytes]]) -> None:
        self._id = ring_id
        self._secrets = {purpose: dict(sorted(by.items())) for purpose, by in secrets.items()}
        self._signers = {
            (purpose, version): SigningKey(seed)
            for purpose, by in self._secrets.items()
            if purpose in SIGNING_PURPOSES
            for version, seed in by.items()
        }

    def __repr__(self) -> str:
        return f"<MemoryRing {self._id}: {', '.join(sorted(self._secrets))}>"

    @property
    def id(self) -> str:
        return self._id

    def derive(self, purpose: str, context: bytes, *, version: int | None = None) -> bytes:
        if purpose not in MAC_PURPOSES:
            raise BadConfiguration(f"{purpose!r} is not a purpose that keys are derived for")
        return hmac.digest(self._secret(purpose, version), context, "sha256")

    def sign(self, purpose: str, message: bytes, *, version: int | None = None) -> bytes:
        return self._signer(purpose, version).sign(message)

    def public_key(self, purpose: str, *, version: int | None = None) -> bytes:
        return self._signer(purpose, version).public

    def versions(self, purpose: str) -> list[int]:
        return list(self._of(purpose))

    def only(self, purposes: Iterable[str]) -> Self:
        return type(self)(self._id, {purpose: self._of(purpose) for purpose in purposes})

    def _of(self, purpose: str) -> dict[int, bytes]:
        try:
            return self._secrets[purpose]
        except KeyError:
            raise BadConfiguration(f"this process holds no {purpose!r} key") from None

    def _secret(self, purpose: str, version: int | None) -> bytes:
        by = self._of(purpose)
        wanted = next(reversed(by)) if version is None else version
        if wanted not in by:
            raise CannotOpen(private=f"no version {wanted} of the {purpose} key")
        return by[wanted]

    def _signer(self, purpose: str, version: int | None) -> SigningKey:
        by = self._of(purpose)
        wanted = next(reversed(by)) if version is None else version
        if (purpose, wanted) not in self._signers:
            raise CannotOpen(private=f"no version {wanted} of the {purpose} key")
        return self._signers[purpose, wanted]


def ring_seal(ring: KeyRing, purpose: str, message: bytes, ad: bytes) -> bytes:
    """Encrypt under a key of the ring. Returns a two-byte key version, then an ``aead`` blob."""
    version = ring.versions(purpose)[-1]
    return version.to_bytes(2) + aead(ring.derive(purpose, ad, version=version), message, ad)


def ring_open(ring: KeyRing, purpose: str, blob: bytes, ad: bytes) -> bytes:
    """The inverse of :func:`ring_seal`; CannotOpen when key, place or bytes are wrong."""
    version = int.from_bytes(blob[:2])
    return open_aead(ring.derive(purpose, ad, version=version), blob[2:], ad)


def ring_version(blob: bytes) -> int:
    """Which key version a ``ring_seal`` blob was made with."""
    return int.from_bytes(blob[:2])
