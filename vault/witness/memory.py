"""What a cosigner remembers: for each log the last checkpoint it cosigned. One file, replaced whole, one writer.

Format (JSON): ``v`` 1, ``logs``: origin to {``size``, ``root`` base64url, ``note``, ``seqs``}. Losing or damaging it
is not a fresh start: without it a witness would cosign a second history, so it cosigns nothing. Whoever can write
here can make it forget; the file belongs to the same account as the key.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from vault.crypto.canonical import b64, unb64
from vault.crypto.keyfile import write_private
from vault.errors import BadConfiguration, VaultError
from vault.ledger.checkpoint import Checkpoint, CheckpointFailed, parse
from vault.ledger.tree import EMPTY_ROOT, HASH_BYTES

FILE: Final = "state.json"
_VERSION: Final = 1


class _Log(msgspec.Struct, forbid_unknown_fields=True):
    size: int
    root: str
    note: str
    seqs: dict[str, int] = {}


class _File(msgspec.Struct, forbid_unknown_fields=True):
    v: int
    logs: dict[str, _Log]


class Known(msgspec.Struct, frozen=True):
    """The last tree of a log that was cosigned, its note, and for a mirror each requester's next sequence number."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    note: str = ""
    seqs: dict[str, int] = {}


class Memory:
    """A cosigner's state file, held while the block lasts: a second program with the same file is refused."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock_path = folder / ".lock"
        self._lock = -1
        self._logs: dict[str, Known] = {}

    @classmethod
    def create(cls, folder: Path) -> None:
        """The memory of one who has seen nothing. Raises BadConfiguration: never overwrites."""
        if (folder / FILE).exists():
            raise BadConfiguration(f"{folder / FILE} exists already; what was seen is never forgotten.")
        write_private(folder / FILE, msgspec.json.encode(_File(_VERSION, {})))

    def __enter__(self) -> Self:
        """Raises BadConfiguration when another program holds it, and when it is missing or damaged."""
        try:
            self._lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise BadConfiguration(f"Cannot use {self._lock_path}: {error.strerror}.") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._logs = self._read()
        except BlockingIOError:
            os.close(self._lock)
            raise BadConfiguration(f"Another program is using {self._path}.") from None
        except VaultError:
            os.close(self._lock)
            raise
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        os.close(self._lock)

    def known(self, origin: str) -> Known:
        """What was cosigned last of a log; size 0 when nothing was."""
        return self._logs.get(origin, Known())

    def remember(self, origin: str, known: Known) -> None:
        """Replace it, durably: on the disk before this returns, whole or not at all. Raises OSError."""
        logs = self._logs | {origin: known}
        rows = {name: _Log(each.size, b64(each.root), each.note, each.seqs) for name, each in logs.items()}
        write_private(self._path, msgspec.json.encode(_File(_VERSION, rows)))
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._logs = logs

    def _read(self) -> dict[str, Known]:
        advice = "Restore it, or begin anew with `init`, another folder and another name."
        try:
            file = msgspec.json.decode(self._path.read_bytes(), type=_File)
            if file.v != _VERSION:
                raise BadConfiguration(f"{self._path} has version {file.v}; this program knows version {_VERSION}.")
            return {origin: _known(origin, log) for origin, log in file.logs.items()}
        except OSError as error:
            raise BadConfiguration(f"Cannot read {self._path}: {error.strerror}. {advice}") from None
        except (msgspec.MsgspecError, ValueError, CheckpointFailed):
            raise BadConfiguration(f"{self._path} is damaged. {advice}") from None


def _known(origin: str, log: _Log) -> Known:
    root = unb64(log.root)
    if len(root) != HASH_BYTES or parse(log.note)[0] != Checkpoint(origin, log.size, root):
        raise BadConfiguration("the state file contradicts itself")
    return Known(log.size, root, log.note, log.seqs)
