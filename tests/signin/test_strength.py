"""Which passwords and login names are accepted."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.errors import Invalid
from vault.signin.logins import LONGEST, SHORTEST, new_login, normalise_login
from vault.signin.strength import COMMONEST, accept


@pytest.mark.parametrize(
    "password",
    [
        "twelve chars",
        "正确的马电池订书钉很长的",
        "x9#" * 4 + "long tail",
        "a" * 250 + "bcdef",
        "ｆｕｌｌｗｉｄｔｈ－ｐａｓｓ",
    ],
)
def test_long_passwords_are_accepted(password: str) -> None:
    """Length is what counts; any script, spaces and symbols are welcome. What is kept is NFKC."""
    assert accept(password) == unicodedata.normalize("NFKC", password)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "elevenchars",
        "a" * 300,
        "aaaaaaaaaaaa",
        "abababababab",
        "123456789012",
        "987654321098",
        "abcdefghijkl",
        "qwertyuiopas",
        "Password1234",
        "QWERTY123456",
        "half\ud800surrogates",
        "ﷺ" * 256,
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_guessable_passwords_are_refused(password: str) -> None:
    """Short, endless, repeating, running along the keyboard or among the commonest: refused by field, never echoed."""
    with pytest.raises(Invalid) as caught:
        accept(password)
    assert caught.value.members["errors"][0]["field"] == "password"
    assert len(password) < 4 or password not in str(caught.value)


def test_the_list_holds_only_what_length_lets_through() -> None:
    """Shorter ones need no list."""
    assert all(len(password) >= 12 and password == password.casefold() for password in COMMONEST)


@given(text=st.text(max_size=80))
def test_a_login_has_one_spelling(text: str) -> None:
    """Normalising twice changes nothing; an accepted name is its own normal form."""
    once = normalise_login(text)
    assert normalise_login(once) == once
    try:
        name = new_login(text)
    except Invalid:
        return
    assert name == once
    assert SHORTEST <= len(name) <= LONGEST


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        (" Alice ", "alice"),
        ("ＡＬＩＣＥ", "alice"),
        ("王小明", "王小明"),
        ("Straße-9", "strasse-9"),
        ("a.b_c-1", "a.b_c-1"),
    ],
)
def test_login_names_people_choose(typed: str, name: str) -> None:
    """Case, width and spaces around do not matter; Chinese names are fine."""
    assert new_login(typed) == name


@pytest.mark.parametrize(
    "login",
    [
        "",
        "ab",
        "a" * 65,
        "wang@example.com",
        "13800000013",
        "138-0000-0013",
        "１３８００００００１３",
        "tel13800000013",
        "11010519491231002X",
        "+8613800000013",
        "a b c",
        "alice\0",
        "alice' OR 1=1",
        "<b>alice</b>",
        ".alice",
        "alice\u200b",
        "\ud800lice",
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_telling_or_odd_login_names_are_refused(login: str) -> None:
    """A phone, mail or id number would be guessable; control and markup characters are nobody's name."""
    with pytest.raises(Invalid):
        new_login(login)
