"""Sections on a real database: written, read, raced for, attacked."""

import json
from datetime import UTC

import pytest
import sqlalchemy as sa

from tests.profile.test_intake import sample
from tests.profile.world import CONTACT, IDENTITY, Administrator, World, drafts, together
from vault.clock import FixedClock
from vault.crypto.canonical import digest
from vault.crypto.sealing import new_key, unseal
from vault.db import Database, Session
from vault.errors import CannotOpen, Invalid, NotFound, PreconditionFailed, Refused, Tampered
from vault.ids import PersonId
from vault.profile import attestations, sections
from vault.profile.catalogue import UnknownItem
from vault.profile.keys import keys_to_grant, part_keys, replace_keys, section_key
from vault.profile.sealed_keys import Escrow, Part, RolePublic, SealedKey, bound_key, key_place, seal_key
from vault.registry import role_public
from vault.signin import Holder

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


async def test_versions_are_append_only(world: World) -> None:
    """The application itself may neither change nor delete a version or an attestation."""
    person = await world.person()
    await world.write(person, "contact", CONTACT)

    async def change(session: Session, statement: str) -> None:
        await session.execute(sa.text(statement))

    for table in ("section_versions", "attestations"):
        for statement in (f"UPDATE {table} SET section = 'x'", f"DELETE FROM {table}"):
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                await world.db.run(change, statement)


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
    assert await administrator.execute(f"UPDATE section_versions SET {change}") == "UPDATE 1"  # noqa: S608  # a test's own text
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


async def test_swapped_section_keys_do_not_open(world: World, administrator: Administrator) -> None:
    """The sealed keys of two parts, exchanged in SQL, are refused."""
    person = await world.person()
    await world.write(person, "identity", IDENTITY)
    await administrator.execute(
        "UPDATE section_keys k SET sealed = o.sealed FROM section_keys o WHERE k.compartment <> o.compartment"
    )
    with pytest.raises((Tampered, CannotOpen)):
        await world.read(person, "identity")


async def test_a_key_somebody_else_brings_in_is_refused(world: World, administrator: Administrator) -> None:
    """Anybody can seal a key to a person's public half; without the person's signature it is not used for writing."""
    person, known = await world.person(), new_key()
    await world.write(person, "contact", CONTACT)
    sealed = seal_key(person.bundle.box_public, known, key_place(person.id, Part("contact", "general"), 2))
    await administrator.execute(
        "INSERT INTO section_keys SELECT person_id, gen_random_uuid(), section, compartment, 2, $1, escrow, "
        "escrow_registry, escrow_supervisor, signature, made_at FROM section_keys",
        sealed,
    )
    with pytest.raises(Tampered):
        await world.write(person, "contact", {"email": "new@example.com"}, 1)


async def test_swapped_recovery_key_is_refused(world: World, administrator: Administrator) -> None:
    """A recovery role's public key exchanged in SQL is not sealed to."""
    person = await world.person()
    await administrator.execute(
        "UPDATE role_keys SET public = $1 WHERE role = 'recovery-supervisor'", person.bundle.box_public
    )
    with pytest.raises(Tampered):
        await world.write(person, "contact", CONTACT)


async def test_escrow_needs_both_roles(world: World, administrator: Administrator) -> None:
    """The escrow opens with both recovery roles' secrets, in order, and gives the section key; with one, nothing."""
    person = await world.person()
    await world.write(person, "contact", CONTACT)
    row = (await administrator.rows("SELECT * FROM section_keys"))[0]
    third, regulator = world.staff.third, world.staff.regulator
    outer = await _role_secret(world.db, administrator, third, "recovery-registry")
    inner = await _role_secret(world.db, administrator, regulator, "recovery-supervisor")
    where = key_place(person.id, Part("contact", "general"), 1)
    key = bound_key(unseal(inner, unseal(outer, row["escrow"])), where)
    assert key == (await world.db.run(part_keys, person, "contact"))["contact", "general"][1]
    with pytest.raises(CannotOpen):
        unseal(inner, row["escrow"])
    with pytest.raises(CannotOpen):
        unseal(outer, unseal(outer, row["escrow"]))


async def _role_secret(db: Database, administrator: Administrator, holder: Holder, role: str) -> bytes:
    found = await administrator.rows(
        "SELECT sealed FROM role_key_holders WHERE role = $1 AND staff_id = $2", role, holder.id
    )
    return holder.bundle.unseal(found[0]["sealed"])


async def test_each_part_has_a_key_of_its_own(world: World) -> None:
    """Two compartments of one section, and the same compartment of two sections, have different keys."""
    person = await world.person()
    await world.write(person, "identity", IDENTITY)
    await world.write(person, "contact", CONTACT)
    one = await world.db.run(part_keys, person, "identity")
    two = await world.db.run(part_keys, person, "contact")
    keys = [key for part in (*one.values(), *two.values()) for key in part.values()]
    assert len(set(keys)) == len(keys) == 3


async def test_replaced_keys_write_new_versions_and_still_open_old_ones(world: World) -> None:
    """After a replacement the next version uses the new key, and every version stays readable."""
    person = await world.person()
    await world.write(person, "identity", IDENTITY)
    replaced = await world.db.run(replace_keys, person, [GENERAL])
    assert replaced[GENERAL].number == 2
    assert (await world.db.run(section_key, person, "identity", "general")) == replaced[GENERAL]
    assert (await world.db.run(section_key, person, "identity", "sensitive")).number == 1
    await world.write(person, "identity", IDENTITY, 1)
    assert await world.read(person, "identity", 1) == await world.read(person, "identity", 2) == IDENTITY


