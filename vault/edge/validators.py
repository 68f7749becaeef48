"""ETags of what machines read (RFC 9110 section 8.8), and 304 for who has it already (section 13.1.2).

The tag is a digest of the bytes, so it says nothing that the bytes do not. Answers with a tag of their own keep it.
"""

import hashlib
from typing import Any, Final

from vault.crypto.canonical import b64
from vault.edge.envelope import ASGIApp, Message, Send

_MACHINES: Final = ("/v1/", "/oauth/", "/.well-known/", "/vct/", "/openapi.json")
_JSON: Final = (b"application/json", b"application/schema+json")
"""Signed answers hold the moment they were made at: no two are the same."""
_OF_CONTENT: Final = frozenset({b"content-type", b"content-length"})
_TAG_BYTES: Final = 16


class Validators:
    """ASGI: inside the envelope. What is no JSON read by a machine passes untouched."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope.get("method") != "GET" or not scope["path"].startswith(_MACHINES):
            await self._inner(scope, receive, send)
            return
        known = [value for name, value in scope["headers"] if name == b"if-none-match"]
        await self._inner(scope, receive, _Tagging(send, b",".join(known).decode("latin-1")))


class _Tagging:
    """``send`` that holds back the start of an answer until its bytes are there."""

    def __init__(self, send: Send, known: str) -> None:
        self._send = send
        self._known = known
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_tagged(message):
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            message = await self._begin(start, message)
        await self._send(message)

    async def _begin(self, start: Message, body: Message) -> Message:
        """Send the start of the answer; what comes after it."""
        if not body.get("more_body", False):
            tag = f'"{b64(hashlib.sha256(body.get("body", b"")).digest()[:_TAG_BYTES])}"'
            start["headers"] = [*start["headers"], (b"etag", tag.encode())]
            if _is_among(tag, self._known):
                start["status"] = 304
                start["headers"] = [each for each in start["headers"] if each[0].lower() not in _OF_CONTENT]
                body = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(start)
        return body


def _is_tagged(start: Message) -> bool:
    headers = {name.lower(): value for name, value in start.get("headers", ())}
    return start["status"] == 200 and b"etag" not in headers and headers.get(b"content-type", b"").startswith(_JSON)


def _is_among(tag: str, known: str) -> bool:
    """Weak comparison (RFC 9110 section 8.8.3.2); ``*`` stands for whatever there is."""
    return any(each.strip().removeprefix("W/") in {tag, "*"} for each in known.split(","))
