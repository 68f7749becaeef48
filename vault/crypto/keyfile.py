"""The key ring file: the embedded default's home for the ring's secrets.

Format (JSON, mode 0600): ``v`` 2, ``id``, ``kdf`` {ops, mem, salt} and ``box``: the secrets, and when each version
was made, under XChaCha20-Poly1305 with a key stretched from the passphrase by Argon2id. It may grow by new members;
a reader refuses another ``v``. Written to a temporary name, flushed, then renamed.

A file from before a purpose existed needs no change: the purpose's first version is derived from the first secret of
the ledger, which does not rotate, so that every server of an installation finds the same, each in its own copy.
"""

import hmac
import os
import secrets
import stat
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from vault.clock import Clock, SystemClock, millis
from vault.crypto.canonical import b64, unb64
from vault.crypto.keyring import AHEAD, PURPOSES, MemoryRing
from vault.crypto.passwords import Stretch, stretch
from vault.crypto.sealing import aead, new_key, open_aead
from vault.errors import BadConfiguration, CannotOpen

_VERSION = 2
_AD = b"pivault key ring v2"
_ROOT = "ledger"
_ADDED = b"pivault key ring v2, purpose added later: "


class _File(msgspec.Struct, forbid_unknown_fields=True):
    v: int
    id: str
    kdf: Stretch
    box: str


class _Inside(msgspec.Struct, forbid_unknown_fields=True):
    secrets: dict[str, dict[int, str]]
    made: dict[str, dict[int, int]]
    """Milliseconds since 1970; absent for the first versions."""


class _Held(NamedTuple):
    ring_id: str
    secrets: dict[str, dict[int, bytes]]
    made: dict[str, dict[int, int]]


class KeyFile:
    """One key ring file and the passphrase that opens it."""

    def __init__(self, path: Path, passphrase: str, clock: Clock | None = None) -> None:
        if len(passphrase) < 16:
            raise BadConfiguration("The key ring passphrase needs at least 16 characters.")
        self.path = path
        self._passphrase = passphrase
        self._clock = clock or SystemClock()
        self.loaded: tuple[int, int, int] | None = None
        """The :meth:`revision` that :meth:`load` read last, or tried to."""

    def create(self) -> MemoryRing:
        """Make a ring with one fresh secret per purpose. Refuses to overwrite."""
        self.keep(MemoryRing(secrets.token_hex(4), {purpose: {1: new_key()} for purpose in sorted(PURPOSES)}))
        return self.load()

    def keep(self, ring: MemoryRing) -> None:
        """Write a ring that has no file yet. Refuses to overwrite."""
        if self.path.exists():
            raise BadConfiguration(f"{self.path} exists already; a key ring is never overwritten.")
        self._write(_Held(ring.id, *ring.secrets()))

    def load(self) -> MemoryRing:
        """The ring. Raises BadConfiguration when the file is unreadable, too open, or the passphrase is wrong."""
        self.loaded = self.revision()
        held = self._read()
        missing = PURPOSES - held.secrets.keys()
        if missing:
            raise BadConfiguration(f"The key ring lacks {', '.join(sorted(missing))}: run `pivault keys rotate`.")
        return MemoryRing(held.ring_id, held.secrets, held.made, now=self._clock.now())

    def rotate(self, purpose: str, *, at_once: bool = False) -> int:
        """Add a new version for one purpose; the old ones stay for opening. Returns the new version.

        Servers that follow the file use it for new work from ``keyring.AHEAD`` on, or ``at_once``.
        """
        if purpose not in PURPOSES:
            raise BadConfiguration(f"{purpose!r} is not a purpose. Purposes: {', '.join(sorted(PURPOSES))}.")
        held = self._read()
        version = max(held.secrets.get(purpose, {0: b""})) + 1
        held.secrets.setdefault(purpose, {})[version] = new_key()
        made = self._clock.now() - (AHEAD if at_once else timedelta(0))
        held.made.setdefault(purpose, {})[version] = millis(made)
        self._write(held)
        return version

    def revision(self) -> tuple[int, int, int]:
        """Changes whenever the file does; cheap. Raises BadConfiguration when it is gone."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise BadConfiguration(f"Cannot read the key ring {self.path}: {error.strerror}.") from None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> _Held:
        try:
            mode = stat.S_IMODE(self.path.stat().st_mode)
            text = self.path.read_bytes()
        except OSError as error:
            raise BadConfiguration(f"Cannot read the key ring {self.path}: {error.strerror}.") from None
        if mode & 0o077:
            raise BadConfiguration(f"{self.path} can be read by others (mode {mode:04o}): run chmod 600 on it.")
        try:
            parsed = msgspec.json.decode(text, type=_File)
        except msgspec.MsgspecError as error:
            raise BadConfiguration(f"{self.path} is not a key ring file: {error}.") from None
        if parsed.v != _VERSION:
            raise BadConfiguration(f"{self.path} has version {parsed.v}; this program knows version {_VERSION}.")
        try:
            opened = open_aead(stretch(self._passphrase, parsed.kdf), unb64(parsed.box), _AD + parsed.id.encode())
        except (CannotOpen, ValueError):
            raise BadConfiguration(f"The passphrase does not open {self.path}.") from None
        inside = msgspec.json.decode(opened, type=_Inside)
        secrets_ = {p: {v: unb64(s) for v, s in by.items()} for p, by in inside.secrets.items()}
        return _Held(parsed.id, _completed(secrets_), inside.made)

    def _write(self, held: _Held) -> None:
        kdf = Stretch.fresh()
        written = {p: {v: b64(s) for v, s in by.items()} for p, by in held.secrets.items()}
        inner = msgspec.json.encode(_Inside(secrets=written, made=held.made))
        box = aead(stretch(self._passphrase, kdf), inner, _AD + held.ring_id.encode())
        body = msgspec.json.encode(_File(v=_VERSION, id=held.ring_id, kdf=kdf, box=b64(box)))
        write_private(self.path, body)


def _completed(held: dict[str, dict[int, bytes]]) -> dict[str, dict[int, bytes]]:
    root = held.get(_ROOT, {}).get(1)
    if root is None:
        return held
    missing = PURPOSES - held.keys()
    return held | {each: {1: hmac.digest(root, _ADDED + each.encode(), "sha256")} for each in missing}


def write_private(path: Path, body: bytes) -> None:
    """Write a 0600 file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def passphrase_of(path: Path, passphrase: str | None) -> str:
    """The passphrase given, or the random one in the key file beside the ring (made on first use)."""
    if passphrase is not None:
        return passphrase
    beside = path.with_suffix(".key")
    if not beside.exists():
        if path.exists():
            raise BadConfiguration(f"{path} needs its passphrase: set PIVAULT_KEYRING_PASSPHRASE or restore {beside}.")
        write_private(beside, secrets.token_urlsafe(32).encode())
    return beside.read_text().strip()


def open_or_create(path: Path, passphrase: str | None) -> tuple[MemoryRing, KeyFile]:
    """The ring at ``path`` and its file; made on first use. Without a passphrase a key file beside it holds one."""
    file = KeyFile(path, passphrase_of(path, passphrase))
    return file.load() if path.exists() else file.create(), file
