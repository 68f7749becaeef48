"""A release under attack: with any share missing or foreign, or any row edited, nothing opens."""

import pytest

from tests.consent.world import Consents, choice
from tests.profile.world import CONTACT
from tests.release.world import Releases
from vault.authserver.tokens import Share
from vault.consent import withdraw
from vault.crypto.keyring import MemoryRing
from vault.crypto.sealing import new_key
from vault.db import Database
from vault.errors import CannotOpen, Refused, Tampered
from vault.ids import PersonId
from vault.release.engine import ReleaseEngine
from vault.release.pipeline import release

EDITED = {
    "grant extended": "UPDATE grants SET expires_at = expires_at + interval '1 year'",
    "more uses": "UPDATE grants SET max_uses = 100000",
    "other items": """UPDATE grants SET items = items || '[{"item": "contact.address", "form": "raw"}]'""",
    "older epoch": "UPDATE grants SET token_epoch = token_epoch + 1",
    "swapped public key": "UPDATE grants SET general_public = sha256('mine')",
    "client of another": "UPDATE clients SET jwks = '{}'",
    "requester renamed": """UPDATE requesters SET name = '{"en": "Another Bank", "zh-CN": "x"}'""",
    "requester extended": "UPDATE requesters SET valid_until = valid_until + interval '9 years'",
    "declaration widened": "UPDATE declarations SET body = jsonb_set(body, '{retention_days}', '3650')",
    "declaration extended": "UPDATE declarations SET valid_until = valid_until + interval '9 years'",
    "permit extended": "UPDATE permits SET signed_until = signed_until + interval '1 year'",
    "permit forged": "UPDATE permits SET signatures = signatures - 0",
    "person's key swapped": "UPDATE persons SET signing_public = sha256('mine')",
    "MAC removed": "UPDATE grants SET mac = ''",
}


@pytest.mark.parametrize("edit", EDITED)
async def test_an_edited_row_is_refused_loudly(releases: Releases, edit: str) -> None:
    """The row's MAC does not fit, and the attempt is recorded; also when the row was good a moment ago."""
    token = await releases.token(await releases.given())
    await releases.values(token)
    await releases.administrator.execute(EDITED[edit])
    with pytest.raises(Tampered):
        await releases.release(token)
    recorded = [entry["reason"] for entry in await releases.entries("release.refused")]
    # when the register's own rows were edited nobody can say for sure who the requester is
    register = ("client", "requester", "declaration extended", "permit")
    assert recorded == ([] if edit.startswith(register) else ["tampered"])


async def test_a_withdrawn_grant_cannot_be_revived_by_editing(releases: Releases) -> None:
    """Status and epoch set back by hand do not fit the MAC."""
    given = await releases.given()
    token = await releases.token(given)
    await releases.consents.db.run(withdraw, releases.consents.person, given.grant)
    revive = "UPDATE grants SET status = 'active', withdrawn_at = NULL, token_epoch = 1, version = 1"
    await releases.administrator.execute(revive)
    with pytest.raises(Tampered):
        await releases.release(token)


async def test_another_share_does_not_open(releases: Releases) -> None:
    """A token with a made-up g: everything else is right, and nothing opens."""
    given = await releases.given()
    share = Share(PersonId(releases.consents.person.id), new_key())
    with pytest.raises(CannotOpen):
        await releases.release(await releases.token(given, share=share))
    assert [entry["reason"] for entry in await releases.entries("release.refused")] == ["cannot_open"]


async def test_the_share_of_another_grant_does_not_open(releases: Releases) -> None:
    """Two grants of one person to one bank have shares of their own."""
    one, two = await releases.given(), await releases.given()
    share = Share(PersonId(releases.consents.person.id), two.g)
    with pytest.raises(CannotOpen):
        await releases.release(await releases.token(one, share=share))


async def test_another_key_ring_does_not_open(releases: Releases) -> None:
    """A thief with database, token and proof, but without the registry's share."""
    given = await releases.given()
    token = await releases.token(given)
    ring = releases.consents.db.ring
    assert isinstance(ring, MemoryRing)
    kept = {purpose: ring._of(purpose) for purpose in ("row", "subject", "database", "token", "token-keys")}
    foreign = MemoryRing(ring.id, kept | {"release": {1: new_key()}})
    db = Database(releases.administrator.url, foreign, releases.clock)
    engine = await ReleaseEngine.over(db, releases.engine.receipts, releases.engine.gate)
    try:
        with pytest.raises(CannotOpen):
            await release(engine, releases.ask(token))
    finally:
        await db.close()


