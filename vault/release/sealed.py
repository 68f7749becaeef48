"""A release sealed to the requester's own key (RFC 7516): what lies between the registry and it cannot read it.

ECDH-ES with a fresh key for each answer (RFC 7518 section 4.6; X25519 by RFC 8037) and A256GCM. ``cty`` says what is
inside: json, or dc+sd-jwt.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from joserfc import jwe
from joserfc.errors import JoseError

from vault.release.formats import NoEncryptionKey
from vault.requesters.jwks import KEY_AGREEMENT, encryption_key, import_public
from vault.requesters.key_times import valid_keys

ENCRYPTION: Final = "A256GCM"
_APPLICATION: Final = "application/"


def key_of(client: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """The key that answers to this client (a checked row) are sealed to now. Raises NoEncryptionKey."""
    key = encryption_key(valid_keys(client["jwks"], client["key_times"], now))
    if key is None:
        raise NoEncryptionKey
    return key


def seal(key: Mapping[str, Any], content: bytes, media_type: str) -> bytes:
    """A compact JWE of ``content``, which is of this media type. Raises NoEncryptionKey for a key that is none."""
    protected = {
        "alg": KEY_AGREEMENT,
        "enc": ENCRYPTION,
        "kid": key["kid"],
        "cty": media_type.removeprefix(_APPLICATION),
    }
    public: Any = import_public(key)
    try:
        return jwe.encrypt_compact(protected, content, public, algorithms=[KEY_AGREEMENT, ENCRYPTION]).encode()
    except (JoseError, ValueError):
        raise NoEncryptionKey from None
