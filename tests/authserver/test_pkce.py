"""PKCE: S256 and nothing else."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.authserver.pkce import challenge_of, fits, is_challenge

VERIFIERS = st.text(
    alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", min_size=43, max_size=128
)


def test_the_example_of_the_standard() -> None:
    """RFC 7636 appendix B."""
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@given(VERIFIERS)
def test_a_verifier_fits_its_own_challenge(verifier: str) -> None:
    """As computed independently."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert is_challenge(challenge)
    assert fits(verifier, challenge)


@given(VERIFIERS, VERIFIERS)
def test_no_other_verifier_fits(one: str, other: str) -> None:
    """Two verifiers, two challenges."""
    assert fits(one, challenge_of(other)) == (one == other)


@given(VERIFIERS)
def test_plain_is_no_method(verifier: str) -> None:
    """A verifier never fits itself as a challenge."""
    assert not fits(verifier, verifier)


@given(st.text(max_size=200))
def test_any_text_may_be_sent(text: str) -> None:
    """Texts outside the alphabet or the length fit nothing, and break nothing."""
    assert not fits(text, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")


@pytest.mark.parametrize("length", [0, 42, 129, 1000])
def test_lengths_are_bounded(length: int) -> None:
    """43 to 128 characters (section 4.1)."""
    verifier = "a" * length
    assert not fits(verifier, challenge_of(verifier))


@pytest.mark.parametrize("text", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "+", "é" * 43, "a" * 42 + "\n"])
def test_what_is_no_challenge(text: str) -> None:
    """Base64url of 32 bytes, nothing around it."""
    assert not is_challenge(text)
