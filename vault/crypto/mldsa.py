"""ML-DSA-44 signatures (FIPS 204), which a quantum computer does not forge; libsodium lacks them."""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

PUBLIC_BYTES: Final = 1312
SIGNATURE_BYTES: Final = 2420


class MlDsa44Key:
    """An ML-DSA-44 pair made from a secret of 32 bytes, expanded once."""

    def __init__(self, seed: bytes) -> None:
        self._private = MLDSA44PrivateKey.from_seed_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """2,420 bytes, over the message itself under the empty context (FIPS 204 section 5.2). Takes about 1 ms."""
        return self._private.sign(message)


def is_signed_mldsa44(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the ML-DSA-44 signature is this key's over this message."""
    if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
