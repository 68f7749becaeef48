"""Erasing one's vault, on the page and by programs: the password, the week, calling it off, and then it is gone."""

from datetime import timedelta

from tests.api.edge import PASSWORD, Edge, send
from tests.conftest import Cluster
from tests.portal.visits import Page, Visitor
from vault.clock import FixedClock
from vault.db import Database
from vault.erasure.carrying_out import carry_out_logged, due
from vault.ids import PersonId, parse


async def test_asked_for_with_the_password_and_called_off(person: Visitor) -> None:
    """A wrong one is told beside its field; what goes and what stays is said; keeping the vault is one button."""
    page = await person.go("/erasure")
    assert "What stays, because the law demands it" in page.text
    wrong = Page(await person.fill(page.forms[-1], ("act", "erase"), present="not it"))
    assert (wrong.status, "is not your present password" in wrong.text) == (422, True)
    done = await person.fill(page.forms[-1], ("act", "erase"), present=PASSWORD)
    assert done.headers["location"] == "/erasure?done=asked"
    page = await person.go("/erasure?done=asked")
    assert "You asked for it" in page.text
    assert "Your vault is to be erased" in (await person.go("/home")).text
    kept = await person.fill(page.forms[-1], ("act", "keep"))
    assert kept.headers["location"] == "/erasure?done=kept"
    nothing = Page(await person.fill(page.forms[-1], ("act", "keep")))
    assert (nothing.status, "You did not ask" in nothing.text) == (404, True)


async def test_the_same_by_programs_and_then_it_is_gone(person: Visitor, edge: Edge, cluster: Cluster) -> None:
    """After its week the vault is gone, and the browser that was signed in is not any more."""
    client = person.client
    assert (await client.get("/v1/me/erasure")).json() == {
        "state": "none",
        "asked_at": None,
        "due_at": None,
        "holds": [],
    }
    wrong = await send(client, "POST", "/v1/me/erasure", {"present": "not it"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "present")
    asked = await send(client, "POST", "/v1/me/erasure", {"present": PASSWORD})
    assert (asked.status_code, asked.json()["state"]) == (202, "asked")
    assert (await send(client, "DELETE", "/v1/me/erasure")).status_code == 204
    assert (await send(client, "DELETE", "/v1/me/erasure")).status_code == 404
    assert (await send(client, "POST", "/v1/me/erasure", {"present": PASSWORD})).status_code == 202
    who = PersonId(parse("psn", (await client.get("/v1/me")).json()["id"]))
    now = edge.app.state.doors.database.clock.now()
    later = Database(cluster.url("portal_pages"), cluster.ring, FixedClock(now + timedelta(days=7)))
    try:
        for each, which in await later.run(due):
            if each == who:
                await carry_out_logged(later, each, which)
    finally:
        await later.close()
    assert (await client.get("/v1/me", headers={"Accept": "application/json"})).status_code == 401
