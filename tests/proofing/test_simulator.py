"""``pivault-sim``: a process of its own that says it is a simulator and answers as documented."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from vault.accounts.numbers import check_character
from vault.crypto.canonical import unb64
from vault.proofing import HttpSource, SourceUnavailable


def start(state: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "vault.proofing.simulator", "--state", str(state), "--stop-with-stdin"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def stop(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Close its standard input, as a parent that dies does; it must end by itself."""
    out, err = process.communicate(timeout=10)
    assert process.returncode == 0
    return out, err


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("simulator")


@pytest.fixture(scope="module")
def running(state: Path) -> Iterator[dict[str, Any]]:
    """The line it prints when it is ready; what it printed besides is looked at when it ends."""
    process = start(state)
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    assert stop(process) == (b"", b"")


def number(sequence: str) -> str:
    return f"11010519900307{sequence}" + check_character(f"11010519900307{sequence}")


async def check(running: dict[str, Any], name: str, scheme: str, text: str) -> bool:
    async with httpx.AsyncClient() as client:
        return (await HttpSource(running["url"], unb64(running["public_key"]), client).check(name, scheme, text)).match


def test_it_says_what_it_is(running: dict[str, Any]) -> None:
    """The line names it a simulator, on loopback."""
    assert running["simulator"] is True
    assert "simulator" in running["name"]
    assert running["url"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("name", "scheme", "text", "match"),
    [
        ("王小明", "cn-ric", number("002"), True),
        ("王小明", "cn-ric", number("999"), False),
        ("王小明", "cn-ric", number("002")[:-1] + ("0" if number("002")[-1] != "0" else "1"), False),
        ("王小明", "passport", number("002"), False),
        (" ", "cn-ric", number("002"), False),
        ("", "cn-ric", "", False),
    ],
)
async def test_it_answers_as_documented(
    running: dict[str, Any], name: str, scheme: str, text: str, match: bool
) -> None:
    """Valid numbers match any name; the documented sequence, wrong numbers and other schemes do not."""
    assert await check(running, name, scheme, text) is match


async def test_it_can_play_broken(running: dict[str, Any]) -> None:
    """The sequence 998 is answered with 503, so that failures can be tried."""
    with pytest.raises(SourceUnavailable):
        await check(running, "王小明", "cn-ric", number("998"))


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"name":"a","scheme":"b","number":"c","nonce":"*"}', 400),
        (b"x" * 5000, 413),
    ],
)
async def test_it_survives_rubbish(running: dict[str, Any], content: bytes, status: int) -> None:
    """Bad questions are refused, and the next good one is answered."""
    async with httpx.AsyncClient(base_url=running["url"]) as client:
        assert (await client.post("/v1/checks", content=content)).status_code == status
        assert (await client.post("/elsewhere", content=b"{}")).status_code == 404
        assert (await client.get("/v1/key")).text == running["public_key"]
    assert await check(running, "王小明", "cn-ric", number("002"))


def test_its_key_stays(running: dict[str, Any], state: Path) -> None:
    """Started again on the same folder it has the same key, in a file of its owner."""
    process = start(state)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["public_key"] == running["public_key"]
    stop(process)
    assert [oct(path.stat().st_mode & 0o777) for path in state.iterdir()] == ["0o600", "0o600"]


def test_its_help_says_simulator() -> None:
    """Nobody can take it for the real thing."""
    shown = subprocess.run(
        [sys.executable, "-m", "vault.proofing.simulator", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "SIMULATOR" in shown
    assert "Never use it to prove anything" in " ".join(shown.split())


async def test_what_the_registers_hold_can_be_changed(running: dict[str, Any]) -> None:
    """By PUT of JSON, seen by GET, put back by DELETE; a form, which any web page could send, is refused."""
    path, json_type = "/v1/simulator/organisations/91350100M000100Y43", {"Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=running["url"]) as client:
        revoked = b'{"status": "revoked"}'
        assert (await client.put(path, content=revoked)).status_code == 415
        assert (await client.put(path, content=revoked, headers=json_type)).json()["status"] == "revoked"
        assert (await client.get(path)).json()["status"] == "revoked"
        assert (await client.put(path, content=b'{"state": 1}', headers=json_type)).status_code == 400
        assert (await client.delete(path)).json()["status"] == "in-business"
        assert (await client.get("/v1/registers/key")).text == running["registers_key"] != running["public_key"]
