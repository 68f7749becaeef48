"""The operators' commands on a real installation."""

import json
import subprocess
from pathlib import Path

import httpx

from tests.story.installation import environment, free_port, pivault, serving
from vault.cli.keys import ROTATABLE


def test_every_key_rotates_and_the_story_holds_again(installed: Path) -> None:
    """After a new version of every rotatable key all twelve steps hold, and what was used has moved over."""
    assert pivault("keys", "rotate", "--now", *sorted(ROTATABLE), "--data", str(installed)).returncode == 0
    before = pivault("keys", "left", "--data", str(installed)).stdout
    assert "row          persons" in before
    told = pivault("story", "--data", str(installed))
    assert told.stdout.splitlines()[-1] == "story: 12 of 12 steps held", told.stdout
    after = pivault("keys", "left", "--data", str(installed)).stdout
    assert "login " not in after, "sign-ins did not move the credentials over"
    checked = json.loads(pivault("ledger", "fsck", "--json", "--data", str(installed)).stdout)
    assert checked["holds"]


def test_the_ledgers_key_does_not_rotate(installed: Path) -> None:
    """A new ledger key would begin another log: the command does not offer it."""
    refused = pivault("keys", "rotate", "ledger", "--data", str(installed))
    assert refused.returncode == 2
    assert "'ledger' is not one of" in refused.stderr


def test_two_processes_of_a_server_share_the_work(installed: Path) -> None:
    """`serve --workers 2` answers, lists its health, and stops at Ctrl-C with status 0."""
    port = free_port()
    with serving(installed, port, "--workers", "2") as server:
        ready = httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=10)
        assert ready.status_code == 200
        assert server.stop() == 0


def test_a_taken_port_is_an_error_when_it_was_asked_for(installed: Path) -> None:
    """An explicit --port that is taken is refused by name; nothing else is tried."""
    port = free_port()
    with serving(installed, port):
        refused = pivault("run", "--data", str(installed), "--port", str(port))
    assert refused.returncode == 1
    assert f"Port {port}" in refused.stderr


def test_the_kit_lets_an_outside_client_go_on(installed: Path) -> None:
    """Every file is there, private ones are 0600, and the receipt verifies with nothing but the kit."""
    kit = installed.parent / "a kit"
    private = {"client.json", "person.json", "officer-1.json", "officer-2.json", "release-officer.json"}
    private |= {"regulator.json", "receipt.json", "organisation.json"}
    assert {path.name for path in kit.iterdir()} == private | {"server.json", "log.vkey", "log.vkeys"}
    assert all((kit / name).stat().st_mode & 0o777 == 0o600 for name in private)
    verified = pivault("ledger", "verify", str(kit / "receipt.json"), "--vkey", str(kit / "log.vkey"), "--json")
    assert json.loads(verified.stdout)["entry"]["event"] == "release.delivered"


def test_a_person_with_nothing_but_a_name_can_play(installed: Path, tmp_path: Path) -> None:
    """Missing optional fields are no trouble: what is not there is neither asked for nor released."""
    bare = tmp_path / "person.json"
    number = "11010519491231002X"
    person = {"login": "li.na", "password": "a plain password", "name": "李娜", "locale": "zh-CN"}
    bare.write_text(json.dumps(person | {"national_id": {"scheme": "cn-ric", "number": number}}))
    told = pivault("story", "--data", str(installed), "--person", str(bare))
    assert told.stdout.splitlines()[-1] == "story: 12 of 12 steps held", told.stdout


def test_an_altered_receipt_does_not_verify(installed: Path, tmp_path: Path) -> None:
    """Another index, another entry, another key: each refused with status 1 and a sentence."""
    kit = installed.parent / "a kit"
    receipt = json.loads((kit / "receipt.json").read_text())
    for change in ({"index": receipt["index"] + 1}, {"entry": receipt["entry"][:-4] + "AAAA"}, {"inclusion_path": []}):
        altered = tmp_path / "receipt.json"
        altered.write_text(json.dumps(receipt | change))
        refused = pivault("ledger", "verify", str(altered), "--vkey", str(kit / "log.vkey"))
        assert refused.returncode == 1
        assert refused.stderr.startswith("pivault: ")


