"""The published log as static files (C2SP tlog-tiles): what is public to everybody, what entries say to auditors.

Nothing here asks the database for a public file. A path is read as a place in the tree before it is a path: what is
not one is absent, and never reaches the file system.
"""

import asyncio
from hashlib import sha256
from typing import Final

from litestar import Response, get
from litestar.params import FromPath
from litestar.router import Router

from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.request import VaultRequest
from vault.errors import Invalid, NotFound
from vault.ledger.places import ENTRIES, Place, parse_path
from vault.ledger.shelf import Shelf
from vault.witness.auditors import admit

_FOREVER: Final = "max-age=31536000, immutable"
_BINARY: Final = "application/octet-stream"
_TEXT: Final = "text/plain"
"""The framework adds the charset."""


@get("/log/checkpoint", opt=NO_FORM_TOKEN)
async def read_published_checkpoint(request: VaultRequest) -> Response[bytes]:
    """The newest published checkpoint: signed by the log twice, cosigned by its witnesses."""
    note = await asyncio.to_thread(_shelf(request).checkpoint)
    if note is None:
        raise NotFound("Nothing is published yet.")
    return _answer(request, note.encode(), _TEXT, "public, no-cache")


@get("/log/tile/{file_path:path}", opt=NO_FORM_TOKEN)
async def read_published_tile(request: VaultRequest, file_path: FromPath[str]) -> Response[bytes]:
    """A tile of hashes, for everybody; a bundle of entries, for an auditor with a pass."""
    place = _place(str(file_path))
    if place.level == ENTRIES:
        header = request.headers.get("Authorization", "")
        await request.doors.database.run(admit, header, request.doors.issuer)
    content = await asyncio.to_thread(_shelf(request).read, place)
    if content is None:
        raise NotFound("The log has no such file.")
    caching = "private, no-cache" if place.level == ENTRIES else f"public, {_FOREVER}"  # an entry may be redacted
    return _answer(request, content, _BINARY, caching)


def router() -> Router:
    """Files, not operations: they are not in the description of the machine front."""
    handlers = [read_published_checkpoint, read_published_tile]
    return Router("/", route_handlers=handlers, include_in_schema=False)


def _place(path: str) -> Place:
    try:
        return parse_path(f"tile/{path.removeprefix('/')}")
    except Invalid:
        raise NotFound("The log has no such file.") from None


def _shelf(request: VaultRequest) -> Shelf:
    folder = request.doors.settings.log_folder
    if folder is None:
        raise NotFound("This installation publishes no log.")
    return Shelf(folder)


def _answer(request: VaultRequest, content: bytes, media_type: str, caching: str) -> Response[bytes]:
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": caching}
    known = {each.strip().removeprefix("W/") for each in request.headers.get("If-None-Match", "").split(",")}
    if tag in known or "*" in known:
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(content, headers=headers, media_type=media_type)
