"""Makes `.venv`: every package at the version and with the hash that the lock names, and the project itself.

    python environment.py [--dev]

Run by scripts/bootstrap with any Python of 3.11 or later; prints the folder. Folders are named by what goes into them
(lock, Python, place) and `.venv` points to the one in use, so that a new one never disturbs a program that runs in an
old one. A folder counts once its record is written, which is the last thing done: one that was left half-made is made
again. Several at once wait for the first.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, NoReturn, TextIO

ROOT: Final = Path(__file__).resolve().parents[1]
PLACE: Final = ROOT / ".venvs"
LINK: Final = ROOT / ".venv"
RUN_LOCK: Final = ROOT / "requirements.txt"
DEV_LOCK: Final = ROOT / "requirements-dev.txt"
NODE: Final = ROOT / "examples" / "node"
RECORD: Final = "pivault.json"


def main(arguments: list[str]) -> None:
    """Print the folder of a complete environment; explain on the standard error what is going on."""
    wanted = {"project": _digest((ROOT / "pyproject.toml").read_bytes())}
    if "--dev" in arguments:
        wanted["dev"] = _digest(DEV_LOCK.read_bytes())
    interpreter = f"{sys.version} {sys.base_prefix}"
    folder = PLACE / _digest(RUN_LOCK.read_bytes(), interpreter.encode(), os.fsencode(ROOT))
    try:
        if LINK.resolve() != folder or _lacks(folder, wanted):
            _make(folder, wanted)
        if "--dev" in arguments:
            _prepare_node()
    except OSError as error:
        _stop(f"{error.filename or PLACE}: {error.strerror}. Use a clone that this user may write in.")
    sys.stdout.write(f"{folder}\n")


def _make(folder: Path, wanted: dict[str, str]) -> None:
    PLACE.mkdir(exist_ok=True)
    with (PLACE / "lock").open("w") as lock:
        _hold(lock)
        if not (folder / RECORD).exists():
            shutil.rmtree(folder, ignore_errors=True)
            _tell("setting up .venv (once)")
            _create(folder)
            _install_locked(folder, RUN_LOCK)
            _record(folder, {})
        for part in _lacks(folder, wanted):
            if part == "dev":
                _install_locked(folder, DEV_LOCK)
            else:
                _install_project(folder)
            _record(folder, {**_recorded(folder), part: wanted[part]})
        _point_to(folder)


def _prepare_node() -> None:
    """The packages of the Node example. Where npm is missing, `scripts/test` says so."""
    lock = (NODE / "package-lock.json").read_bytes()
    made = NODE / "node_modules" / RECORD
    npm = shutil.which("npm")
    if npm is None or (made.exists() and made.read_text() == _digest(lock)):
        return
    with (PLACE / "lock").open("w") as held:
        _hold(held)
        _tell("installing the packages of examples/node, each checked by its hash")
        said: list[str] = []
        # No scripts: nothing that is installed runs before an example asks for it.
        if not _succeeds([npm, "ci", "--prefix", str(NODE), "--ignore-scripts", "--no-audit", "--no-fund"], said):
            _stop(f"this went wrong:\n{''.join(said[-20:])}Check the network and npm's settings, and start again.")
        made.write_text(_digest(lock))


def _hold(lock: TextIO) -> None:
    """Wait for a lock, which the kernel drops when this process and those it started have ended, however they do."""
    os.set_inheritable(lock.fileno(), True)  # an installer that outlives this process is waited for, too
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _tell("waiting for another start, which is setting up .venv")
        fcntl.flock(lock, fcntl.LOCK_EX)


def _lacks(folder: Path, wanted: dict[str, str]) -> list[str]:
    recorded = _recorded(folder)
    return [part for part, digest in wanted.items() if recorded.get(part) != digest]


def _recorded(folder: Path) -> dict[str, str]:
    try:
        return dict(json.loads((folder / RECORD).read_text()))
    except FileNotFoundError:
        return {}


def _record(folder: Path, parts: dict[str, str]) -> None:
    making = folder / f"{RECORD}.new"
    making.write_text(json.dumps(parts))
    making.replace(folder / RECORD)


def _point_to(folder: Path) -> None:
    """Switch `.venv` over, and remove the folders that were left behind before the last one."""
    if LINK.exists() and not LINK.is_symlink():
        _stop(f"{LINK} is a folder of somebody else's making: move it away and start again.")
    before = LINK.resolve()
    making = PLACE / "link"
    making.unlink(missing_ok=True)
    making.symlink_to(folder.relative_to(ROOT))  # right where it is going, not where it is made
    making.replace(LINK)
    for other in PLACE.iterdir():
        if other.is_dir() and other not in (folder, before):
            shutil.rmtree(other, ignore_errors=True)


def _create(folder: Path) -> None:
    if _uv() and _succeeds([_uv(), "venv", "--quiet", "--python", sys.executable, str(folder)]):
        return
    shutil.rmtree(folder, ignore_errors=True)
    if _succeeds([sys.executable, "-m", "venv", str(folder)]):
        return
    # Debian splits venv's pip off; a pip of the system's can stand in for it.
    shutil.rmtree(folder, ignore_errors=True)
    if _succeeds([sys.executable, "-m", "venv", "--without-pip", str(folder)]) and _succeeds(_pip(folder, "--version")):
        return
    shutil.rmtree(folder, ignore_errors=True)
    _stop(f"{sys.executable} cannot make virtual environments: install its venv module (Debian: python3-venv) or uv.")


def _install_locked(folder: Path, lock: Path) -> None:
    count = sum("==" in line and not line.startswith((" ", "#")) for line in lock.read_text().splitlines())
    _tell(f"installing {count} packages from {lock.name}, each checked by its hash")
    arguments = ["install", "--require-hashes", "--requirement", str(lock)]
    _install(folder, arguments, "Check the network, or the proxy and index settings of pip, and start again.")


def _install_project(folder: Path) -> None:
    # With what the lock brought, the build backend among it: nothing is fetched.
    arguments = ["install", "--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT)]
    _install(folder, arguments, "The project itself could not be installed.")


def _install(folder: Path, arguments: list[str], advice: str) -> None:
    if _uv() and _succeeds([_uv(), "pip", *arguments, "--quiet", "--python", str(folder / "bin" / "python")]):
        return
    said: list[str] = []
    if not _succeeds(_pip(folder, *arguments), said):
        _stop(f"this went wrong:\n{''.join(said[-20:])}{advice}")


def _pip(folder: Path, *arguments: str) -> list[str]:
    own = folder / "bin" / "pip"
    python = [str(folder / "bin" / "python"), "-m", "pip"] if own.exists() else [sys.executable, "-m", "pip"]
    target = [] if own.exists() else ["--python", str(folder / "bin" / "python")]
    return [*python, "--disable-pip-version-check", "--no-input", *target, *arguments]


def _uv() -> str:
    return shutil.which("uv") or ""


def _succeeds(command: list[str], said: list[str] | None = None) -> bool:
    """Run a command, keep what it says, and show on a terminal how far it has come."""
    # A `user = true` in pip's configuration would send packages past the environment.
    environment = {**os.environ, "PIP_USER": "0"}
    said = [] if said is None else said
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        close_fds=False,  # the lock is passed on
    ) as process:
        for line in process.stdout or ():
            said.append(line)
            collected = sum(one.startswith("Collecting ") for one in said)
            if sys.stderr.isatty() and line.startswith(("Collecting ", "Installing ")):
                sys.stderr.write(f"\rpivault: {collected} found{', installing' * line.startswith('Installing ')} ")
    if sys.stderr.isatty() and any(line.startswith("Collecting ") for line in said):
        sys.stderr.write("\n")
    return process.returncode == 0


def _digest(*parts: bytes) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:16]


def _tell(line: str) -> None:
    sys.stderr.write(f"pivault: {line}\n")


def _stop(line: str) -> NoReturn:
    _tell(line)
    sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
