"""Resident identity numbers by GB 11643."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.accounts.numbers import birth_date, check_character, is_valid, normalise, sex
from vault.errors import Invalid

numbers = st.builds(
    lambda area, day, sequence: f"{area}{(date(1900, 1, 1) + timedelta(days=day)):%Y%m%d}{sequence:03}",
    st.sampled_from(["110105", "310101", "440524", "659001", "810000", "830000", "910101"]),
    st.integers(0, 45_000),
    st.integers(0, 999),
).map(lambda first: first + check_character(first))


@pytest.mark.parametrize(
    ("number", "born", "whose"),
    [
        ("11010519491231002X", date(1949, 12, 31), "female"),
        ("440524188001010014", date(1880, 1, 1), "male"),
    ],
)
def test_the_examples_of_the_standard(number: str, born: date, whose: str) -> None:
    """GB 11643-1999 gives these two."""
    assert (birth_date(number), sex(number)) == (born, whose)
    assert is_valid(number)


@given(number=numbers)
def test_every_number_with_its_check_character_is_valid(number: str) -> None:
    """And the same in the spellings people use."""
    for text in (number, number.lower(), f" {number[:6]} {number[6:14]} {number[14:]} ", f"{number[:6]}-{number[6:]}"):
        assert normalise("cn-ric", text) == number
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
    assert normalise("cn-ric", wide) == number
    assert sex(number) == ("male" if int(number[16]) % 2 else "female")


@given(number=numbers, place=st.integers(0, 17), other=st.sampled_from("0123456789X"))
def test_one_mistyped_character_is_found(number: str, place: int, other: str) -> None:
    """ISO 7064 MOD 11-2 finds every single error."""
    wrong = number[:place] + other + number[place + 1 :]
    assert is_valid(wrong) == (wrong == number)


@given(number=numbers, place=st.integers(0, 16))
def test_two_swapped_neighbours_are_found(number: str, place: int) -> None:
    """And every swap of neighbours."""
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert is_valid(swapped) == (swapped == number)


@given(text=st.text(max_size=30))
def test_whatever_is_typed_is_valid_or_named_invalid(text: str) -> None:
    """Never another error, and never an error that repeats what was typed."""
    told = _told(text)
    assert told is None or told.startswith("national_id.number: ")
    assert told is None or len(text) < 6 or text not in told


def _told(text: str) -> str | None:
    """What is said about a number that is refused."""
    try:
        normalise("cn-ric", text)
    except Invalid as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "18 characters"),
        ("110105491231002", "18 characters"),
        ("11010519491231002X" * 1000, "18 characters"),
        ("11010519491231002Y", "digits"),
        ("1101051949123100XX", "digits"),
        ("١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", "digits"),
        ("00010519491231002X", "province"),
        ("11010519490230" + "002" + check_character("11010519490230002"), "date of birth"),
        ("11010518490101" + "002" + check_character("11010518490101002"), "date of birth"),
        ("110105194912310021", "check character"),
        ("11010519491231\x00002X", "18 characters"),
        ("'; DROP TABLE x --", "18 characters"),
    ],
)
def test_what_is_wrong_is_named(text: str, why: str) -> None:
    """Length, characters, province, date or check character; the number is not repeated."""
    with pytest.raises(Invalid, match=why) as caught:
        normalise("cn-ric", text)
    assert len(text) < 6 or text not in str(caught.value)


def test_other_schemes_are_unknown() -> None:
    """Passports and the like come later; nothing is guessed."""
    with pytest.raises(Invalid, match="scheme"):
        normalise("passport", "11010519491231002X")