def test_a_bad_person_file_names_the_fields(tmp_path: Path) -> None:
    """Every wrong field is named with the reason, before anything is started."""
    bad = tmp_path / "person.json"
    bad.write_text(json.dumps({"login": "x", "name": "", "national_id": {"scheme": "cn-ric", "number": "1"}}))
    refused = pivault("run", "--once", "--data", str(tmp_path / "data"), "--person", str(bad))
    assert refused.returncode == 1
    for field in ("login", "name", "national_id", "password"):
        assert field in refused.stderr, f"{field} is not named: {refused.stderr}"
    assert not (tmp_path / "data").exists()


def test_an_unknown_setting_is_refused_and_config_hides_secrets() -> None:
    """A typing error in a variable stops the command; `config` prints no secret."""
    assert pivault("config", PIVAULT_PROT="1").returncode == 1
    shown = pivault("config", PIVAULT_KEYRING_PASSPHRASE="correct horse battery", DATABASE_URL="postgresql://u:pw@h/d")
    assert shown.returncode == 0
    assert "correct horse" not in shown.stdout
    assert "pw@" not in shown.stdout
    assert "PIVAULT_PROT" not in environment()


def test_a_resource_server_is_let_in_and_ended(installed: Path, tmp_path: Path) -> None:
    """By two officers who each type their password; by one alone, with a wrong password or a private key it is not."""
    first, second = (
        json.loads((installed.parent / "a kit" / f"officer-{number}.json").read_text()) for number in (1, 2)
    )
    client = json.loads((installed.parent / "a kit" / "client.json").read_text())
    public = {name: client["client_key"][name] for name in ("kty", "crv", "x", "kid")}
    good, leaky = tmp_path / "good.jwks.json", tmp_path / "leaky.jwks.json"
    good.write_text(json.dumps({"keys": [public]}))
    leaky.write_text(json.dumps({"keys": [client["client_key"]]}))
    common = ("--name", "Gateway", "--audience", "https://vault.example/v1", "--data", str(installed))
    sponsors = ("--sponsor", first["login"], "--sponsor", second["login"])
    typed = f"{first['password']}\n{second['password']}\n"

    def add(*more: str, typed: str = typed) -> subprocess.CompletedProcess[str]:
        return pivault("resource-server", "add", *common, *more, typed=typed)

    assert add("--jwks", str(good), *sponsors[:2] * 2).returncode == 1
    assert add("--jwks", str(good), *sponsors, typed="wrong\nwrong\n").returncode == 1
    assert "jwks" in add("--jwks", str(leaky), *sponsors).stderr
    added = add("--jwks", str(good), *sponsors)
    assert added.returncode == 0, added.stderr
    server = next(word for word in added.stdout.split() if word.startswith("rsv_")).rstrip(":")
    ended = pivault("resource-server", "end", server, "--data", str(installed), *sponsors, typed=typed)
    assert ended.stdout.strip().endswith(f"Ended {server}."), ended.stderr
    again = pivault("resource-server", "end", server, "--data", str(installed), *sponsors, typed=typed)
    assert again.returncode == 1


def test_a_sandbox_kit_is_written(installed: Path, tmp_path: Path) -> None:
    """For the story's bank, with its own key: the files that the examples read, private ones 0600; a sixth test person
    is refused, and so is a client that is not there."""
    client = json.loads((installed.parent / "a kit" / "client.json").read_text())
    key, kit = tmp_path / "key.json", tmp_path / "sandbox"
    key.write_text(json.dumps(client["client_key"]))
    common = ("--data", str(installed), "--output", str(kit))

    def write(which: str, *more: str) -> subprocess.CompletedProcess[str]:
        return pivault("sandbox", "--client", which, *common, *more)

    made = write(client["client_id"], "--persons", "2", "--client-key", str(key))
    assert made.returncode == 0, made.stderr
    mine = json.loads((kit / "client.json").read_text())
    assert mine["sandbox_of"] == client["client_id"] != mine["client_id"]
    assert mine["client_key"] == client["client_key"]
    assert {path.name for path in kit.iterdir()} == {"server.json", "client.json", "person.json", "person-2.json"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in kit.iterdir())
    assert json.loads((kit / "person.json").read_text())["password"] not in made.stdout
    assert write(mine["client_id"], "--persons", "4").returncode == 1
    assert write(f"cli_{'0' * 32}").returncode == 1
