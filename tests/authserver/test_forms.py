"""Forms at the back channel: read strictly."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.authserver.errors import InvalidRequest
from vault.authserver.server import Meter, Posted, read_form


@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=20),
        st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40),
        max_size=8,
    )
)
def test_what_a_library_encodes_is_read(form: dict[str, str]) -> None:
    """Percent signs, plus signs, Chinese: as sent; parameters without a value are as if not sent."""
    assert read_form(urlencode(form).encode()) == {name: value for name, value in form.items() if value}


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Never a crash."""
    try:
        form = read_form(body)
    except InvalidRequest:
        return
    assert all(isinstance(name, str) and value for name, value in form.items())


@pytest.mark.parametrize(
    ("body", "check"),
    [
        (b"a=1&a=2", "form-single"),
        (b"a=1&a=1", "form-single"),
        (b"a=&a=1", "form-single"),
        (b"a=1&%61=2", "form-single"),
        (b"=1", "form-single"),
        (b"a=1&&b=2", "form-single"),
        (b"a=%00", "form"),
        (b"a=%ff", "form"),
        (b"a=" + b"x" * 131_073, "form"),
        (b"&".join(b"a%d=1" % n for n in range(41)), "form"),
    ],
)
def test_doubtful_forms_are_refused(body: bytes, check: str) -> None:
    """RFC 6749 section 3.2: no parameter twice; bounded; no NUL; UTF-8."""
    with pytest.raises(InvalidRequest) as caught:
        Posted.read(body, [])
    assert caught.value.check == check


def test_the_meter_counts_and_starts_again() -> None:
    """What was taken is not counted twice."""
    meter = Meter()
    meter.count("assertion-aud")
    meter.count("assertion-aud")
    assert meter.take() == {"assertion-aud": 2}
    assert meter.take() == {}
