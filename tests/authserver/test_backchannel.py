"""Consent out of band, from the hint to the token: what a good client gets, and which requests are refused."""

from datetime import timedelta

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.authserver.bank import ITEMS, Bank
from tests.authserver.callcentre import MESSAGE, CallCentre
from tests.authserver.keys import ISSUER
from tests.authserver.recorded import refusals
from vault.authserver.errors import OAuthError
from vault.authserver.prompts import load_asking
from vault.authserver.signed import jwks
from vault.authserver.tokens import open_access_token
from vault.clock import FixedClock
from vault.crypto.canonical import unb64
from vault.ledger.events import REGISTRY
from vault.requesters.client_metadata import read_stored
from vault.requesters.measures import suspend
from vault.signin import Holder


async def test_the_whole_way(centre: CallCentre, person: Holder, clock: FixedClock) -> None:
    """Hint, request, message on the person's page, yes, tokens bound to the key, refresh."""
    started, prompt = await centre.asked(person)
    assert started.body() == {"auth_req_id": started.auth_req_id, "expires_in": 300, "interval": 5}
    assert len(unb64(started.auth_req_id)) == 32
    asking = await centre.bank.db.run(load_asking, person, prompt.id)
    assert (asking.message, [each.item for each in asking.offer.terms.items]) == (MESSAGE, list(ITEMS))
    assert (await centre.answer(started))["error"] == "authorization_pending"
    given = await centre.allow(person, prompt)
    clock.move(timedelta(seconds=5))
    issued = await centre.poll(started)
    assert {each["item"]: each["form"] for each in issued.authorization_details[0]["items"]} == ITEMS
    access = open_access_token(
        centre.bank.server.keys, centre.bank.db.ring, issued.access_token, clock.now(), issuer=ISSUER
    )
    assert (access.person, access.g, access.grant) == (person.id, given.g, given.grant)
    assert access.binding.thumbprint == centre.bank.dpop.thumbprint
    assert (await centre.bank.refresh(issued.refresh_token)).grant_id == issued.grant_id


@pytest.mark.parametrize("alg", ["EdDSA", "ES256"])
async def test_the_id_token_says_who_and_nothing_else(bank: Bank, person: Holder, alg: str, clock: FixedClock) -> None:
    """iss, pairwise sub, aud, iat, exp, by the published key; only where openid was asked for."""
    centre = await CallCentre.registered(bank, id_token_signed_response_alg=alg)
    started, prompt = await centre.asked(person)
    await centre.allow(person, prompt)
    body = (await centre.poll(started)).body()
    read = jwt.decode(body["id_token"], KeySet.import_key_set(jwks(bank.db.ring)), algorithms=[alg])
    assert (read.header["typ"], set(read.claims)) == ("JWT", {"iss", "sub", "aud", "iat", "exp"})
    assert (read.claims["iss"], read.claims["aud"]) == (ISSUER, bank.client_id)
    assert read.claims["sub"] == msgspec.json.decode(unb64(body["access_token"].split(".")[1]))["sub"]
    clock.move(timedelta(minutes=1))
    started, prompt = await centre.asked(person, scope=None)
    await centre.allow(person, prompt)
    assert "id_token" not in (await centre.poll(started)).body()


async def test_an_id_token_is_no_access_token(centre: CallCentre, person: Holder, clock: FixedClock) -> None:
    """RFC 8725 section 3.11: types do not mix."""
    started, prompt = await centre.asked(person)
    await centre.allow(person, prompt)
    id_token = (await centre.poll(started)).body()["id_token"]
    with pytest.raises(OAuthError) as caught:
        open_access_token(centre.bank.server.keys, centre.bank.db.ring, id_token, clock.now(), issuer=ISSUER)
    assert caught.value.check == "token-typ"


