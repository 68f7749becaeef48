"""Clients that register themselves: within a statement of the registry, once, with keys of their own."""

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.authserver.bank import REDIRECT, Bank
from tests.authserver.keys import ISSUER, Signer
from tests.profile.world import drafts
from vault import ids
from vault.authserver import registration
from vault.authserver.errors import InvalidToken, OAuthError
from vault.clock import FixedClock
from vault.crypto.jws import sign_jws
from vault.ids import ApplicationId, RequesterId, new_uuid
from vault.ledger.events import REGISTRY, officer
from vault.organisations.tables import Organisation
from vault.requesters import dynamic
from vault.requesters.measures import suspend
from vault.requesters.statements import TYP, Product

BY = officer(new_uuid())
PRODUCT = Product(software_id="loans", client_name="Harbour Loans", redirect_uris=(REDIRECT, f"{REDIRECT}/two"))


async def stated(bank: Bank) -> str:
    """A software statement for one product of the bank."""
    return await bank.db.run(dynamic.issue_statement, bank.decided.declaration, PRODUCT, issuer=ISSUER, by=BY)


async def body_of(bank: Bank, signer: Signer | None = None, **members: Any) -> dict[str, Any]:
    """A good registration, or with some members changed; None leaves one out."""
    keys = {"keys": [(signer or Signer.make()).registered]}
    body = {"software_statement": await stated(bank), "jwks": keys, **members}
    return {name: value for name, value in body.items() if value is not None}


async def refused(bank: Bank, body: dict[str, Any]) -> tuple[str, str]:
    """Error code and check of a registration that fails."""
    with pytest.raises(OAuthError) as failed:
        await registration.register(bank.server, body)
    return failed.value.error, failed.value.check


def product_of(bank: Bank, made: dict[str, Any], signer: Signer) -> Bank:
    """The product as a client of its own."""
    decided = dataclasses.replace(bank.decided, client_id=ids.parse(ids.CLIENT, made["client_id"]))
    return Bank(bank.server, bank.world, decided, signer)


def bearer(made: dict[str, Any]) -> str:
    """The Authorization header that manages a client."""
    return f"Bearer {made['registration_access_token']}"


async def events(bank: Bank) -> list[str]:
    """The names of all entries so far."""
    return [msgspec.json.decode(draft)["event"] for draft in await drafts(bank.db)]


async def test_a_client_registers_itself_and_works(bank: Bank) -> None:
    """With the statement and keys of its own it gets a client_id, and its requests are taken at once."""
    signer = Signer.make()
    made = await registration.register(bank.server, await body_of(bank, signer))
    assert made["client_id"] != bank.client_id
    assert made["redirect_uris"] == list(PRODUCT.redirect_uris)
    assert (made["client_name"], made["software_id"]) == ("Harbour Loans", "loans")
    assert (await product_of(bank, made, signer).push()).request_uri
    assert (await events(bank))[-3:] == ["statement.issued", "client.registered", "consent.requested"]


