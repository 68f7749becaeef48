"""The ceremony: two people, two secrets, one after the other; every way of doing with less is refused."""

import pytest
import sqlalchemy as sa

from tests.lawful.world import Lawful
from tests.profile.world import CONTACT, IDENTITY, together
from vault.consent.terms import ItemForm
from vault.crypto.sealing import new_box_pair, seal, unseal
from vault.db import Session
from vault.errors import CannotOpen, Conflict, NotFound, Refused, Tampered
from vault.ids import new_uuid
from vault.lawful import end, reading
from vault.lawful.ceremony import delete_late_shares
from vault.lawful.orders import LawfulRefused
from vault.registry.tables import Staff


async def test_the_court_reads_what_was_named_and_nobody_else_anything(lawful: Lawful) -> None:
    """The named items in the named forms; the file opens with the court's key alone, and leaves with its receipt."""
    row = await lawful.in_force()
    opening = await lawful.opened(await lawful.peeled(row))
    found = lawful.read(opening)
    assert set(found) == {"identity.name", "identity.national_id"}
    assert found["identity.name"] == IDENTITY["name"]
    assert "1990" not in str(found["identity.national_id"])
    assert opening.content is not None
    for secret in (new_box_pair()[1], lawful.officer.bundle, lawful.regulator.bundle):
        with pytest.raises(CannotOpen):
            secret.unseal(opening.content) if not isinstance(secret, bytes) else unseal(secret, opening.content)
    content, receipt = await reading.sealed_file(
        lawful.db, lawful.releases.engine.receipts, lawful.regulator, opening.id, within=5.0
    )
    assert content == opening.content
    assert receipt.index > 0
    with pytest.raises(NotFound):
        await reading.sealed_file(lawful.db, lawful.releases.engine.receipts, lawful.officer, opening.id, within=5.0)


async def test_only_the_version_of_the_first_step_is_opened(lawful: Lawful) -> None:
    """What the person writes between the two steps is not part of it; a part not named stays shut."""
    row = await lawful.in_force(lawful.order([ItemForm("contact.phone_number", "raw")]))
    opening = await lawful.peeled(row)
    await lawful.world.write(lawful.person, "contact", CONTACT | {"phone_number": "+8613900000000"}, 1)
    shares = await lawful.administrator.rows("SELECT section, compartment FROM lawful_shares")
    assert {(each["section"], each["compartment"]) for each in shares} == {("contact", "general")}
    assert lawful.read(await lawful.opened(opening)) == {"contact.phone_number": CONTACT["phone_number"]}


async def test_neither_can_do_the_others_step(lawful: Lawful) -> None:
    """By role, by signature, and by key: the inner box does not open with the registry's secret, nor the outer one with
    the supervisor's."""
    row = await lawful.in_force()
    with pytest.raises((Refused, LawfulRefused)):
        await lawful.peeled(row, by=lawful.regulator)
    opening = await lawful.peeled(row)
    with pytest.raises((Refused, LawfulRefused)):
        await lawful.opened(opening, by=lawful.officer)
    for who in (await lawful.another("officer", ("recovery-registry",), "extra.officer"), lawful.world.staff.first):
        with pytest.raises(Refused):
            await lawful.peeled(row, by=who)
    colleague = await lawful.another("regulator", ("recovery-supervisor", "oversight"), "extra.regulator")
    with pytest.raises(LawfulRefused, match="signed"):
        await lawful.opened(opening, by=colleague)
    with pytest.raises(Refused):
        await lawful.opened(opening, by=lawful.person)


async def test_with_a_share_missing_nothing_opens(lawful: Lawful) -> None:
    """The boxes are key material: taken away, put in from elsewhere or sealed anew, they open nothing."""
    row = await lawful.in_force()
    opening = await lawful.peeled(row)
    kept = await lawful.administrator.rows("SELECT sealed FROM lawful_shares ORDER BY compartment")
    forged = seal(lawful.regulator.bundle.box_public, bytes(32) + new_uuid().bytes * 4)
    for blob in (forged, kept[0]["sealed"][:-1] + b"\0", b"\x11" + bytes(80)):
        await lawful.administrator.execute("UPDATE lawful_shares SET sealed = $1", blob)
        with pytest.raises(CannotOpen):
            await lawful.opened(opening)
    await lawful.administrator.execute("DELETE FROM lawful_shares")
    with pytest.raises(CannotOpen):
        await lawful.opened(opening)
    assert await lawful.administrator.rows("SELECT FROM lawful_openings WHERE content IS NOT NULL") == []
    reasons = [each["reason"] for each in await lawful.releases.entries("lawful.attempt_refused")]
    assert reasons == ["cannot-open"] * 4


