"""Section keys: sealed, signed, escrowed, replaced; and attacked."""

import pytest

from tests.profile.world import CONTACT, IDENTITY, Administrator, World, together
from vault.crypto.canonical import digest
from vault.crypto.sealing import new_key, unseal
from vault.errors import CannotOpen, NotFound, Tampered
from vault.profile.keys import keys_to_grant, part_keys, replace_keys, section_key
from vault.profile.sealed_keys import Escrow, Part, RolePublic, SealedKey, bound_key, key_place, seal_key
from vault.registry import role_public
from vault.signin import Holder

GENERAL, SENSITIVE = Part("identity", "general"), Part("identity", "sensitive")


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
    outer = await _role_secret(administrator, third, "recovery-registry")
    inner = await _role_secret(administrator, regulator, "recovery-supervisor")
    where = key_place(person.id, Part("contact", "general"), 1)
    key = bound_key(unseal(inner, unseal(outer, row["escrow"])), where)
    assert key == (await world.db.run(part_keys, person, "contact"))["contact", "general"][1]
    with pytest.raises(CannotOpen):
        unseal(inner, row["escrow"])
    with pytest.raises(CannotOpen):
        unseal(outer, unseal(outer, row["escrow"]))


async def _role_secret(administrator: Administrator, holder: Holder, role: str) -> bytes:
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
