"""Cosigners whose secrets are their names, and a checkpoint for them to cosign."""

from vault.crypto.mldsa import MlDsa44Key
from vault.crypto.signing import SigningKey
from vault.ledger.checkpoint import Checkpoint, LogKey, Signer
from vault.ledger.cosignature import ED25519_COSIGNATURE, MLDSA44_COSIGNATURE, Cosigner, CosignerKey

ORIGIN = "ledger.example/static"
SECRET = SigningKey(b"l" * 32)
LOG = Signer([LogKey(ORIGIN, SECRET.public)], SECRET.sign)
POINT = Checkpoint(ORIGIN, 70_000, bytes(range(32)))
NOTE = LOG.note(POINT)


def cosigner(name: str, *, mldsa: bool = False) -> Cosigner:
    """A witness whose secret is its name."""
    seed = name.encode().ljust(32, b".")
    pair, kind = (MlDsa44Key(seed), MLDSA44_COSIGNATURE) if mldsa else (SigningKey(seed), ED25519_COSIGNATURE)
    return Cosigner(CosignerKey(f"witness.example/{name}", kind, pair.public), pair.sign)


W1, W2, W3, PQ = cosigner("w1"), cosigner("w2"), cosigner("w3"), cosigner("pq", mldsa=True)
