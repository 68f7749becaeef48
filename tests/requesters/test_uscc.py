"""GB 32100-2015 codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.requesters.uscc import check_character, why_not_uscc

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
PUBLISHED = [
    "91350100M000100Y43",
    "91110000802100433B",
    "9144030071526726XG",
    "914403001922038216",
    "91110108551385082Q",
]


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_codes_pass(code: str) -> None:
    """The standard's example and the codes of well-known companies are accepted."""
    assert why_not_uscc(code) is None


@given(
    st.sampled_from(PUBLISHED),
    st.integers(0, 17),
    st.sampled_from(ALPHABET),
)
def test_one_changed_character_is_noticed(code: str, at: int, other: str) -> None:
    """Weights and modulus are coprime: every single wrong character is found."""
    if code[at] != other:
        assert why_not_uscc(code[:at] + other + code[at + 1 :]) is not None


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("91350100M000100Y4", "18 characters"),
        ("", "18 characters"),
        ("91350100m000100y43", "upper-case"),
        ("9135010OM000100Y43", "upper-case"),
        ("9A350100M000100Y43", "check character"),
        ("91350100M000100Y4٣", "upper-case"),
        ("91350100M000100Y44", "check character"),
    ],
)
def test_wrong_codes_say_why(code: str, word: str) -> None:
    """Length, letters and check character each have their own words."""
    assert word in (why_not_uscc(code) or "")


def test_check_character_of_the_standard() -> None:
    """Annex A's example ends in 3."""
    assert check_character("91350100M000100Y4") == "3"
