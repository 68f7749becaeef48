"""A copy of the log as files, in a folder or in one zip file: what is exported, published, archived and audited.

The layout is that of C2SP tlog-tiles (``tiles``), and beside it, where there are any, ``checkpoints``: older signed
checkpoints, one a line, each a JSON text. Nothing in a copy is trusted: whoever reads it verifies.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

import msgspec

from vault.errors import VaultError
from vault.ledger.places import ENTRIES, Place, hashes_of
from vault.ledger.tiles import CHECKPOINT, unbundle
from vault.ledger.tree import TILE_WIDTH

CHECKPOINTS: Final = "checkpoints"
MAX_FILE: Final = 32 * 1024 * 1024
"""Bytes of one file of a copy but ``checkpoints``: twice the largest bundle."""


class CopyFailed(VaultError):
    """A copy of the log is not there, or lacks a file that its checkpoint needs."""

    name, status, title = "copy-failed", 422, "The copy of the log cannot be read"
    advice = "Give the folder or the zip file that `pivault ledger export` wrote, or a mirror's folder, whole."


class Copy(Protocol):
    """Files by their path below the log's prefix."""

    def get(self, path: str) -> bytes | None: ...


class FolderCopy:
    """A copy in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, path: str) -> bytes | None:
        """The file's bytes, or None."""
        try:
            return (self._folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None


class ZipCopy:
    """A copy in one zip file."""

    def __init__(self, file: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except (OSError, zipfile.BadZipFile):
            raise CopyFailed(f"{file} is neither a folder nor a zip file.") from None

    def get(self, path: str) -> bytes | None:
        """The file's bytes, or None. A member larger than any file of a log is refused."""
        try:
            if path != CHECKPOINTS and self._zip.getinfo(path).file_size > MAX_FILE:
                raise CopyFailed(f"{path} is larger than any file of a log.")
            return self._zip.read(path)
        except KeyError:
            return None
        except zipfile.BadZipFile:
            raise CopyFailed(f"{path} is damaged.") from None


class Together:
    """Several copies as one: the first that has a file gives it. For a log and the archives of its older parts."""

    def __init__(self, copies: Sequence[Copy]) -> None:
        self._copies = copies

    def get(self, path: str) -> bytes | None:
        """The file's bytes, or None."""
        return next((found for copy in self._copies if (found := copy.get(path)) is not None), None)


def open_copy(place: Path) -> Copy:
    """The copy at a path. Raises CopyFailed."""
    return FolderCopy(place) if place.is_dir() else ZipCopy(place)


def note_of(copy: Copy) -> str:
    """The copy's signed checkpoint, unverified. Raises CopyFailed."""
    found = copy.get(CHECKPOINT)
    if found is None:
        raise CopyFailed("The copy has no checkpoint.")
    try:
        return found.decode()
    except UnicodeDecodeError:
        raise CopyFailed("The copy's checkpoint is not text.") from None


def older_notes(copy: Copy) -> list[str]:
    """The older checkpoints of the copy, unverified. Raises CopyFailed."""
    found = copy.get(CHECKPOINTS)
    try:
        return [] if found is None else [msgspec.json.decode(line, type=str) for line in found.splitlines()]
    except msgspec.MsgspecError:
        raise CopyFailed("A line of the copy's older checkpoints is not a JSON text.") from None


def hashes_at(copy: Copy, place: Place) -> list[bytes] | None:
    """The hashes of a tile; of a partial one that was tidied away, the beginning of the whole. Raises Invalid."""
    found = copy.get(place.path)
    if found is None and place.width < TILE_WIDTH:
        found = copy.get(place.whole.path)
        return None if found is None else hashes_of(found, TILE_WIDTH)[: place.width]
    return None if found is None else hashes_of(found, place.width)


def entries_at(copy: Copy, n: int, width: int) -> list[bytes] | None:
    """The entries of a bundle, likewise; one of no bytes was taken away. Raises BundleFailed."""
    place = Place(ENTRIES, n, width)
    found = copy.get(place.path)
    if found is None and width < TILE_WIDTH:
        found = copy.get(place.whole.path)
        return None if found is None else unbundle(found, TILE_WIDTH)[:width]
    return None if found is None else unbundle(found, width)


class FolderSink:
    """Writes a copy into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, path: str, content: bytes) -> None:
        """Write one file."""
        file = self._folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return


class ZipSink:
    """Writes a copy into one zip file, which has its name only once it is whole."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._temporary = file.with_name(file.name + ".part")
        self._zip = zipfile.ZipFile(self._temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1)

    def put(self, path: str, content: bytes) -> None:
        """Write one file. Hashes do not compress."""
        is_hashes = path.startswith("tile/") and not path.startswith("tile/entries/")
        self._zip.writestr(path, content, compress_type=zipfile.ZIP_STORED if is_hashes else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._zip.close()
        if kind is None:
            self._temporary.replace(self._file)
        else:
            self._temporary.unlink()


Sink = FolderSink | ZipSink
