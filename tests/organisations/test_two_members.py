"""Changes that take two members: proposed by one, confirmed by another, ended by themselves."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.organisations.proposing import add_key, kids_of, retire_key, taking_two
from tests.organisations.world import Bank, joined, opened_bank, recorded
from tests.requesters.world import Staff
from vault import ids
from vault.clock import FixedClock
from vault.db import Database
from vault.errors import Conflict, Invalid, NotFound, Tampered, VaultError
from vault.organisations.changes import OwnProposal, changes, confirm, confirm_on_record, propose, refuse
from vault.organisations.inviting import invitations, invite
from vault.organisations.joining import Ticket
from vault.organisations.members import members, remove, restore, suspend
from vault.organisations.roles import RestoringTakesTwo, TooFewForTwo


async def test_where_it_takes_two_a_second_one_confirms(database: Database, bank: Bank) -> None:
    """Nothing happens before; the entry names both, the row both signatures."""
    first, second = await taking_two(database, bank)
    asked = await add_key(database, bank, first, "sig-2")
    assert (asked.state, await kids_of(database, bank)) == ("open", ["sig-1"])
    made = await database.run(confirm, second, asked.id)
    assert (made.state, made.decided_by, await kids_of(database, bank)) == ("made", second.id, ["sig-1", "sig-2"])
    (entry,) = await recorded(database, "requester.keys_changed")
    assert entry["actor"]["id"] == ids.public(ids.MEMBER, second.id)
    assert entry["second"] == ids.public(ids.MEMBER, first.id)


async def test_nobody_confirms_their_own_proposal(database: Database, bank: Bank) -> None:
    """Refused, recorded, and still open for the other."""
    first, second = await taking_two(database, bank)
    asked = await add_key(database, bank, first, "sig-2")
    with pytest.raises(OwnProposal):
        await confirm_on_record(database, first, asked.id)
    (entry,) = await recorded(database, "change.confirmation_refused")
    assert (entry["ref"], entry["reason"]) == (ids.public(ids.CHANGE, asked.id), "own-proposal")
    await database.run(confirm, second, asked.id)


async def test_the_setting_itself_takestaking_two(database: Database, bank: Bank) -> None:
    """Both ways; and two who could confirm must be there first."""
    with pytest.raises(TooFewForTwo):
        await database.run(propose, bank.administrator, "two-members", None, body={"two_members": True})
    first, _ = await taking_two(database, bank)
    asked = await database.run(propose, bank.administrator, "two-members", None, body={"two_members": False})
    assert asked.state == "open"
    with pytest.raises(OwnProposal):
        await database.run(confirm, bank.administrator, asked.id)
    await database.run(confirm, first, asked.id)
    entries = await recorded(database, "requester.two_members_changed")
    assert [entry["outcome"] for entry in entries] == ["yes", "no"]


async def test_an_administrator_alone_makes_no_second_member(database: Database, bank: Bank) -> None:
    """Where it takes two, an invitation or a role that gives power waits for the second; a harmless one does not."""
    first, _ = await taking_two(database, bank)
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
    first, _ = await taking_two(database, bank)
    invited = await database.run(invite, bank.administrator, ["keys"])
    (waiting,) = [each for each in await database.run(changes, bank.id) if each.subject == invited.id]
    await database.run(refuse, first, waiting.id)
    assert "withdrawn" in {each.state for each in await database.run(invitations, bank.id)}
    with pytest.raises(NotFound):
        await joined(database, Ticket(ids.public(ids.INVITATION, invited.id), invited.token))


async def test_nobody_confirms_their_own_rise(database: Database, bank: Bank) -> None:
    """Proposed by another or not."""
    first, _ = await taking_two(database, bank)
    raised = await database.run(propose, bank.administrator, "roles", first.id, body={"roles": ["administrator"]})
    with pytest.raises(OwnProposal):
        await database.run(confirm, first, raised.id)


async def test_two_stay_able_where_it_takestaking_two(database: Database, bank: Bank) -> None:
    """Nobody who is needed can be removed or suspended: else nothing could be changed any more."""
    first, second = await taking_two(database, bank)
    await database.run(remove, bank.administrator, second.id)
    for act in (remove, suspend):
        with pytest.raises(TooFewForTwo):
            await database.run(act, bank.administrator, first.id)
    assert sum(each.status == "active" for each in await database.run(members, bank.id)) == 2


async def test_a_proposal_ends_by_itself(database: Database, bank: Bank, clock: FixedClock) -> None:
    """After a week it cannot be confirmed."""
    first, second = await taking_two(database, bank)
    asked = await add_key(database, bank, first, "sig-2")
    clock.move(timedelta(days=7))
    with pytest.raises(Conflict):
        await database.run(confirm, second, asked.id)
    assert (await database.run(changes, bank.id))[0].state == "expired"


async def test_a_proposal_ends_with_who_made_it(database: Database, bank: Bank) -> None:
    """What a suspended member proposed is not confirmed behind them."""
    first, second = await taking_two(database, bank)
    asked = await add_key(database, bank, first, "sig-2")
    await database.run(suspend, bank.administrator, first.id)
    with pytest.raises(Conflict):
        await database.run(confirm, second, asked.id)


async def test_a_proposal_is_refused_or_taken_back(database: Database, bank: Bank) -> None:
    """By another or by oneself; then it cannot be confirmed, nor refused again."""
    first, second = await taking_two(database, bank)
    for who in (first, second):
        asked = await add_key(database, bank, first, "sig-2")
        assert (await database.run(refuse, who, asked.id)).state == "refused"
        for act in (confirm, refuse):
            with pytest.raises(Conflict):
                await database.run(act, second, asked.id)
    assert await kids_of(database, bank) == ["sig-1"]


async def test_confirmed_by_two_at_once(database: Database, bank: Bank) -> None:
    """It is made once."""
    first, second = await taking_two(database, bank)
    asked = await add_key(database, bank, first, "sig-2")
    answers = await asyncio.gather(
        *(database.run(confirm, who, asked.id) for who in (second, bank.administrator)), return_exceptions=True
    )
    assert sum(isinstance(answer, VaultError) for answer in answers) == 1
    assert len(await recorded(database, "requester.keys_changed")) == 1


async def test_what_changed_meanwhile_is_looked_at_again(database: Database, bank: Bank) -> None:
    """Two proposals that are good one by one and not together: the second confirmation is refused by field."""
    first, second = await taking_two(database, bank)
    added = await add_key(database, bank, first, "sig-2")
    await database.run(confirm, second, added.id)
    asked = [await retire_key(database, bank, first, kid) for kid in ("sig-1", "sig-2")]
    await database.run(confirm, second, asked[0].id)
    with pytest.raises(Invalid, match="without a valid key"):
        await database.run(confirm, second, asked[1].id)
    assert await kids_of(database, bank) == ["sig-2"]


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
    first, second = await taking_two(database, bank)
    asked = await add_key(database, bank, first, "sig-2")
    async with database.begin() as session:
        await session.execute(sa.text(edit))
    with pytest.raises(Tampered):
        await database.run(confirm, second, asked.id)


async def test_another_organisations_changes_are_absent(database: Database, staff: Staff, bank: Bank) -> None:
    """Confirmed, refused or proposed for its client by a member elsewhere."""
    first, _ = await taking_two(database, bank)
    asked = await add_key(database, bank, first, "sig-2")
    theirs = await opened_bank(database, staff)
    stranger = await theirs.member("keys", "administrator")
    for act in (confirm, refuse):
        with pytest.raises(NotFound):
            await database.run(act, stranger, asked.id)
    with pytest.raises(NotFound):
        await add_key(database, bank, stranger, "sig-9")


async def test_a_door_left_open_by_one_is_shut(database: Database, bank: Bank) -> None:
    """An invitation with power, made by one member before, lets nobody in once two decide; a harmless one does."""
    powerful, harmless = [await database.run(invite, bank.administrator, roles) for roles in (["keys"], ["audit"])]
    await taking_two(database, bank)
    with pytest.raises(NotFound):
        await joined(database, Ticket(ids.public(ids.INVITATION, powerful.id), powerful.token))
    await joined(database, Ticket(ids.public(ids.INVITATION, harmless.id), harmless.token))
    (entry,) = await recorded(database, "member.uninvited")
    assert entry["ref"] == ids.public(ids.INVITATION, powerful.id)


async def test_one_member_gives_no_power_back(database: Database, bank: Bank) -> None:
    """A suspended member with a powerful role comes back without it, and gets it again by two."""
    first, second = await taking_two(database, bank)
    await database.run(suspend, bank.administrator, second.id)
    with pytest.raises(RestoringTakesTwo):
        await database.run(restore, bank.administrator, second.id)
    for roles, state in ((["audit"], "made"), (["keys"], "open")):
        asked = await database.run(propose, bank.administrator, "roles", second.id, body={"roles": roles})
        assert asked.state == state
        if state == "made":
            await database.run(restore, bank.administrator, second.id)
    await database.run(confirm, first, asked.id)


async def test_a_proposal_ends_with_the_role_it_took(database: Database, bank: Bank) -> None:
    """What was proposed by a member who has lost the role is not confirmed."""
    first, second = await taking_two(database, bank)
    asked = await add_key(database, bank, first, "sig-2")
    await database.run(propose, bank.administrator, "roles", first.id, body={"roles": ["audit"]})
    with pytest.raises(Conflict):
        await database.run(confirm, second, asked.id)
    assert await kids_of(database, bank) == ["sig-1"]
