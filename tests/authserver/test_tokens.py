"""Access tokens, refresh tokens, codes: what opens them, and what does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.authserver.keys import ISSUER, Signer
from tests.conftest import fresh_ring
from vault.authserver import bindings, tokens
from vault.authserver.errors import InvalidGrant, InvalidToken
from vault.authserver.signed import jwks
from vault.authserver.token_keys import KeyCache, NoTokenKey, TokenKey
from vault.crypto.canonical import b64, unb64
from vault.crypto.keyring import PURPOSES, MemoryRing, ring_seal
from vault.crypto.sealing import new_key
from vault.ids import GrantId, PersonId, new_uuid

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
RING = fresh_ring()
KEY = TokenKey(new_uuid(), new_key(), NOW.replace(minute=0), NOW.replace(minute=0) + timedelta(hours=2))
DETAILS = [
    {
        "type": "personal_information.v1",
        "items": [{"item": "identity.name", "form": "raw"}, {"item": "contact.email", "form": "masked"}],
        "duration_days": 30,
    }
]
GRANTED = tokens.Granted(
    client_id=new_uuid(),
    binding=bindings.key(Signer.make().thumbprint),
    requester_id=new_uuid(),
    grant=GrantId(new_uuid()),
    epoch=3,
    expires_at=NOW + timedelta(days=30),
    details=DETAILS,
    share=tokens.Share(PersonId(new_uuid()), new_key()),
)


def cache(*keys: TokenKey) -> KeyCache:
    held = KeyCache()
    for key in keys:
        held.put(key)
    return held


def opened(token: str, *, now: datetime = NOW, ring: MemoryRing = RING, issuer: str = ISSUER) -> tokens.Access:
    return tokens.open_access_token(cache(KEY), ring, token, now, issuer=issuer)


def issued(ring: MemoryRing = RING, **changes: Any) -> str:
    return tokens.new_access_token(ring, KEY, replace(GRANTED, **changes), issuer=ISSUER, now=NOW)


def test_round_trip() -> None:
    """What was granted is what the release path gets."""
    access = opened(issued())
    assert (access.client_id, access.grant, access.epoch, access.binding) == (
        GRANTED.client_id,
        GRANTED.grant,
        GRANTED.epoch,
        GRANTED.binding,
    )
    assert (access.person, access.g) == (GRANTED.share.person, GRANTED.share.g)
    assert access.items == (("identity.name", "raw"), ("contact.email", "masked"))
    assert access.exp == NOW + timedelta(minutes=10)


def test_other_libraries_verify_it() -> None:
    """With the published JWKS, PyJWT verifies signature, audience and issuer (RFC 9068)."""
    key = jwks(RING)["keys"][0]
    claims = jwt.decode(
        issued(),
        jwt.PyJWK(key, "EdDSA"),
        algorithms=["EdDSA"],
        audience=f"{ISSUER}/v1",
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["cnf"] == {"jkt": GRANTED.binding.thumbprint}
    assert claims["exp"] - claims["iat"] == 600
    assert claims["authorization_details"] == DETAILS
    header = jwt.get_unverified_header(issued())
    assert (header["typ"], header["alg"], header["kid"]) == ("at+jwt", "EdDSA", key["kid"])


def test_nothing_in_the_clear_names_the_person() -> None:
    """Neither their id nor the share is in the token in any encoding; two requesters see two subjects."""
    token = issued()
    payload = unb64(token.split(".")[1])
    person, g = GRANTED.share.person, GRANTED.share.g
    for secret in (person.bytes, g):
        for form in (secret, secret.hex().encode(), b64(secret).encode()):
            assert form not in payload
    other = issued(requester_id=new_uuid())
    assert opened(other).sub != opened(token).sub
    assert opened(issued()).sub == opened(token).sub


def test_it_never_outlives_the_grant() -> None:
    """A grant with two minutes left gives a token of two minutes."""
    access = opened(issued(expires_at=NOW + timedelta(minutes=2)))
    assert access.exp == NOW + timedelta(minutes=2)


def forged(ring: MemoryRing = RING, header: dict[str, str] | None = None, **changes: Any) -> str:
    """A token with some claims changed, signed with the ring's own key: what only a bug could issue."""
    claims = msgspec.json.decode(unb64(issued().split(".")[1])) | changes
    payload = msgspec.json.encode({name: value for name, value in claims.items() if value is not None})
    head = b64(msgspec.json.encode({"alg": "EdDSA", "typ": "at+jwt", "kid": "token.1", **(header or {})}))
    message = f"{head}.{b64(payload)}"
    return f"{message}.{b64(ring.sign('token', message.encode()))}"


