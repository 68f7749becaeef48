"""What an OAuth client has registered about itself besides keys and redirect URIs. Pure.

The members are those of the standards, by their names: RFC 7591 (clients), 8705 (mTLS), 9101 (request objects),
9449 (DPoP), 9701 (signed introspection), JARM, CIBA. Stored with the client without what is the default, so that
it may grow by members with a default; what two servers of different versions read stays the same.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
from cryptography import x509

from vault.requesters.certificates import registered_thumbprints
from vault.requesters.hidden import is_hiding
from vault.requesters.redirects import is_loopback, why_not_redirect_uri

SigningAlg = Literal["EdDSA", "ES256"]
"""What this server signs answers with, as the client chooses."""
InboundAlg = Literal["EdDSA", "Ed25519", "ES256", "PS256"]
"""What a client may sign with (FAPI 2.0 5.4.1)."""

AuthMethod = Literal["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"]
PRIVATE_KEY_JWT: Final = "private_key_jwt"
TLS: Final = "tls_client_auth"
SELF_SIGNED_TLS: Final = "self_signed_tls_client_auth"
AUTH_METHODS: Final[tuple[AuthMethod, ...]] = (PRIVATE_KEY_JWT, TLS, SELF_SIGNED_TLS)

ResponseMode = Literal["query", "jwt", "query.jwt"]
RESPONSE_MODES: Final[tuple[ResponseMode, ...]] = ("query", "jwt", "query.jwt")
POLL: Final = "poll"
PING: Final = "ping"
DeliveryMode = Literal["poll", "ping"]
"""How a client learns of a decision out of band; push is forbidden (FAPI-CIBA 5.2.2)."""
SHORTEST_NAME: Final = 2
LONGEST_NAME: Final = 80
MOST_LINES: Final = 10
_LINE: Final = re.compile(r"\+[0-9]{6,15}")
Problem = tuple[str, str]
"""Which member, and why."""


class ClientMetadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A client's registered metadata; the defaults are the FAPI 2.0 Security Profile with DPoP."""

    client_name: str | None = None
    token_endpoint_auth_method: AuthMethod = PRIVATE_KEY_JWT
    tls_client_auth_subject_dn: str | None = None
    """RFC 8705 section 2.1.2: the certificate's subject as RFC 4514 writes it; with ``tls_client_auth`` only."""
    tls_client_certificate_bound_access_tokens: bool = False
    """RFC 8705 section 3.4."""
    dpop_bound_access_tokens: bool = True
    """RFC 9449 section 5.2; false only together with ``tls_client_certificate_bound_access_tokens``."""
    require_dpop_nonce: bool = False
    """Our own: proofs must hold a nonce of this server (RFC 9449 section 8) even where others' need none."""
    require_signed_request_object: bool = False
    """RFC 9101 section 10.5: authorization requests must be signed (FAPI 2.0 Message Signing 5.3)."""
    request_object_signing_alg: InboundAlg | None = None
    """RFC 9101, OpenID registration: the one algorithm of its request objects; none: whichever fits the key."""
    response_modes: tuple[ResponseMode, ...] = RESPONSE_MODES
    """What it may ask for (FAPI 2.0 Message Signing 5.4); without ``query`` every answer is signed (JARM)."""
    authorization_signed_response_alg: SigningAlg = "EdDSA"
    """JARM section 3: what its authorization responses are signed with."""
    introspection_signed_response_alg: SigningAlg = "EdDSA"
    """RFC 9701 section 6: what signed introspection responses to it are signed with."""

    backchannel_token_delivery_mode: DeliveryMode | None = None
    """CIBA Core section 4; none: it may not ask out of band."""
    backchannel_client_notification_endpoint: str | None = None
    """CIBA Core section 4: with ``ping`` only."""
    release_signed_response_alg: SigningAlg = "EdDSA"
    """Our own: what releases to it are signed with where it asks for SD-JWTs."""
    id_token_signed_response_alg: SigningAlg = "EdDSA"  # noqa: S105 - an algorithm, not a password
    """OpenID registration: what its ID tokens are signed with."""
    event_endpoint: str | None = None
    """Our own: where signed events are posted to (docs/webhooks.md); none: they are kept for who asks."""
    relay_lines: tuple[str, ...] = ()
    """Our own: the lines it calls people from through the relay (docs/relay.md), E.164; none: it makes no calls."""


