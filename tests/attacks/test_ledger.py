"""The ledger to everybody: a checkpoint, a key, proofs between sizes; entries only to those they are for."""

import asyncio
import base64
import json
from typing import Any

import pytest

from tests.attacks.world import GENERAL, SENSITIVE, World
from vault.errors import VaultError
from vault.ledger import tlog_proof
from vault.ledger.checkpoint import LogKey
from vault.ledger.cosignature import parse_key
from vault.ledger.verify import verify_consistency_proof, verify_receipt

NONSENSE = (
    "",
    "first=1",
    "first=0&second=0",
    "first=-1&second=1",
    "first=2&second=1",
    f"first=1&second={2**63}",
    "first=1&second=x",
    f"first=1&second={'9' * 400}",
    "first=1&first=2&second=3",
    "first=1.0&second=2",
    "first=%00&second=1",
)


async def test_strangers_get_the_checkpoint_and_proofs_only(world: World) -> None:
    """What is public holds sizes, hashes and signatures, and nothing that an entry says."""
    http = world.browser().http
    checkpoint, key = await http.get("/v1/ledger/checkpoint"), await http.get("/v1/ledger/key")
    lines = checkpoint.text.split("\n")
    assert (len(lines), lines[3], lines[4][:2]) == (6, "", "— ")
    assert len(base64.b64decode(lines[2])) == 32
    size = int(lines[1])
    assert key.text.strip().startswith(f"{lines[0]}+")
    proof = await http.get(f"/v1/ledger/consistency?first={size}&second={size}")
    for word in ("event", "actor", "requester", "tag", "psn_", "gnt_", "ofc_"):
        assert word not in checkpoint.text + key.text + proof.text


@pytest.mark.parametrize(
    "path", ["/v1/oversight/entries", "/v1/oversight/entries/0", "/v1/me/entries", "/v1/me/entries/0/receipt"]
)
async def test_entries_are_not_public(world: World, path: str) -> None:
    """Nobody reads entries or receipts without a sign-in of the right realm."""
    assert (await world.browser().http.get(path)).status_code == 401


@pytest.mark.parametrize("query", NONSENSE)
async def test_consistency_of_nonsense(world: World, query: str) -> None:
    """Sizes that are none, or that have no checkpoint, are refused."""
    answer = await world.browser().http.get(f"/v1/ledger/consistency?{query}")
    assert answer.status_code in {400, 404, 422}


async def test_entries_hold_no_content(world: World) -> None:
    """After all these attacks: no value, name, number, login, token or secret of anybody in any leaf."""
    await world.token.release(list(GENERAL))
    await world.at.settled()
    rows = await world.at.administrator.rows("SELECT body FROM ledger_bodies")
    leaves = b"\n".join(bytes(row["body"]) for row in rows).decode()
    assert leaves.count("release.delivered") > 0
    people = (world.anna, world.bao)
    secrets = [secret for person in people for secret in (person.name, person.number, person.login, person.password)]
    secrets += [(await person.browser.get("/v1/me"))["id"][4:] for person in people]
    secrets += ["13800130013", "jingyi.ouyang", "1990-01-01", world.token.access_token, world.token.refresh_token]
    secrets += [cookie.value or "" for cookie in world.anna.browser.http.cookies.jar]
    for secret in secrets:
        assert secret not in leaves


async def test_the_tables_hold_no_content_either(world: World) -> None:
    """What the application stored, read by a thief: no value, number, login, token or cookie, in no column."""
    tables = await world.at.administrator.rows(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'staff'"
    )
    dump = ""
    for table in tables:
        rows = await world.at.administrator.rows(f"SELECT * FROM {table['tablename']}")
        dump += "\n".join(str(dict(row)) for row in rows)
    numbers = {
        text
        for secret in (
            world.anna.name,
            world.anna.number,
            world.anna.login,
            world.bao.login,
            "13800130013",
            "jingyi.ouyang",
        )
        for text in (secret, secret.encode().hex(), base64.b64encode(secret.encode()).decode().rstrip("=")[:-1])
    }
    tokens = {world.token.access_token, world.token.refresh_token, world.token.refresh_token[3:]}
    cookies = {cookie.value or "-" for cookie in world.anna.browser.http.cookies.jar}
    for secret in numbers | tokens | cookies:
        assert secret not in dump


