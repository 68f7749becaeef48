"""What a browser keeps: read strictly, and worthless for anybody else."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.crypto.canonical import b64, unb64
from vault.crypto.keyring import MemoryRing
from vault.crypto.sealing import new_key
from vault.errors import Unauthenticated
from vault.ids import new_uuid
from vault.signin.cookies import Cookie, Device

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
RING = MemoryRing("00000000", {"device": {1: new_key()}})


@given(holder=st.uuids(), sign_in=st.uuids(), secret=st.binary(min_size=32, max_size=32))
def test_a_cookie_comes_back(holder: UUID, sign_in: UUID, secret: bytes) -> None:
    """Holder, sign-in and secret; hash and key differ from the secret and from each other."""
    cookie = Cookie(holder, sign_in, secret)
    assert Cookie.read(cookie.text()) == cookie
    assert len({cookie.secret, cookie.secret_hash(), cookie.key()}) == 3
    assert repr(cookie) == "<Cookie>"


@pytest.mark.parametrize(
    "text",
    ["", "x", "A" * 85, "A" * 87, "A" * 10_000, "=" * 86, "A" * 85 + "B", "A" * 85 + "\n", "\ud800" * 86, "é" * 86],
)
def test_other_cookies_are_nobodys(text: str) -> None:
    """Wrong length, alphabet or spelling: not signed in, and no crash."""
    with pytest.raises(Unauthenticated):
        Cookie.read(text)


def test_a_device_is_known_to_its_holder_alone() -> None:
    """The mark fits the holder it was made for; for anybody else it is no mark."""
    holder = new_uuid()
    device = Device.fresh(holder, NOW)
    assert Device.read(RING, device.text(RING), holder_id=holder, now=NOW) == device
    assert Device.read(RING, device.text(RING), holder_id=new_uuid(), now=NOW) is None


def test_a_device_is_forgotten_in_time() -> None:
    """After 400 days, or from the future, it is unknown."""
    holder = new_uuid()
    mark = Device.fresh(holder, NOW).text(RING)
    assert Device.read(RING, mark, holder_id=holder, now=NOW + timedelta(days=399)) is not None
    assert Device.read(RING, mark, holder_id=holder, now=NOW + timedelta(days=401)) is None
    assert Device.read(RING, mark, holder_id=holder, now=NOW - timedelta(seconds=1)) is None


@given(place=st.integers(0, 73), bit=st.integers(0, 7))
def test_a_changed_mark_is_no_mark(place: int, bit: int) -> None:
    """Every byte of it is under the MAC, the key's version too."""
    holder = new_uuid()
    raw = bytearray(unb64(Device.fresh(holder, NOW).text(RING)))
    raw[place] ^= 1 << bit
    assert Device.read(RING, b64(bytes(raw)), holder_id=holder, now=NOW) is None


@pytest.mark.parametrize("text", [None, "", "A" * 99, "B" * 99, "é" * 99, "A" * 100_000])
def test_other_marks_are_no_marks(text: str | None) -> None:
    """Nothing, rubbish and zeros are unknown devices, not errors."""
    assert Device.read(RING, text, holder_id=UUID(int=0), now=NOW) is None


def test_a_mark_survives_a_rotation_until_its_version_goes() -> None:
    """The mark names its version of the key."""
    holder, old = new_uuid(), RING.derive("device", b"seed")
    before, after = MemoryRing("0", {"device": {1: old}}), MemoryRing("0", {"device": {1: old, 2: new_key()}})
    later = MemoryRing("0", {"device": {2: new_key()}})
    mark = Device.fresh(holder, NOW).text(before)
    assert Device.read(after, mark, holder_id=holder, now=NOW) is not None
    assert Device.read(later, mark, holder_id=holder, now=NOW) is None
