"""One byte form for whatever is hashed, signed or MACed.

A subset of RFC 8785 (JCS): UTF-8 JSON, keys sorted, no white space, integers only (no floats), so
that any JCS implementation produces the same bytes.
"""

import base64
import binascii
import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_ENCODER = msgspec.json.Encoder(order="sorted")
_NO_FLOATS = "floats have no canonical form; use integers or text"


def canonical(value: object) -> bytes:
    """Canonical bytes of JSON-like data (dict, list, str, int, bool, None). Floats raise TypeError."""
    encoded = _ENCODER.encode(value)
    if b"null" in encoded:  # perhaps a float that is no number: only the value itself tells
        _refuse_floats(value)
    try:
        reread(encoded)  # finds floats ten times as fast as looking at every value from here
    except ValueError:
        raise TypeError(_NO_FLOATS) from None
    return encoded


def reread(body: bytes) -> Any:
    """The data behind JSON bytes. Raises ValueError for malformed JSON and for floats, anywhere in it."""
    return _DECODER.decode(body)


def canonical_unchecked(value: object) -> bytes:
    """:func:`canonical` without its walk in search of floats, for hot paths: give it only what ``reread``
    returned, text and integers."""
    return _ENCODER.encode(value)


def _refuse_float(text: str) -> float:
    raise ValueError(f"floats have no canonical form: {text[:20]}")


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError(_NO_FLOATS)
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)


_DECODER = msgspec.json.Decoder(float_hook=_refuse_float)


_PLAIN = frozenset({str, int, bool, type(None)})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def plain(value: object) -> object:
    """A database value as JSON-like data: UUID and bytes as text, moments as microseconds since 1970."""
    kind = type(value)
    if kind in _PLAIN:  # most of what rows hold; row MACs are on every hot path
        return value
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, bytes):
        return b64(value)
    if isinstance(value, (list, tuple)):  # half the time of a union
        return [item if type(item) in _PLAIN else plain(item) for item in value]
    if isinstance(value, dict):
        return {key: item if type(item) in _PLAIN else plain(item) for key, item in value.items()}
    if isinstance(value, datetime):
        since = (value if value.tzinfo is not None else value.astimezone(UTC)) - _EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    if isinstance(value, float):
        return repr(value)
    return value


def digest(value: bytes) -> bytes:
    """SHA-256, 32 bytes."""
    return hashlib.sha256(value).digest()


def b64(value: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return binascii.b2a_base64(value, newline=False).translate(_URL_SAFE, b"=").decode()


def unb64(text: str) -> bytes:
    """The inverse of :func:`b64`; raises ValueError for anything that :func:`b64` would not produce."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if b64(raw) != text:
        raise ValueError("not canonical base64url")
    return raw
