"""Vetting: two different officers, each with their own signature, or nothing."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest
import sqlalchemy as sa

from tests.requesters.samples import application
from tests.requesters.world import Staff, both_approve, let_in
from tests.vetting.confirming import confirming
from vault.crypto.canonical import canonical, digest
from vault.crypto.signing import verify_ed25519
from vault.db import Database
from vault.errors import Conflict, Invalid, NotFound, Refused, Tampered
from vault.ids import ApplicationId, CaseId, new_uuid
from vault.ledger.tables import OutboxRow
from vault.registry import staff_member
from vault.requesters import register
from vault.requesters.activation import registered
from vault.requesters.applications import read_application
from vault.requesters.liveness import NotLive
from vault.requesters.permits import decision_message, verify_permit
from vault.requesters.tables import Client, DeclarationRow, Requester
from vault.signin import Holder
from vault.vetting.checking import run_checks
from vault.vetting.decisions import Decided, OwnOrganisation, SameOfficer, decide, decide_on_record
from vault.vetting.desk import Applied, applications, apply, status
from vault.vetting.desk import application as one_application
from vault.vetting.refusals import NotItsMembers
from vault.vetting.tables import ApplicationDecision


async def hand_in(db: Database, **changes: Any) -> Applied:
    """An application whose checks find nothing wrong, filed by members once there are any."""
    wanted = read_application(application(**changes))
    applied = await db.run(apply, wanted, requester=await db.run(registered, wanted.organisation.uscc))
    await run_checks(db, confirming(), CaseId(applied.id))
    return applied


async def approve(db: Database, who: Holder, what: ApplicationId) -> Decided:
    return await db.run(decide, who, what, approve=True, reason="papers are in order")


async def entries(db: Database) -> list[dict[str, Any]]:
    async with db.begin() as session:
        drafts = (await session.execute(sa.select(OutboxRow.draft).order_by(OutboxRow.id))).scalars()
        return [msgspec.json.decode(draft) for draft in drafts]


async def names(db: Database) -> list[str]:
    skipped = {"registry.founded", "officer.added", "regulator.added", "mandate.granted", "sign_in.begun"}
    return [entry["event"] for entry in await entries(db) if entry["event"] not in skipped]


async def test_two_officers_make_a_requester(database: Database, staff: Staff) -> None:
    """Requester, declaration, permit and client appear in one act, with their entries."""
    applied = await hand_in(database)
    decided = await both_approve(database, staff, applied.id)
    assert decided.status == "approved"
    assert decided.client_id is not None
    assert decided.declaration is not None
    async with database.begin() as session:
        client = await register.client(session, decided.client_id)
        declared = await register.declaration(session, decided.declaration)
    assert client.requester_id == decided.requester == declared.requester_id
    assert client.redirect_uris == application()["client"]["redirect_uris"]
    assert declared.number == 1
    assert declared.body.purpose.code == "credit.mortgage"
    assert declared.requester_name["zh-CN"] == "海港银行股份有限公司"
    assert {str(o) for o in declared.permit_officers} == {str(staff.first.id), str(staff.second.id)}
    assert await names(database) == [
        "application.received",
        "case.opened",
        "case.checked",
        "case.checked",
        "application.approved",
        "requester.activated",
        "declaration.permitted",
    ]


async def test_the_permit_verifies_for_anyone(database: Database, staff: Staff) -> None:
    """With the officers' public keys from the register and nothing else; the entry cites its digest."""
    decided = await let_in(database, staff)
    assert decided.declaration is not None
    async with database.begin() as session:
        permit, declared = await register.permit(session, decided.declaration)
        keys = {officer: (await staff_member(session, officer)).signing_public for officer in permit.signatures}
        view = await register.declaration(session, decided.declaration)
    verify_permit(permit, declared, keys)
    assert view.permit_digest == permit.digest()
    entry = (await entries(database))[-1]
    assert entry["event"] == "declaration.permitted"
    assert {entry["actor"]["id"], entry["second"]} == {f"ofc_{staff.first.id.hex}", f"ofc_{staff.second.id.hex}"}


async def test_each_decision_is_signed(database: Database, staff: Staff) -> None:
    """Officer, application, decision and reason are under the officer's own key."""
    applied = await hand_in(database)
    await both_approve(database, staff, applied.id)
    async with database.begin() as session:
        rows = list((await session.execute(sa.select(ApplicationDecision))).scalars())
        view = await one_application(session, applied.id)
        body = digest(canonical(msgspec.to_builtins(view.body)))
        for row in rows:
            message = decision_message(applied.id, body, approve=True, reason=row.reason, at=row.at)
            verify_ed25519((await staff_member(session, row.officer_id)).signing_public, message, row.signature)
    assert len(rows) == 2


