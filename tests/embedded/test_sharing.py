"""Processes that use one folder share one server, which ends with the last of them."""

import signal
from pathlib import Path

import pytest

from tests.embedded.processes import Client, ask, gone, is_alive, kill, postgres_of
from vault.embedded import EmbeddedServer


async def test_two_processes_share_one_server(folder: Path) -> None:
    """The second joins the first one's server; it goes on when the first leaves, and ends with the second."""
    with Client(folder) as first, Client(folder) as second:
        assert first.told == second.told
        postgres = postgres_of(folder)
        first.leave()
        assert await ask(second.url, "SELECT 1") == 1
        second.leave()
        assert not is_alive(postgres)
        assert gone(second.supervisor)


def test_leaving_last_leaves_nothing(folder: Path) -> None:
    """When the last lease is given back, postgres has ended already and the folder is as a clean stop leaves it."""
    server = EmbeddedServer.start(folder)
    postgres = postgres_of(folder)
    server.stop()
    server.stop()
    assert not is_alive(postgres)
    assert not (folder / "control").exists()
    assert not (folder / "cluster" / "postmaster.pid").exists()


def test_many_start_a_new_folder_at_once(tmp_path: Path) -> None:
    """One of them makes the cluster, all of them get the same server."""
    clients = [Client(tmp_path / "data") for _ in range(4)]
    told = [client.joined().told for client in clients]
    for client in clients:
        client.leave()
    assert told[0]["port"]
    assert told == [told[0]] * 4


async def test_coming_while_the_last_one_leaves(folder: Path) -> None:
    """Who comes while the server is ending waits for the next one instead of being sent away."""
    for _ in range(3):
        with Client(folder) as leaving:
            leaving.process.stdin.close()  # it gives its lease back now, and nobody waits for it
            with EmbeddedServer.start(folder) as server:
                assert await ask(server.admin_url, "SELECT 1") == 1


async def test_two_folders_are_two_servers(folder: Path, tmp_path: Path) -> None:
    """Two clones on one machine do not meet: not by port, not by shared memory, not by password."""
    with Client(folder) as one, Client(tmp_path / "other") as other:
        assert one.told["port"] != other.told["port"]
        await ask(one.url, "CREATE TABLE mine ()")
        assert await ask(other.url, "SELECT to_regclass('mine')::text") is None
        assert one.url.rpartition("@")[0] != other.url.rpartition("@")[0]


def test_a_killed_client_counts_no_longer(folder: Path) -> None:
    """Killed by force, the first leaves the server to the second; with the second killed, it ends."""
    with Client(folder) as first, Client(folder) as second:
        postgres = postgres_of(folder)
        first.kill()
        assert not gone(second.supervisor, within=0.5)
        second.kill()
        assert gone(second.supervisor, postgres)


@pytest.mark.parametrize("delay", [0.1, 0.4, 0.7])
async def test_a_client_killed_while_the_cluster_is_made(tmp_path: Path, delay: float) -> None:
    """Whatever is half-made at that moment, the next start finds a way."""
    client = Client(tmp_path / "data")
    gone(client.process.pid, within=delay)
    client.kill()
    with EmbeddedServer.start(tmp_path / "data") as server:
        assert await ask(server.admin_url, "SELECT 1") == 1
        assert list(server.data_dir.glob("*.new*")) == []


def test_a_supervisor_asked_to_end_ends_in_order(folder: Path) -> None:
    """A polite signal to the supervisor stops postgres cleanly, though clients are there."""
    with Client(folder) as client:
        postgres = postgres_of(folder)
        kill(client.supervisor, sign=signal.SIGTERM)
        assert gone(client.supervisor, postgres)
    assert "database system is shut down" in (folder / "postgres.log").read_text()[-200:]
