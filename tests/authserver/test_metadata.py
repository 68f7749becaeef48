"""The documents clients configure themselves by."""

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from tests.authserver.keys import ISSUER
from vault.authserver.metadata import metadata
from vault.authserver.server import AuthServer
from vault.db import Database


async def test_the_metadata_document(database: Database) -> None:
    """It says what is true and satisfies Authlib's validation (RFC 8414)."""
    document = metadata(AuthServer(issuer=ISSUER, database=database))
    AuthorizationServerMetadata(document).validate()
    assert document["issuer"] == ISSUER
    assert document["require_pushed_authorization_requests"] is True
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert "none" not in str(document)
