"""A grant under attack: shares missing or foreign, rows swapped or edited."""

import pytest

from tests.conftest import fresh_ring
from tests.consent.opening import Opener, Shares
from tests.consent.world import Consents, choice
from tests.profile.world import CONTACT, IDENTITY, Administrator
from vault.consent import Given, for_person, reseal, rotate_after_withdrawal, withdraw
from vault.crypto.sealing import new_key
from vault.errors import CannotOpen, Tampered
from vault.ids import PersonId

NAME, NUMBER = "identity.name", "identity.national_id"


@pytest.fixture
async def given(consents: Consents) -> Given:
    """A grant of general and sensitive items, with the sections filled in."""
    await consents.world.write(consents.person, "identity", IDENTITY)
    await consents.world.write(consents.person, "contact", CONTACT)
    return await consents.given()


async def test_general_shares_do_not_open_the_sensitive_part_of_the_same_section(
    consents: Consents, opener: Opener, given: Given
) -> None:
    """Without the officers' share the name opens and the number beside it does not."""
    without = Shares(consents.db.ring, given.g)
    assert await opener.opened(given, [NAME], without) == {NAME: IDENTITY["name"]}
    with pytest.raises(CannotOpen):
        await opener.opened(given, [NUMBER], without)
    assert await opener.opened(given, [NAME, NUMBER], await opener.all_shares(given))


async def test_each_share_is_needed(consents: Consents, opener: Opener, given: Given) -> None:
    """With any one share of another grant, made up, or of another ring, the sensitive item stays closed."""
    other = await consents.given()
    good, foreign = await opener.all_shares(given), await opener.all_shares(other)
    assert await opener.opens(given, [NUMBER], good)
    for bad in (
        Shares(good.ring, foreign.g, good.o),
        Shares(good.ring, good.g, foreign.o),
        Shares(good.ring, foreign.g, foreign.o),
        Shares(good.ring, new_key(), good.o),
        Shares(good.ring, good.g, new_key()),
        Shares(good.ring, good.o or b"", good.g),
        Shares(fresh_ring(), good.g, good.o),
    ):
        assert not await opener.opens(given, [NUMBER], bad)


async def test_a_grant_opens_no_part_it_was_not_given(consents: Consents, opener: Opener) -> None:
    """A part nobody ticked has no key sealed to the grant, whatever shares there are."""
    await consents.world.write(consents.person, "identity", IDENTITY)
    await consents.world.write(consents.person, "contact", CONTACT)
    given = await consents.given(choice(NAME))
    have = Shares(consents.db.ring, given.g)
    assert await opener.opens(given, [NAME], have)
    for item in ("contact.phone_number", NUMBER):
        assert not await opener.opens(given, [item], have)


async def test_deleted_wraps_open_nothing(
    consents: Consents, opener: Opener, administrator: Administrator, given: Given
) -> None:
    """Without the wraps all shares together are worth nothing."""
    have = await opener.all_shares(given)
    await administrator.execute("DELETE FROM grant_wraps")
    assert not await opener.opens(given, [NAME], have)


@pytest.mark.parametrize(
    "swap",
    [
        "UPDATE grant_wraps w SET wrapped = o.wrapped FROM grant_wraps o "
        "WHERE w.grant_id <> o.grant_id AND w.compartment = o.compartment",
        "UPDATE grant_wraps w SET wrapped = o.wrapped FROM grant_wraps o "
        "WHERE w.grant_id = o.grant_id AND w.compartment <> o.compartment",
        "UPDATE grant_parts p SET sealed = o.sealed FROM grant_parts o "
        "WHERE p.grant_id <> o.grant_id AND p.section = o.section AND p.compartment = o.compartment",
        "UPDATE grant_parts p SET sealed = o.sealed FROM grant_parts o "
        "WHERE p.grant_id = o.grant_id AND p.section <> o.section AND p.compartment = o.compartment",
        "UPDATE grant_parts p SET sealed = o.sealed FROM grant_parts o "
        "WHERE p.grant_id = o.grant_id AND p.section = o.section AND p.compartment <> o.compartment",
    ],
)
async def test_swapped_wraps_and_keys_open_nothing(
    consents: Consents, opener: Opener, administrator: Administrator, given: Given, swap: str
) -> None:
    """Wraps or sealed keys exchanged between grants, sections or compartments in SQL do not open."""
    await consents.given()
    have = await opener.all_shares(given)
    assert await opener.opens(given, [NAME, NUMBER], have)
    await administrator.execute(swap)
    with pytest.raises(CannotOpen):
        await opener.opened(given, [NAME, NUMBER], have)


