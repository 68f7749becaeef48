"""Making a cluster, and mending what a crash leaves beside it.

Order, and what a crash leaves after each step:
1. password file          -- a password without a cluster: replaced by the next attempt
2. cluster.new-*: initdb  -- a leftover folder: removed by the next attempt
3. password and database set in it, access rules written
4. synced, then renamed to its name -- complete
"""

import os
import secrets
import shutil
from pathlib import Path
from typing import Final

from vault.embedded.binaries import Programs
from vault.embedded.failures import ROOM_FOR_A_CLUSTER, disk_full, from_output, unusable_folder
from vault.embedded.folder import Folder

# Nobody gets in but over loopback with the password: not even replication or the operating system's superuser.
_ACCESS_RULES: Final = "host all all 127.0.0.1/32 scram-sha-256\n"

# Exit at the first error; and what fails here holds the password, so the statement stays out of what is said.
_SINGLE_USER: Final = ("--single", "-c", "exit_on_error=on", "-c", "log_min_error_statement=panic")


def owner(folder: Folder) -> int | None:
    """The uid that owns the cluster; None when there is none."""
    return folder.cluster.stat().st_uid if folder.cluster.exists() else None


def create(folder: Folder, programs: Programs, guard: int) -> None:
    """Make the cluster with its superuser's password and an empty database `pivault`. ``guard``: see Folder.guard."""
    for leftover in folder.top.glob("cluster.new-*"):
        shutil.rmtree(leftover)
    if shutil.disk_usage(folder.top).free < ROOM_FOR_A_CLUSTER:
        raise disk_full(folder.top)
    making = folder.top / f"cluster.new-{secrets.token_hex(4)}"
    try:
        password = _write_password(folder)
        making.mkdir(mode=0o700)
        programs.account.own(making)
        _initialise(folder, making, programs, guard)
        _single_user(folder, making, programs, guard, f"{_set_password(password)}CREATE DATABASE pivault;\n")
        _write_synced(making / "pg_hba.conf", _ACCESS_RULES)
        making.rename(folder.cluster)
        _sync(folder.top)
    except OSError as error:
        raise unusable_folder(folder.top, error) from None
    finally:
        shutil.rmtree(making, ignore_errors=True)


def mend(folder: Folder, programs: Programs, guard: int) -> None:
    """Remove what a crash left in a cluster whose processes are all gone, and replace a lost password."""
    # Ours is the guard, so the pid in this file is of a dead process or, by now, of a stranger, whom PostgreSQL would
    # take for a live server. A server started by hand is still kept out by its shared memory block.
    (folder.cluster / "postmaster.pid").unlink(missing_ok=True)
    if owner(folder) != programs.account.uid:
        programs.account.own_all(folder.cluster)
    if not folder.password.exists():
        _single_user(folder, folder.cluster, programs, guard, _set_password(_write_password(folder)))


def opened(path: Path) -> int:
    """A descriptor of a cluster's folder. Programs are given `/proc/self/fd/N` for it: that works however long its path
    is (PostgreSQL stops at 1023 bytes) and where the account may not pass the folders above."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY)


def _initialise(folder: Folder, making: Path, programs: Programs, guard: int) -> None:
    place = opened(making)
    try:
        # The access rules given here hold until create() replaces them. Byte order (locale C) sorts alike everywhere.
        status, said = programs.run(
            "initdb",
            *("-D", f"/proc/self/fd/{place}", "--username=postgres", "--encoding=UTF8", "--no-locale"),
            *("--data-checksums", "--auth-local=reject", "--auth-host=scram-sha-256"),
            keep=(place, guard),
        )
    finally:
        os.close(place)
    if status != 0:
        raise from_output(folder.top, "make a database", said)


def _single_user(folder: Folder, cluster: Path, programs: Programs, guard: int, statements: str) -> None:
    place = opened(cluster)
    try:
        arguments = (*_SINGLE_USER, "-D", f"/proc/self/fd/{place}", "template1")
        status, said = programs.run("postgres", *arguments, keep=(place, guard), text=statements)
    finally:
        os.close(place)
    if status != 0:
        raise from_output(folder.top, "set its password", said)


def _set_password(password: str) -> str:
    return f"SET password_encryption = 'scram-sha-256';\nALTER ROLE postgres PASSWORD '{password}';\n"


def _write_password(folder: Folder) -> str:
    password = secrets.token_urlsafe(32)  # 256 bits, of characters that a URL and a quoted string take as they are
    making = folder.password.with_suffix(".new")
    making.unlink(missing_ok=True)
    os.close(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    _write_synced(making, password)
    making.replace(folder.password)
    return password


def _write_synced(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
