"""The document that clients configure themselves by (RFC 8414). Pure."""

from typing import Any

from vault.authserver.jose import ALGORITHMS
from vault.authserver.managing import ACTIONS
from vault.authserver.mending import PATH
from vault.authserver.server import AuthServer
from vault.authserver.service_tokens import SCOPES
from vault.authserver.signed import ALGORITHMS as SIGNING
from vault.authserver.token_endpoint import HANDLERS
from vault.authserver.tokens import audience
from vault.consent import schema
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
        **_after_issuance(server),
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
        "scopes_supported": ["openid", *SCOPES],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": list(SIGNING),
    }


def _after_issuance(server: AuthServer) -> dict[str, Any]:
    """What may be done with tokens and grants (RFC 7009, 7662, 9701, Grant Management, token status lists)."""
    return {
        "revocation_endpoint": server.revocation_url,
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "introspection_endpoint": server.introspection_url,
        "introspection_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "introspection_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "introspection_signing_alg_values_supported": list(SIGNING),
        "grant_management_endpoint": server.grants_url,
        "grant_management_actions_supported": ["query", "revoke", *ACTIONS],
        "grant_management_action_required": False,
        "status_list_aggregation_endpoint": server.status_lists_url,
        "authorization_details_schemas": {TYPE: f"{server.issuer}{schema.PATH}"},
        "protected_resources": [audience(server.issuer)],
    }


def resource_metadata(server: AuthServer, path: str = "") -> dict[str, Any]:
    """The API as a protected resource (RFC 9728 section 2); ``path``: what its identifier has after the issuer."""
    return {
        "resource": f"{server.issuer}{path}",
        "authorization_servers": [server.issuer],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "dpop_bound_access_tokens_required": False,
        "tls_client_certificate_bound_access_tokens": True,
        "authorization_details_types_supported": [TYPE],
        "resource_name": "pivault",
        "resource_documentation": f"{server.issuer}/openapi.json",
    }
