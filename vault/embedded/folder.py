"""What the data folder holds."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vault.embedded.failures import EmbeddedServerError, unusable_folder

_LOG_LIMIT: Final = 8 * 1024 * 1024


@dataclass(frozen=True)
class Folder:
    """Names in one data folder. Trusted: whoever can write here owns the database."""

    top: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own folder. It is there only when it is complete."""
        return self.top / "cluster"

    @property
    def password(self) -> Path:
        """The superuser's password, mode 0600."""
        return self.top / "password"

    @property
    def lock(self) -> Path:
        """Held by the one living supervisor (flock)."""
        return self.top / "supervisor.lock"

    @property
    def guard(self) -> Path:
        """Held by every living process of postgres (flock), and so free only when all of them are gone."""
        return self.top / "postgres.lock"

    @property
    def control(self) -> Path:
        """The socket on which the supervisor counts its clients."""
        return self.top / "control"

    @property
    def log(self) -> Path:
        """What postgres and the supervisor say."""
        return self.top / "postgres.log"

    @property
    def log_size(self) -> int:
        """Bytes in the log so far."""
        return self.log.stat().st_size if self.log.exists() else 0

    def logged_since(self, size: int) -> str:
        """The log from a size on, its last 64 KiB at most."""
        with self.log.open("rb") as log:
            log.seek(max(size, self.log_size - 65536))
            return log.read().decode(errors="replace")

    def prepare(self) -> None:
        """Make the folder, readable by its owner alone, with an empty log. Raises EmbeddedServerError."""
        try:
            self.top.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        except OSError as error:
            raise unusable_folder(self.top, error) from None

    def turn_log(self) -> None:
        """Begin a new log when this one has grown too long; the one before is kept."""
        if self.log_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
            self.prepare()

    def major(self) -> int | None:
        """The major version of PostgreSQL that wrote the cluster; None when there is no cluster."""
        try:
            return int((self.cluster / "PG_VERSION").read_text())
        except FileNotFoundError:
            if self.cluster.exists():
                raise EmbeddedServerError(
                    f"{self.cluster} holds no PostgreSQL data. Restore it from a backup, or move it away to start anew."
                ) from None
            return None
        except OSError as error:
            raise unusable_folder(self.top, error) from None

    def require_major(self, major: int) -> None:
        """Refuse data of another major version. Raises EmbeddedServerError."""
        written = self.major()
        if written is not None and written != major:
            raise EmbeddedServerError(
                f"The data in {self.top} was written by PostgreSQL {written}; this program brings PostgreSQL {major}, "
                f"which cannot read it. Dump it with version {written} (pg_dumpall) and restore it into a new folder, "
                f"or run version {written} yourself and set DATABASE_URL."
            )

    def read_password(self) -> str:
        """The superuser's password. Raises EmbeddedServerError when the file is unreadable or not as written."""
        try:
            password = self.password.read_text()
        except OSError as error:
            raise unusable_folder(self.top, error) from None
        if not re.fullmatch(r"[A-Za-z0-9_-]{32,}", password):
            raise EmbeddedServerError(f"{self.password} is damaged: delete it, and the next start sets a new password.")
        return password
