"""The key ring: secrets that live outside the database, behind one small interface.

Secrets never leave a ring; callers get MACs, signatures and public keys. Every purpose has its own
secret and every secret is versioned: new work uses the newest whose time has come, old work says which one it used.
Every server of an installation knows a new version before the first one uses it, so that none must stop.
A process is handed a ring narrowed to the purposes it needs (``only``).
"""

import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Protocol, Self

from vault.clock import from_millis
from vault.crypto.es256 import Es256Key
from vault.crypto.mldsa import MlDsa44Key
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
        "evidence",  # documents that applicants hand in
        "database",  # log-in passwords of the run-time database roles
        "nonce",  # DPoP nonces
        "relay",  # addresses of the relay, and what they stand for
        "hidden",  # entries whose details stay sealed until a day
    }
)
ED25519_PURPOSES: Final = frozenset(
    {
        "token",  # access tokens
        "ledger",  # checkpoints
        "register",  # what the public register says
        "authorization",  # authorization responses (JARM)
        "introspection",  # introspection responses (RFC 9701)
        "status-list",  # token status lists
        "id-token",  # ID tokens of out-of-band consents
        "sd-jwt",  # releases as selective-disclosure JWTs
        "webhook",  # events to requesters (HTTP message signatures)
    }
)
ES256_PURPOSES: Final = frozenset({"authorization-es256", "introspection-es256", "id-token-es256", "sd-jwt-es256"})
"""The same, for clients that registered ES256."""
MLDSA44_PURPOSES: Final = frozenset({"ledger-mldsa44"})
"""The second signature on published checkpoints, which a quantum computer does not forge."""
SIGNING_PURPOSES: Final = ED25519_PURPOSES | ES256_PURPOSES | MLDSA44_PURPOSES
PURPOSES: Final = MAC_PURPOSES | SIGNING_PURPOSES
AHEAD: Final = timedelta(minutes=10)
"""A new version is known to every server, and published, so long before it is used: longer than a JWKS is cached."""
KEPT: Final = timedelta(days=1)
"""An old signing key is published so long after it was last used: longer than anything lives that it signed."""


Signer = SigningKey | Es256Key | MlDsa44Key
Secrets = Mapping[str, Mapping[int, bytes]]
Times = Mapping[str, Mapping[int, int]]


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
        """A signature of 64 bytes: Ed25519, or ES256 (r, then s) for purposes that are named so; ML-DSA-44: 2,420."""
        ...

    def public_key(self, purpose: str, *, version: int | None = None) -> bytes:
        """The public key: Ed25519, 32 bytes; ES256, x and y, 64 bytes; ML-DSA-44, 1,312 bytes."""
        ...

    def versions(self, purpose: str) -> list[int]:
        """Versions in use, oldest first; the last one is used for new work. One that is to come is not among them,
        but opens and verifies what a server that is ahead of this one made."""
        ...

    def published(self, purpose: str) -> list[int]:
        """Signing: the versions that others may trust now, oldest first: those to come too, those long past not."""
        ...

    def only(self, purposes: Iterable[str]) -> "KeyRing":
        """The same ring with nothing but these purposes."""
        ...


class MemoryRing:
    """A ring whose secrets are in this process: what a key ring file is loaded into."""

    def __init__(
        self, ring_id: str, secrets: Secrets, made: Times | None = None, *, now: datetime | None = None
    ) -> None:
        """``made``: when versions were added, in ms since 1970, where that is known; with it, ``now`` is needed.

        A version of unknown age has always been in use, and what came before it stays published.
        """
        self._id = ring_id
        self._secrets: dict[str, dict[int, bytes]] = {}
        self._made: dict[str, dict[int, int]] = {}
        self._signers: dict[tuple[str, int], Signer] = {}
        self._using: dict[str, list[int]] = {}
        self._published: dict[str, list[int]] = {}
        self._add(secrets, made or {})
        self.advance(now)

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
        return self._listed(self._using, purpose)

    def published(self, purpose: str) -> list[int]:
        return self._listed(self._published, purpose)

    def coming(self, purpose: str) -> list[int]:
        """Versions that will be used for new work but are not yet."""
        return [version for version in self._of(purpose) if version > self._using[purpose][-1]]

    def newest(self, purpose: str) -> int:
        """The last version, in use or to come."""
        return list(self._of(purpose))[-1]

    def only(self, purposes: Iterable[str]) -> Self:
        narrow = type(self)(self._id, {purpose: self._of(purpose) for purpose in purposes})
        narrow._using = {purpose: self._using[purpose] for purpose in narrow._secrets}
        narrow._published = {purpose: self._published[purpose] for purpose in narrow._secrets}
        return narrow

    def secrets(self) -> tuple[dict[str, dict[int, bytes]], dict[str, dict[int, int]]]:
        """Everything, and when it was made: for the file, and nobody else."""
        return self._secrets, self._made

    def take_in(self, other: Self, now: datetime) -> None:
        """Add the versions of a newer state of the same ring. What this one holds stays as it is."""
        if other._id != self._id:
            raise BadConfiguration(f"key ring {other._id} is not {self._id}: a running server keeps its ring")
        self._add(other._secrets, other._made)
        self.advance(now)

    def advance(self, now: datetime | None) -> None:
        """Let the versions be used whose time has come, and stop publishing those whose time is over."""
        for purpose, by in self._secrets.items():
            starts = {version: self._start(purpose, version) for version in by}
            if now is None:
                self._using[purpose] = self._published[purpose] = list(by)
                continue
            used = [version for version in by if version == min(by) or (starts[version] or now) <= now]
            self._using[purpose] = used
            ended = {v: starts[after] for v, after in pairwise(used)}
            self._published[purpose] = [v for v in by if (end := ended.get(v)) is None or now < end + KEPT]

    def _start(self, purpose: str, version: int) -> datetime | None:
        made = self._made.get(purpose, {}).get(version)
        return None if made is None else from_millis(made) + AHEAD

    def _add(self, secrets: Secrets, made: Times) -> None:
        for purpose, by in secrets.items():
            held = self._secrets.get(purpose, {})
            self._secrets[purpose] = dict(sorted((dict(by) | held).items()))
            self._made[purpose] = dict(made.get(purpose, {})) | self._made.get(purpose, {})
            for version, seed in by.items():
                if purpose in SIGNING_PURPOSES and (purpose, version) not in self._signers:
                    self._signers[purpose, version] = _signer_kind(purpose)(seed)

    def _listed(self, lists: dict[str, list[int]], purpose: str) -> list[int]:
        self._of(purpose)
        return list(lists[purpose])

    def _of(self, purpose: str) -> dict[int, bytes]:
        try:
            return self._secrets[purpose]
        except KeyError:
            raise BadConfiguration(f"this process holds no {purpose!r} key") from None

    def _secret(self, purpose: str, version: int | None) -> bytes:
        by = self._of(purpose)
        wanted = self._using[purpose][-1] if version is None else version
        if wanted not in by:
            raise CannotOpen(private=f"no version {wanted} of the {purpose} key")
        return by[wanted]

    def _signer(self, purpose: str, version: int | None) -> Signer:
        self._of(purpose)
        wanted = self._using[purpose][-1] if version is None else version
        if (purpose, wanted) not in self._signers:
            raise CannotOpen(private=f"no version {wanted} of the {purpose} key")
        return self._signers[purpose, wanted]


def _signer_kind(purpose: str) -> Callable[[bytes], Signer]:
    if purpose in ES256_PURPOSES:
        return Es256Key
    return MlDsa44Key if purpose in MLDSA44_PURPOSES else SigningKey


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