@pytest.mark.parametrize(
    ("changes", "check", "error"),
    [
        ({"login_hint": None}, "backchannel-one-hint", "invalid_request"),
        ({"login_hint_token": "x"}, "backchannel-one-hint", "invalid_request"),
        ({"id_token_hint": "x"}, "backchannel-one-hint", "invalid_request"),
        ({"login_hint": "13800130013"}, "backchannel-hint-shape", "invalid_request"),
        ({"login_hint": "510107199006184623"}, "backchannel-hint-shape", "invalid_request"),
        ({"login_hint": "person.b"}, "backchannel-hint-shape", "invalid_request"),
        ({"scope": "profile"}, "backchannel-scope", "invalid_scope"),
        ({"scope": "openid profile"}, "backchannel-scope", "invalid_scope"),
        ({"request": "ey.ey.sig"}, "backchannel-request-object", "request_not_supported"),
        ({"grant_management_action": "merge"}, "backchannel-grant-management", "invalid_request"),
        ({"grant_id": "gnt_x"}, "backchannel-grant-management", "invalid_request"),
        ({"requested_expiry": "0"}, "backchannel-expiry", "invalid_request"),
        ({"requested_expiry": "soon"}, "backchannel-expiry", "invalid_request"),
        ({"requested_expiry": "-5"}, "backchannel-expiry", "invalid_request"),
        ({"requested_expiry": "٣"}, "backchannel-expiry", "invalid_request"),
        ({"authorization_details": None}, "details-present", "invalid_authorization_details"),
        ({"authorization_details": "[]"}, "details-shape", "invalid_authorization_details"),
    ],
)
async def test_what_is_refused(
    centre: CallCentre, person: Holder, changes: dict[str, str | None], check: str, error: str
) -> None:
    """By a named check, recorded, and without using the hint up."""
    hint = await centre.hint(person)
    with pytest.raises(OAuthError) as caught:
        await centre.start(hint, **changes)
    assert (caught.value.check, caught.value.error) == (check, error)
    assert [each["reason"] for each in await refusals(centre.bank.db)] == [check]
    await centre.start(hint)


@pytest.mark.parametrize(
    "message",
    [
        None,
        "x" * 65,
        " leading",
        "trailing ",
        "two\nlines",
        "tab\there",
        "nul\x07",
        "\u202egnp.exe",
        "a\u2066b",
        "zero\u200bwidth",
        "soft\u00adhyphen",
        "https://evil.example/x",
        "<b>bold</b>",
        "$vault",
        "a&b",
        "Ꭺ",
        "é",
        "😀",
    ],
)
async def test_a_binding_message_hides_nothing(centre: CallCentre, person: Holder, message: str | None) -> None:
    """Required, short, in an alphabet without control, bidi and look-alike characters (CIBA Core 7.1)."""
    with pytest.raises(OAuthError) as caught:
        await centre.start(await centre.hint(person), binding_message=message)
    assert (caught.value.check, caught.value.error) == ("backchannel-binding-message", "invalid_binding_message")


@pytest.mark.parametrize("message", ["W4SCT", "贷款 4711", "A", "Ticket (No. 7): counter 3, #12"])
async def test_good_binding_messages(centre: CallCentre, person: Holder, message: str) -> None:
    """They come to the person as they were sent."""
    _, prompt = await centre.asked(person, binding_message=message)
    assert (await centre.bank.db.run(load_asking, person, prompt.id)).message == message


@pytest.mark.parametrize(("wanted", "granted"), [("1", 60), ("120", 120), ("120000", 900), (None, 300)])
async def test_how_long_it_lives(centre: CallCentre, person: Holder, wanted: str | None, granted: int) -> None:
    """What is asked for, within our bounds."""
    started = await centre.start(await centre.hint(person), requested_expiry=wanted)
    assert started.expires_in == granted


async def test_over_asking_names_the_item(centre: CallCentre, person: Holder) -> None:
    """As at the pushed request."""
    details = [{"type": "personal_information.v1", "items": [{"item": "contact.email", "form": "raw"}]}]
    details[0]["duration_days"] = 30
    with pytest.raises(OAuthError) as caught:
        await centre.start(await centre.hint(person), authorization_details=msgspec.json.encode(details).decode())
    assert (caught.value.error, caught.value.items) == ("invalid_authorization_details", ["contact.email"])


async def test_a_client_must_be_registered_for_it(bank: Bank, person: Holder) -> None:
    """Without a delivery mode in its registration it may not ask out of band."""
    centre = CallCentre(bank)
    with pytest.raises(OAuthError) as caught:
        await centre.start(await centre.hint(person))
    assert (caught.value.check, caught.value.error) == ("backchannel-registered", "unauthorized_client")


async def test_push_cannot_be_registered() -> None:
    """FAPI-CIBA 5.2.2: poll, perhaps ping, never push."""
    with pytest.raises(msgspec.ValidationError):
        read_stored({"backchannel_token_delivery_mode": "push"})


async def test_what_is_not_in_force_asks_nobody(centre: CallCentre, person: Holder) -> None:
    """A suspended organisation is refused by name, before anything is put before anybody."""
    requester, hint = centre.bank.decided.requester, await centre.hint(person)
    assert requester is not None
    await centre.bank.db.run(suspend, requester, reason="source-changed", by=REGISTRY)
    with pytest.raises(OAuthError) as caught:
        await centre.start(hint)
    assert (caught.value.check, caught.value.error) == ("client-live", "unauthorized_client")
