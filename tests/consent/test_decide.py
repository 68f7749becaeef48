"""Giving and declining consent."""

import json
from dataclasses import replace
from datetime import datetime

import pytest

from tests.consent.opening import Opener, Shares
from tests.consent.world import ASKED, NOTICE, Consents, choice
from tests.profile.world import CONTACT, IDENTITY, Administrator, drafts
from vault import ids
from vault.consent import Choice, Given, Offer, decline, give, records
from vault.consent.decide import NotChosen
from vault.crypto.canonical import b64, unb64
from vault.crypto.sealing import mac
from vault.db import Session
from vault.errors import Invalid, Malformed, Refused, Tampered

GENERAL_ITEMS = ["identity.name", "identity.birthdate", "contact.phone_number"]


async def test_a_grant_opens_what_was_ticked(consents: Consents, opener: Opener) -> None:
    """With every share, each granted item opens; the section it lies in was written before."""
    await consents.world.write(consents.person, "identity", IDENTITY)
    await consents.world.write(consents.person, "contact", CONTACT)
    given = await consents.given()
    have = await opener.all_shares(given)
    assert await opener.opened(given, [*GENERAL_ITEMS, "identity.national_id"], have) == {
        "identity.name": IDENTITY["name"],
        "identity.birthdate": IDENTITY["birthdate"],
        "contact.phone_number": CONTACT["phone_number"],
        "identity.national_id": IDENTITY["national_id"],
    }


async def test_what_is_stored_of_a_grant(consents: Consents) -> None:
    """The grant has the ticked items in the asked forms, the asked duration and limits, and its first epoch."""
    given = await consents.given(choice("identity.name", "contact.phone_number"), max_uses=3)
    seen = await consents.seen(given)
    assert seen.items == (("identity.name", "raw"), ("contact.phone_number", "masked"))
    assert (seen.status, seen.token_epoch, seen.max_uses, seen.uses) == ("active", 1, 3, 0)
    assert (seen.expires_at - seen.given_at).days == 30
    assert not seen.approval_needed
    assert (await consents.seen(await consents.given())).approval_needed


async def test_a_grant_ends_with_its_declaration(consents: Consents) -> None:
    """Nothing given lasts longer than what stands behind it."""

    async def act(session: Session) -> tuple[Given, Offer]:
        offer = await consents.offer(session)
        soon = offer.declaration.valid_from.replace(year=2026, month=12, day=1)
        shortened = replace(offer, declaration=replace(offer.declaration, valid_until=soon))
        return await give(session, consents.person, shortened, choice()), shortened

    given, offer = await consents.db.run(act)
    assert given.expires_at == offer.declaration.valid_until


@pytest.mark.parametrize(
    ("made", "missing"),
    [
        (choice("contact.phone_number"), ["identity.name"]),
        (Choice(frozenset(), True, "en", NOTICE), ["identity.name"]),
        (choice(*ASKED, sensitive_yes=False), ["identity.national_id"]),
        (choice("identity.name", "identity.national_id", sensitive_yes=False), ["identity.national_id"]),
    ],
)
async def test_half_a_yes_is_no_consent(consents: Consents, made: Choice, missing: list[str]) -> None:
    """A required item left out, or a sensitive one without its own yes, is named and nothing is given."""
    with pytest.raises(NotChosen) as refused:
        await consents.given(made)
    assert refused.value.members["items"] == missing


async def test_general_items_need_no_sensitive_yes(consents: Consents) -> None:
    """The separate yes is asked for sensitive items only."""
    assert await consents.given(choice("identity.name", sensitive_yes=False))


@pytest.mark.parametrize(
    "made",
    [
        choice("identity.name", "health.conditions"),
        replace(choice(), locale="fr"),
        replace(choice(), notice_digest=b""),
    ],
)
async def test_a_choice_beyond_the_offer_is_refused(consents: Consents, made: Choice) -> None:
    """Ticking what is not on offer, or not saying which page in which language was seen, is invalid."""
    with pytest.raises(Invalid):
        await consents.given(made)


async def test_only_a_person_consents(consents: Consents) -> None:
    """An officer who is signed in cannot give consent."""
    with pytest.raises(Refused):
        await consents.given(holder=consents.world.staff.first)


async def test_client_and_declaration_must_belong_together(consents: Consents) -> None:
    """An offer patched together from two requesters is refused."""

    async def act(session: Session) -> Given:
        offer = await consents.offer(session)
        other = replace(offer.client, declaration_id=ids.DeclarationId(ids.new_uuid()))
        return await give(session, consents.person, replace(offer, client=other), choice())

    with pytest.raises(Refused):
        await consents.db.run(act)