DEFAULT: Final = ClientMetadata()


def read_stored(stored: dict[str, Any] | None) -> ClientMetadata:
    """The metadata in a client's row; None there is all defaults."""
    return DEFAULT if not stored else msgspec.convert(stored, ClientMetadata)


def to_store(metadata: ClientMetadata) -> dict[str, Any] | None:
    """What the row holds: nothing where everything is the default."""
    return msgspec.to_builtins(metadata) or None


def problems_of_metadata(metadata: ClientMetadata, jwks: Mapping[str, Any]) -> list[Problem]:
    """What does not fit together; empty when it may be registered with these keys."""
    found: list[Problem] = []
    method, subject = metadata.token_endpoint_auth_method, metadata.tls_client_auth_subject_dn
    if metadata.client_name is not None and (why := why_not_name(metadata.client_name)):
        found.append(("client_name", why))
    if not metadata.dpop_bound_access_tokens and not metadata.tls_client_certificate_bound_access_tokens:
        found.append(("dpop_bound_access_tokens", "false needs tls_client_certificate_bound_access_tokens"))
    if (method == TLS) != (subject is not None):
        found.append(("tls_client_auth_subject_dn", f"belongs to {TLS}, which needs it"))
    if subject is not None and not _is_name(subject):
        found.append(("tls_client_auth_subject_dn", "must be a distinguished name as RFC 4514 writes it"))
    if method == SELF_SIGNED_TLS and not registered_thumbprints(jwks):
        found.append(("jwks", f"needs a key with x5c or x5t#S256 for {SELF_SIGNED_TLS}"))
    if not metadata.response_modes or len(set(metadata.response_modes)) != len(metadata.response_modes):
        found.append(("response_modes", "must name at least one response mode, each once"))
    if metadata.event_endpoint is not None and (why := _why_not_endpoint(metadata.event_endpoint)):
        found.append(("event_endpoint", why))
    if why := _why_not_lines(metadata.relay_lines):
        found.append(("relay_lines", why))
    return [*found, *_problems_of_backchannel(metadata)]


def why_not_name(name: str) -> str | None:
    """What is wrong with the name of a client, or None."""
    if SHORTEST_NAME <= len(name) <= LONGEST_NAME and name == name.strip() and not is_hiding(name):
        return None
    return f"must have {SHORTEST_NAME} to {LONGEST_NAME} characters, all of them to be seen"


def _problems_of_backchannel(metadata: ClientMetadata) -> list[Problem]:
    endpoint = metadata.backchannel_client_notification_endpoint
    if (metadata.backchannel_token_delivery_mode == PING) != (endpoint is not None):
        return [("backchannel_client_notification_endpoint", f"belongs to {PING}, which needs it")]
    if endpoint is not None and (why := _why_not_endpoint(endpoint)) is not None:
        return [("backchannel_client_notification_endpoint", why)]
    return []


def _why_not_endpoint(uri: str) -> str | None:
    """As a redirect URI, and no address that the registry would never post to. What a name leads to is seen then."""
    why = why_not_redirect_uri(uri)
    if why is not None or is_loopback(uri):
        return why
    try:
        is_public = ipaddress.ip_address(urlsplit(uri).hostname or "").is_global
    except ValueError:
        return None  # a name
    return None if is_public else "must be an address of the public internet"


def _why_not_lines(lines: tuple[str, ...]) -> str | None:
    if len(lines) <= MOST_LINES and len(set(lines)) == len(lines) and all(map(_LINE.fullmatch, lines)):
        return None
    return f"must be at most {MOST_LINES} different numbers with country code, such as +8659212345678"


def _is_name(text: str) -> bool:
    try:
        return len(list(x509.Name.from_rfc4514_string(text))) > 0
    except ValueError:
        return False
