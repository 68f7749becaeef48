"""Fetching pages that an applicant names: the one place where the registry goes where a stranger points.

Rules, each of which would let an applicant use the registry as its hands inside the registry's own network: https on
port 443 only; the name is resolved once, every address must be public, and the connection goes to one of exactly
those (so that the name cannot point elsewhere a moment later); the certificate must be valid for the name; no
redirect is followed; nothing is decompressed; size and time are bounded; no proxy, no cookie, no credential.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlsplit

import httpx

PATIENCE: Final = 5.0
"""Seconds for everything: name, connection, answer."""
HTTPS: Final = 443
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_HEADERS: Final = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "pivault-vetting"}

Resolve = Callable[[str], Awaitable[list[str]]]


@dataclass(frozen=True)
class Fetched:
    """A page as it came: always of status 200."""

    body: bytes = field(repr=False)
    address: str


@dataclass(frozen=True)
class NotFetched:
    """Why there is no page: a code of ``vault.vetting.reasons``. ``is_answer``: the host itself is the reason, rather
    than the way there; asking again will not help until somebody changes something. ``seen``: of the answer."""

    reason: str
    is_answer: bool
    seen: dict[str, object] = field(default_factory=dict)


class Fetcher(Protocol):
    """Gets one page."""

    async def get(self, url: str, *, most: int) -> Fetched | NotFetched:
        """The page at an https address, of at most so many bytes. Never raises for what a host does."""
        ...


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet, also when it wraps an IPv4 address (RFC 4291, 6052, 3056)."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


async def resolve(host: str) -> list[str]:
    """Every address of a name. Raises OSError when there is none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, HTTPS, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class HttpsFetcher:
    """Fetches over the internet, by the rules above."""

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
        patience: float = PATIENCE,
        dangerously_anywhere: int | None = None,
    ) -> None:
        """``dangerously_anywhere``: for tests alone, a port at which addresses that are not public are let through."""
        self._resolve = resolve
        self._tls = tls or ssl.create_default_context()
        self._patience = patience
        self._port = dangerously_anywhere or HTTPS
        self._is_allowed: Callable[[str], bool] = is_public if dangerously_anywhere is None else lambda _: True

    async def get(self, url: str, *, most: int) -> Fetched | NotFetched:
        """See :class:`Fetcher`."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.port not in {None, HTTPS}:
            return NotFetched("other-port", is_answer=True)
        try:
            async with asyncio.timeout(self._patience):
                return await self._get(parts.hostname, _target(url), most)
        except TimeoutError:
            return NotFetched("timeout", is_answer=False)

    async def _get(self, host: str, target: str, most: int) -> Fetched | NotFetched:
        # 1. One look-up; a single address that is not public spoils the name.
        try:
            addresses = await self._resolve(host)
        except (OSError, UnicodeError):
            return NotFetched("name-not-found", is_answer=False)
        if not addresses:
            return NotFetched("name-not-found", is_answer=False)
        if not all(self._is_allowed(address) for address in addresses):
            return NotFetched("private-address", is_answer=True)
        # 2. To that very address, under that very name.
        address = addresses[0]
        try:
            async with httpx.AsyncClient(verify=self._tls, trust_env=False, timeout=self._patience) as client:
                return await self._ask(client, host, address, target=target, most=most)
        except httpx.ConnectError as error:
            is_tls = isinstance(error.__cause__, ssl.SSLError) or "SSL" in str(error)
            return NotFetched("tls" if is_tls else "no-connection", is_answer=is_tls)
        except httpx.TimeoutException:
            return NotFetched("timeout", is_answer=False)
        except (httpx.RemoteProtocolError, httpx.InvalidURL, httpx.DecodingError):
            return NotFetched("not-http", is_answer=True)
        except (httpx.HTTPError, httpx.StreamError, OSError):
            return NotFetched("no-connection", is_answer=False)

    async def _ask(
        self, client: httpx.AsyncClient, host: str, address: str, *, target: str, most: int
    ) -> Fetched | NotFetched:
        where = f"[{address}]" if ":" in address else address
        name = f"[{host}]" if ":" in host else host
        request = client.build_request(
            "GET",
            f"https://{where}:{self._port}{target}",
            headers=_HEADERS | {"Host": name},
            extensions={"sni_hostname": host},
        )
        response = await client.send(request, stream=True, follow_redirects=False)
        try:
            return await _read(response, address, most)
        finally:
            await response.aclose()


async def _read(response: httpx.Response, address: str, most: int) -> Fetched | NotFetched:
    seen: dict[str, object] = {"status": response.status_code, "address": address}
    if 300 <= response.status_code < 400:
        return NotFetched("redirect", is_answer=True, seen=seen)
    if response.status_code == 429 or response.status_code >= 500:
        return NotFetched("host-overloaded", is_answer=False, seen=seen)
    if response.status_code != 200:
        return NotFetched("status", is_answer=True, seen=seen)
    if response.headers.get("content-encoding", "identity").lower() not in {"", "identity"}:
        return NotFetched("encoded", is_answer=True, seen=seen)
    body = b""
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > most:
            return NotFetched("too-large", is_answer=True, seen=seen)
    return Fetched(body, address)


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
