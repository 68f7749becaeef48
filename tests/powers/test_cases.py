"""Cases of an authority: evidence by entry with its receipt, a decision by two on exactly that evidence."""

from uuid import UUID

import msgspec
import pytest

from tests.powers.world import Regulators, entries, mandate, regulators
from tests.release.world import Releases
from vault import ids
from vault.crypto.canonical import digest
from vault.errors import Conflict, Invalid, NotFound, Refused, Tampered
from vault.ids import new_uuid
from vault.ledger.verify import verify_receipt
from vault.powers import Target, cases
from vault.powers.case_bounds import on_record
from vault.powers.second import AnotherRegulator
from vault.registry.mandates import OutsideMandate


@pytest.fixture
async def supervisors(releases: Releases) -> Regulators:
    """Beside a running ledger: an entry is evidence once it has a receipt."""
    return await regulators(releases.consents.db, releases.consents.world.staff)


async def opened(supervisors: Regulators) -> UUID:
    return (await supervisors.db.run(cases.open_case, supervisors.first, "Sold to advertisers", None)).id


async def test_an_entry_is_kept_with_what_proves_it(releases: Releases, supervisors: Regulators) -> None:
    """The receipt in the case verifies offline; the look at the entry, the note, the document and both halves of the
    decision are entries."""
    await releases.settled()
    case = await opened(supervisors)
    await cases.attach_entry(supervisors.db, supervisors.first, case, 0, "how it began")
    await supervisors.db.run(cases.attach_note, supervisors.second, case, "spoke with the organisation")
    await supervisors.db.run(cases.attach_document, supervisors.first, case, "contract.pdf", digest(b"a contract"))
    found = await supervisors.db.run(cases.one, supervisors.second, case)
    assert [each.kind for each in found.evidence] == ["entry", "note", "document"]
    receipt = found.evidence[0].receipt
    assert receipt is not None
    assert verify_receipt(receipt, releases.vkey).entry["event"] == "registry.founded"
    await supervisors.db.run(cases.propose_closing, supervisors.first, case, "warned", "they are to stop selling it")
    closed = await supervisors.db.run(cases.close, supervisors.second, case)
    assert (closed.state, closed.decision, closed.second_id) == ("closed", "warned", supervisors.second.id)
    events = [
        each["event"]
        for name in ("inquiry.opened", "inquiry.evidence_added", "inquiry.closed")
        for each in await releases.entries(name)
    ]
    assert events == ["inquiry.opened", *["inquiry.evidence_added"] * 3, "inquiry.closed"]


async def test_the_decision_takes_two_on_the_same_evidence(supervisors: Regulators) -> None:
    """Not oneself, not one's own unit; what is added after the first signature asks for another one."""
    case = await opened(supervisors)
    with pytest.raises(Conflict):
        await supervisors.db.run(cases.close, supervisors.second, case)
    await supervisors.db.run(cases.propose_closing, supervisors.first, case, "no-breach", "nothing was found")
    for who in (supervisors.first, supervisors.neighbour):
        with pytest.raises(AnotherRegulator):
            await cases.close_on_record(supervisors.db, who, case)
    await supervisors.db.run(cases.attach_note, supervisors.second, case, "something was found after all")
    with pytest.raises(Conflict):
        await supervisors.db.run(cases.close, supervisors.second, case)


async def test_evidence_edited_or_taken_away_is_found_out(releases: Releases, supervisors: Regulators) -> None:
    """Both sign the digests of all evidence: a row that is gone, or changed, and the second half is refused."""
    case = await opened(supervisors)
    await supervisors.db.run(cases.attach_note, supervisors.first, case, "what we saw")
    await supervisors.db.run(cases.attach_note, supervisors.first, case, "what we heard")
    await supervisors.db.run(cases.propose_closing, supervisors.first, case, "warned", "as both notes say")
    await releases.administrator.execute("DELETE FROM inquiry_evidence WHERE text = 'what we heard'")
    with pytest.raises(Tampered):
        await supervisors.db.run(cases.close, supervisors.second, case)
    await releases.administrator.execute("UPDATE inquiry_evidence SET text = 'what we wished'")
    with pytest.raises(Tampered):
        await supervisors.db.run(cases.one, supervisors.second, case)


