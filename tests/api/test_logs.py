"""What the log may hold: ids and templates, never contents."""

import httpx
import pytest
from structlog.testing import capture_logs

from tests.api.edge import Edge, send
from vault.edge.logs import frames, without_texts

CANARY = "canary-7391-kanarienvogel"


async def test_no_line_holds_what_a_caller_sent(edge: Edge, caller: httpx.AsyncClient) -> None:
    """Body, query, path, headers, user agent: in no line of a whole visit."""
    with capture_logs() as lines:
        sent = await edge.settle(caller)
        await send(caller, "PUT", "/v1/me/sections/preferences", {"notes": CANARY}, If_None_Match="*")
        await send(caller, "PUT", "/v1/me/sections/contact", {"email": CANARY, "cvv": CANARY}, If_None_Match="*")
        await caller.get(f"/v1/me/sections/{CANARY}", headers={"User-Agent": CANARY, "Referer": CANARY})
        await caller.get(f"/v1/me/grants?secret={CANARY}")
        await caller.get(f"/{CANARY}")
        await caller.post("/v1/releases", headers={"Authorization": f"DPoP {CANARY}", "DPoP": CANARY}, json={})
        await caller.post("/oauth/token", data={"client_assertion": CANARY})
    written = str(lines)
    assert CANARY not in written
    for value in (sent["login"], sent["password"], sent["name"], sent["national_id"]["number"]):
        assert value not in written
    assert {"/v1/me/sections/{section}", "/v1/me/grants", "none"} <= {str(line.get("route")) for line in lines}


async def test_every_line_of_a_request_says_how_it_went(edge: Edge, caller: httpx.AsyncClient) -> None:
    """Method, template, status and duration."""
    with capture_logs() as lines:
        await caller.get("/v1/catalogue")
    line = next(line for line in lines if line["event"] == "request")
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/catalogue", 200)
    assert line["ms"] > 0


def test_an_exception_is_logged_without_its_text() -> None:
    """Drivers quote the row that failed: the class and the places it passed are enough."""
    with pytest.raises(ValueError, match="outer") as caught:
        _fail()
    event = without_texts(None, "error", {"event": "failed", "exc_info": caught.value})
    assert event["exception"] == "ValueError"
    assert any(place.endswith("_fail") for place in frames(caught.value))
    assert CANARY not in str(event)


def _fail() -> None:
    try:
        raise KeyError(CANARY)
    except KeyError as error:
        raise ValueError(f"outer {CANARY}") from error
