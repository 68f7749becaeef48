"""Changes of clients: keys with overlap, return addresses, settings; by whom and in which standing."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.organisations.proposing import add_key, kids_of, retire_key
from tests.organisations.world import Bank, opened_bank, recorded
from tests.requesters.samples import public_key
from tests.requesters.world import Staff
from vault import ids
from vault.clock import FixedClock, millis
from vault.db import Database
from vault.errors import Invalid, Refused
from vault.ledger.events import officer
from vault.organisations.changes import changes, propose
from vault.requesters import measures
from vault.requesters.liveness import NotLive
from vault.requesters.register import client


async def test_a_key_is_added_and_the_old_one_retired_with_overlap(
    database: Database, bank: Bank, clock: FixedClock
) -> None:
    """Both hold for a while, then the new one alone; every change is an entry that names the client."""
    keys = await bank.member("keys")
    assert (await add_key(database, bank, keys, "sig-2")).state == "made"
    await retire_key(database, bank, keys, "sig-1", millis(clock.now() + timedelta(days=30)))
    assert await kids_of(database, bank) == ["sig-1", "sig-2"]
    clock.move(timedelta(days=30))
    assert await kids_of(database, bank) == ["sig-2"]
    entries = await recorded(database, "requester.keys_changed")
    assert [entry["ref"] for entry in entries] == [ids.public(ids.CLIENT, bank.client_id)] * 2
    assert [entry["actor"]["id"] for entry in entries] == [ids.public(ids.MEMBER, keys.id)] * 2


async def test_a_key_that_begins_later(database: Database, bank: Bank, clock: FixedClock) -> None:
    """Opens nothing before; until it holds the only other key cannot end."""
    keys, begins = await bank.member("keys"), clock.now() + timedelta(days=7)
    await add_key(database, bank, keys, "sig-2", **{"from": millis(begins)})
    assert await kids_of(database, bank) == ["sig-1"]
    with pytest.raises(Invalid, match="without a valid key"):
        await retire_key(database, bank, keys, "sig-1", millis(begins) - 1)
    await retire_key(database, bank, keys, "sig-1", millis(begins))
    clock.move(timedelta(days=7))
    assert await kids_of(database, bank) == ["sig-2"]


async def test_a_client_is_never_without_a_valid_key(database: Database, bank: Bank, clock: FixedClock) -> None:
    """Neither the last one, nor the last but one before a key that itself ends, can be retired."""
    keys = await bank.member("keys")
    with pytest.raises(Invalid, match="without a valid key"):
        await retire_key(database, bank, keys, "sig-1")
    await add_key(database, bank, keys, "sig-2", until=millis(clock.now() + timedelta(days=9)))
    with pytest.raises(Invalid, match="without a valid key"):
        await retire_key(database, bank, keys, "sig-1")
    assert await kids_of(database, bank) == ["sig-1", "sig-2"]


async def test_two_retire_the_last_two_keys_at_once(database: Database, bank: Bank) -> None:
    """One of the keys stays."""
    keys = await bank.member("keys")
    await add_key(database, bank, keys, "sig-2")
    answers = await asyncio.gather(
        *(retire_key(database, bank, keys, kid) for kid in ("sig-1", "sig-2")), return_exceptions=True
    )
    assert sum(isinstance(answer, Invalid) for answer in answers) == 1
    assert len(await kids_of(database, bank)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"jwk": {**public_key("sig-2"), "d": "x"}},
        {"jwk": public_key("sig-1")},
        {"jwk": {}},
        {"jwk": public_key("sig-2"), "until": 1},
        {"jwk": public_key("sig-2"), "from": 1 << 42},
        {"jwk": public_key("sig-2"), "for": "ever"},
        {},
    ],
)
async def test_a_key_that_is_none_is_refused_by_field(database: Database, bank: Bank, body: dict[str, Any]) -> None:
    """As in an application; and nothing is left of the attempt."""
    keys = await bank.member("keys")
    with pytest.raises(Invalid):
        await database.run(propose, keys, "key.added", bank.client_id, body=body)
    assert [each.kind for each in await database.run(changes, bank.id)] == ["invitation"]


async def test_the_same_key_twice_under_another_name(database: Database, bank: Bank) -> None:
    """A rotation to the same key is none."""
    keys = await bank.member("keys")
    same = {**(await database.run(client, bank.client_id)).jwks["keys"][0], "kid": "sig-2"}
    with pytest.raises(Invalid, match="another kid"):
        await database.run(propose, keys, "key.added", bank.client_id, body={"jwk": same})


@pytest.mark.parametrize("role", ["administrator", "declarations", "audit"])
async def test_keys_take_the_role_keys(database: Database, bank: Bank, role: str) -> None:
    """Nobody else changes them, their addresses or their settings."""
    who = await bank.member(role)
    for kind, body in (
        ("key.added", {"jwk": public_key("sig-2")}),
        ("key.retired", {"kid": "sig-1", "until": 0}),
        ("redirects", {"redirect_uris": ["https://harbour.example/back"]}),
        ("metadata", {"metadata": {}}),
    ):
        with pytest.raises(Refused):
            await database.run(propose, who, kind, bank.client_id, body=body)


async def test_what_a_standing_leaves_to_members(database: Database, staff: Staff, bank: Bank) -> None:
    """A suspended organisation may still replace a leaked key; one that gave up changes none."""
    keys = await bank.member("keys")
    await database.run(measures.suspend, bank.id, reason="looked at", by=officer(staff.first.id))
    assert (await add_key(database, bank, keys, "sig-2")).state == "made"
    other = await opened_bank(database, staff)
    keys = await other.member("keys")
    gone = await database.run(propose, other.administrator, "surrender", None, body={"reason": "we stop here"})
    assert gone.state == "made"
    with pytest.raises(NotLive):
        await add_key(database, other, keys, "sig-3")
    (entry,) = await recorded(database, "requester.surrendered")
    assert entry["actor"]["id"] == ids.public(ids.MEMBER, other.administrator.id)


async def test_redirects_stay_under_what_was_vetted(database: Database, bank: Bank) -> None:
    """Another path is fine, another host or port is not; the order of checks names each address."""
    keys = await bank.member("keys")
    good = ["https://harbour.example/back", "https://harbour.example/return", "http://127.0.0.1:8500/back"]
    await database.run(propose, keys, "redirects", bank.client_id, body={"redirect_uris": good})
    assert (await database.run(client, bank.client_id)).redirect_uris == good
    for bad in ("https://harbour.example:8443/back", "https://www.harbour.example/back", "https://evil.example/"):
        with pytest.raises(Invalid) as refused:
            await database.run(propose, keys, "redirects", bank.client_id, body={"redirect_uris": [*good, bad]})
        assert refused.value.members["errors"][0]["field"] == "redirect_uris[3]"


async def test_metadata_must_go_with_the_keys(database: Database, bank: Bank) -> None:
    """What would leave the client unable to authenticate is refused; what is good is stored."""
    keys = await bank.member("keys")
    for bad in ({"dpop_bound_access_tokens": False}, {"token_endpoint_auth_method": "tls_client_auth"}, {"x": 1}):
        with pytest.raises(Invalid):
            await database.run(propose, keys, "metadata", bank.client_id, body={"metadata": bad})
    good = {"metadata": {"client_name": "Loans"}}
    await database.run(propose, keys, "metadata", bank.client_id, body=good)
    assert (await database.run(client, bank.client_id)).metadata.client_name == "Loans"