async def test_versions_written_by_somebody_else_are_not_released(
    consents: Consents, opener: Opener, administrator: Administrator, given: Given
) -> None:
    """A version that is not signed by the person is refused in a release too."""
    have = await opener.all_shares(given)
    await administrator.execute("UPDATE section_versions SET written_at = written_at + interval '1 hour'")
    with pytest.raises(Tampered):
        await opener.opened(given, [NAME], have)


@pytest.mark.parametrize(
    "edit",
    [
        "expires_at = expires_at + interval '1 year'",
        'items = items || \'[{"item": "health.history", "form": "raw"}]\'::jsonb',
        "items = '[]'::jsonb",
        'parts = parts || \'[{"section": "health", "compartment": "sensitive"}]\'::jsonb',
        "max_uses = NULL",
        'frequency = \'{"per": "hour", "count": 100}\'::jsonb',
        "token_epoch = token_epoch + 1",
        "general_public = sensitive_public",
        "general_public = decode(repeat('07', 32), 'hex')",
        "requester_id = gen_random_uuid()",
        "client_id = gen_random_uuid()",
        "declaration_number = 9",
        "officer_share = general_public",
        "commitment_key = general_public",
        "version = version + 1",
        "mac = general_public",
        "record = general_public",
        "status = 'withdrawn', withdrawn_at = given_at",
    ],
)
async def test_edited_grants_are_refused(
    consents: Consents, administrator: Administrator, given: Given, edit: str
) -> None:
    """Whatever gives power in a grant cannot be changed in SQL: listing, sealing and withdrawing fail loudly."""
    assert await administrator.execute(f"UPDATE grants SET {edit}") == "UPDATE 1"
    person = PersonId(consents.person.id)
    with pytest.raises(Tampered):
        await consents.db.run(for_person, person)
    if "record =" not in edit:
        with pytest.raises(Tampered):
            await consents.db.run(withdraw, consents.person, given.grant)


async def test_a_revived_grant_is_refused(consents: Consents, administrator: Administrator, given: Given) -> None:
    """Setting a withdrawn grant back to active in SQL is noticed."""
    await consents.db.run(withdraw, consents.person, given.grant)
    await administrator.execute("UPDATE grants SET status = 'active', withdrawn_at = NULL")
    with pytest.raises(Tampered):
        await consents.db.run(for_person, PersonId(consents.person.id))


async def test_an_edited_grant_gets_no_new_keys(consents: Consents, administrator: Administrator, given: Given) -> None:
    """A grant whose public half was exchanged for the attacker's is not sealed to."""
    await administrator.execute("UPDATE grants SET general_public = $1", consents.world.staff.first.bundle.box_public)
    for act in (reseal, rotate_after_withdrawal):
        with pytest.raises(Tampered):
            await consents.db.run(act, consents.person)


async def test_a_swapped_release_role_key_is_refused(consents: Consents, administrator: Administrator) -> None:
    """The officers' share is not sealed to a key an administrator brought in."""
    await administrator.execute(
        "UPDATE role_keys SET public = $1 WHERE role = 'release'", consents.person.bundle.box_public
    )
    with pytest.raises(Tampered):
        await consents.given()


async def test_swapped_person_keys_are_refused(consents: Consents, administrator: Administrator) -> None:
    """A person's public key exchanged in SQL stops consents, not just later releases."""
    await administrator.execute(
        "UPDATE persons SET signing_public = $1", consents.world.staff.first.bundle.signing_public
    )
    with pytest.raises(Tampered):
        await consents.given()
