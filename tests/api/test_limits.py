"""How much is read: never more than the limit, whatever is announced."""

from typing import Any

from tests.api.edge import Edge, send

TEN_MEGABYTES = 10 * 1024 * 1024


class Flood:
    """A caller that sends without end and counts what is taken. ``announced``: its Content-Length, if it names one."""

    def __init__(self, announced: int | None = None) -> None:
        self.taken = 0
        self.status = 0
        self.announced = announced

    async def receive(self) -> dict[str, Any]:
        """The next 64 KiB."""
        self.taken += 65_536
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

    async def send(self, message: dict[str, Any]) -> None:
        """Remember the status."""
        self.status = message.get("status", self.status)

    async def pour(self, edge: Edge, path: str) -> None:
        """Send to an endpoint that takes JSON without a form token."""
        headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]
        if self.announced is not None:
            headers.append((b"content-length", str(self.announced).encode()))
        scope: Any = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": headers,
            "http_version": "1.1",
            "scheme": "http",
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
            "root_path": "",
        }
        await edge.app(scope, self.receive, self.send)  # type: ignore[arg-type]  # plain dicts are messages


async def test_an_announced_flood_is_refused_unread(edge: Edge) -> None:
    """Ten megabytes by Content-Length: 413 before a byte is taken."""
    flood = Flood(TEN_MEGABYTES)
    await flood.pour(edge, "/v1/applications")
    assert (flood.status, flood.taken) == (413, 0)


async def test_an_unannounced_flood_is_cut_off(edge: Edge) -> None:
    """A body without a length is read up to the limit and not further."""
    flood = Flood()
    await flood.pour(edge, "/v1/applications")
    assert flood.status == 413
    assert flood.taken <= edge.settings.max_body + 65_536


async def test_ten_megabytes_are_a_problem_document(edge: Edge) -> None:
    """The refusal has the form of all others."""
    async with edge.client() as client:
        answer = await send(client, "POST", "/v1/applications", {"x": "y" * TEN_MEGABYTES})
    assert answer.status_code == 413
    assert answer.json()["type"].endswith("/problems/too-large")