async def test_a_closed_case_stays_closed(supervisors: Regulators) -> None:
    """Nothing is attached and nothing decided again; officers see no case; what is not there is absent."""
    case = await opened(supervisors)
    await supervisors.db.run(cases.propose_closing, supervisors.first, case, "mended", "it was mended in time")
    await supervisors.db.run(cases.close, supervisors.second, case)
    for act, more in (
        (cases.attach_note, ("too late",)),
        (cases.propose_closing, ("warned", "after all, they should")),
        (cases.close, ()),
    ):
        with pytest.raises(Conflict):
            await supervisors.db.run(act, supervisors.second, case, *more)  # type: ignore[arg-type]  # three shapes
    with pytest.raises(NotFound):
        await supervisors.db.run(cases.one, supervisors.first, new_uuid())
    with pytest.raises(Invalid):
        await supervisors.db.run(cases.propose_closing, supervisors.first, case, "guilty", "no such decision")


@pytest.mark.parametrize("terms", [{"sectors": ["health"]}, {"regions": ["99"]}])
async def test_a_case_lies_within_the_mandate(
    releases: Releases, supervisors: Regulators, terms: dict[str, list[str]]
) -> None:
    """About an organisation beyond its sectors or regions none is opened, read, added to or decided; each try is an
    entry; what is about no organisation stays open to everybody with the power."""
    db, who, staff = supervisors.db, supervisors.first, releases.consents.world.staff
    about = releases.consents.bank.requester
    theirs = (await db.run(cases.open_case, supervisors.second, "Sold to advertisers", about)).id
    await db.run(cases.propose_closing, supervisors.second, theirs, "no-breach", "nothing was found")
    nobodys = await opened(supervisors)
    await mandate(db, staff, who, **terms)
    with pytest.raises(OutsideMandate):
        await cases.open_on_record(db, who, "Another one", about)
    for act, more in (
        (cases.one, ()),
        (cases.attach_note, ("what we saw",)),
        (cases.attach_document, ("contract.pdf", digest(b"a contract"))),
        (cases.propose_closing, ("warned", "after all, they should")),
        (cases.close, ()),
    ):
        with pytest.raises(OutsideMandate):
            await on_record(db, act, who, theirs, *more)  # type: ignore[arg-type]  # five shapes
    with pytest.raises(OutsideMandate):
        await cases.attach_entry(db, who, theirs, 0, "how it began")
    assert [each.id for each in await db.run(cases.listing, who)] == [nobodys]
    refused = await releases.entries("inquiry.attempt_refused")
    assert [each.get("ref") for each in refused] == [None, *[ids.public(ids.INQUIRY, theirs)] * 6]
    assert {each["reason"] for each in refused} <= {"other_sector", "other_region"}


async def test_within_the_mandate_a_case_is_opened(releases: Releases, supervisors: Regulators) -> None:
    """By the sector of what the organisation declared and the region of its code."""
    db, staff, about = supervisors.db, releases.consents.world.staff, releases.consents.bank.requester
    await mandate(db, staff, supervisors.first, sectors=["credit"], regions=["35"])
    case = await cases.open_on_record(db, supervisors.first, "Sold to advertisers", about)
    assert [each.id for each in await db.run(cases.listing, supervisors.first)] == [case.id]


async def test_an_order_names_a_case_that_there_is(releases: Releases, supervisors: Regulators) -> None:
    """About this organisation or none, not closed; another one is refused at its field."""
    db, about = supervisors.db, releases.consents.bank.requester
    assert about is not None
    target, case = Target("requester", about), await opened(supervisors)
    with pytest.raises(Invalid):
        await supervisors.order("suspend", target, inquiry=new_uuid())
    assert (await supervisors.order("suspend", target, inquiry=case)).inquiry_id == case
    await db.run(cases.propose_closing, supervisors.first, case, "mended", "it was mended in time")
    await db.run(cases.close, supervisors.second, case)
    with pytest.raises(Invalid):
        await supervisors.order("lift", target, inquiry=case)


async def test_officers_have_no_part_in_it(releases: Releases, supervisors: Regulators) -> None:
    """Neither seeing nor opening."""
    case = await opened(supervisors)
    officer = releases.consents.world.staff.first
    with pytest.raises(Refused):
        await supervisors.db.run(cases.one, officer, case)
    with pytest.raises(Refused):
        await supervisors.db.run(cases.open_case, officer, "Ours", None)
    said = await entries(supervisors.db)
    assert "advertisers" not in msgspec.json.encode(said).decode()
