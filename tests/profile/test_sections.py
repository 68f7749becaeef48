"""Sections on a real database: written, read, raced for, attacked."""

import json
from datetime import UTC

import pytest
import sqlalchemy as sa

from tests.profile.test_intake import sample
from tests.profile.world import CONTACT, IDENTITY, Administrator, World, drafts, together
from vault.clock import FixedClock
from vault.db import Session
from vault.errors import Invalid, NotFound, PreconditionFailed, Refused, Tampered
from vault.ids import PersonId
from vault.profile import sections
from vault.profile.catalogue import UnknownItem
from vault.profile.keys import part_keys
from vault.profile.sealed_keys import Part

GENERAL, SENSITIVE = Part("identity", "general"), Part("identity", "sensitive")


async def test_what_was_written_is_read(world: World) -> None:
    """A section with both compartments comes back whole."""
    person = await world.person()
    assert await world.write(person, "identity", IDENTITY) == 1
    assert await world.read(person, "identity") == IDENTITY


async def test_the_whole_sample_is_stored(world: World) -> None:
    """Every section of the sample person, the long one and the emoji included, survives the round trip."""
    person, given = await world.person(), sample()["sections"]
    for section, document in given.items():
        await world.write(person, section, document)
    for section, document in given.items():
        assert await world.read(person, section) == document
    listed = await world.db.run(sections.listing, PersonId(person.id))
    assert [each.section for each in listed] == list(given)


async def test_versions_are_kept(world: World, clock: FixedClock) -> None:
    """Every version stays readable; the listing shows the newest, the history all."""
    person = await world.person()
    await world.write(person, "contact", CONTACT)
    await world.write(person, "contact", {}, 1)
    assert await world.write(person, "contact", {"email": "new@example.com"}, 2) == 3
    assert await world.read(person, "contact") == {"email": "new@example.com"}
    assert await world.read(person, "contact", 1) == CONTACT
    assert await world.read(person, "contact", 2) == {}
    history = await world.db.run(sections.history, PersonId(person.id), "contact")
    assert [(each.number, each.written_at) for each in history] == [(n, clock.now().astimezone(UTC)) for n in (3, 2, 1)]


@pytest.mark.parametrize("expected", [None, 0, 2, 7, -1])
async def test_a_version_nobody_saw_is_not_replaced(world: World, expected: int | None) -> None:
    """Writing over another version than the current one fails, and changes nothing."""
    person = await world.person()
    await world.write(person, "contact", CONTACT)
    with pytest.raises(PreconditionFailed):
        await world.write(person, "contact", {"email": "x@example.com"}, expected)
    assert await world.read(person, "contact") == CONTACT


async def test_creating_over_nothing_needs_no_version(world: World) -> None:
    """Naming a version of a section that does not exist fails."""
    person = await world.person()
    with pytest.raises(PreconditionFailed):
        await world.write(person, "contact", CONTACT, 1)


@pytest.mark.parametrize("exists", [True, False])
async def test_of_two_racing_writers_exactly_one_wins(world: World, exists: bool) -> None:
    """Two writers who saw the same version: one gets the next number, one is told, nothing is lost."""
    person = await world.person()
    if exists:
        await world.write(person, "identity", {"name": "甲"})
    expected = 1 if exists else None
    documents = [{**IDENTITY, "name": f"乙{n}"} for n in range(6)]
    results = await together(*(lambda d=d: world.write(person, "identity", d, expected) for d in documents))
    winners = [n for n, result in enumerate(results) if isinstance(result, int)]
    assert len(winners) == 1
    assert all(isinstance(r, PreconditionFailed) for n, r in enumerate(results) if n not in winners)
    assert await world.read(person, "identity") == documents[winners[0]]
    history = await world.db.run(sections.history, PersonId(person.id), "identity")
    assert [each.number for each in history] == ([2, 1] if exists else [1])


async def test_a_refused_document_leaves_no_trace(world: World) -> None:
    """An invalid document creates neither version nor key."""
    person = await world.person()
    with pytest.raises(Invalid):
        await world.write(person, "identity", {"name": "", "cvv": "123"})
    with pytest.raises(NotFound):
        await world.read(person, "identity")
    assert await world.db.run(part_keys, person, "identity") == {}