async def test_boxes_of_another_opening_or_part_do_not_fit(lawful: Lawful) -> None:
    """Moved within the opening or from the one before: each is bound to its place."""
    row = await lawful.in_force()
    first = await lawful.peeled(row)
    old = {
        each["compartment"]: each["sealed"] for each in await lawful.administrator.rows("SELECT * FROM lawful_shares")
    }
    assert set(old) == {"general", "sensitive"}
    second = await lawful.peeled(row)
    with pytest.raises(LawfulRefused, match="too long ago"):
        await lawful.opened(first)
    for compartment, box in old.items():
        await lawful.administrator.execute(
            "UPDATE lawful_shares SET sealed = $1 WHERE compartment = $2", box, compartment
        )
    with pytest.raises(CannotOpen):
        await lawful.opened(second)


async def test_an_escrow_or_a_version_that_was_swapped_is_refused(lawful: Lawful) -> None:
    """The person signed both: what an administrator puts in their place is found out before anything is opened."""
    row = await lawful.in_force()
    await lawful.administrator.execute("UPDATE section_keys SET escrow = escrow || '\\x00'")
    with pytest.raises(Tampered):
        await lawful.peeled(row)
    await lawful.administrator.execute("UPDATE section_keys SET escrow = substr(escrow, 1, length(escrow) - 1)")
    opening = await lawful.peeled(row)
    await lawful.administrator.execute("UPDATE section_versions SET general = general || '\\x00'")
    with pytest.raises(Tampered):
        await lawful.opened(opening)


async def test_a_step_that_comes_too_late_or_again(lawful: Lawful) -> None:
    """Four hours for the second step; an opening is carried out once; the order ends with its openings or its time."""
    row = await lawful.in_force()
    opening = await lawful.peeled(row)
    lawful.releases.later(hours=4)
    with pytest.raises(LawfulRefused, match="too long ago"):
        await lawful.opened(opening)
    assert await lawful.db.run(delete_late_shares) == 2
    for _ in range(row.openings):
        done = await lawful.opened(await lawful.peeled(row))
        with pytest.raises(LawfulRefused):
            await lawful.opened(done)
    with pytest.raises(LawfulRefused, match="Every opening"):
        await lawful.peeled(row)
    other = await lawful.in_force()
    begun = await lawful.peeled(other)
    lawful.releases.later(days=7)
    for step in (lambda: lawful.peeled(other), lambda: lawful.opened(begun)):
        with pytest.raises(LawfulRefused, match="not in force"):
            await step()


async def test_an_order_that_was_ended_or_edited_opens_nothing(lawful: Lawful) -> None:
    """Ended by either of the two; edited by an administrator: by its MAC, and by both signatures."""
    ended = await lawful.in_force()
    opening = await lawful.peeled(ended)
    await lawful.db.run(end, lawful.officer, ended.id)
    with pytest.raises(LawfulRefused, match="not in force"):
        await lawful.opened(opening)
    row = await lawful.in_force()
    for change in (
        "valid_until = valid_until + interval '1 year'",
        'items = \'[{"item": "health.conditions", "form": "raw"}]\'',
        f"recipient_public = '\\x{new_box_pair()[0].hex()}'",
        "used = used",
    ):
        before = dict((await lawful.administrator.rows("SELECT * FROM lawful_orders WHERE id = $1", row.id))[0])
        await lawful.administrator.execute(f"UPDATE lawful_orders SET {change} WHERE id = $1", row.id)
        if change != "used = used":
            with pytest.raises(Tampered):
                await lawful.peeled(row)
        await lawful.administrator.execute(
            "UPDATE lawful_orders SET valid_until = $2, items = $3::text::jsonb, recipient_public = $4 WHERE id = $1",
            row.id,
            before["valid_until"],
            before["items"],
            before["recipient_public"],
        )
    await lawful.peeled(row)


