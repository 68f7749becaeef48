"""The signature is that of the standards: their published vectors come out."""

import base64

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.conftest import NOW, fresh_ring
from tests.webhooks.receiving import Message, Verifier
from vault.webhooks.signatures import base, content_digest, jwks, parameters, signed_headers

TEST_KEY = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
"""


def test_the_base_and_signature_of_rfc_9421_b_2_6() -> None:
    """Signing a request using ed25519, as the RFC's appendix has it."""
    components = {
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "@method": "POST",
        "@path": "/foo",
        "@authority": "example.com",
        "content-type": "application/json",
        "content-length": "18",
    }
    params = parameters(list(components), 1618884473, {"keyid": "test-key-ed25519"})
    key = load_pem_private_key(TEST_KEY, None)
    signature = key.sign(base(components, params))  # type: ignore[call-arg, union-attr]  # it is an Ed25519 key
    assert base64.b64encode(signature).decode() == (
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    )


def test_the_digest_of_rfc_9421_b_2() -> None:
    """The sha-256 of ``{"hello": "world"}``, as in the RFC's test request."""
    assert content_digest(b'{"hello": "world"}') == "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"


def test_a_receiver_that_knows_only_the_documentation_verifies_it() -> None:
    """With the published keys, and nothing of the vault's code."""
    ring = fresh_ring()
    url, body = "https://bank.example/events?a=b", b'{"id":"evt_1"}'
    headers = signed_headers(ring, url, "application/cloudevents+json", body, now=NOW)
    lower = {name.lower(): value for name, value in headers.items()}
    assert Verifier(jwks(ring)).event(Message("POST", url, lower, body), NOW) == {"id": "evt_1"}
