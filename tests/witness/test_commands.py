"""The programs as other people run them: a witness that is killed and comes back, a mirror that looks once."""

import re
import signal
import subprocess
import sys
from asyncio import to_thread
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from click.testing import CliRunner, Result

from tests.ledger.shelves import publisher
from tests.ledger.world import Log
from tests.witness.world import LOG, Branch
from vault.cli.main import main
from vault.db import REGULATOR
from vault.ledger.shelf import Shelf
from vault.ledger.tiles import bundle, unbundle


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "vault.cli.main", *words]


def pivault(*words: str, **more: str) -> Result:
    """A command in this process, where it costs no second start of Python."""
    return CliRunner().invoke(main, words, env=more)


@contextmanager
def running(words: Sequence[str]) -> Iterator[str]:
    """A witness at work, killed at the end; its address."""
    with subprocess.Popen(command(*words), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = re.search(r"Listening on (\S+)\.", process.stderr.readline())
        assert found is not None
        try:
            yield f"http://{found[1]}"
        finally:
            process.send_signal(signal.SIGKILL)


def test_a_killed_witness_remembers(tmp_path: Path) -> None:
    """`init`, `run`, a question, kill -9, `run` again: it goes on where it was and cosigns no fork."""
    folder, vkey = tmp_path / "w", tmp_path / "log.vkey"
    vkey.write_text(LOG.keys[-1].vkey() + "\n")
    made = pivault("witness", "init", str(folder), "--name", "witness.example/cli")
    assert made.stdout.count("witness.example/cli+") == 2
    assert pivault("witness", "init", str(folder), "--name", "witness.example/cli").exit_code == 1
    words = ["witness", "run", str(folder), "--log", str(vkey), "--listen", "127.0.0.1:0"]
    with running(words) as address:
        answer = httpx.post(f"{address}/add-checkpoint", content=Branch(9).question(0))
        assert (answer.status_code, answer.text.count("— witness.example/cli ")) == (200, 2)
        second = pivault(*words)
        assert (second.exit_code, "Another program" in second.stderr) == (1, True)
    with running(words) as address:
        fork = httpx.post(f"{address}/add-checkpoint", content=Branch(20, mark=b"!").question(9))
        assert fork.status_code == 422
        assert httpx.post(f"{address}/add-checkpoint", content=Branch(20).question(9)).status_code == 200
    (folder / "state.json").write_bytes(b"")
    refused = pivault(*words)
    assert (refused.exit_code, "damaged" in refused.stderr) == (1, True)


async def test_a_mirror_looks_once(log: Log, tmp_path: Path) -> None:
    """`mirror run --once` over a folder and the database: 0; after an edit of either, 1 and the place."""
    await log.fill(300)
    await log.drain()
    await publisher(log, tmp_path / "log").publish()
    vkey = tmp_path / "log.vkey"
    vkey.write_text(log.signer.keys[-1].vkey() + "\n")
    for name in ("one", "two"):
        assert pivault("mirror", "init", str(tmp_path / name), "--name", f"{name}.example").exit_code == 0
    words = ["--log", str(vkey), "--source", str(tmp_path / "log"), "--once"]
    url = log.database.dsn(REGULATOR)
    first = await to_thread(pivault, "mirror", "run", str(tmp_path / "one"), *words, MIRROR_DATABASE_URL=url)
    assert (first.exit_code, "Holds: 300 entries" in first.stdout) == (0, True), first.stderr
    assert Shelf(tmp_path / "one/copy").checkpoint() == (tmp_path / "log/checkpoint").read_text()
    await log.tamper("ALTER TABLE ledger_bodies DROP CONSTRAINT ck_ledger_bodies_fits")
    await log.tamper("UPDATE ledger_bodies SET purpose = 'marketing' WHERE idx = 77")
    edited = await to_thread(pivault, "mirror", "run", str(tmp_path / "one"), *words, MIRROR_DATABASE_URL=url)
    assert (edited.exit_code, "entry 77" in edited.stderr) == (1, True)
    path = tmp_path / "log/tile/entries/000"
    entries = unbundle(path.read_bytes(), 256)
    path.write_bytes(bundle([*entries[:5], entries[6], entries[5], *entries[7:]]))
    swapped = await to_thread(pivault, "mirror", "run", str(tmp_path / "two"), *words)
    assert (swapped.exit_code, "entry 5" in swapped.stderr) == (1, True)


def test_publishing_is_told(tmp_path: Path) -> None:
    """`ledger status` says when nothing was published yet; a source over HTTP needs an auditor's id and TLS."""
    nothing = pivault("ledger", "status", "--data", str(tmp_path))
    assert (nothing.exit_code, "Nothing has been published" in nothing.stderr) == (1, True)
    vkey = tmp_path / "log.vkey"
    vkey.write_text(LOG.keys[-1].vkey() + "\n")
    pivault("mirror", "init", str(tmp_path / "m"), "--name", "m.example")
    for source, why in (("https://vault.example/log", "--auditor"), ("http://vault.example/log", "https")):
        words = ("--log", str(vkey), "--source", source, "--once")
        refused = pivault("mirror", "run", str(tmp_path / "m"), *words)
        assert (refused.exit_code, why in refused.stderr) == (1, True)
