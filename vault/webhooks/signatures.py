"""HTTP message signatures (RFC 9421) over a webhook: what is covered, how the base is built, which headers carry it.

Only what is needed here is built: Ed25519 (section 3.3.6), a POST, four components that every framework can give back
to a receiver. ``@target-uri`` binds the message to its address, so that one that a receiver passes on is of no use
elsewhere; ``content-digest`` (RFC 9530) binds the body; ``created`` and ``expires`` bound its age. Pure.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from vault.crypto.jws import key_id, public_jwks
from vault.crypto.keyring import KeyRing

PURPOSE: Final = "webhook"
LABEL: Final = "pivault"
TAG: Final = "pivault-event"
LIFE: Final = timedelta(minutes=5)
COVERED: Final = ("@method", "@target-uri", "content-type", "content-digest")
Sign = Callable[[bytes], bytes]


def jwks(ring: KeyRing) -> dict[str, Any]:
    """The public keys that events may be signed with (RFC 7517), newest first: those to come too."""
    return public_jwks(ring, PURPOSE, ring.published(PURPOSE))


def content_digest(body: bytes) -> str:
    """The value of Content-Digest (RFC 9530 section 2)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def parameters(covered: Sequence[str], created: int, members: Mapping[str, str | int]) -> str:
    """``@signature-params`` (RFC 9421 section 2.3): the covered components, then the parameters in this order."""
    names = " ".join(f'"{name}"' for name in covered)
    given = {"created": created, **members}
    rest = "".join(f";{name}={value if isinstance(value, int) else _string(value)}" for name, value in given.items())
    return f"({names}){rest}"


def base(components: Mapping[str, str], params: str) -> bytes:
    """The signature base (RFC 9421 section 2.5)."""
    lines = [f'"{name}": {value}' for name, value in components.items()]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode("ascii")


def signed_headers(ring: KeyRing, url: str, content_type: str, body: bytes, *, now: datetime) -> dict[str, str]:
    """The headers of a signed POST of this body to this address."""
    version = ring.versions(PURPOSE)[-1]
    digest = content_digest(body)
    components = dict(zip(COVERED, ("POST", url, content_type, digest), strict=True))
    members: dict[str, str | int] = {
        "expires": int((now + LIFE).timestamp()),
        "keyid": key_id(PURPOSE, version),
        "alg": "ed25519",
        "tag": TAG,
    }
    params = parameters(COVERED, int(now.timestamp()), members)
    signature = ring.sign(PURPOSE, base(components, params), version=version)
    return {
        "Content-Type": content_type,
        "Content-Digest": digest,
        "Signature-Input": f"{LABEL}={params}",
        "Signature": f"{LABEL}=:{base64.b64encode(signature).decode()}:",
    }


def _string(value: str) -> str:
    """An sf-string (RFC 8941 section 3.3.3). What is put in here is our own and has nothing to escape."""
    if not value.isascii() or not value.isprintable() or '"' in value or "\\" in value:
        raise ValueError("not a plain string")
    return f'"{value}"'
