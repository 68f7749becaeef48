"""ETags of what machines read: a digest of the bytes, and 304 for who has them."""

from typing import Any

import httpx
import pytest

from vault.edge.validators import Validators

BODY = b'{"a": 1}'


def caller(status: int = 200, media: bytes = b"application/json", **headers: bytes) -> httpx.AsyncClient:
    """A client of a small application behind the validators."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        given = [(b"content-type", media), (b"content-length", b"8"), *((k.encode(), v) for k, v in headers.items())]
        await send({"type": "http.response.start", "status": status, "headers": given})
        await send({"type": "http.response.body", "body": BODY})

    return httpx.AsyncClient(transport=httpx.ASGITransport(app=Validators(app)), base_url="http://127.0.0.1")


async def test_what_is_known_is_not_sent_again() -> None:
    """The first answer has a tag; with it, alone or among others, strong or weak, there is 304 and no content."""
    async with caller() as client:
        first = await client.get("/v1/purposes")
        tag = first.headers["etag"]
        for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = await client.get("/v1/purposes", headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert "content-type" not in again.headers
        assert (await client.get("/v1/purposes", headers={"If-None-Match": '"another"'})).content == BODY


@pytest.mark.parametrize(
    ("method", "path", "how"),
    [
        ("POST", "/v1/releases", {}),
        ("GET", "/home", {}),
        ("GET", "/v1/x", {"status": 404}),
        ("GET", "/v1/x", {"media": b"application/jose"}),
        ("GET", "/v1/x", {"etag": b'"3"'}),
    ],
)
async def test_everything_else_passes_untouched(method: str, path: str, how: dict[str, Any]) -> None:
    """What changes something, pages, refusals, signed answers, and what has a tag of its own."""
    async with caller(**how) as client:
        answer = await client.request(method, path, headers={"If-None-Match": "*"})
        assert (answer.status_code, answer.content) == (how.get("status", 200), BODY)
        assert answer.headers.get("etag") == (how["etag"].decode() if "etag" in how else None)