async def test_a_statement_registers_one_client(bank: Bank) -> None:
    """Of many at once with one statement, one is registered; later ones are told why not."""
    body = await body_of(bank)
    outcomes = await asyncio.gather(
        *(registration.register(bank.server, body) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1
    assert await refused(bank, body) == ("invalid_software_statement", "statement-used")


async def test_the_statement_must_be_the_registrys(bank: Bank, clock: FixedClock) -> None:
    """None, nonsense, another type, another key, another registry, an old one: each is refused by name."""
    good = await body_of(bank)
    assert await refused(bank, good | {"software_statement": 7}) == ("invalid_software_statement", "statement-present")
    assert (await refused(bank, good | {"software_statement": "a.b.c"}))[1] == "statement-readable"
    head, _, signature = good["software_statement"].split(".")
    other = await bank.db.run(
        dynamic.issue_statement, bank.decided.declaration, PRODUCT, issuer="https://other.example", by=BY
    )
    assert (await refused(bank, good | {"software_statement": other}))[1] == "statement-issuer"
    swapped = f"{head}.{other.split('.')[1]}.{signature}"
    assert (await refused(bank, good | {"software_statement": swapped}))[1] == "statement-signature"
    for typ, claims, check in (("JWT", b"{}", "statement-typ"), (TYP, b"{}", "statement-claims")):
        made = sign_jws(
            lambda message: bank.db.ring.sign("register", message), {"typ": typ, "kid": "register.1"}, claims
        )
        assert (await refused(bank, good | {"software_statement": made}))[1] == check
    clock.move(timedelta(days=8))
    assert (await refused(bank, good))[1] == "statement-time"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"redirect_uris": ["https://evil.example/back"]}, ("invalid_redirect_uri", "registration-redirect-uris")),
        ({"redirect_uris": []}, ("invalid_redirect_uri", "registration-redirect-uris")),
        ({"redirect_uris": [REDIRECT, 7]}, ("invalid_redirect_uri", "registration-redirect-uris")),
        ({"grant_types": ["password"]}, ("invalid_client_metadata", "registration-grant-types")),
        ({"response_types": ["token"]}, ("invalid_client_metadata", "registration-response-types")),
        ({"jwks_uri": "https://harbour.example/jwks"}, ("invalid_client_metadata", "registration-jwks-uri")),
        ({"jwks": {"keys": []}}, ("invalid_client_metadata", "registration-keys")),
        ({"jwks": None}, ("invalid_client_metadata", "registration-keys")),
        ({"client_uri": 7}, ("invalid_client_metadata", "registration-standard")),
        ({"contacts": "me"}, ("invalid_client_metadata", "registration-standard")),
        (
            {"token_endpoint_auth_method": "client_secret_basic"},
            ("invalid_client_metadata", "registration-metadata"),
        ),
        ({"dpop_bound_access_tokens": False}, ("invalid_client_metadata", "registration-metadata")),
    ],
)
async def test_what_the_statement_and_fapi_do_not_allow(
    bank: Bank, members: dict[str, Any], expected: tuple[str, str]
) -> None:
    """Each is refused by name, and the statement is not used up by it."""
    body = await body_of(bank)
    changed = {name: value for name, value in (body | members).items() if value is not None}
    assert await refused(bank, changed) == expected
    assert (await registration.register(bank.server, body))["client_id"]


async def test_unknown_members_are_ignored(bank: Bank) -> None:
    """RFC 7591 section 2; and a name in the statement goes before one that the client sends."""
    made = await registration.register(bank.server, await body_of(bank, favourite_colour="blue", client_name="Other"))
    assert "favourite_colour" not in made
    assert made["client_name"] == "Harbour Loans"


async def test_a_stopped_organisation_registers_nothing(bank: Bank) -> None:
    """Neither a new client nor a change, from the moment it is suspended; reading still works."""
    first, second = await body_of(bank), await body_of(bank)
    made = await registration.register(bank.server, first)
    assert bank.decided.requester is not None
    await bank.db.run(suspend, RequesterId(bank.decided.requester), reason="source-changed", by=REGISTRY)
    assert await refused(bank, second) == ("unapproved_software_statement", "statement-live")
    update = {"client_id": made["client_id"], "jwks": first["jwks"]}
    with pytest.raises(OAuthError) as failed:
        await registration.replace(bank.server, made["client_id"], bearer(made), update)
    assert failed.value.check == "update-live"
    assert (await registration.read(bank.server, made["client_id"], bearer(made)))["client_id"] == made["client_id"]


async def test_a_client_changes_its_keys(bank: Bank) -> None:
    """The new key authenticates and the old one does not; the token is shown once and stays."""
    old, new = Signer.make(), Signer.make()
    made = await registration.register(bank.server, await body_of(bank, old))
    update = {"client_id": made["client_id"], "jwks": {"keys": [new.registered]}, "redirect_uris": [REDIRECT]}
    held = await registration.replace(bank.server, made["client_id"], bearer(made), update)
    assert held["redirect_uris"] == [REDIRECT]
    assert "registration_access_token" not in held
    assert (await product_of(bank, made, new).push()).request_uri
    with pytest.raises(OAuthError):
        await product_of(bank, made, old).push()


