"""Attestations: what a source confirmed, and for how long."""

import pytest

from tests.profile.world import IDENTITY, Administrator, World
from vault.clock import FixedClock
from vault.errors import NotFound, Refused
from vault.ids import PersonId
from vault.profile import attestations
from vault.profile.keys import replace_keys
from vault.profile.sealed_keys import Part

GENERAL, SENSITIVE = Part("identity", "general"), Part("identity", "sensitive")


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
    await administrator.execute(f"UPDATE attestations SET {change}")
    assert await world.db.run(attestations.of_section, person, "identity", IDENTITY) == {}