SWAPPED = {
    "wraps": """UPDATE grant_wraps w SET wrapped = o.wrapped FROM grant_wraps o
        WHERE w.grant_id = $1 AND o.grant_id = $2""",
    "parts": """UPDATE grant_parts p SET sealed = o.sealed FROM grant_parts o
        WHERE p.grant_id = $1 AND o.grant_id = $2 AND p.section = o.section AND p.compartment = o.compartment""",
    "sections": """UPDATE grant_parts p SET sealed = o.sealed FROM grant_parts o
        WHERE p.grant_id = $1 AND o.grant_id = $1 AND p.section <> o.section AND $2::uuid IS NOT NULL""",
}


@pytest.mark.parametrize("what", SWAPPED)
async def test_what_belongs_to_another_grant_or_part_does_not_open(releases: Releases, what: str) -> None:
    """Wraps and sealed keys are bound to their place."""
    one, two = await releases.given(), await releases.given()
    token = await releases.token(one)
    await releases.values(token)
    await releases.administrator.execute(SWAPPED[what], one.grant, two.grant)
    with pytest.raises(CannotOpen):
        await releases.release(token)


async def test_a_missing_wrap_or_key_does_not_open(releases: Releases) -> None:
    """As after a withdrawal, whatever the statuses say."""
    for table in ("grant_parts", "grant_wraps"):
        token = await releases.token(await releases.given())
        await releases.administrator.execute(f"DELETE FROM {table}")
        with pytest.raises(CannotOpen):
            await releases.release(token)


CIPHERTEXTS = {
    "an older version under a new number": """INSERT INTO section_versions
        SELECT person_id, gen_random_uuid(), section, number + 1, general, sensitive, general_key, sensitive_key,
               digest, signature, written_at FROM section_versions WHERE section = 'contact'""",
    "a section in place of another": """UPDATE section_versions v SET general = o.general FROM section_versions o
        WHERE v.section = 'contact' AND o.section = 'identity'""",
    "a byte": "UPDATE section_versions SET general = set_byte(general, 40, 255 - get_byte(general, 40))",
    "the signature": "UPDATE section_versions SET signature = sha512('mine')",
}


@pytest.mark.parametrize("what", CIPHERTEXTS)
async def test_a_version_that_the_person_did_not_write_is_refused(releases: Releases, what: str) -> None:
    """Swapped, replayed and changed ciphertexts are not the person's own work."""
    token = await releases.token(await releases.given())
    await releases.administrator.execute(CIPHERTEXTS[what])
    with pytest.raises(Tampered):
        await releases.release(token)


async def test_the_ciphertext_of_another_person_is_refused(releases: Releases) -> None:
    """Even a whole row of theirs, with its signature."""
    world = releases.consents.world
    other = Consents(world, await world.person(), releases.consents.bank)
    await world.write(other.person, "contact", CONTACT | {"phone_number": "+8613912345678"})
    await other.given(choice("identity.name"), items={"identity.name": "raw"})
    token = await releases.token(await releases.given())
    await releases.administrator.execute(
        """UPDATE section_versions v SET general = o.general, signature = o.signature FROM section_versions o
           WHERE v.person_id = $1 AND v.section = 'contact' AND o.person_id = $2 AND o.section = 'contact'""",
        releases.consents.person.id,
        other.person.id,
    )
    with pytest.raises(Tampered):
        await releases.release(token)


async def test_counters_set_back_do_not_hide_a_release(releases: Releases) -> None:
    """An administrator who resets the uses lets more through, and every one of them is in the ledger."""
    given = await releases.given(max_uses=1)
    token = await releases.token(given)
    await releases.values(token)
    with pytest.raises(Refused):
        await releases.release(token)
    await releases.administrator.execute("UPDATE grant_uses SET uses = 0")
    await releases.values(token)
    assert len(await releases.entries("release.delivered")) == 2