async def test_one_approval_is_half(database: Database, staff: Staff) -> None:
    """After the first approval nobody may ask for anything yet."""
    applied = await hand_in(database)
    assert (await approve(database, staff.first, applied.id)).status == "half_approved"
    async with database.begin() as session:
        assert (await session.execute(sa.select(Client))).first() is None
        assert (await session.execute(sa.select(DeclarationRow))).first() is None
        assert (await session.execute(sa.select(Requester.status))).scalar_one() == "applied"


async def test_the_same_officer_twice_is_refused_and_recorded(database: Database, staff: Staff) -> None:
    """The refusal survives: its entry is written in a transaction of its own."""
    applied = await hand_in(database)
    await approve(database, staff.first, applied.id)
    for again in (True, False):
        with pytest.raises(SameOfficer):
            await decide_on_record(database, staff.first, CaseId(applied.id), approve=again, reason="once more, please")
    async with database.begin() as session:
        assert (await one_application(session, applied.id)).status == "half_approved"
    last = (await entries(database))[-1]
    assert (last["event"], last["reason"]) == ("application.approval_refused", "same-officer")
    assert last["actor"]["id"] == f"ofc_{staff.first.id.hex}"


async def test_the_same_officer_twice_at_once_is_refused(database: Database, staff: Staff) -> None:
    """Two windows of one officer: one approval counts, whatever the order."""
    applied = await hand_in(database)
    both = [approve(database, staff.first, applied.id) for _ in range(2)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(o).__name__ for o in outcomes) == ["Decided", "SameOfficer"]


async def test_two_officers_at_once_make_one_requester(database: Database, staff: Staff) -> None:
    """The application's row lock puts them in order."""
    applied = await hand_in(database)
    outcomes = await asyncio.gather(*(approve(database, who, applied.id) for who in (staff.first, staff.second)))
    assert sorted(o.status for o in outcomes) == ["approved", "half_approved"]


@pytest.mark.parametrize("refuser", ["first", "second"])
async def test_any_refusal_ends_it(database: Database, staff: Staff, refuser: str) -> None:
    """A refusal alone or after an approval: nothing comes of the application, and the applicant reads why."""
    applied = await hand_in(database)
    if refuser == "second":
        await approve(database, staff.first, applied.id)
    who = getattr(staff, refuser)
    decided = await database.run(decide, who, applied.id, approve=False, reason="the policy page is missing")
    assert decided.status == "refused"
    async with database.begin() as session:
        progress = await status(session, applied.id, applied.status_token)
    assert (progress.status, progress.reasons, progress.client_id) == ("refused", ["the policy page is missing"], None)
    other = staff.second if refuser == "first" else staff.first
    if refuser == "first":
        with pytest.raises(Conflict):
            await approve(database, other, applied.id)
    assert (await names(database))[-1] == "application.rejected"


async def test_who_may_not_vet(database: Database, staff: Staff) -> None:
    """Officers without the role, and regulators, decide nothing."""
    applied = await hand_in(database)
    for who in (staff.third, staff.regulator):
        with pytest.raises(Refused):
            await approve(database, who, applied.id)


OWN = (
    ("organisation__name__zh-CN", "数据登记中心"),
    ("organisation__name__en", "数据登记中心"),
    ("organisation__responsible_persons__0__name", "林海"),
    ("organisation__name__en", " 数据登记中心 "),
    ("organisation__responsible_persons__0__name", "林海\u3000"),
)


async def test_officers_are_never_applicants(database: Database, staff: Staff) -> None:
    """Neither for the registry itself nor in their own name."""
    for field, name in OWN:
        applied = await hand_in(database, **{field: name})
        with pytest.raises(OwnOrganisation):
            await decide_on_record(database, staff.first, CaseId(applied.id), approve=True, reason="looks fine to me")
        assert (await entries(database))[-1]["reason"] == "own-organisation"


async def test_a_decision_needs_a_reason(database: Database, staff: Staff) -> None:
    """One printable line."""
    applied = await hand_in(database)
    for reason in ("", "   ", "ok", "x" * 501, "two\nlines", "nul\0byte"):
        with pytest.raises(Invalid):
            await database.run(decide, staff.first, applied.id, approve=True, reason=reason)


