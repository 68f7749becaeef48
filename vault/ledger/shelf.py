"""The folder in which the log is published: static files, each written once and never changed, but for bytes of entries
that an entry says were redacted.

``checkpoint`` alone is replaced, by renaming, after every file that it needs is on the disk. One process at a time
writes (``lock``), any number read. A crash at any moment leaves either the old checkpoint or the new one, with every
file of its tree there whole; what lies in ``.tmp`` means nothing.

Whoever can write here can make readers see nothing, or something that does not verify; they cannot make a false tree
look genuine. Bundles hold what entries say: they are for their owner's eyes, and served to authorised readers only.
"""

import contextlib
import fcntl
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from vault.errors import VaultError
from vault.ledger.checkpoint import MAX_NOTE
from vault.ledger.places import ENTRIES, Place
from vault.ledger.tiles import CHECKPOINT, bundle, unbundle
from vault.ledger.tree import TILE_WIDTH

STATUS: Final = "status.json"
_PUBLIC, _PRIVATE = 0o644, 0o600


class ShelfFailed(VaultError):
    """The folder of the published log cannot be written, or holds what this log did not write."""

    name, status, title = "log-not-published", 503, "The log cannot be published"
    advice = "Releases go on. The registry must look at the folder of the published log: docs/ledger.md says how."


class Told(msgspec.Struct, frozen=True):
    """How one witness answered last: the size it cosigned, when (ms since 1970), and what was wrong otherwise."""

    name: str
    size: int
    at: int
    problem: str = ""


class Status(msgspec.Struct, frozen=True):
    """How publishing stands. ``size`` and ``at`` (ms) are of the checkpoint that is out; ``reached`` of the tree whose
    files are. ``waiting``: for a quorum of witnesses. ``problem``: why nothing more is published."""

    size: int
    at: int
    reached: int
    looked: int
    waiting: bool = False
    problem: str = ""
    witnesses: tuple[Told, ...] = ()


class Shelf:
    """One folder of a published log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: int | None = None
        self._writing = threading.Lock()
        """What is being written by a thread is finished before another process may write."""

    def lock(self) -> bool:
        """Become the one that writes; False while another process is. Makes the folder, clears what a crash left."""
        if self._lock is not None:
            return True
        temporary = self.folder / ".tmp"
        temporary.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _PRIVATE)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        self._lock = fd
        for left in temporary.iterdir():
            left.unlink()
        return True

    def unlock(self) -> None:
        """Let another process write."""
        with self._writing:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def read(self, place: Place) -> bytes | None:
        """A file's bytes; None when it is not there. A partial one that was tidied away is the start of the whole."""
        return _read(self.folder / place.path)

    def checkpoint(self) -> str | None:
        """The published note, unverified; None when nothing was published yet. Raises ShelfFailed for rubbish."""
        found = _read(self.folder / CHECKPOINT)
        if found is None:
            return None
        try:
            return found.decode() if len(found) <= MAX_NOTE else self._rubbish()
        except UnicodeDecodeError:
            return self._rubbish()

    def put(self, files: Iterable[tuple[Place, bytes]]) -> None:
        """Write files that are not there yet, durably. One that is there must hold these bytes: ShelfFailed.

        Partial files whose whole one is there now are tidied away.
        """
        folders: set[Path] = set()
        whole: list[Place] = []
        with self._held():
            for place, content in files:
                folders |= self._put(place, content)
                if place == place.whole:
                    whole.append(place)
            for folder in folders:
                _sync(folder)
            for place in whole:
                self._tidy(place)

    def empty(self, n: int, is_gone: Callable[[int, bytes], bool]) -> None:
        """Take the bytes of entries out of every file of a bundle, durably; each stays there with a length of 0.

        ``is_gone``: asked for each, by index and bytes. It is the one change that a published file ever sees, and their
        hashes stay. Raises BundleFailed.
        """
        with self._held():
            for place in self._bundles(n):
                entries = unbundle((self.folder / place.path).read_bytes(), place.width)
                numbered = enumerate(entries, n * TILE_WIDTH)
                left = [b"" if is_gone(index, entry) else entry for index, entry in numbered]
                if left != entries:
                    self._replace(place.path, bundle(left), _PRIVATE)
                    _sync((self.folder / place.path).parent)

    def set_checkpoint(self, note: str) -> None:
        """Publish a note: readers see the old one or this one, whole, also after a crash."""
        with self._held():
            self._replace(CHECKPOINT, note.encode(), _PUBLIC)
            _sync(self.folder)

    def set_status(self, status: Status) -> None:
        """Say how publishing stands."""
        with self._held():
            self._replace(STATUS, msgspec.json.encode(status), _PUBLIC)

    def status(self) -> Status | None:
        """What was said last; None when nothing was."""
        found = _read(self.folder / STATUS)
        try:
            return None if found is None else msgspec.json.decode(found, type=Status)
        except msgspec.MsgspecError:
            return None

    def _rubbish(self) -> str:
        raise ShelfFailed(f"{self.folder / CHECKPOINT} is no checkpoint.")

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        with self._writing:
            if self._lock is None:
                raise ShelfFailed("Only the process that holds the folder's lock writes into it.")
            yield

    def _put(self, place: Place, content: bytes) -> set[Path]:
        """Write one file; returns the folders that have a new name in them."""
        path = self.folder / place.path
        if _read(path) == content:  # from before a crash, perhaps: whether its names reached the disk is not known
            return {each for each in path.parents if each == self.folder or self.folder in each.parents}
        folders = self._make(path.parent)
        temporary = self._write(content, _PRIVATE if place.level == ENTRIES else _PUBLIC)
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise ShelfFailed(f"{place.path} is there already and holds something else.") from None
        finally:
            temporary.unlink()
        return folders | {path.parent}

    def _replace(self, name: str, content: bytes, mode: int) -> None:
        self._write(content, mode).replace(self.folder / name)

    def _write(self, content: bytes, mode: int) -> Path:
        temporary = self.folder / ".tmp" / secrets.token_hex(8)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return temporary

    def _make(self, folder: Path) -> set[Path]:
        """Make a folder; returns those above it that have a new name in them."""
        if folder.is_dir():
            return set()
        above = self._make(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o755)
        return above | {folder.parent}

    def _bundles(self, n: int) -> list[Place]:
        """The files that there are of a bundle: the whole one, or one for each size at which it was published."""
        whole = Place(ENTRIES, n)
        partial = (self.folder / whole.path).with_name((self.folder / whole.path).name + ".p")
        widths = [int(each.name) for each in partial.iterdir()] if partial.is_dir() else []
        found = [Place(ENTRIES, n, width) for width in sorted(widths)]
        return [whole, *found] if (self.folder / whole.path).is_file() else found

    def _tidy(self, place: Place) -> None:
        partial = (self.folder / place.path).with_name((self.folder / place.path).name + ".p")
        with contextlib.suppress(OSError):  # hygiene: what is left harms nobody
            for left in partial.iterdir():
                left.unlink()
            partial.rmdir()


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
