"""The registry's own feet: where an applicant may not make it go, and what it does not swallow there."""

import asyncio
from pathlib import Path

import pytest

from tests.vetting.hosts import Certificate, Reply, certificate, listening, page, saying
from vault.clock import monotonic
from vault.vetting.fetching import Fetched, HttpsFetcher, NotFetched, is_public

HOST = "bank.example"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), HOST)


async def to_loopback(_host: str) -> list[str]:
    return ["127.0.0.1"]


async def fetch(
    held: Certificate, reply: Reply, *, host: str = HOST, most: int = 1000, patience: float = 2.0
) -> tuple[Fetched | NotFetched, list[str]]:
    """Fetch from a host that answers so; what it was asked."""
    asked: list[str] = []
    async with listening(held, reply, asked) as port:
        fetcher = HttpsFetcher(resolve=to_loopback, tls=held.trusting, patience=patience, dangerously_anywhere=port)
        return await fetcher.get(f"https://{host}/.well-known/x.txt?a=b", most=most), asked


async def reason(held: Certificate, reply: Reply, **how: object) -> str:
    got, _ = await fetch(held, reply, **how)  # type: ignore[arg-type]  # as fetch has them
    assert isinstance(got, NotFetched)
    return got.reason


async def test_a_page_is_fetched_under_its_name(held: Certificate) -> None:
    """By address, with the name in the certificate and in Host; no cookie, no credential, nothing compressed."""
    got, asked = await fetch(held, saying(page(b"hello")))
    assert got == Fetched(b"hello", "127.0.0.1")
    assert asked[0].startswith("GET /.well-known/x.txt?a=b HTTP/1.1\r\n")
    lines = asked[0].lower()
    assert f"host: {HOST}\r\n" in lines
    assert "accept-encoding: identity" in lines
    for never in ("cookie:", "authorization:", "referer:", "127.0.0.1"):
        assert never not in lines


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",  # noqa: S104 - never bound to
        "198.18.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "2002:a00:1::1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:db8::1", "2001:0:7f00:1::80ff:fffe",
    ],
)  # fmt: skip
async def test_addresses_that_are_not_public_are_never_connected_to(address: str) -> None:
    """Whatever a name resolves to: loopback, private, link-local (cloud metadata), wrapped, reserved."""
    assert not is_public(address)

    async def there(_host: str) -> list[str]:
        return ["93.184.216.34", address]

    got = await HttpsFetcher(resolve=there).get(f"https://{HOST}/", most=10)
    assert got == NotFetched("private-address", is_answer=True)


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_public_addresses(address: str) -> None:
    """What the rules above are not about."""
    assert is_public(address)


async def test_a_name_that_points_elsewhere_a_moment_later_gains_nothing(held: Certificate) -> None:
    """The name is resolved once; the connection goes to what was looked at (DNS rebinding)."""
    times = 0

    async def twice(_host: str) -> list[str]:
        nonlocal times
        times += 1
        return ["127.0.0.1"]

    async with listening(held, saying(page(b"hello")), []) as port:
        fetcher = HttpsFetcher(resolve=twice, tls=held.trusting, dangerously_anywhere=port)
        assert isinstance(await fetcher.get(f"https://{HOST}/", most=10), Fetched)
    assert times == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://bank.example/",
        "https://bank.example:8443/",
        "https://bank.example:22/",
        "ftp://bank.example/",
        "https://",
    ],
)
async def test_only_https_on_its_port(url: str) -> None:
    """Other ports and schemes are never tried: the registry scans no networks."""
    assert await HttpsFetcher(resolve=to_loopback).get(url, most=10) == NotFetched("other-port", is_answer=True)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_redirects_are_not_followed(held: Certificate, status: str) -> None:
    """Neither to the host itself nor into the registry's network."""
    answer = page(b"", status, "Location: https://169.254.169.254/latest/meta-data/")
    got, asked = await fetch(held, saying(answer))
    assert isinstance(got, NotFetched)
    assert (got.reason, len(asked)) == ("redirect", 1)


async def test_a_huge_page_is_cut(held: Certificate) -> None:
    """With a length, and without one for ever."""
    assert await reason(held, saying(page(b"A" * 1001))) == "too-large"

    async def flood(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(1000):
            writer.write(b"A" * 65_536)
            await writer.drain()

    assert await reason(held, flood) == "too-large"


async def test_slow_hosts_are_given_up(held: Certificate) -> None:
    """One bound for everything, however often a byte comes."""

    async def drip(_head: str, writer: asyncio.StreamWriter) -> None:
        for byte in page(b"A" * 500):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    began = monotonic()
    assert await reason(held, drip, patience=0.3) == "timeout"
    assert monotonic() - began < 2


async def test_a_slow_name_is_given_up() -> None:
    """Looking up the name is inside the bound."""

    async def never(_host: str) -> list[str]:
        await asyncio.sleep(30)
        return []

    assert await HttpsFetcher(resolve=never, patience=0.1).get(f"https://{HOST}/", most=10) == NotFetched(
        "timeout", is_answer=False
    )


async def test_a_compressed_page_is_not_unpacked(held: Certificate) -> None:
    """A small answer cannot grow."""
    assert await reason(held, saying(page(b"x", "200 OK", "Content-Encoding: gzip"))) == "encoded"


@pytest.mark.parametrize(
    ("status", "why"), [("404 Not Found", "status"), ("204 No Content", "status"), ("503 Busy", "host-overloaded")]
)
async def test_other_statuses(held: Certificate, status: str, why: str) -> None:
    """Only 200 is a page; a host in trouble may be asked again."""
    assert await reason(held, saying(page(b"", status))) == why


@pytest.mark.parametrize("rubbish", [b"SSH-2.0-OpenSSH\r\n", b"\0" * 200, b""])
async def test_what_is_no_http(held: Certificate, rubbish: bytes) -> None:
    """Another protocol is no page."""
    assert await reason(held, saying(rubbish)) == "not-http"


async def test_the_certificate_must_be_for_the_name(held: Certificate, tmp_path: Path) -> None:
    """A valid certificate of somebody else's, an ended one, one that nobody vouches for."""
    assert await reason(held, saying(page(b"hello")), host="other.example") == "tls"
    ended = certificate(tmp_path, HOST, days=-1)
    assert await reason(ended, saying(page(b"hello"))) == "tls"
    async with listening(held, saying(page(b"hello")), []) as port:
        fetcher = HttpsFetcher(resolve=to_loopback, dangerously_anywhere=port)
        assert await fetcher.get(f"https://{HOST}/", most=10) == NotFetched("tls", is_answer=True)


async def test_nobody_there() -> None:
    """A name without an address, a closed port."""

    async def lost(_host: str) -> list[str]:
        raise OSError

    assert await HttpsFetcher(resolve=lost).get(f"https://{HOST}/", most=10) == NotFetched(
        "name-not-found", is_answer=False
    )
    got = await HttpsFetcher(resolve=to_loopback, dangerously_anywhere=9).get(f"https://{HOST}/", most=10)
    assert got == NotFetched("no-connection", is_answer=False)
