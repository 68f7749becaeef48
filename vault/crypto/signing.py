"""Ed25519 signatures (RFC 8032)."""

from nacl import bindings
from nacl.exceptions import BadSignatureError

from vault.errors import Tampered

SEED_BYTES = 32


def new_signing_seed() -> bytes:
    """32 random bytes from which an Ed25519 pair is made."""
    return bindings.randombytes(SEED_BYTES)


class SigningKey:
    """An Ed25519 secret, expanded once. Keep it short-lived."""

    def __init__(self, seed: bytes) -> None:
        self.public, self._secret = bindings.crypto_sign_seed_keypair(seed)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return bindings.crypto_sign(message, self._secret)[:64]


def signing_public(seed: bytes) -> bytes:
    """The 32-byte public half of a seed."""
    return SigningKey(seed).public


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the Ed25519 signature is this key's over this message."""
    if len(signature) != 64 or len(public) != 32:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public)
    except (BadSignatureError, ValueError, TypeError):
        return False
    return True


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> None:
    """Raises Tampered unless the signature is this key's over this message."""
    if not is_signed(public, message, signature):
        raise Tampered("A signature does not verify.", private="ed25519")
