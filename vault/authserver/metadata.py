"""The documents clients configure themselves by: RFC 8414 metadata and the JWKS (RFC 7517). Pure."""

from typing import Any

from vault.authserver.jose import ALGORITHMS
from vault.authserver.server import AuthServer
from vault.consent.terms import TYPE


def metadata(server: AuthServer) -> dict[str, Any]:
    """The authorization server's metadata (RFC 8414 section 2; RFC 9126, 9207, 9396 and 9449 for their members)."""
    return {
        "issuer": server.issuer,
        "authorization_endpoint": server.authorize_url,
        "token_endpoint": server.token_url,
        "pushed_authorization_request_endpoint": server.par_url,
        "require_pushed_authorization_requests": True,
        "registration_endpoint": server.registration_url,
        "jwks_uri": server.jwks_url,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "authorization_details_types_supported": [TYPE],
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": False,
        "service_documentation": f"{server.issuer}/",
    }
