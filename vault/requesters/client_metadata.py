"""What an OAuth client has registered about itself besides keys and redirect URIs. Pure.

The members are those of the standards, by their names: RFC 7591 (clients), 8705 (mTLS), 9101 (request objects),
9449 (DPoP), 9701 (signed introspection), JARM, CIBA. Stored with the client without what is the default, so that
it may grow by members with a default; what two servers of different versions read stays the same.
"""

from typing import Any, Final, Literal

import msgspec

SigningAlg = Literal["EdDSA", "ES256"]
"""What this server signs answers with, as the client chooses."""
InboundAlg = Literal["EdDSA", "Ed25519", "ES256", "PS256"]
"""What a client may sign with (FAPI 2.0 5.4.1)."""

AuthMethod = Literal["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"]
PRIVATE_KEY_JWT: Final = "private_key_jwt"


class ClientMetadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A client's registered metadata; the defaults are the FAPI 2.0 Security Profile with DPoP."""

    client_name: str | None = None
    token_endpoint_auth_method: AuthMethod = PRIVATE_KEY_JWT
    dpop_bound_access_tokens: bool = True
    """RFC 9449 section 5.2; false only together with ``tls_client_certificate_bound_access_tokens``."""


DEFAULT: Final = ClientMetadata()


def read_stored(stored: dict[str, Any] | None) -> ClientMetadata:
    """The metadata in a client's row; None there is all defaults."""
    return DEFAULT if not stored else msgspec.convert(stored, ClientMetadata)


def to_store(metadata: ClientMetadata) -> dict[str, Any] | None:
    """What the row holds: nothing where everything is the default."""
    return msgspec.to_builtins(metadata) or None