async def test_grants_get_the_current_key_and_newer_ones_only(world: World) -> None:
    """A part's older keys, which only history needs, are not for granting; an empty part gets its first key."""
    person = await world.person()
    await world.write(person, "contact", CONTACT)
    contact, health = Part("contact", "general"), Part("health", "sensitive")
    await world.db.run(replace_keys, person, [contact])
    assert set((await world.db.run(keys_to_grant, person, [contact]))[contact]) == {1, 2}
    await world.write(person, "contact", CONTACT, 1)
    found = await world.db.run(keys_to_grant, person, [contact, health])
    assert set(found[contact]) == {2}
    assert set(found[health]) == {1}


async def test_first_key_of_a_part_is_made_once(world: World) -> None:
    """Many at the same time agree on one first key."""
    person = await world.person()
    results = await together(*(lambda: world.db.run(section_key, person, "health", "sensitive") for _ in range(6)))
    assert len({result.key for result in results if not isinstance(result, BaseException)}) == 1
    assert not [result for result in results if isinstance(result, BaseException)]


async def test_a_key_is_not_made_for_who_only_looks(world: World) -> None:
    """Without ``create`` a part without a key has none."""
    person = await world.person()
    with pytest.raises(NotFound):
        await world.db.run(section_key, person, "health", "sensitive", create=False)


async def test_the_signature_covers_the_whole_key_row(world: World) -> None:
    """The person's signature holds place, seal and both escrow roles."""
    person, key = await world.person(), new_key()
    registry = RolePublic(*await world.db.run(role_public, "recovery-registry"))
    supervisor = RolePublic(*await world.db.run(role_public, "recovery-supervisor"))
    where = key_place(person.id, GENERAL, 1)
    escrow = Escrow(registry, supervisor).seal(key, where)
    sealed = SealedKey(person.id, GENERAL, 1, seal_key(person.bundle.box_public, key, where), escrow, 1, 1)
    signature = person.bundle.sign(sealed.message())
    sealed.check(person.bundle.signing_public, signature)
    for name, value in [("number", 2), ("part", SENSITIVE), ("sealed", b"x"), ("escrow", b"x"), ("escrow_registry", 2)]:
        changed = SealedKey(**{**sealed.__dict__, name: value})
        with pytest.raises(Tampered):
            changed.check(person.bundle.signing_public, signature)
    assert digest(sealed.message()) != digest(SealedKey(**{**sealed.__dict__, "escrow_supervisor": 2}).message())


class Confirmed:
    """A source's answer, as the source client gives it."""

    def __init__(self, clock: FixedClock, *, match: bool = True) -> None:
        self.match, self.level, self.source = match, "checked", "population-register"
        self.checked_at, self.evidence = clock.now(), b"header.payload.signature"


async def test_attestation_holds_for_the_value(world: World, clock: FixedClock) -> None:
    """A confirmed value is attested until it changes, across versions and replaced keys."""
    person = await world.person()
    await world.write(person, "identity", IDENTITY)
    await world.db.run(attestations.attest, person, "identity", ["name", "national_id"], Confirmed(clock))
    found = await world.db.run(attestations.of_section, person, "identity", IDENTITY)
    assert set(found) == {"identity.name", "identity.national_id"}
    assert found["identity.name"].source == "population-register"
    await world.db.run(replace_keys, person, [GENERAL, SENSITIVE])
    await world.write(person, "identity", IDENTITY | {"nickname": "静怡"}, 1)
    await world.write(person, "identity", IDENTITY | {"name": "欧阳静"}, 2)
    kept = await world.db.run(attestations.of_section, person, "identity", await world.read(person, "identity"))
    assert set(kept) == {"identity.national_id"}
    newest = (await world.db.run(attestations.stored, PersonId(person.id), "identity"))[0]
    assert newest.key_number == 2


async def test_an_unconfirmed_field_is_not_attested(world: World, clock: FixedClock) -> None:
    """An answer that says no, or a field that is empty, makes no attestation."""
    person = await world.person()
    await world.write(person, "identity", {"name": "甲"})
    with pytest.raises(Refused):
        await world.db.run(attestations.attest, person, "identity", ["name"], Confirmed(clock, match=False))
    with pytest.raises(NotFound):
        await world.db.run(attestations.attest, person, "identity", ["national_id"], Confirmed(clock))
    assert await world.db.run(attestations.of_section, person, "identity", {"name": "甲"}) == {}


@pytest.mark.parametrize("change", ["level = 'sworn'", "source = 'other'", "checked_at = checked_at + interval '1 d'"])
async def test_edited_attestations_do_not_hold(
    world: World, administrator: Administrator, clock: FixedClock, change: str
) -> None:
    """What a source said cannot be improved in SQL."""
    person = await world.person()
    await world.write(person, "identity", IDENTITY)
    await world.db.run(attestations.attest, person, "identity", ["name"], Confirmed(clock))
    await administrator.execute(f"UPDATE attestations SET {change}")  # noqa: S608  # a test's own text
    assert await world.db.run(attestations.of_section, person, "identity", IDENTITY) == {}
