"""What the checks see, and what it prevents."""

import hashlib
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from tests.vetting.vetted import HOST, Vetting
from vault.errors import Conflict, NotFound, Tampered
from vault.ids import CaseId, new_uuid
from vault.vetting.cases import latest_run
from vault.vetting.fetching import NotFetched
from vault.vetting.findings import BUSINESS, CREDIT, DISHONESTY, DOMAIN, GOOD_FOR, KEYS, POLICY, Run
from vault.vetting.refusals import CheckFailed, CheckOutstanding
from vault.vetting.tables import CaseCheck

TOKEN_FILE = f"https://{HOST}/.well-known/pivault-vetting.txt"


def result(run: Run, name: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.result, each.reasons) for each in run.findings if each.name == name]


async def test_a_run_finds_everything_in_order(vetting: Vetting) -> None:
    """Each check with its result, evidence and time; a loopback address is exempt by name; one entry with a digest."""
    applied = await vetting.hand_in()
    run = await vetting.check(applied.id)
    assert {each.name for each in run.findings} == {BUSINESS, CREDIT, DISHONESTY, DOMAIN, KEYS, POLICY}
    assert result(run, DOMAIN) == [("passed", ()), ("exempt", ("loopback",))]
    assert result(run, POLICY) == [("unavailable", ("no-connection",))]
    assert next(each for each in run.findings if each.name == BUSINESS).evidence["jws"] == "e30.e30.AA"
    kept = await vetting.db.run(latest_run, CaseId(applied.id))
    assert (kept.findings, kept.at) == (run.findings, vetting.clock.now())
    entry = (await vetting.entries())[-1]
    assert (entry["event"], entry["outcome"], entry["count"]) == ("case.checked", "passed", len(run.findings))


@pytest.mark.parametrize(
    ("register", "said", "name", "reasons"),
    [
        ("business", {"found": False}, BUSINESS, ("not-registered",)),
        ("business", {"name_matches": False}, BUSINESS, ("other-name",)),
        ("business", {"status": "revoked"}, BUSINESS, ("not-in-business",)),
        ("business", {"persons_on_record": False}, BUSINESS, ("person-not-on-record",)),
        ("dishonesty", {"listings": 1}, DISHONESTY, ("listed",)),
    ],
)
async def test_nobody_approves_over_a_failed_check(
    vetting: Vetting, register: str, said: dict[str, Any], name: str, reasons: tuple[str, ...]
) -> None:
    """Refused by name, and recorded; once the fact is mended and the checks are run again it can be approved."""
    applied = await vetting.hand_in()
    vetting.world.registers.said[register] = said
    assert result(await vetting.check(applied.id), name) == [("failed", reasons)]
    with pytest.raises(CheckFailed, match=name):
        await vetting.attempt(vetting.staff.first, applied.id)
    entry = (await vetting.entries())[-1]
    assert (entry["event"], entry["reason"]) == ("application.approval_refused", "check-failed")
    vetting.world.registers.said.clear()
    await vetting.check(applied.id)
    assert (await vetting.approve(vetting.staff.first, applied.id)).status == "half_approved"


@pytest.mark.parametrize("register", ["business", "credit", "dishonesty"])
async def test_nobody_approves_over_a_silent_source(vetting: Vetting, register: str) -> None:
    """No answer is no good answer."""
    applied = await vetting.hand_in()
    vetting.world.registers.away.add(register)
    await vetting.check(applied.id)
    with pytest.raises(CheckOutstanding, match=register):
        await vetting.attempt(vetting.staff.first, applied.id)
    assert (await vetting.entries())[-1]["reason"] == "check-outstanding"


async def test_nobody_approves_without_checks_or_on_old_ones(vetting: Vetting) -> None:
    """Neither the first officer nor, a month later, the second one."""
    applied = await vetting.hand_in()
    with pytest.raises(CheckOutstanding):
        await vetting.approve(vetting.staff.first, applied.id)
    await vetting.check(applied.id)
    await vetting.approve(vetting.staff.first, applied.id)
    vetting.clock.move(GOOD_FOR * 1.01)
    with pytest.raises(CheckOutstanding):
        await vetting.approve(vetting.staff.second, applied.id)


