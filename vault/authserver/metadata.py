"""The document that clients configure themselves by (RFC 8414). Pure."""

from typing import Any

from vault.authserver.jose import ALGORITHMS
from vault.authserver.mending import PATH
from vault.authserver.server import AuthServer
from vault.authserver.signed import ALGORITHMS as SIGNING
from vault.authserver.token_endpoint import HANDLERS
from vault.consent.terms import TYPE
from vault.requesters.client_metadata import AUTH_METHODS, RESPONSE_MODES


def metadata(server: AuthServer) -> dict[str, Any]:
    """The authorization server's metadata (RFC 8414 section 2), member by member of the standards that name them."""
    return {
        "issuer": server.issuer,
        "authorization_endpoint": server.authorize_url,
        "token_endpoint": server.token_url,
        "registration_endpoint": server.registration_url,
        "jwks_uri": server.jwks_url,
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(HANDLERS),
        "service_documentation": f"{server.issuer}{PATH}",
        "ui_locales_supported": ["en", "zh-CN"],
        **_authentication(),
        **_requests(server),
        **_backchannel(server),
    }


def _authentication() -> dict[str, Any]:
    """Who calls, and what tokens are bound to (RFC 8414, 8705, 9449)."""
    return {
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": True,
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
    }


def _requests(server: AuthServer) -> dict[str, Any]:
    """How authorization is asked for and answered (RFC 7636, 9101, 9126, 9207, 9396, JARM)."""
    return {
        "pushed_authorization_request_endpoint": server.par_url,
        "require_pushed_authorization_requests": True,
        "code_challenge_methods_supported": ["S256"],
        "authorization_details_types_supported": [TYPE],
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "require_signed_request_object": False,
        "request_object_signing_alg_values_supported": list(ALGORITHMS),
        "authorization_signing_alg_values_supported": list(SIGNING),
    }


def _backchannel(server: AuthServer) -> dict[str, Any]:
    """Consent out of band (CIBA Core section 4), and the ID tokens that come with it."""
    return {
        "backchannel_authentication_endpoint": server.backchannel_url,
        "backchannel_token_delivery_modes_supported": ["poll", "ping"],
        "backchannel_user_code_parameter_supported": False,
        "scopes_supported": ["openid"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": list(SIGNING),
    }