@pytest.mark.parametrize(
    ("members", "check"),
    [
        ({"client_id": "cli_" + "0" * 32}, "update-client"),
        ({"client_secret": "x"}, "update-managed"),
        ({"redirect_uris": ["https://evil.example/"]}, "registration-redirect-uris"),
    ],
)
async def test_an_update_cannot_reach_further(bank: Bank, members: dict[str, Any], check: str) -> None:
    """Not another client, not what the server manages, not beyond the statement."""
    body = await body_of(bank)
    made = await registration.register(bank.server, body)
    update = {"client_id": made["client_id"], "jwks": body["jwks"]} | members
    with pytest.raises(OAuthError) as failed:
        await registration.replace(bank.server, made["client_id"], bearer(made), update)
    assert failed.value.check == check


async def test_a_removed_client_is_dead(bank: Bank) -> None:
    """It is refused with the next request, and its token manages nothing any more."""
    signer = Signer.make()
    made = await registration.register(bank.server, await body_of(bank, signer))
    await registration.remove(bank.server, made["client_id"], bearer(made))
    with pytest.raises(OAuthError):
        await product_of(bank, made, signer).push()
    with pytest.raises(InvalidToken):
        await registration.read(bank.server, made["client_id"], bearer(made))
    assert (await bank.push()).request_uri  # its elder sister works on


async def test_nobody_elses_client(bank: Bank) -> None:
    """Another client's token, none, another scheme, a client that never registered itself: all answer alike."""
    one = await registration.register(bank.server, await body_of(bank))
    two = await registration.register(bank.server, await body_of(bank))
    tries = [
        (one["client_id"], bearer(two)),
        (one["client_id"], None),
        (one["client_id"], bearer(one).replace("Bearer", "DPoP")),
        (bank.client_id, bearer(one)),
        ("cli_nobody", bearer(one)),
    ]
    said = set()
    for client_id, authorization in tries:
        with pytest.raises(InvalidToken) as failed:
            await registration.read(bank.server, client_id, authorization)
        said.add((failed.value.check, failed.value.description))
    assert len(said) == 1
    assert said.pop()[0] == "registration-token"


async def two_decide(bank: Bank, *, wanted: bool = True) -> None:
    """The organisation has a desk, where two members decide about keys."""
    async with bank.db.begin() as session:
        assert bank.decided.requester is not None
        desk = Organisation(
            requester_id=RequesterId(bank.decided.requester),
            application_id=ApplicationId(new_uuid()),
            two_members=wanted,
            opened_at=session.now,
        )
        session.add(desk)


async def test_two_members_decide_about_keys_here_too(bank: Bank) -> None:
    """A statement and a registration of the time before bring no keys that no second member has seen; giving the
    client up takes nobody else."""
    waiting, body = await body_of(bank), await body_of(bank)
    made = await registration.register(bank.server, body)
    await two_decide(bank)
    assert await refused(bank, waiting) == ("unapproved_software_statement", "registration-two-members")
    planted = {"client_id": made["client_id"], "jwks": {"keys": [Signer.make().registered]}}
    with pytest.raises(OAuthError) as failed:
        await registration.replace(bank.server, made["client_id"], bearer(made), planted)
    assert failed.value.check == "registration-two-members"
    held = await registration.read(bank.server, made["client_id"], bearer(made))
    assert held["jwks"] == body["jwks"]
    await registration.remove(bank.server, made["client_id"], bearer(made))


async def test_where_one_member_decides_a_registration_is_as_before(bank: Bank) -> None:
    """A desk alone changes nothing."""
    await two_decide(bank, wanted=False)
    assert (await registration.register(bank.server, await body_of(bank)))["client_id"]


async def test_a_refused_update_is_recorded(bank: Bank) -> None:
    """The holder of the token is known: what they tried is an entry of the organisation's."""
    made = await registration.register(bank.server, await body_of(bank))
    update = {"client_id": made["client_id"], "jwks": {"keys": []}}
    with pytest.raises(OAuthError):
        await registration.replace(bank.server, made["client_id"], bearer(made), update)
    (entry,) = [msgspec.json.decode(each) for each in await drafts(bank.db) if b"token.refused" in each]
    assert entry["reason"] == "registration-keys"
