"""Posting to addresses that organisations name, by the rules of :mod:`vault.vetting.fetching`.

https to public addresses only; loopback, and there also http, where the registry's own address is on loopback. The
name is resolved once and the connection goes to exactly that address; no redirect is followed; the answer is not read.
"""

import asyncio
import ssl
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import httpx

from vault.vetting.fetching import Resolve, is_public, resolve

PATIENCE: Final = 5.0
"""Seconds for everything: name, connection, answer."""
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Posted:
    """How it ended: with an answer's ``status``, or without one. ``why``: a code, ``taken`` for any 2xx."""

    status: int | None
    why: str

    @property
    def is_taken(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_not_allowed(self) -> bool:
        """Whether nothing was sent, because of where the address leads."""
        return self.why in {"not-https", "private-address", "no-address"}


class Poster:
    """The way out. ``on_loopback``: the issuer is on loopback, so that receivers may be, too."""

    def __init__(
        self,
        *,
        on_loopback: bool = False,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._on_loopback = on_loopback
        self._resolve = resolve
        self._tls = tls or ssl.create_default_context()
        self._patience = patience

    async def post(self, url: str, *, headers: dict[str, str], content: bytes) -> Posted:
        """Post it once. Never raises for what a receiver does."""
        try:
            async with asyncio.timeout(self._patience):
                return await self._post(urlsplit(url), headers, content)
        except (TimeoutError, httpx.TimeoutException):
            return Posted(None, "timeout")
        except (httpx.InvalidURL, ValueError):
            return Posted(None, "no-address")
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            is_tls = isinstance(error.__cause__, ssl.SSLError) or "SSL" in str(error)
            return Posted(None, "tls" if is_tls else "no-connection")

    async def _post(self, parts: SplitResult, headers: dict[str, str], content: bytes) -> Posted:
        # 1. Where to: one look-up; a single address that is not public spoils the name
        host = parts.hostname or ""
        is_near = self._on_loopback and host in LOOPBACK
        if parts.scheme != "https" and not (is_near and parts.scheme == "http"):
            return Posted(None, "not-https")
        addresses = await self._resolve(host)
        if not addresses or not (is_near or all(is_public(each) for each in addresses)):
            return Posted(None, "private-address")
        # 2. To that very address, under that very name
        address = addresses[0]
        where = f"[{address}]" if ":" in address else address
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        extensions: dict[str, Any] = {"sni_hostname": host}
        async with httpx.AsyncClient(verify=self._tls, trust_env=False, timeout=self._patience) as client:
            request = client.build_request(
                "POST",
                f"{parts.scheme}://{where}:{port}{target}",
                headers=headers | {"Host": parts.netloc},
                content=content,
                extensions=extensions,
            )
            response = await client.send(request, stream=True, follow_redirects=False)
            await response.aclose()
        status = response.status_code
        return Posted(status, "taken" if response.is_success else "redirect" if status // 100 == 3 else f"{status}")