async def test_the_record_is_signed_and_verifies_offline(consents: Consents) -> None:
    """The consent receipt verifies with nothing but itself, and breaks with any change."""
    seen = await consents.seen(await consents.given())
    receipt = seen.receipt(consents.person.bundle.signing_public)
    receipt = json.loads(json.dumps(receipt))
    records.verify_receipt(receipt)
    record = receipt["record"]
    information = record["pii_processing"]["purposes"][0]["pii_information"]
    assert {each["pii_type"]: each["form"] for each in information} == ASKED
    assert [each["pii_type"] for each in information if each["sensitive_pii_category"]] == ["identity.national_id"]
    assert record["record_id"] == ids.public(ids.GRANT, seen.id)
    assert record["pii_processing"]["privacy_notice"]["digest"] == b64(NOTICE)
    assert record["limits"] == {"max_uses": 20, "frequency": {"per": "day", "count": 10}}
    for name, value in [("record_id", "gnt_0"), ("expires_at", "2030-01-01T00:00:00.000Z"), ("declaration", {})]:
        with pytest.raises(Tampered):
            records.verify_receipt(receipt | {"record": record | {name: value}})
    for broken in ({}, {"record": record}, receipt | {"signature": {"public_key": "!", "value": "!"}}):
        with pytest.raises(Malformed):
            records.verify_receipt(broken)


async def test_the_record_holds_no_value_and_no_name_of_the_person(consents: Consents) -> None:
    """Only the pairwise identifier tells whose record it is, and only to this requester."""
    await consents.world.write(consents.person, "identity", IDENTITY)
    seen = await consents.seen(await consents.given())
    text = json.dumps(seen.record, ensure_ascii=False)
    assert IDENTITY["name"] not in text
    assert IDENTITY["birthdate"] not in text
    assert consents.person.id.hex not in text
    ring, person = consents.db.ring, consents.person.id
    assert seen.record["pii_principal_id"] == records.pairwise(ring, seen.requester_id, person)
    assert records.pairwise(ring, seen.requester_id, person) != records.pairwise(ring, ids.new_uuid(), person)


async def test_the_entry_commits_to_the_record(consents: Consents, administrator: Administrator) -> None:
    """The entry names requester, declaration, items and forms, and a commitment that only the grant's key opens."""
    given = await consents.given()
    row = (await administrator.rows("SELECT record_digest, commitment_key FROM grants"))[0]
    entry = json.loads((await drafts(consents.db))[-1])
    assert entry["event"] == "grant.given"
    expected = records.commitment(row["commitment_key"], row["record_digest"], records.GIVEN)
    assert unb64(entry["consent"]) == expected != row["record_digest"]
    assert records.commitment(row["commitment_key"], row["record_digest"], records.WITHDRAWN) != expected
    everything = b"".join(await drafts(consents.db))
    assert given.grant.hex.encode() not in everything
    assert given.g not in everything


async def test_declining_leaves_an_entry_and_no_grant(consents: Consents, administrator: Administrator) -> None:
    """A no is recorded for the person, and nothing is made."""

    async def act(session: Session) -> None:
        await decline(session, consents.person, await consents.offer(session))

    await consents.db.run(act)
    assert json.loads((await drafts(consents.db))[-1])["event"] == "grant.declined"
    assert not await administrator.rows("SELECT 1 FROM grants")


async def test_the_persons_share_is_nowhere(consents: Consents, administrator: Administrator) -> None:
    """No column of any row of the grant holds g, the officers' share or a secret half in clear."""
    given = await consents.given()
    tables = ("grants", "grant_wraps", "grant_parts", "grant_uses", "ledger_outbox")
    rows = [await administrator.rows(f"SELECT * FROM {table}") for table in tables]
    blobs = [value for table in rows for row in table for value in row.values() if isinstance(value, bytes)]
    assert blobs
    assert not any(given.g in blob for blob in blobs)
    assert mac(given.g, b"x") not in blobs


async def test_two_grants_to_one_requester_live_side_by_side(consents: Consents, opener: Opener) -> None:
    """Each consent is a grant of its own, with its own keys: one's share opens nothing of the other."""
    await consents.world.write(consents.person, "identity", IDENTITY)
    one, other = await consents.given(), await consents.given()
    ring = consents.db.ring
    assert one.grant != other.grant
    assert await opener.opens(one, ["identity.name"], Shares(ring, one.g))
    assert not await opener.opens(one, ["identity.name"], Shares(ring, other.g))


def test_moments_are_rfc_3339() -> None:
    """Times in records are UTC, to the millisecond."""
    assert records.moment(datetime.fromisoformat("2026-11-22T16:30:00.123456+08:00")) == "2026-11-22T08:30:00.123Z"