async def test_who_left_since_carries_nothing_out(lawful: Lawful) -> None:
    """Both signatures are looked at before each step: a signer who is no longer in office ends the order."""
    row = await lawful.in_force()
    opening = await lawful.peeled(row)

    async def leave(session: Session) -> None:
        member = (await session.execute(sa.select(Staff).where(Staff.id == lawful.officer.id))).scalar_one()
        member.status = "left"

    await lawful.db.run(leave)
    with pytest.raises(LawfulRefused, match="not in force"):
        await lawful.opened(opening)


async def test_without_an_entry_nothing_leaves(lawful: Lawful) -> None:
    """Where the ledger cannot be written, neither step happens; where it is not sequenced, the file does not leave."""
    row = await lawful.in_force()
    opening = await lawful.peeled(row)
    await lawful.releases.settled()
    await lawful.administrator.execute(
        "ALTER TABLE ledger_outbox ADD CONSTRAINT full_disk CHECK (draft IS NULL) NOT VALID"
    )
    for step in (lambda: lawful.opened(opening), lambda: lawful.peeled(row)):
        with pytest.raises(sa.exc.IntegrityError):
            await step()
    await lawful.administrator.execute("ALTER TABLE ledger_outbox DROP CONSTRAINT full_disk")
    assert await lawful.administrator.rows("SELECT FROM lawful_openings WHERE content IS NOT NULL") == []
    assert await lawful.opened(opening)


async def test_a_process_killed_between_the_steps(lawful: Lawful) -> None:
    """What the first step left is all there is: the second is done from it by another process, and nobody reads it."""
    row = await lawful.in_force()
    opening = await lawful.peeled(row)
    for each in await lawful.administrator.rows("SELECT sealed FROM lawful_shares"):
        for bundle in (lawful.officer.bundle, lawful.person.bundle):
            with pytest.raises(CannotOpen):
                bundle.unseal(each["sealed"])
    async with lawful.db.begin() as session:
        found = await reading.one(session, lawful.officer, row.id)
    assert [each.state for each in found.made] == ["peeled"]
    assert set(lawful.read(await lawful.opened(opening))) == {"identity.name", "identity.national_id"}


async def test_two_at_once(lawful: Lawful) -> None:
    """Of two first steps the later one holds, of two second ones one opens."""
    row = await lawful.in_force()
    await together(lambda: lawful.peeled(row), lambda: lawful.peeled(row))
    left = await lawful.administrator.rows("SELECT DISTINCT opening_id FROM lawful_shares")
    assert len(left) == 1
    async with lawful.db.begin() as session:
        found = await reading.one(session, lawful.officer, row.id)
    (begun,) = [each for each in found.made if each.state == "peeled"]
    assert begun.id == left[0]["opening_id"]
    from vault.lawful import open_on_record

    done = await together(
        lambda: open_on_record(lawful.db, lawful.regulator, begun.id),
        lambda: open_on_record(lawful.db, lawful.regulator, begun.id),
    )
    assert sorted(isinstance(each, LawfulRefused) for each in done) == [False, True]
    assert (await lawful.administrator.rows("SELECT used FROM lawful_orders"))[0]["used"] == 1


async def test_nothing_of_it_can_be_read_at_rest(lawful: Lawful) -> None:
    """No value, no number, no document in any row; the instrument is for the two roles."""
    from tests.lawful.world import DOCUMENT
    from vault.lawful.deciding import read_document

    row = await lawful.in_force()
    await lawful.opened(await lawful.peeled(row))
    for table in ("lawful_orders", "lawful_openings", "lawful_shares", "ledger_outbox", "ledger_hidden"):
        for each in await lawful.administrator.rows(f"SELECT t::text AS text FROM {table} t"):
            for secret in (IDENTITY["name"], IDENTITY["national_id"]["number"], "110101199001020"):
                assert secret not in each["text"]
            assert DOCUMENT.hex() not in each["text"]
    for who in (lawful.officer, lawful.regulator):
        assert await lawful.db.run(read_document, who, row.id) == DOCUMENT
    with pytest.raises(Refused):
        await lawful.db.run(read_document, lawful.world.staff.first, row.id)
    with pytest.raises((Conflict, NotFound)):
        await lawful.decided(row)