async def test_a_receipt_cannot_be_bent(world: World) -> None:
    """Any member of a receipt changed, or another log's key: it does not verify."""
    key = (await world.browser().http.get("/v1/ledger/key")).text.strip()
    receipt = (await world.token.release(list(GENERAL))).json()["receipt"]
    assert verify_receipt(json.dumps(receipt).encode(), key).index == receipt["index"]
    entry = base64.b64decode(receipt["entry"])
    bent: list[dict[str, Any]] = [
        {"index": receipt["index"] + 1},
        {"tree_size": receipt["tree_size"] + 1},
        {"entry": base64.b64encode(entry.replace(b"identity.name", b"contact.email")).decode()},
        {"inclusion_path": receipt["inclusion_path"][1:]},
        {"checkpoint": receipt["checkpoint"].replace(f"\n{receipt['tree_size']}\n", f"\n{receipt['tree_size'] + 1}\n")},
    ]
    for changes in bent:
        with pytest.raises(VaultError):
            verify_receipt(json.dumps(receipt | changes).encode(), key)


async def test_a_proof_in_text_is_for_those_whose_entry_it_is(world: World) -> None:
    """As tlog-proof an entry goes to the same people as its receipt, and verifies with the published keys alone."""
    vkeys = (await world.browser().http.get("/v1/ledger/keys")).text.splitlines()
    keys = [key for key in map(parse_key, vkeys) if isinstance(key, LogKey)]
    assert len(vkeys) == len(keys) + 1
    answer = await world.staff["regulator"].http.get("/v1/oversight/entries/0/tlog-proof")
    assert answer.headers["content-disposition"] == 'attachment; filename="entry-0.tlog-proof"'
    proof = tlog_proof.read(answer.text)
    assert tlog_proof.verify_proof(proof, None, keys).size > proof.index == 0
    mine = (await world.anna.browser.get("/v1/me/entries?limit=1"))["entries"][0]["index"]
    own = await world.anna.browser.http.get(f"/v1/me/entries/{mine}/tlog-proof")
    assert tlog_proof.verify_proof(tlog_proof.read(own.text), None, keys).size > mine
    assert (await world.bao.browser.http.get(f"/v1/me/entries/{mine}/tlog-proof")).status_code == 404
    for path in (f"/v1/me/entries/{mine}/tlog-proof", "/v1/oversight/entries/0/tlog-proof"):
        assert (await world.browser().http.get(path)).status_code == 401


async def test_the_ledger_only_grew(world: World) -> None:
    """From the first checkpoint that was signed to the newest one: the same beginning, provable by anybody."""
    http = world.browser().http
    key = (await http.get("/v1/ledger/key")).text.strip()
    stored = await world.at.administrator.rows("SELECT min(size) AS least, max(size) AS most FROM ledger_checkpoints")
    first, last = stored[0]["least"], stored[0]["most"]
    document = (await http.get(f"/v1/ledger/consistency?first={first}&second={last}")).content
    proof = verify_consistency_proof(document, key)
    assert (proof.old.size, proof.new.size) == (first, last)


async def test_each_question_is_an_entry(world: World) -> None:
    """A regulator cannot look unseen: every search and every entry opened is recorded, also when nothing is found."""
    before = await world.entries("query.made")
    regulator = world.staff["regulator"]
    for path in ("?event=grant.given", "?purpose=nothing", "/0", "/999999999"):
        await regulator.http.get(f"/v1/oversight/entries{path}")
    assert await world.entries("query.made") == before + 4


async def test_a_regulator_learns_of_no_person(world: World) -> None:
    """Entries shown to a regulator have organisations and items; tags are not names, and no person's id is in them."""
    found = await world.staff["regulator"].get("/v1/oversight/entries?limit=500")
    text = json.dumps(found, ensure_ascii=False)
    for person in (world.anna, world.bao):
        me = (await person.browser.get("/v1/me"))["id"]
        for secret in (me, me[4:], person.name, person.number, person.login):
            assert secret not in text
    assert {each["item"] for entry in found["entries"] for each in entry["items"] or []} >= set(SENSITIVE)


async def test_everybody_finds_all_their_lines(world: World) -> None:
    """While releases go on, the person's own list has no gap and nobody else's lines."""
    bank = await world.granted(world.bao, world.harbour)
    await asyncio.gather(*(bank.release() for _ in range(5)))
    await world.at.settled()
    mine = await world.bao.browser.get("/v1/me/entries?limit=500")
    assert (mine["missing"], len(mine["entries"])) == (0, mine["end"] - mine["first"])
    theirs = {each["index"] for each in (await world.anna.browser.get("/v1/me/entries?limit=500"))["entries"]}
    assert not theirs & {each["index"] for each in mine["entries"]}