async def test_unknown_applications(database: Database, staff: Staff) -> None:
    """Absent for officers and applicants alike; a wrong token looks like an absent application."""
    applied = await hand_in(database)
    with pytest.raises(NotFound):
        await approve(database, staff.first, ApplicationId(new_uuid()))
    async with database.begin() as session:
        for application_id, token in ((applied.id, "wrong"), (ApplicationId(new_uuid()), applied.status_token)):
            with pytest.raises(NotFound):
                await status(session, application_id, token)
        assert (await status(session, applied.id, applied.status_token)).status == "received"
        assert [view.id for view in await applications(session, only_open=True)] == [applied.id]


async def test_a_second_declaration_joins_the_same_requester(database: Database, staff: Staff) -> None:
    """One code, one requester: the number of its declarations rises."""
    one = await let_in(database, staff)
    two = await let_in(database, staff)
    assert one.requester == two.requester
    assert one.client_id != two.client_id
    async with database.begin() as session:
        numbers = (await session.execute(sa.select(DeclarationRow.number).order_by(DeclarationRow.number))).scalars()
        assert list(numbers) == [1, 2]


async def test_two_applications_of_one_code_at_once(database: Database, staff: Staff) -> None:
    """First approvals of both in two transactions: one requester is reserved. It is who is let in first; the other has
    nothing but a token."""
    ones = [await hand_in(database), await hand_in(database)]
    outcomes = await asyncio.gather(*(approve(database, staff.first, a.id) for a in ones), return_exceptions=True)
    assert all(isinstance(o, Decided | Conflict) for o in outcomes)
    let, other = (one.id for one in sorted(ones, key=lambda one: isinstance(outcomes[ones.index(one)], Conflict)))
    await approve(database, staff.second, let)
    with pytest.raises(NotItsMembers):
        await approve(database, staff.second, other)
    async with database.begin() as session:
        assert len(list((await session.execute(sa.select(Requester))).scalars())) == 1


async def test_nobody_speaks_for_a_registered_organisation(database: Database, staff: Staff) -> None:
    """With its public name and code, a host and keys of their own, and only good news from the registers: a stranger
    gets no client in a bank's name, and the bank's contacts stay as they are."""
    decided = await let_in(database, staff)
    attacker = application(
        client__redirect_uris=["https://evil.example/back"],
        organisation__complaint_contact={"email": "me@evil.example"},
    )
    applied = await database.run(apply, read_application(attacker))
    await run_checks(database, confirming(), CaseId(applied.id))
    for officer in (staff.first, staff.second):
        with pytest.raises(NotItsMembers):
            await decide_on_record(database, officer, CaseId(applied.id), approve=True, reason="papers are in order")
    refused = [entry for entry in await entries(database) if entry["event"] == "application.approval_refused"]
    assert [entry["reason"] for entry in refused] == ["not-its-members"] * 2
    async with database.begin() as session:
        owner = await session.get_one(Requester, decided.requester)
        held = [client.redirect_uris for client in await session.scalars(sa.select(Client))]
        assert "evil" not in str([owner.contact, *held])
    await database.run(decide, staff.first, applied.id, approve=False, reason="nobody of the bank filed this")


async def test_a_suspended_requester_gets_nothing_new(database: Database, staff: Staff) -> None:
    """An approval cannot bring back what was stopped."""
    decided = await let_in(database, staff)
    async with database.begin() as session:
        owner = await session.get_one(Requester, decided.requester)
        owner.status = "suspended"
    applied = await hand_in(database)
    with pytest.raises(NotLive, match="requester-suspended"):
        await approve(database, staff.first, applied.id)


async def test_other_names_under_the_same_code(database: Database, staff: Staff) -> None:
    """A registered organisation keeps its registered names."""
    await let_in(database, staff)
    applied = await hand_in(database, organisation__name__en="Harbor Bank Ltd")
    with pytest.raises(Conflict, match="other names"):
        await approve(database, staff.first, applied.id)


async def test_a_forged_first_signature_makes_no_permit(database: Database, database_url: str, staff: Staff) -> None:
    """Decisions carry no MAC: the second approval verifies the first officer's signature before it counts."""
    applied = await hand_in(database)
    await approve(database, staff.first, applied.id)
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE application_decisions SET permit_signature = decode(repeat('00', 64), 'hex')")
    await connection.close()
    with pytest.raises(Tampered):
        await approve(database, staff.second, applied.id)
