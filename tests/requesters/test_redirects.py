"""Where people may be sent back to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.requesters.redirects import is_registered, why_not_redirect_uri


@pytest.mark.parametrize(
    "uri",
    [
        "https://bank.example/back",
        "https://bank.example:8443/back?channel=web",
        "http://127.0.0.1:8400/back",
        "http://[::1]/back",
        "http://localhost:3000/cb",
    ],
)
def test_good_addresses_pass(uri: str) -> None:
    """https anywhere, http on loopback."""
    assert why_not_redirect_uri(uri) is None


@pytest.mark.parametrize(
    ("uri", "word"),
    [
        ("", "characters"),
        ("https://bank.example/" + "a" * 512, "characters"),
        ("http://bank.example/back", "https"),
        ("http://127.0.0.1.bank.example/back", "https"),
        ("http://10.0.0.1/back", "https"),
        ("ftp://bank.example/back", "https"),
        ("javascript:alert(1)", "absolute"),
        ("bank://back", "https"),
        ("https:///back", "absolute"),
        ("/back", "absolute"),
        ("https://bank.example/back#part", "fragment"),
        ("https://bank.example/back#", "fragment"),
        ("https://user@bank.example/back", "user"),
        ("https://bank.example@evil.example/back", "user"),
        ("https://*.bank.example/back", "ASCII"),
        ("https://bank.example/ba ck", "ASCII"),
        ("https://bank.example\\@evil.example", "ASCII"),
        ("https://bank.example/\n", "ASCII"),
        ("https://bank.example/\0", "ASCII"),
        ("https://银行.example/back", "ASCII"),
        ("https://bank.example:99999/back", "address"),
        ("https://bank.example:0/back", "absolute"),
        ("https://[::1/back", "address"),
    ],
)
def test_bad_addresses_say_why(uri: str, word: str) -> None:
    """Each rule of RFC 9700 section 4.1.3 and FAPI 2.0 5.3.2.2-8 refuses by itself."""
    assert word in (why_not_redirect_uri(uri) or "")


@given(st.text(max_size=60), st.text(max_size=60))
def test_matching_is_string_equality(registered: str, sent: str) -> None:
    """Nothing but the registered characters matches: no case folding, no decoding, no prefixes."""
    assert is_registered(sent, [registered]) == (sent == registered)


@pytest.mark.parametrize(
    "sent",
    [
        "https://bank.example/back/",
        "https://bank.example/back?x=1",
        "https://bank.example/BACK",
        "https://bank.example:443/back",
        "https://bank.example/%62ack",
        "https://bank.example/back/../back",
        "http://bank.example/back",
    ],
)
def test_near_misses_do_not_match(sent: str) -> None:
    """What a lenient comparison would take is refused."""
    assert not is_registered(sent, ["https://bank.example/back"])
