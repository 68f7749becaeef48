"""Proof key for code exchange (RFC 7636): S256 and nothing else. Pure."""

import hashlib
import re
from typing import Final

from vault.crypto.canonical import b64
from vault.crypto.sealing import same

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # section 4.1
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # section 4.2: base64url of 32 bytes


def is_challenge(text: str) -> bool:
    """Whether it can be an S256 code_challenge."""
    return _CHALLENGE.fullmatch(text) is not None


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    return b64(hashlib.sha256(verifier.encode()).digest())


def fits(verifier: str, challenge: str) -> bool:
    """Whether this verifier is the one the challenge was made from."""
    return _VERIFIER.fullmatch(verifier) is not None and same(challenge_of(verifier).encode(), challenge.encode())
