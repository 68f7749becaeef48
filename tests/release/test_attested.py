"""What comes with a value: who confirmed it, how well, and how old it is."""

from typing import Any

import jsonschema
import msgspec

from tests.profile.test_attestations import Confirmed
from tests.profile.world import CONTACT, IDENTITY
from tests.release.world import GENERAL, Releases
from vault.profile import attestations

NAME, PHONE, ADULT = GENERAL
DAY = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
VERIFIED_CLAIMS = {
    "type": "object",
    "required": ["verification", "claims"],
    "properties": {
        "verification": {
            "type": "object",
            "required": ["trust_framework"],
            "properties": {
                "trust_framework": {"type": "string"},
                "assurance_level": {"type": "string"},
                "time": {"type": "string", "pattern": "^[0-9-]{10}T[0-9:]{5}(Z|[+-][0-9:]{5})$"},
                "evidence": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["type"],
                        "properties": {
                            "type": {"enum": ["document", "electronic_record", "vouch", "electronic_signature"]},
                            "check_details": {
                                "type": "array",
                                "minItems": 1,
                                "items": {"type": "object", "required": ["check_method"]},
                            },
                        },
                    },
                },
            },
        },
        "claims": {"type": "object", "minProperties": 1},
    },
}
"""What OpenID Identity Assurance Schema Definition 1.0, sections 5.4 to 5.6, asks of what we use of it."""


async def _items(releases: Releases, token: str) -> dict[str, dict[str, Any]]:
    body = msgspec.json.decode((await releases.release(token)).body)
    return {each["item"]: each for each in body["items"]}


async def _attest(releases: Releases, *fields: str) -> None:
    consents, by = releases.consents, Confirmed(releases.clock)
    await consents.db.run(attestations.attest, consents.person, "identity", list(fields), by)


async def test_a_confirmed_value_comes_as_a_verified_claim(releases: Releases) -> None:
    """Source, level and day of the check; of a derived form, a claim of its own name; of the rest, self_asserted."""
    await _attest(releases, "name", "birthdate")
    items = await _items(releases, await releases.token(await releases.given()))
    for item, claim in ((NAME, NAME), (ADULT, f"{ADULT}#predicate:over_18")):
        verified = items[item]["verified_claims"]
        jsonschema.validate(verified, VERIFIED_CLAIMS)
        assert verified["claims"] == {claim: items[item]["value"]}
        assert verified["verification"]["assurance_level"] == items[item]["level"] == "checked"
        (evidence,) = verified["verification"]["evidence"]
        assert evidence["check_details"] == [{"check_method": "data", "organization": "population-register"}]
    assert (items[PHONE]["level"], "verified_claims" in items[PHONE]) == ("self_asserted", False)
    assert IDENTITY["birthdate"] not in str(items)


async def test_an_attestation_does_not_outlive_its_value(releases: Releases) -> None:
    """Confirmed, then changed: what leaves is the person's word alone."""
    await _attest(releases, "name")
    token = await releases.token(await releases.given())
    changed = IDENTITY | {"name": "欧阳静"}
    await releases.consents.world.write(releases.consents.person, "identity", changed, expected=1)
    item = (await _items(releases, token))[NAME]
    assert (item["level"], "verified_claims" in item) == ("self_asserted", False)


async def test_the_age_of_a_value_is_its_own(releases: Releases) -> None:
    """A field that stays keeps the day it was written; all fields of the section were confirmed when it was saved."""
    given = await releases.given({PHONE: "masked", "contact.address": "raw"})
    first = releases.clock.now()
    releases.later(days=10)
    changed = CONTACT | {"address": {"country": "CN", "region": "福建省"}}
    await releases.consents.world.write(releases.consents.person, "contact", changed, expected=1)
    items = await _items(releases, await releases.token(given))
    assert items[PHONE]["written_on"] == first.date().isoformat()
    assert items["contact.address"]["written_on"] == releases.clock.now().date().isoformat()
    assert {item["confirmed_on"] for item in items.values()} == {releases.clock.now().date().isoformat()}


async def test_ages_are_days(releases: Releases) -> None:
    """A moment to the millisecond would let two requesters find out that they speak of one person."""
    await _attest(releases, "name")
    for item in (await _items(releases, await releases.token(await releases.given()))).values():
        for name in ("written_on", "confirmed_on"):
            jsonschema.validate(item[name], DAY)
        if "verified_claims" in item:
            assert item["verified_claims"]["verification"]["time"].endswith("T00:00+08:00")
