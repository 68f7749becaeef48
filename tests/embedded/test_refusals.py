"""What keeps it from serving is said in one sentence that tells what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.embedded.processes import PROGRAM, ROOT, Client, ask
from vault.embedded import EmbeddedServer, EmbeddedServerError

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def refusal(folder: Path, bin_dir: Path | None = None) -> str:
    """What a start says that fails."""
    with pytest.raises(EmbeddedServerError) as refused:
        EmbeddedServer.start(folder, bin_dir=bin_dir)
    return refused.value.public


def test_data_of_another_major_version(folder: Path) -> None:
    """Both versions are named, and the way from one to the other; the data stays as it is."""
    (folder / "cluster" / "PG_VERSION").write_text("15\n")
    said = refusal(folder)
    assert "written by PostgreSQL 15; this program brings PostgreSQL 18" in said
    assert "pg_dumpall" in said
    (folder / "cluster" / "PG_VERSION").write_text("18\n")
    EmbeddedServer.start(folder).stop()


@pytest.mark.skipif(not DEBIAN_15.exists(), reason="needs Debian's PostgreSQL 15, which is not installed here")
async def test_other_programs_can_be_chosen(tmp_path: Path) -> None:
    """The supervisor runs PostgreSQL 15 as well; its data is then refused by the packaged 18."""
    with EmbeddedServer.start(tmp_path / "data", bin_dir=DEBIAN_15) as server:
        assert (await ask(server.admin_url, "SHOW server_version")).startswith("15.")
        assert server.version.startswith("15.")
        assert "written by PostgreSQL 15" in refusal(tmp_path / "data")
        with Client(tmp_path / "data", bin_dir=str(DEBIAN_15)) as client:
            assert client.supervisor == server.supervisor_pid


def test_a_cluster_that_is_none(folder: Path) -> None:
    """A folder in its place without data is not taken for a new installation."""
    (folder / "cluster" / "PG_VERSION").unlink()
    assert "holds no PostgreSQL data" in refusal(folder)


def test_a_damaged_cluster(folder: Path) -> None:
    """What PostgreSQL says is passed on, with the path as the user knows it."""
    shutil.rmtree(folder / "cluster" / "global")
    said = refusal(folder)
    assert "could not start" in said
    assert str(folder) in said
    assert "/proc/" not in said


def test_a_damaged_password_file(folder: Path) -> None:
    """An empty or cut password file is named, not tried."""
    (folder / "password").write_text("")
    assert "password is damaged" in refusal(folder)


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    """Neither a file nor a path below one can hold the data."""
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "data"):
        assert "it, or a part of its path, is a file" in refusal(folder)


def test_programs_that_are_not_there(tmp_path: Path) -> None:
    """A wrong folder of programs is named."""
    assert f"can be run from {tmp_path}" in refusal(tmp_path / "data", bin_dir=tmp_path)


def test_a_read_only_file_system(folder: Path, mounting: list[str]) -> None:
    """The cause is named, and nothing hangs."""
    said = in_mount(mounting, folder, 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"')
    assert f"The data folder {folder} cannot be used: it is on a read-only file system" in said


def test_a_full_disk_at_the_first_start(tmp_path: Path, mounting: list[str]) -> None:
    """No half-made cluster is left to be tripped over."""
    said = in_mount(mounting, tmp_path, 'mount -t tmpfs -o size=40m none "$0"')
    assert f"The disk that holds {tmp_path} is full" in said


def test_a_full_disk_later(folder: Path, mounting: list[str]) -> None:
    """A server that cannot write its own files says so, instead of what it was about to write."""
    fill = 'cp -a "$0/." "$0.full/" && (cat /dev/zero >"$0.full/filler" 2>/dev/null || true)'
    Path(f"{folder}.full").mkdir()
    said = in_mount(
        mounting, folder, f'mount -t tmpfs -o size=120m none "$0.full" && {fill} && mount --bind "$0.full" "$0"'
    )
    assert f"The disk that holds {folder} is full" in said


@pytest.fixture
def mounting() -> list[str]:
    """A command that runs another one where it may mount file systems that nobody else sees."""
    command = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*command, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount, so its disk cannot be made full or read-only")
    return command


def in_mount(mounting: list[str], folder: Path, mount: str) -> str:
    """The failure a client is told after a shell command (`$0`: the folder) has mounted something."""
    command = [*mounting, "sh", "-c", f'{mount} && exec "$@"', folder, sys.executable, PROGRAM, ROOT]
    with Client(folder, command=command) as client:
        return client.failure