async def test_what_fails_between_two_approvals_stops_the_second(vetting: Vetting) -> None:
    """The newest run counts, whatever the first officer saw."""
    applied = await vetting.hand_in()
    await vetting.check(applied.id)
    await vetting.approve(vetting.staff.first, applied.id)
    vetting.world.registers.said["business"] = {"status": "revoked"}
    await vetting.check(applied.id)
    with pytest.raises(CheckFailed):
        await vetting.approve(vetting.staff.second, applied.id)


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        (b"pivault-vetting=somebody-else\n", ("failed", ("token-missing",))),
        (b"", ("failed", ("token-missing",))),
        (NotFetched("private-address", is_answer=True), ("failed", ("private-address",))),
        (NotFetched("redirect", is_answer=True), ("failed", ("redirect",))),
        (NotFetched("timeout", is_answer=False), ("unavailable", ("timeout",))),
    ],
)
async def test_domain_control_takes_the_token(
    vetting: Vetting, served: bytes | NotFetched, expected: tuple[str, tuple[str, ...]]
) -> None:
    """The host itself must serve this application's token; part of it, or another's, is nothing."""
    applied = await vetting.hand_in()
    vetting.world.hosts.pages[TOKEN_FILE] = served
    run = await vetting.check(applied.id)
    assert result(run, DOMAIN)[0] == expected
    with pytest.raises((CheckFailed, CheckOutstanding)):
        await vetting.approve(vetting.staff.first, applied.id)


async def test_another_applications_token_is_not_mine(vetting: Vetting) -> None:
    """Who can read the token of one application proves nothing for another."""
    one = await vetting.hand_in()
    await vetting.hand_in(organisation__uscc="91110000802100433B")  # puts its own token in place
    assert result(await vetting.check(one.id), DOMAIN)[0] == ("failed", ("token-missing",))


async def test_policy_pages_are_compared(vetting: Vetting) -> None:
    """By SHA-256 of what is served; another content prevents approval."""
    address, content = "https://harbour.example/privacy", b"<h1>We keep nothing</h1>"
    policy = {"kind": "privacy", "url": address, "sha256": hashlib.sha256(content).hexdigest()}
    applied = await vetting.hand_in(organisation__policies=[policy])
    vetting.world.hosts.pages[address] = content
    assert result(await vetting.check(applied.id), POLICY) == [("passed", ())]
    vetting.world.hosts.pages[address] = content + b" but sell it"
    assert result(await vetting.check(applied.id), POLICY) == [("failed", ("content-differs",))]
    with pytest.raises(CheckFailed, match=POLICY):
        await vetting.approve(vetting.staff.first, applied.id)


async def test_credit_listings_weigh_and_do_not_block(vetting: Vetting) -> None:
    """They raise the score; officers decide."""
    applied = await vetting.hand_in()
    vetting.world.registers.said["credit"] = {"listings": 3}
    assert result(await vetting.check(applied.id), CREDIT) == [("failed", ("listed",))]
    assert (await vetting.approve(vetting.staff.first, applied.id)).status == "half_approved"


async def test_checks_run_soon_by_themselves_and_again_while_silent(vetting: Vetting) -> None:
    """The worker claims what is due; a silent source is asked again after a minute, then two, then four."""
    applied = await vetting.hand_in()
    vetting.world.registers.away.add("business")
    assert await vetting.round() == 1
    assert await vetting.round() == 0
    vetting.clock.move(GOOD_FOR / GOOD_FOR.total_seconds() * 61)
    assert await vetting.round() == 1
    vetting.world.registers.away.clear()
    vetting.clock.move(GOOD_FOR / GOOD_FOR.total_seconds() * 121)
    assert await vetting.round() == 1
    vetting.clock.move(GOOD_FOR / 2)
    assert await vetting.round() == 0
    assert (await vetting.db.run(latest_run, CaseId(applied.id))).outstanding(vetting.clock.now()) == []


async def test_a_decided_case_is_not_checked(vetting: Vetting) -> None:
    """Neither by the worker nor by hand; nor is a case that there is not."""
    applied = await vetting.hand_in()
    await vetting.refuse(vetting.staff.first, applied.id)
    assert await vetting.round() == 0
    with pytest.raises(Conflict):
        await vetting.check(applied.id)
    with pytest.raises(NotFound):
        await vetting.check(new_uuid())


async def test_a_forged_result_is_found_out(vetting: Vetting, database_url: str) -> None:
    """A database administrator cannot turn a failure into a pass, nor may the application change one."""
    applied = await vetting.hand_in()
    vetting.world.registers.said["dishonesty"] = {"listings": 1}
    await vetting.check(applied.id)
    async with vetting.db.begin() as session:
        with pytest.raises(sa.exc.DBAPIError):
            await session.execute(sa.update(CaseCheck).values(result="passed"))
        await session.rollback()
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE case_checks SET result = 'passed', reasons = '[]'")
    await connection.close()
    with pytest.raises(Tampered):
        await vetting.approve(vetting.staff.first, applied.id)


async def test_the_registers_are_told_no_more_than_is_claimed(vetting: Vetting) -> None:
    """Three questions for one organisation, and nothing about anybody else."""
    applied = await vetting.hand_in()
    await vetting.check(applied.id)
    assert sorted(vetting.world.registers.asked) == ["business", "credit", "dishonesty"]
