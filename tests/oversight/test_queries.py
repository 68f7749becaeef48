"""A regulator questions the ledger: finds, proves, and is recorded for it."""

import msgspec
import pytest

from tests.release.world import Releases
from vault.clock import millis
from vault.db import REGULATOR
from vault.errors import Invalid, NotFound, Refused
from vault.ledger.verify import verify_receipt
from vault.oversight import Page, Question, consistency, entry, search
from vault.signin import Holder


async def test_entries_are_found_by_every_filter(releases: Releases, regulator: Holder) -> None:
    """Requester, purpose, event and time, alone and together; newest first."""
    db, bank = releases.consents.db, releases.consents.bank
    asked = Question(requester=bank.requester, purpose="credit.mortgage", event="release.delivered")
    found = await search(db, regulator, asked)
    assert [each.members["event"] for each in found.entries] == ["release.delivered"] * 2
    assert found.entries[0].index > found.entries[1].index
    assert found.next is None
    last = millis(releases.clock.now())
    refused = await search(db, regulator, Question(requester=bank.requester, since=last))
    assert [each.members["reason"] for each in refused.entries] == ["over_asked"]
    earlier = await search(db, regulator, Question(event="release.delivered", until=last - 60_000))
    assert len(earlier.entries) == 1
    nothing = await search(db, regulator, Question(purpose="marketing"))
    assert nothing.entries == []


async def test_pages_hold_everything_once(releases: Releases, regulator: Holder) -> None:
    """From page to page without a gap, to the first entry of the ledger."""
    db, seen, before = releases.consents.db, [], None
    while True:
        found = await search(db, regulator, Question(), Page(before, 3))
        seen += [each.index for each in found.entries]
        if found.next is None:
            break
        before = found.next
    assert seen == list(range(seen[0], -1, -1))


async def test_every_entry_comes_with_its_proof(releases: Releases, regulator: Holder) -> None:
    """Verified offline with the ledger's public key alone."""
    db = releases.consents.db
    found = await search(db, regulator, Question(event="release.delivered"))
    shown, receipt = await entry(db, regulator, found.entries[0].index)
    verified = verify_receipt(msgspec.json.encode(receipt), releases.vkey)
    assert verified.entry == shown.members


async def test_two_checkpoints_are_proven_consistent(releases: Releases, regulator: Holder) -> None:
    """The ledger between them only grew."""
    sizes = await releases.administrator.rows("SELECT min(size), max(size) FROM ledger_checkpoints")
    proof = await consistency(releases.consents.db, regulator, *sizes[0])
    assert proof.old_size < proof.new_size


async def test_every_question_is_an_entry(releases: Releases, regulator: Holder) -> None:
    """With the regulator's name, also when it finds nothing or is refused as senseless."""
    db = releases.consents.db
    await search(db, regulator, Question(purpose="marketing"))
    with pytest.raises(NotFound):
        await entry(db, regulator, 10**9)
    with pytest.raises(NotFound):
        await consistency(db, regulator, 0, 10**9)
    asked = await releases.entries("query.made")
    assert len(asked) == 3
    assert {each["actor"]["id"].removeprefix("reg_") for each in asked} == {regulator.id.hex}
    assert len({each["digest"] for each in asked}) == 3


async def test_only_regulators_with_the_role_may_ask(releases: Releases) -> None:
    """Officers and persons may not, and their attempt reads nothing."""
    staff = releases.consents.world.staff
    for who in (staff.first, staff.third, releases.consents.person):
        with pytest.raises(Refused):
            await search(releases.consents.db, who, Question())
    assert await releases.entries("query.made") == []


@pytest.mark.parametrize("limit", [0, -1, 501])
async def test_a_page_is_bounded(releases: Releases, regulator: Holder, limit: int) -> None:
    """Five hundred entries at most."""
    with pytest.raises(Invalid):
        await search(releases.consents.db, regulator, Question(), Page(limit=limit))


@pytest.mark.parametrize("table", ["persons", "section_versions", "grants", "releases", "grant_wraps", "credentials"])
async def test_the_regulators_role_cannot_read_about_persons(releases: Releases, table: str) -> None:
    """The database refuses, whatever the program asks."""
    connection = await releases.consents.db.connect(REGULATOR)
    try:
        with pytest.raises(Exception, match="permission denied"):
            await connection.fetch(f"SELECT * FROM {table}")
    finally:
        await connection.close()
