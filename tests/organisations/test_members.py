"""Members: how they come, what they may, how they stop being ones."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.organisations.world import PASSWORD, Bank, entered, joined, let_in, opened_bank, recorded
from tests.requesters.world import Staff, cheap_doorway
from vault import ids
from vault.clock import FixedClock
from vault.db import Database
from vault.errors import Conflict, Invalid, NotFound, Refused, Tampered, Unauthenticated, VaultError
from vault.organisations import changes
from vault.organisations.inviting import invitations, invite, withdraw_invitation
from vault.organisations.joining import Newcomer, Ticket, check_ticket, join
from vault.organisations.members import member, member_for, members, remove, restore, suspend
from vault.organisations.roles import LastAdministrator
from vault.signin import Attempt, LoginTaken, prepare, sign_in


def _ticket(bank: Bank) -> Ticket:
    return Ticket(ids.public(ids.APPLICATION, bank.applied.id), bank.applied.status_token)


async def test_the_applications_token_lets_one_administrator_in(database: Database, bank: Bank) -> None:
    """The first member may look after members and nothing else; the joining is an entry."""
    who = await database.run(member, bank.administrator)
    assert (who.organisation, who.roles, who.status) == (bank.id, ("administrator",), "active")
    (entry,) = await recorded(database, "member.joined")
    assert entry["requester"] == ids.public(ids.REQUESTER, bank.id)
    assert (entry["outcome"], entry["roles"]) == ("application", ["administrator"])
    assert entry["actor"] == {"kind": "member", "id": ids.public(ids.MEMBER, who.id)}


async def test_the_applications_token_works_once(database: Database, bank: Bank) -> None:
    """Whoever finds it later finds it used."""
    with pytest.raises(NotFound):
        await joined(database, _ticket(bank))


async def test_two_first_members_at_once(database: Database, staff: Staff) -> None:
    """One comes in, the other does not, and there is one member."""
    applied, requester, _ = await let_in(database, staff)
    ticket = Ticket(ids.public(ids.APPLICATION, applied.id), applied.status_token)
    answers = await asyncio.gather(*(joined(database, ticket) for _ in range(4)), return_exceptions=True)
    assert sum(not isinstance(answer, VaultError) for answer in answers) == 1
    assert {type(answer) for answer in answers if isinstance(answer, Exception)} <= {Conflict, NotFound}
    assert len(await database.run(members, requester)) == 1


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "ü" * 20])
async def test_a_wrong_token_opens_nothing(database: Database, staff: Staff, token: str) -> None:
    """Nor does the token of something else; the words are the same as for what does not exist."""
    applied, _, _ = await let_in(database, staff)
    told = set()
    for number in (ids.public(ids.APPLICATION, applied.id), ids.public(ids.APPLICATION, ids.new_uuid())):
        with pytest.raises(NotFound) as refused:
            await database.run(check_ticket, Ticket(number, token), "李雷")
        told.add(refused.value.public)
    assert len(told) == 1


async def test_an_application_not_approved_lets_nobody_in(database: Database, staff: Staff) -> None:
    """Applying is not belonging."""
    from tests.requesters.samples import application
    from vault.requesters.applications import read_application
    from vault.vetting.desk import apply

    applied = await database.run(apply, read_application(application()))
    with pytest.raises(NotFound):
        await database.run(check_ticket, Ticket(ids.public(ids.APPLICATION, applied.id), applied.status_token), "x")


async def test_an_invitation_lets_one_in_with_its_roles(database: Database, bank: Bank) -> None:
    """Once; the second use finds nothing."""
    invited = await database.run(invite, bank.administrator, ["audit", "declarations"])
    ticket = Ticket(ids.public(ids.INVITATION, invited.id), invited.token)
    who = await database.run(member, await joined(database, ticket))
    assert (who.organisation, who.roles) == (bank.id, ("declarations", "audit"))
    with pytest.raises(NotFound):
        await joined(database, ticket)
    (seen,) = await database.run(invitations, bank.id)
    assert (seen.state, seen.member) == ("used", who.id)
    assert [entry["outcome"] for entry in await recorded(database, "member.joined")] == ["application", "invitation"]


async def test_an_invitation_used_by_two_at_once(database: Database, bank: Bank) -> None:
    """One of them joins."""
    invited = await database.run(invite, bank.administrator, ["audit"])
    ticket = Ticket(ids.public(ids.INVITATION, invited.id), invited.token)
    answers = await asyncio.gather(*(joined(database, ticket) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(answer, NotFound) for answer in answers) == 3
    assert len(await database.run(members, bank.id)) == 2


async def test_an_invitation_ends_by_itself(database: Database, bank: Bank, clock: FixedClock) -> None:
    """After a week it lets nobody in."""
    invited = await database.run(invite, bank.administrator, ["audit"])
    clock.move(timedelta(days=7))
    with pytest.raises(NotFound):
        await joined(database, Ticket(ids.public(ids.INVITATION, invited.id), invited.token))
    assert [each.state for each in await database.run(invitations, bank.id)] == ["expired"]


async def test_an_invitation_taken_back(database: Database, bank: Bank) -> None:
    """Lets nobody in, and cannot be taken back twice."""
    invited = await database.run(invite, bank.administrator, ["audit"])
    await database.run(withdraw_invitation, bank.administrator, invited.id)
    with pytest.raises(NotFound):
        await joined(database, Ticket(ids.public(ids.INVITATION, invited.id), invited.token))
    with pytest.raises(Conflict):
        await database.run(withdraw_invitation, bank.administrator, invited.id)


async def test_an_invitation_ends_with_who_made_it(database: Database, bank: Bank) -> None:
    """What a removed administrator promised is worth nothing."""
    other = await bank.member("administrator")
    invited = await database.run(invite, other, ["audit"])
    await database.run(remove, bank.administrator, other.id)
    with pytest.raises(NotFound):
        await joined(database, Ticket(ids.public(ids.INVITATION, invited.id), invited.token))


@pytest.mark.parametrize("role", ["keys", "declarations", "audit"])
async def test_only_an_administrator_looks_after_members(database: Database, bank: Bank, role: str) -> None:
    """Inviting, suspending, removing and giving roles take the role administrator."""
    who = await bank.member(role)
    with pytest.raises(Refused):
        await database.run(invite, who, ["audit"])
    for act in (suspend, remove, restore):
        with pytest.raises(Refused):
            await database.run(act, who, bank.administrator.id)
    with pytest.raises(Refused):
        await database.run(changes.propose, who, "roles", who.id, body={"roles": ["administrator"]})


async def test_nobody_raises_their_own_roles(database: Database, bank: Bank) -> None:
    """An administrator may give up a role, and take none."""
    other = await bank.member("administrator", "audit")
    with pytest.raises(Refused):
        await database.run(changes.propose, other, "roles", other.id, body={"roles": ["administrator", "keys"]})
    await database.run(changes.propose, other, "roles", other.id, body={"roles": ["audit"]})
    assert (await database.run(member, other)).roles == ("audit",)
    with pytest.raises(Refused):
        await database.run(member_for, other, "administrator")


@pytest.mark.parametrize("roles", [[], ["root"], ["audit", "audit"], ["administrator", "x"], [1], "audit"])
async def test_roles_that_are_none(database: Database, bank: Bank, roles: list[str]) -> None:
    """Refused by name."""
    with pytest.raises(Invalid):
        await database.run(invite, bank.administrator, roles)


async def test_the_last_administrator_stays(database: Database, bank: Bank) -> None:
    """They cannot be removed, leave, or lose the role; a suspended one does not count."""
    with pytest.raises(LastAdministrator):
        await database.run(remove, bank.administrator, bank.administrator.id)
    other = await bank.member("administrator", "audit")
    await database.run(suspend, bank.administrator, other.id)
    with pytest.raises(LastAdministrator):
        await database.run(remove, bank.administrator, bank.administrator.id)
    await database.run(restore, bank.administrator, other.id)
    await database.run(remove, bank.administrator, bank.administrator.id)
    with pytest.raises(LastAdministrator):
        await database.run(changes.propose, other, "roles", other.id, body={"roles": ["audit"]})


async def test_two_administrators_remove_each_other_at_once(database: Database, bank: Bank) -> None:
    """One of them stays."""
    other = await bank.member("administrator")
    await asyncio.gather(
        database.run(remove, bank.administrator, other.id),
        database.run(remove, other, bank.administrator.id),
        return_exceptions=True,
    )
    left = [each for each in await database.run(members, bank.id) if each.status == "active"]
    assert len(left) == 1


async def test_a_removed_member_is_out_at_once(database: Database, bank: Bank) -> None:
    """The sign-in they have opens nothing, nor does their password."""
    from vault.signin import resume

    login, door = "leaver-x", cheap_doorway(database)
    invited = await database.run(invite, bank.administrator, ["audit"])
    newcomer = Newcomer("韩梅", login, await prepare(door, PASSWORD))
    await database.run(join, Ticket(ids.public(ids.INVITATION, invited.id), invited.token), newcomer)
    inside = await sign_in(database, door, Attempt("member", login, PASSWORD, "127.0.0.1"))
    await database.run(remove, bank.administrator, inside.holder.id)
    with pytest.raises(Unauthenticated):
        await database.run(resume, inside.cookie, "member")
    with pytest.raises(Unauthenticated):
        await entered(database, login)
    with pytest.raises(Refused):
        await database.run(member, inside.holder)
    invited = await database.run(invite, bank.administrator, ["audit"])
    with pytest.raises(LoginTaken):
        await database.run(join, Ticket(ids.public(ids.INVITATION, invited.id), invited.token), newcomer)


async def test_a_suspended_member_may_nothing_until_restored(database: Database, bank: Bank) -> None:
    """Then with the roles they had; nobody suspends themselves, nobody restores who left."""
    who = await bank.member("keys")
    await database.run(suspend, bank.administrator, who.id)
    with pytest.raises(Refused):
        await database.run(member, who)
    with pytest.raises(Conflict):
        await database.run(suspend, bank.administrator, who.id)
    await database.run(restore, bank.administrator, who.id)
    assert (await database.run(member, who)).roles == ("keys",)
    with pytest.raises(Refused):
        await database.run(suspend, bank.administrator, bank.administrator.id)
    await database.run(remove, bank.administrator, who.id)
    with pytest.raises(Conflict):
        await database.run(restore, bank.administrator, who.id)
    names = ["member.suspended", "member.restored", "member.left"]
    assert [len(await recorded(database, name)) for name in names] == [1, 1, 1]


async def test_another_organisations_members_are_absent(database: Database, staff: Staff, bank: Bank) -> None:
    """An administrator elsewhere finds nobody to remove, suspend, promote or uninvite."""
    theirs = (await opened_bank(database, staff)).administrator
    invited = await database.run(invite, bank.administrator, ["audit"])
    for act in (suspend, restore, remove):
        with pytest.raises(NotFound):
            await database.run(act, theirs, bank.administrator.id)
    with pytest.raises(NotFound):
        await database.run(withdraw_invitation, theirs, invited.id)
    with pytest.raises(NotFound):
        await database.run(changes.propose, theirs, "roles", bank.administrator.id, body={"roles": ["audit"]})


@pytest.mark.parametrize(
    "edit",
    [
        'UPDATE members SET roles = \'["administrator", "keys"]\'',
        "UPDATE members SET status = 'active' WHERE status = 'suspended'",
        "UPDATE members SET requester_id = (SELECT requester_id FROM organisations ORDER BY opened_at LIMIT 1)",
    ],
)
async def test_an_edited_row_is_refused(database: Database, staff: Staff, edit: str) -> None:
    """A database administrator gives nobody a role, a standing or another organisation."""
    await opened_bank(database, staff)
    bank = await opened_bank(database, staff)
    who = await bank.member("audit")
    await database.run(suspend, bank.administrator, who.id)
    async with database.begin() as session:
        await session.execute(sa.text(edit))
    with pytest.raises(Tampered):
        await database.run(member, who)