AT = int(NOW.timestamp())
BREAKS: list[tuple[str, dict[str, str], dict[str, Any]]] = [
    ("token-typ", {"typ": "JWT"}, {}),
    ("token-typ", {"typ": "dpop+jwt"}, {}),
    ("token-kid", {"kid": "token.9"}, {}),
    ("token-kid", {"kid": "ledger.1"}, {}),
    ("token-readable", {"alg": "none"}, {}),
    ("token-readable", {"alg": "HS256"}, {}),
    ("token-readable", {"crit": "exp"}, {}),
    ("token-readable", {"jwk": "x"}, {}),
    ("token-audience", {}, {"iss": "https://other.example"}),
    ("token-audience", {}, {"aud": ISSUER}),
    ("token-audience", {}, {"aud": "https://other.example/v1"}),
    ("token-claims", {}, {"aud": [f"{ISSUER}/v1"]}),
    ("token-claims", {}, {"cnf": None}),
    ("token-claims", {}, {"cnf": {}}),
    ("token-claims", {}, {"exp": None}),
    ("token-claims", {}, {"extra": 1}),
    ("token-claims", {}, {"epoch": "3"}),
    ("token-expired", {}, {"exp": AT}),
    ("token-iat", {}, {"iat": AT + 61}),
    ("token-share", {}, {"share": b64(b"\1" + b"\0" * 88)}),
    ("token-share", {}, {"share": "!"}),
    ("token-share", {}, {"epoch": 4}),
    ("token-share", {}, {"jti": "another"}),
    ("token-share", {}, {"grant": "gnt_" + "0" * 32}),
    ("token-share", {}, {"grant": "grant"}),
    ("token-share", {}, {"client_id": "client"}),
    ("token-share", {}, {"key": "nonsense"}),
    ("token-share", {}, {"authorization_details": []}),
    ("token-share", {}, {"authorization_details": [{"items": [{}]}]}),
    ("token-key", {}, {"key": "0" * 32}),
]


@pytest.mark.parametrize(("name", "header", "claims"), BREAKS, ids=[f"{n}-{b[0]}" for n, b in enumerate(BREAKS)])
def test_each_break_is_named(name: str, header: dict[str, str], claims: dict[str, Any]) -> None:
    """One thing wrong at a time, under our own signature."""
    with pytest.raises(InvalidToken) as caught:
        opened(forged(header=header, **claims))
    assert caught.value.check == name
    assert caught.value.http_status == 401


def test_the_share_of_another_token_does_not_open() -> None:
    """Share and token belong together: the share of one under the claims of another opens nothing."""
    other = msgspec.json.decode(unb64(issued().split(".")[1]))["share"]
    with pytest.raises(InvalidToken) as caught:
        opened(forged(share=other))
    assert caught.value.check == "token-share"


def test_another_rings_signature_is_refused() -> None:
    """Another installation's token, or one signed with another key of the same ring."""
    with pytest.raises(InvalidToken) as caught:
        opened(issued(ring=fresh_ring()))
    assert caught.value.check == "token-signature"
    head, body, _ = issued().split(".")
    by_ledger = f"{head}.{body}.{b64(RING.sign('ledger', f'{head}.{body}'.encode()))}"
    with pytest.raises(InvalidToken) as caught:
        opened(by_ledger)
    assert caught.value.check == "token-signature"


def test_it_ends_on_time() -> None:
    """Good in the last second, refused at the end."""
    token = issued()
    opened(token, now=NOW + timedelta(minutes=10, seconds=-1))
    with pytest.raises(InvalidToken) as caught:
        opened(token, now=NOW + timedelta(minutes=10))
    assert caught.value.check == "token-expired"


def test_without_its_hourly_key_nothing_opens() -> None:
    """Whoever has the token and the key ring, but not the deleted hourly key, has nothing."""
    with pytest.raises(NoTokenKey):
        tokens.open_access_token(KeyCache(), RING, issued(), NOW, issuer=ISSUER)
    other = replace(KEY, key=new_key())
    with pytest.raises(InvalidToken) as caught:
        tokens.open_access_token(cache(other), RING, issued(), NOW, issuer=ISSUER)
    assert caught.value.check == "token-share"


