"""Authenticated encryption and sealed boxes, each blob led by a suite byte.

Suites: 0x01 XChaCha20-Poly1305-IETF with a random 24-byte nonce (libsodium); 0x11 X25519 sealed
box (libsodium crypto_box_seal). Reserved: 0x02 SM4-GCM with SM3, 0x12 SM2, 0x13 X25519 with
ML-KEM-768. A reader refuses suites it does not know; a new suite gets a new number, never a new
meaning for an old one.
"""

import hmac
import os

from nacl import bindings
from nacl.exceptions import CryptoError

from vault.crypto.canonical import canonical_unchecked, plain
from vault.errors import CannotOpen

XCHACHA = b"\x01"
SEALED_BOX = b"\x11"
KEY_BYTES = 32
_NONCE = bindings.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES


def new_key() -> bytes:
    """32 random bytes."""
    return os.urandom(KEY_BYTES)


def place(table: str, row: object, column: str, version: object = 0) -> bytes:
    """What a stored ciphertext is bound to: table, row key, column, version."""
    return canonical_unchecked([table, plain(row), column, plain(version)])  # plain leaves no floats


def aead(key: bytes, message: bytes, ad: bytes) -> bytes:
    """Encrypt and authenticate. Returns suite ‖ nonce ‖ ciphertext (41 bytes longer than the message)."""
    nonce = os.urandom(_NONCE)
    return XCHACHA + nonce + bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(message, ad, nonce, key)


def open_aead(key: bytes, blob: bytes, ad: bytes) -> bytes:
    """The message, or CannotOpen: wrong key, other place, changed byte, unknown suite."""
    if blob[:1] != XCHACHA:
        raise CannotOpen(private="unknown suite")
    nonce, body = blob[1 : 1 + _NONCE], blob[1 + _NONCE :]
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(body, ad, nonce, key)
    except (CryptoError, ValueError, TypeError) as error:
        raise CannotOpen(private=f"aead: {error.__class__.__name__}") from None


def new_box_pair() -> tuple[bytes, bytes]:
    """A fresh X25519 pair: (public, secret), 32 bytes each."""
    return bindings.crypto_box_keypair()


def box_public(secret: bytes) -> bytes:
    """The public half of an X25519 secret."""
    return bindings.crypto_scalarmult_base(secret)


def seal(public: bytes, message: bytes) -> bytes:
    """Seal to an X25519 public key; only its secret opens it. 49 bytes longer than the message."""
    return SEALED_BOX + bindings.crypto_box_seal(message, public)


def unseal(secret: bytes, blob: bytes, public: bytes | None = None) -> bytes:
    """Open a sealed box, or CannotOpen. Pass ``public`` where it is known: it saves deriving it."""
    if blob[:1] != SEALED_BOX:
        raise CannotOpen(private="unknown suite")
    try:
        return bindings.crypto_box_seal_open(blob[1:], public or box_public(secret), secret)
    except (CryptoError, ValueError, TypeError) as error:
        raise CannotOpen(private=f"sealed box: {error.__class__.__name__}") from None


def mac(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA-256 over length-prefixed parts, so that no two splits of the same bytes agree."""
    message = b"".join([len(part).to_bytes(4) + part for part in parts])
    return hmac.digest(key, message, "sha256")


def same(left: bytes, right: bytes) -> bool:
    """Constant-time comparison: the one place for it."""
    return hmac.compare_digest(left, right)
