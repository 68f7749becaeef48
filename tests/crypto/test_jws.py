"""Tokens: one algorithm, nothing to negotiate, nothing believed before the signature is checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.crypto.canonical import b64
from vault.crypto.jws import MAX_TOKEN, open_jws, read_jws, sign_jws
from vault.crypto.signing import SigningKey, new_signing_seed
from vault.errors import Malformed, Tampered

KEY = SigningKey(new_signing_seed())
OTHER = SigningKey(new_signing_seed())
TOKEN = sign_jws(KEY.sign, {"typ": "at+jwt", "kid": "token.1"}, b'{"sub":"x"}')
HEAD, BODY, TAIL = TOKEN.split(".")


def headed(header: str) -> str:
    """A token with another header, signed by the right key all the same."""
    signing_input = f"{b64(header.encode())}.{BODY}"
    return f"{signing_input}.{b64(KEY.sign(signing_input.encode()))}"


def test_rfc_8037_example() -> None:
    """RFC 8037 appendix A.4: the published key verifies the published signature through our checks."""
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    signing_input = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    assert SigningKey(seed).public == public
    assert b64(SigningKey(seed).sign(signing_input)) == signature


@given(payload=st.binary(max_size=500), kid=st.text(max_size=10))
def test_a_token_comes_back(payload: bytes, kid: str) -> None:
    """Header, payload and signature are what was signed."""
    token = sign_jws(KEY.sign, {"typ": "x"} | ({"kid": kid} if kid else {}), payload)
    assert open_jws(token, typ="x", public=KEY.public) == payload
    assert read_jws(token).header == {"alg": "EdDSA", "typ": "x"} | ({"kid": kid} if kid else {})


def test_another_key_is_refused() -> None:
    """A signature of somebody else's is no signature."""
    with pytest.raises(Tampered):
        open_jws(TOKEN, typ="at+jwt", public=OTHER.public)


def test_a_changed_payload_is_refused() -> None:
    """The signature covers header and payload."""
    with pytest.raises(Tampered):
        open_jws(f"{HEAD}.{b64(b'{}')}.{TAIL}", typ="at+jwt", public=KEY.public)


def test_a_token_of_another_type_is_refused() -> None:
    """RFC 8725 section 3.11: what was signed for one use does not serve another."""
    with pytest.raises(Malformed):
        open_jws(TOKEN, typ="source-answer+jwt", public=KEY.public)


@pytest.mark.parametrize(
    "header",
    [
        '{"alg":"none","typ":"at+jwt"}',
        '{"alg":"HS256","typ":"at+jwt"}',
        '{"alg":"ES256","typ":"at+jwt"}',
        '{"alg":"eddsa","typ":"at+jwt"}',
        '{"typ":"at+jwt"}',
        '{"alg":"EdDSA"}',
        '{"alg":"EdDSA","typ":"at+jwt","crit":["exp"]}',
        '{"alg":"EdDSA","typ":"at+jwt","b64":false}',
        '{"alg":"EdDSA","typ":"at+jwt","jwk":{"kty":"OKP"}}',
        '{"alg":"EdDSA","typ":"at+jwt","jku":"https://example.com"}',
        '{"alg":"EdDSA","typ":"at+jwt","x5c":[]}',
        '{"alg":"EdDSA","typ":"at+jwt","kid":1}',
        '{"alg":["EdDSA"],"typ":"at+jwt"}',
        "[]",
        "null",
        "",
        "{",
    ],
)
def test_other_headers_are_refused(header: str) -> None:
    """Other algorithms, embedded keys, critical extensions and rubbish are refused though the signature is right."""
    with pytest.raises(Malformed):
        open_jws(headed(header), typ="at+jwt", public=KEY.public)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "..",
        f"{HEAD}.{BODY}",
        f"{HEAD}.{BODY}.",
        f"{TOKEN}.x",
        f"{TOKEN}=",
        f" {TOKEN}",
        f"{HEAD}.{BODY}.{TAIL[:-2]}",
        f"{HEAD}.{BODY}!.{TAIL}",
        f"{HEAD}.{BODY}.\u00e9",
        f"{HEAD}.{BODY}.\ud800",
        "\0.\0.\0",
        "A" * (MAX_TOKEN + 1),
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    """Parts missing, left over, misspelt or too long: refused while reading."""
    with pytest.raises(Malformed):
        read_jws(token)


def test_an_oversize_token_is_not_made() -> None:
    """Nothing is signed that nobody would read."""
    with pytest.raises(ValueError, match="characters"):
        sign_jws(KEY.sign, {"typ": "x"}, bytes(MAX_TOKEN))