def test_a_cached_key_is_dropped_at_its_time() -> None:
    """Two hours after its hour began, the process has forgotten it."""
    held = cache(KEY)
    held.held(KEY.id, KEY.delete_after - timedelta(seconds=1))
    with pytest.raises(NoTokenKey):
        held.held(KEY.id, KEY.delete_after)
    with pytest.raises(NoTokenKey):
        held.held(KEY.id, NOW)


def test_a_rotated_ring_verifies_old_and_signs_new() -> None:
    """Both versions are in the JWKS; new tokens name the newer one."""
    old, new = new_key(), new_key()
    secrets = {purpose: {1: new_key()} for purpose in PURPOSES}
    before = MemoryRing("r", secrets | {"token": {1: old}})
    after = MemoryRing("r", secrets | {"token": {1: old, 2: new}})
    opened(issued(ring=before), ring=after)
    token = issued(ring=after)
    assert jwt.get_unverified_header(token)["kid"] == "token.2"
    assert [key["kid"] for key in jwks(after)["keys"]][:2] == ["token.2", "token.1"]
    with pytest.raises(InvalidToken) as caught:
        opened(token, ring=before)
    assert caught.value.check == "token-kid"


@given(st.text(max_size=100))
def test_any_text_is_refused(text: str) -> None:
    """What we did not issue is refused by name, not crashed on."""
    with pytest.raises(InvalidToken):
        opened(text)
    for opening in (
        lambda: tokens.open_refresh_token(RING, text, client_id=GRANTED.client_id, bound_to=GRANTED.binding.lasting),
        lambda: tokens.open_code(KEY, text, GRANTED.grant),
    ):
        with pytest.raises(InvalidGrant):
            opening()


def test_refresh_tokens_open_for_their_client_and_key_alone() -> None:
    """Client and DPoP key are part of what it is sealed to, whatever the database says."""
    token = tokens.new_refresh_token(RING, GRANTED)
    assert token.startswith("rt_")
    assert tokens.open_refresh_token(RING, token, client_id=GRANTED.client_id, bound_to=GRANTED.binding.lasting) == (
        GRANTED.grant,
        GRANTED.share,
    )
    for client_id, bound_to, ring in (
        (new_uuid(), GRANTED.binding.lasting, RING),
        (GRANTED.client_id, bindings.key(Signer.make().thumbprint).lasting, RING),
        (GRANTED.client_id, GRANTED.binding.lasting, fresh_ring()),
    ):
        with pytest.raises(InvalidGrant):
            tokens.open_refresh_token(ring, token, client_id=client_id, bound_to=bound_to)
    assert tokens.new_refresh_token(RING, GRANTED) != token


def test_a_refresh_token_of_the_wrong_length_is_refused() -> None:
    """Even under the right key."""
    where = tokens.refresh_place(GRANTED.client_id, GRANTED.binding.lasting)
    short = "rt_" + b64(ring_seal(RING, "refresh", b"short", where))
    with pytest.raises(InvalidGrant):
        tokens.open_refresh_token(RING, short, client_id=GRANTED.client_id, bound_to=GRANTED.binding.lasting)


def test_codes_open_for_their_grant_alone() -> None:
    """With another grant, another key, or a byte changed, a code opens nothing."""
    code = tokens.new_code(KEY, GRANTED.grant, GRANTED.share)
    assert tokens.key_of_code(code) == KEY.id
    assert tokens.open_code(KEY, code, GRANTED.grant) == GRANTED.share
    raw = bytearray(unb64(code))
    raw[-1] ^= 1
    for key, text, grant in (
        (KEY, code, GrantId(new_uuid())),
        (replace(KEY, key=new_key()), code, GRANTED.grant),
        (KEY, b64(bytes(raw)), GRANTED.grant),
    ):
        with pytest.raises(InvalidGrant):
            tokens.open_code(key, text, grant)


@pytest.mark.parametrize("thing", [GRANTED, GRANTED.share, KEY, opened(issued())])
def test_secrets_do_not_show(thing: object) -> None:
    """What is printed into a log by mistake holds no key and no share."""
    shown = repr(thing)
    for secret in (GRANTED.share.g, KEY.key):
        assert repr(secret) not in shown
