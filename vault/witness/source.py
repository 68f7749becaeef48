"""Where a mirror reads a published log: over HTTP as an authorised auditor, or from a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import httpx

from vault.ledger.checkpoint import MAX_NOTE
from vault.ledger.places import ENTRIES, Place
from vault.ledger.shelf import Shelf
from vault.ledger.tiles import CHECKPOINT, MAX_ENTRY
from vault.ledger.tree import HASH_BYTES
from vault.witness.rules import Declined

TIMEOUT: Final = 20.0
"""Seconds for one file."""


class Source(Protocol):
    """A published log, nothing of it believed."""

    async def checkpoint(self) -> str | None:
        """The published note. Raises Declined when the source cannot be read."""
        ...

    async def file(self, place: Place) -> bytes | None:
        """A file; None when it is not there. Raises Declined when the source cannot be read."""
        ...


class FolderSource:
    """A folder, written by the log or copied from it."""

    def __init__(self, folder: Path) -> None:
        self._shelf = Shelf(folder)

    async def checkpoint(self) -> str | None:
        return self._shelf.checkpoint()

    async def file(self, place: Place) -> bytes | None:
        return self._shelf.read(place)


class HttpSource:
    """An address. ``own_pass`` makes what is presented where entries are asked for, anew each time."""

    def __init__(self, prefix: str, client: httpx.AsyncClient, own_pass: Callable[[], str]) -> None:
        self._prefix = prefix.rstrip("/")
        self._client = client
        self._own_pass = own_pass

    async def checkpoint(self) -> str | None:
        found = await self._get(CHECKPOINT, MAX_NOTE, {})
        return None if found is None else found.decode(errors="replace")

    async def file(self, place: Place) -> bytes | None:
        if place.level == ENTRIES:
            passed = {"Authorization": f"Bearer {self._own_pass()}"}
            return await self._get(place.path, place.width * (2 + MAX_ENTRY), passed)
        return await self._get(place.path, place.width * HASH_BYTES, {})

    async def _get(self, path: str, most: int, headers: dict[str, str]) -> bytes | None:
        try:
            request = self._client.build_request("GET", f"{self._prefix}/{path}", headers=headers, timeout=TIMEOUT)
            answer = await self._client.send(request, stream=True, follow_redirects=False)
            try:
                if answer.status_code == 404:
                    return None
                if answer.status_code != 200:
                    raise Declined(503, f"The source answered {answer.status_code} for {path}.")
                content = bytearray()
                async for piece in answer.aiter_bytes():
                    content += piece
                    if len(content) > most:
                        raise Declined(422, f"The source gave more for {path} than there can be.")
                return bytes(content)
            finally:
                await answer.aclose()
        except httpx.HTTPError as error:
            raise Declined(503, f"The source does not answer ({type(error).__name__}).") from None
