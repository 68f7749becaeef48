"""What can keep the embedded server from serving, and the words for it."""

import errno
import re
from pathlib import Path
from typing import Final

from vault.errors import VaultError

# One cluster takes about 60 MB when new (40 MB of catalogues, 16 MB of write-ahead log).
ROOM_FOR_A_CLUSTER: Final = 100 * 1024 * 1024

_TELLING = re.compile(r"^.*?\b(?:FATAL|PANIC|ERROR|HINT|error|detail|hint):\s+(.*)$", re.MULTILINE)


class EmbeddedServerError(VaultError):
    """The embedded PostgreSQL cannot be used; ``public`` says why and what to do."""

    name, status, title = "embedded-server", 503, "The embedded database server cannot be used"
    advice = "Mend what the detail names, or set DATABASE_URL to a PostgreSQL server of your own."


def disk_full(data_dir: Path) -> EmbeddedServerError:
    """No room for the data, or for the write-ahead log of data that is there."""
    return EmbeddedServerError(
        f"The disk that holds {data_dir} is full. Free some space and start again (nothing acknowledged is lost), "
        "or choose another folder with --data."
    )


def unusable_folder(data_dir: Path, error: OSError) -> EmbeddedServerError:
    """The data folder cannot be made or written."""
    if error.errno == errno.ENOSPC:
        return disk_full(data_dir)
    why = {
        errno.EACCES: "this user may not write there",
        errno.EPERM: "this user may not write there",
        errno.EROFS: "it is on a read-only file system",
        errno.ENOTDIR: "it, or a part of its path, is a file",
        errno.EEXIST: "it is a file",
        errno.ENAMETOOLONG: "its name is too long",
    }.get(error.errno or 0, error.strerror or "it cannot be used")
    return EmbeddedServerError(f"The data folder {data_dir} cannot be used: {why}. Choose another one with --data.")


def from_output(data_dir: Path, what: str, output: str) -> EmbeddedServerError:
    """What a PostgreSQL program said when it failed, in one sentence; ``output`` is its whole text."""
    if "No space left on device" in output:
        return disk_full(data_dir)
    told = _TELLING.findall(output) or output.strip().splitlines()[-1:] or ["it gave no reason"]
    reasons = re.sub(
        r"/proc/self/fd/\d+", str(data_dir / "cluster"), "; ".join(x.strip().rstrip(".") for x in told[-3:])
    )
    return EmbeddedServerError(f"PostgreSQL could not {what} in {data_dir}: {reasons}.")