async def test_absent_sections_and_versions_are_not_found(world: World) -> None:
    """What was never written, or never existed, is said to be absent."""
    person = await world.person()
    with pytest.raises(NotFound):
        await world.read(person, "contact")
    await world.write(person, "contact", CONTACT)
    with pytest.raises(NotFound):
        await world.read(person, "contact", 2)
    with pytest.raises(UnknownItem):
        await world.read(person, "hobbies")
    with pytest.raises(UnknownItem):
        await world.db.run(sections.history, PersonId(person.id), "hobbies")


async def test_staff_have_no_sections(world: World) -> None:
    """An officer who is signed in cannot write or read sections as a person could."""
    with pytest.raises(Refused):
        await world.write(world.staff.first, "contact", CONTACT)
    with pytest.raises(Refused):
        await world.read(world.staff.first, "contact")


async def test_others_sections_are_absent(world: World) -> None:
    """One person's sections do not exist for another."""
    one, other = await world.person(), await world.person()
    await world.write(one, "contact", CONTACT)
    with pytest.raises(NotFound):
        await world.read(other, "contact")


async def test_entry_names_items_and_holds_no_value(world: World) -> None:
    """Writing is recorded with item names; no value is in any draft, nor in any row in clear."""
    person = await world.person()
    await world.write(person, "identity", IDENTITY)
    last = json.loads((await drafts(world.db))[-1])
    assert last["event"] == "section.written"
    assert {"identity.name", "identity.national_id"} <= set(json.dumps(last["items"]).replace('"', " ").split())
    everything = b"".join(await drafts(world.db))
    assert IDENTITY["national_id"]["number"].encode() not in everything


async def test_versions_are_never_changed(world: World) -> None:
    """The application itself may not change a version or an attestation: it may only add, and erase a whole vault."""
    person = await world.person()
    await world.write(person, "contact", CONTACT)

    async def change(session: Session, statement: str) -> None:
        await session.execute(sa.text(statement))

    for table in ("section_versions", "attestations"):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            await world.db.run(change, f"UPDATE {table} SET section = 'x'")


@pytest.mark.parametrize(
    "change",
    [
        "general = sensitive, general_key = sensitive_key",
        "number = 5",
        "section = 'contact'",
        "general = NULL, general_key = NULL",
        "general_key = 9",
        "written_at = written_at + interval '1 second'",
        "general = set_byte(general, 40, (get_byte(general, 40) + 1) % 256)",
        "signature = set_byte(signature, 3, (get_byte(signature, 3) + 1) % 256)",
        "signature = ''",
    ],
)
async def test_edited_versions_are_refused_by_signature(
    world: World, administrator: Administrator, change: str
) -> None:
    """Whatever an administrator changes in a version, reading it fails loudly."""
    person = await world.person()
    await world.write(person, "identity", IDENTITY)
    assert await administrator.execute(f"UPDATE section_versions SET {change}") == "UPDATE 1"
    section = "contact" if "contact" in change else "identity"
    with pytest.raises(Tampered):
        await world.read(person, section)


async def test_a_version_moved_to_another_person_is_refused(world: World, administrator: Administrator) -> None:
    """A row given to somebody else is signed by the wrong person."""
    one, other = await world.person(), await world.person()
    await world.write(one, "contact", CONTACT)
    await administrator.execute("UPDATE section_versions SET person_id = $1", other.id)
    with pytest.raises(Tampered):
        await world.read(other, "contact")


async def test_an_old_version_put_under_a_new_number_is_refused(world: World, administrator: Administrator) -> None:
    """Replaying an old version as the current one does not work: its number is signed."""
    person = await world.person()
    await world.write(person, "contact", CONTACT)
    await world.write(person, "contact", {"email": "new@example.com"}, 1)
    await administrator.execute("DELETE FROM section_versions WHERE number = 2")
    await administrator.execute("UPDATE section_versions SET number = 2")
    with pytest.raises(Tampered):
        await world.read(person, "contact")
