"""The document that clients configure themselves by: valid, complete, and true."""

from typing import Any

import pytest
from authlib.oauth2 import rfc8414, rfc9101, rfc9207

from tests.authserver.keys import ALGORITHMS, ISSUER
from vault.authserver.metadata import metadata
from vault.authserver.server import AuthServer
from vault.authserver.token_endpoint import HANDLERS
from vault.db import Database


@pytest.fixture
def document(database: Database) -> dict[str, Any]:
    return metadata(AuthServer(issuer=ISSUER, database=database))


async def test_authlib_finds_it_valid(document: dict[str, Any]) -> None:
    """RFC 8414 with the members of RFC 7591, 9101 and 9207 that Authlib knows."""
    extensions = [rfc9101.AuthorizationServerMetadata, rfc9207.AuthorizationServerMetadata]
    rfc8414.AuthorizationServerMetadata(document).validate(metadata_classes=extensions)


async def test_what_it_says_is_what_the_server_does(document: dict[str, Any]) -> None:
    """Methods, modes and algorithms as they are elsewhere tested to work; nothing that FAPI 2.0 forbids."""
    assert document["issuer"] == ISSUER
    assert document["require_pushed_authorization_requests"] is True
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["response_types_supported"] == ["code"]
    assert document["response_modes_supported"] == ["query", "jwt", "query.jwt"]
    assert document["grant_types_supported"] == list(HANDLERS)
    assert document["token_endpoint_auth_methods_supported"] == [
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
    ]
    for name in ("token_endpoint_auth", "dpop", "request_object"):
        algorithms = document.get(f"{name}_signing_alg_values_supported")
        assert tuple(algorithms or ()) == ALGORITHMS, name
    assert document["authorization_signing_alg_values_supported"] == ["EdDSA", "ES256"]
    assert document["tls_client_certificate_bound_access_tokens"] is True
    for word in ("none", "HS256", "RS256", "plain", "client_secret", "password", "implicit"):
        assert f"'{word}" not in str(document), word


async def test_every_address_is_under_the_issuer(document: dict[str, Any]) -> None:
    """Nobody is sent elsewhere (RFC 8414 section 6.2)."""
    for name, value in document.items():
        if name.endswith(("_endpoint", "_uri", "_documentation")):
            assert str(value).startswith(f"{ISSUER}/"), name
