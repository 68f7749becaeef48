"""ES256 signatures (RFC 7518 section 3.4), for those who cannot verify Ed25519; libsodium lacks the curve."""

import hashlib
import hmac
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3)."""
_HALF: Final = 32


class Es256Key:
    """A P-256 pair made from a secret of the ring, expanded once."""

    def __init__(self, seed: bytes) -> None:
        # FIPS 186-5 appendix A.2.1: 512 bits reduced to the order leave no bias that anybody could use.
        wide = int.from_bytes(hmac.digest(seed, b"es256 key v1", hashlib.sha512))
        self._private = ec.derive_private_key(wide % (_ORDER - 1) + 1, ec.SECP256R1())
        numbers = self._private.public_key().public_numbers()
        self.public = numbers.x.to_bytes(_HALF) + numbers.y.to_bytes(_HALF)

    def sign(self, message: bytes) -> bytes:
        """64 bytes: r, then s; the same for the same message (RFC 6979)."""
        how = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self._private.sign(message, how))
        return r.to_bytes(_HALF) + s.to_bytes(_HALF)
