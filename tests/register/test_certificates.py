"""Registration certificates: what they say, how long, and whose they are."""

from dataclasses import replace
from datetime import timedelta

import httpx
import msgspec
import pytest

from tests.conftest import fresh_ring
from tests.register.world import Place
from vault.crypto.canonical import b64, unb64
from vault.crypto.jws import open_jws
from vault.ids import DeclarationId, RequesterId, new_uuid
from vault.requesters import register
from vault.requesters.register_keys import CERTIFICATE, LONGEST, sign
from vault.requesters.registration import certificate, claims, why_not_certificate


async def fetched(place: Place, stranger: httpx.AsyncClient, bank: str = "Active") -> str:
    """A certificate as anybody fetches it."""
    answer = await stranger.get(f"/v1/register/declarations/{place.banks[bank].dcl}/certificate")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jwt")
    return answer.text


async def test_what_it_says(place: Place, stranger: httpx.AsyncClient) -> None:
    """Who, what for, which items in which forms, under whose supervision; for a day; under the published key."""
    token, bank = await fetched(place, stranger), place.banks["Active"]
    key = (await stranger.get("/v1/register/jwks")).json()["keys"][0]
    said = msgspec.json.decode(open_jws(token, typ=CERTIFICATE, public=unb64(key["x"]), longest=LONGEST[CERTIFICATE]))
    published = (await stranger.get(f"/v1/register/declarations/{bank.dcl}")).json()
    assert (said["sub"], said["uscc"], said["name"]["en"]) == (bank.req, bank.uscc, "Active Bank")
    assert said["declaration"] == {"id": bank.dcl, "number": 1, "digest": published["digest"]}
    assert said["permit"] == published["permit"]["digest"]
    assert said["items"] == [
        {name: each[name] for name in ("item", "forms", "required")} for each in published["body"]["items"]
    ]
    assert said["supervising_authority"]["contact"]["email"] == "office@supervision.example"
    assert said["deletion_contact"] == {"email": "deletion@harbour.example"}
    assert said["exp"] - said["iat"] == 24 * 3600
    assert "chen.li" not in str(said)


@pytest.mark.parametrize("bank", ["Suspended", "Revoked", "Surrendered"])
async def test_what_is_not_in_force_gets_none(place: Place, stranger: httpx.AsyncClient, bank: str) -> None:
    """Not for a moment longer."""
    answer = await stranger.get(f"/v1/register/declarations/{place.banks[bank].dcl}/certificate")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "not-live")


async def test_it_ends_with_the_declaration(place: Place) -> None:
    """A validity that was shortened shortens it too."""
    bank, now = place.banks["Active"], place.db.clock.now()
    declared = await place.db.run(register.declaration, bank.declaration)
    soon = replace(declared, valid_until=now + timedelta(minutes=5))
    token = certificate(place.db.ring, "https://vault.example", soon, now)
    said = msgspec.json.decode(unb64(token.split(".")[1]))
    assert said["exp"] - said["iat"] == 300


async def test_a_certificate_is_checked(place: Place, stranger: httpx.AsyncClient) -> None:
    """Own and fresh passes; stale, early, of another client, register, issuer, type or key, altered: each is told."""
    token, issuer, ring, now = (
        await fetched(place, stranger),
        place.edge.settings.issuer_url,
        place.db.ring,
        place.db.clock.now(),
    )
    own = await place.db.run(register.client, place.banks["Active"].client_id)
    assert why_not_certificate(ring, issuer, token, own, now) is None
    other = await place.db.run(register.client, place.banks["Insurer"].client_id)
    cousin = replace(own, declaration_id=DeclarationId(new_uuid()))
    stolen = replace(own, requester_id=RequesterId(new_uuid()))
    for client in (other, cousin, stolen):
        assert "another declaration" in str(why_not_certificate(ring, issuer, token, client, now))
    declared = await place.db.run(register.declaration, place.banks["Active"].declaration)
    said = claims(issuer, declared, now)
    head, body, tail = token.split(".")
    day = timedelta(days=1)
    forged = {
        "expired": sign(ring, CERTIFICATE, said, now=now - day * 2, until=now),
        "not valid yet": sign(ring, CERTIFICATE, said, now=now + day, until=now + day * 2),
        "another register": sign(ring, CERTIFICATE, said | {"iss": "https://other"}, now=now, until=now + day),
        "not of the type": sign(ring, "register-answer+jwt", said, now=now, until=now + day),
        "does not verify": f"{head}.{b64(unb64(body).replace(b'Active Bank', b'Closed Bank'))}.{tail}",
        "signature": sign(fresh_ring(), CERTIFICATE, said, now=now, until=now + day),
        "compact JWS": "not a token",
        "characters at most": "a" * 70_000,
    }
    for why, broken in forged.items():
        assert why in str(why_not_certificate(ring, issuer, broken, own, now)), why
