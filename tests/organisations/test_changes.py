"""Changes: made by one, or by two where the organisation chose so; signed, recorded, ended by themselves."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.organisations.world import Bank, joined, opened_bank, recorded
from tests.requesters.samples import public_key
from tests.requesters.world import Staff
from vault import ids
from vault.clock import FixedClock, millis
from vault.db import Database
from vault.errors import Conflict, Invalid, NotFound, Refused, Tampered, VaultError
from vault.ledger.events import officer
from vault.organisations.changes import Change, OwnProposal, changes, confirm, confirm_on_record, propose, refuse
from vault.organisations.inviting import invitations, invite
from vault.organisations.joining import Ticket
from vault.organisations.members import members, remove, suspend
from vault.organisations.roles import TooFewForTwo
from vault.requesters import measures
from vault.requesters.liveness import NotLive
from vault.requesters.register import client
from vault.signin import Holder


async def _kids(database: Database, bank: Bank) -> list[str]:
    return [key["kid"] for key in (await database.run(client, bank.client_id)).jwks["keys"]]


async def _add(database: Database, bank: Bank, by: Holder, kid: str, **times: Any) -> Change:
    body = {"jwk": public_key(kid), **times}
    return await database.run(propose, by, "key.added", bank.client_id, body=body)


async def _retire(database: Database, bank: Bank, by: Holder, kid: str, at: int = 0) -> Change:
    return await database.run(propose, by, "key.retired", bank.client_id, body={"kid": kid, "until": at})


async def _two(database: Database, bank: Bank, *, wanted: bool = True) -> tuple[Holder, Holder]:
    """The organisation chooses that changes take two; two members with the keys."""
    first, second = await bank.member("keys"), await bank.member("keys")
    asked = await database.run(propose, bank.administrator, "two-members", None, body={"two_members": wanted})
    await database.run(confirm, first, asked.id)
    return first, second


async def test_a_key_is_added_and_the_old_one_retired_with_overlap(
    database: Database, bank: Bank, clock: FixedClock
) -> None:
    """Both hold for a while, then the new one alone; every change is an entry that names the client."""
    keys = await bank.member("keys")
    assert (await _add(database, bank, keys, "sig-2")).state == "made"
    await _retire(database, bank, keys, "sig-1", millis(clock.now() + timedelta(days=30)))
    assert await _kids(database, bank) == ["sig-1", "sig-2"]
    clock.move(timedelta(days=30))
    assert await _kids(database, bank) == ["sig-2"]
    entries = await recorded(database, "requester.keys_changed")
    assert [entry["ref"] for entry in entries] == [ids.public(ids.CLIENT, bank.client_id)] * 2
    assert [entry["actor"]["id"] for entry in entries] == [ids.public(ids.MEMBER, keys.id)] * 2


async def test_a_key_that_begins_later(database: Database, bank: Bank, clock: FixedClock) -> None:
    """Opens nothing before; until it holds the only other key cannot end."""
    keys, begins = await bank.member("keys"), clock.now() + timedelta(days=7)
    await _add(database, bank, keys, "sig-2", **{"from": millis(begins)})
    assert await _kids(database, bank) == ["sig-1"]
    with pytest.raises(Invalid, match="without a valid key"):
        await _retire(database, bank, keys, "sig-1", millis(begins) - 1)
    await _retire(database, bank, keys, "sig-1", millis(begins))
    clock.move(timedelta(days=7))
    assert await _kids(database, bank) == ["sig-2"]


async def test_a_client_is_never_without_a_valid_key(database: Database, bank: Bank, clock: FixedClock) -> None:
    """Neither the last one, nor the last but one before a key that itself ends, can be retired."""
    keys = await bank.member("keys")
    with pytest.raises(Invalid, match="without a valid key"):
        await _retire(database, bank, keys, "sig-1")
    await _add(database, bank, keys, "sig-2", until=millis(clock.now() + timedelta(days=9)))
    with pytest.raises(Invalid, match="without a valid key"):
        await _retire(database, bank, keys, "sig-1")
    assert await _kids(database, bank) == ["sig-1", "sig-2"]


async def test_two_retire_the_last_two_keys_at_once(database: Database, bank: Bank) -> None:
    """One of the keys stays."""
    keys = await bank.member("keys")
    await _add(database, bank, keys, "sig-2")
    answers = await asyncio.gather(
        *(_retire(database, bank, keys, kid) for kid in ("sig-1", "sig-2")), return_exceptions=True
    )
    assert sum(isinstance(answer, Invalid) for answer in answers) == 1
    assert len(await _kids(database, bank)) == 1


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


async def test_where_it_takes_two_a_second_one_confirms(database: Database, bank: Bank) -> None:
    """Nothing happens before; the entry names both, the row both signatures."""
    first, second = await _two(database, bank)
    asked = await _add(database, bank, first, "sig-2")
    assert (asked.state, await _kids(database, bank)) == ("open", ["sig-1"])
    made = await database.run(confirm, second, asked.id)
    assert (made.state, made.decided_by, await _kids(database, bank)) == ("made", second.id, ["sig-1", "sig-2"])
    (entry,) = await recorded(database, "requester.keys_changed")
    assert entry["actor"]["id"] == ids.public(ids.MEMBER, second.id)
    assert entry["second"] == ids.public(ids.MEMBER, first.id)


async def test_nobody_confirms_their_own_proposal(database: Database, bank: Bank) -> None:
    """Refused, recorded, and still open for the other."""
    first, second = await _two(database, bank)
    asked = await _add(database, bank, first, "sig-2")
    with pytest.raises(OwnProposal):
        await confirm_on_record(database, first, asked.id)
    (entry,) = await recorded(database, "change.confirmation_refused")
    assert (entry["ref"], entry["reason"]) == (ids.public(ids.CHANGE, asked.id), "own-proposal")
    await database.run(confirm, second, asked.id)


async def test_the_setting_itself_takes_two(database: Database, bank: Bank) -> None:
    """Both ways; and two who could confirm must be there first."""
    with pytest.raises(TooFewForTwo):
        await database.run(propose, bank.administrator, "two-members", None, body={"two_members": True})
    first, _ = await _two(database, bank)
    asked = await database.run(propose, bank.administrator, "two-members", None, body={"two_members": False})
    assert asked.state == "open"
    with pytest.raises(OwnProposal):
        await database.run(confirm, bank.administrator, asked.id)
    await database.run(confirm, first, asked.id)
    entries = await recorded(database, "requester.two_members_changed")
    assert [entry["outcome"] for entry in entries] == ["yes", "no"]


async def test_an_administrator_alone_makes_no_second_member(database: Database, bank: Bank) -> None:
    """Where it takes two, an invitation or a role that gives power waits for the second; a harmless one does not."""
    first, _ = await _two(database, bank)
    invited = await database.run(invite, bank.administrator, ["keys"])
    assert invited.waits
    ticket = Ticket(ids.public(ids.INVITATION, invited.id), invited.token)
    with pytest.raises(NotFound):
        await joined(database, ticket)
    assert not (await database.run(invite, bank.administrator, ["audit"])).waits
    auditor = await bank.member("audit")
    raised = await database.run(propose, bank.administrator, "roles", auditor.id, body={"roles": ["keys"]})
    assert raised.state == "open"
    (waiting,) = [each for each in await database.run(changes, bank.id) if each.subject == invited.id]
    await database.run(confirm, first, waiting.id)
    assert (await joined(database, ticket)).belongs_to == bank.id
    await database.run(confirm, first, raised.id)


async def test_a_refused_invitation_lets_nobody_in(database: Database, bank: Bank) -> None:
    """It is withdrawn with the proposal."""
    first, _ = await _two(database, bank)
    invited = await database.run(invite, bank.administrator, ["keys"])
    (waiting,) = [each for each in await database.run(changes, bank.id) if each.subject == invited.id]
    await database.run(refuse, first, waiting.id)
    assert "withdrawn" in {each.state for each in await database.run(invitations, bank.id)}
    with pytest.raises(NotFound):
        await joined(database, Ticket(ids.public(ids.INVITATION, invited.id), invited.token))


async def test_nobody_confirms_their_own_rise(database: Database, bank: Bank) -> None:
    """Proposed by another or not."""
    first, _ = await _two(database, bank)
    raised = await database.run(propose, bank.administrator, "roles", first.id, body={"roles": ["administrator"]})
    with pytest.raises(OwnProposal):
        await database.run(confirm, first, raised.id)


async def test_two_stay_able_where_it_takes_two(database: Database, bank: Bank) -> None:
    """Nobody who is needed can be removed or suspended: else nothing could be changed any more."""
    first, second = await _two(database, bank)
    await database.run(remove, bank.administrator, second.id)
    for act in (remove, suspend):
        with pytest.raises(TooFewForTwo):
            await database.run(act, bank.administrator, first.id)
    assert sum(each.status == "active" for each in await database.run(members, bank.id)) == 2


async def test_a_proposal_ends_by_itself(database: Database, bank: Bank, clock: FixedClock) -> None:
    """After a week it cannot be confirmed."""
    first, second = await _two(database, bank)
    asked = await _add(database, bank, first, "sig-2")
    clock.move(timedelta(days=7))
    with pytest.raises(Conflict):
        await database.run(confirm, second, asked.id)
    assert (await database.run(changes, bank.id))[0].state == "expired"


async def test_a_proposal_ends_with_who_made_it(database: Database, bank: Bank) -> None:
    """What a suspended member proposed is not confirmed behind them."""
    first, second = await _two(database, bank)
    asked = await _add(database, bank, first, "sig-2")
    await database.run(suspend, bank.administrator, first.id)
    with pytest.raises(Conflict):
        await database.run(confirm, second, asked.id)


async def test_a_proposal_is_refused_or_taken_back(database: Database, bank: Bank) -> None:
    """By another or by oneself; then it cannot be confirmed, nor refused again."""
    first, second = await _two(database, bank)
    for who in (first, second):
        asked = await _add(database, bank, first, "sig-2")
        assert (await database.run(refuse, who, asked.id)).state == "refused"
        for act in (confirm, refuse):
            with pytest.raises(Conflict):
                await database.run(act, second, asked.id)
    assert await _kids(database, bank) == ["sig-1"]


async def test_confirmed_by_two_at_once(database: Database, bank: Bank) -> None:
    """It is made once."""
    first, second = await _two(database, bank)
    asked = await _add(database, bank, first, "sig-2")
    answers = await asyncio.gather(
        *(database.run(confirm, who, asked.id) for who in (second, bank.administrator)), return_exceptions=True
    )
    assert sum(isinstance(answer, VaultError) for answer in answers) == 1
    assert len(await recorded(database, "requester.keys_changed")) == 1


async def test_what_changed_meanwhile_is_looked_at_again(database: Database, bank: Bank) -> None:
    """Two proposals that are good one by one and not together: the second confirmation is refused by field."""
    first, second = await _two(database, bank)
    added = await _add(database, bank, first, "sig-2")
    await database.run(confirm, second, added.id)
    asked = [await _retire(database, bank, first, kid) for kid in ("sig-1", "sig-2")]
    await database.run(confirm, second, asked[0].id)
    with pytest.raises(Invalid, match="without a valid key"):
        await database.run(confirm, second, asked[1].id)
    assert await _kids(database, bank) == ["sig-2"]


@pytest.mark.parametrize(
    "edit",
    [
        'UPDATE organisation_changes SET body = \'{"kid": "sig-1", "until": 1}\'',
        "UPDATE organisation_changes SET proposed_by = subject WHERE subject IS NOT NULL",
        "UPDATE organisations SET two_members = false",
    ],
)
async def test_an_edited_row_is_refused(database: Database, bank: Bank, edit: str) -> None:
    """A database administrator changes no proposal and no setting."""
    first, second = await _two(database, bank)
    asked = await _add(database, bank, first, "sig-2")
    async with database.begin() as session:
        await session.execute(sa.text(edit))
    with pytest.raises(Tampered):
        await database.run(confirm, second, asked.id)


async def test_another_organisations_changes_are_absent(database: Database, staff: Staff, bank: Bank) -> None:
    """Confirmed, refused or proposed for its client by a member elsewhere."""
    first, _ = await _two(database, bank)
    asked = await _add(database, bank, first, "sig-2")
    theirs = await opened_bank(database, staff)
    stranger = await theirs.member("keys", "administrator")
    for act in (confirm, refuse):
        with pytest.raises(NotFound):
            await database.run(act, stranger, asked.id)
    with pytest.raises(NotFound):
        await _add(database, bank, stranger, "sig-9")


async def test_what_a_standing_leaves_to_members(database: Database, staff: Staff, bank: Bank) -> None:
    """A suspended organisation may still replace a leaked key; one that gave up changes none."""
    keys = await bank.member("keys")
    await database.run(measures.suspend, bank.id, reason="looked at", by=officer(staff.first.id))
    assert (await _add(database, bank, keys, "sig-2")).state == "made"
    other = await opened_bank(database, staff)
    keys = await other.member("keys")
    gone = await database.run(propose, other.administrator, "surrender", None, body={"reason": "we stop here"})
    assert gone.state == "made"
    with pytest.raises(NotLive):
        await _add(database, other, keys, "sig-3")
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
