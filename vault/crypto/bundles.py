"""A holder's keys, kept together and wrapped once per credential and once per signed-in session.

The bundle of a person holds an X25519 secret (section keys are sealed to its public half), an
Ed25519 seed (signs consents and section versions) and the person's ledger key. Officers and
regulators have the same shape; their ledger key is unused.
"""

from typing import Self

import msgspec

from vault.crypto.canonical import b64, unb64
from vault.crypto.sealing import aead, box_public, new_box_pair, new_key, open_aead, unseal
from vault.crypto.signing import SigningKey, new_signing_seed


class _Wire(msgspec.Struct, forbid_unknown_fields=True):
    v: int
    box: str
    seed: str
    ledger: str


class Bundle:
    """Unlocked keys; hold it only while serving one request."""

    def __init__(self, box_secret: bytes, seed: bytes, ledger_key: bytes) -> None:
        self._box_secret = box_secret
        self._seed = seed
        self.ledger_key = ledger_key
        self._signer = SigningKey(seed)
        self.box_public = box_public(box_secret)

    def __repr__(self) -> str:
        return "<Bundle>"

    @classmethod
    def generate(cls) -> Self:
        """Fresh random keys."""
        return cls(new_box_pair()[1], new_signing_seed(), new_key())

    @property
    def signing_public(self) -> bytes:
        """Ed25519, 32 bytes."""
        return self._signer.public

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature, 64 bytes."""
        return self._signer.sign(message)

    def unseal(self, blob: bytes) -> bytes:
        """Open a box sealed to ``box_public``; CannotOpen otherwise."""
        return unseal(self._box_secret, blob, self.box_public)

    def wrap(self, key: bytes, ad: bytes) -> bytes:
        """The bundle encrypted under a key."""
        wire = _Wire(v=1, box=b64(self._box_secret), seed=b64(self._seed), ledger=b64(self.ledger_key))
        return aead(key, msgspec.json.encode(wire), ad)

    @classmethod
    def unwrap(cls, key: bytes, blob: bytes, ad: bytes) -> Self:
        """The inverse of :meth:`wrap`; CannotOpen when the key or the place is wrong."""
        wire = msgspec.json.decode(open_aead(key, blob, ad), type=_Wire)
        return cls(unb64(wire.box), unb64(wire.seed), unb64(wire.ledger))
