"""What a person sees of a grant whose requester was stopped: paused, over for good, or ending earlier."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from tests.api.edge import Edge
from tests.organisations.world import new_uscc
from tests.portal.visits import Requester, Visitor
from vault import ids
from vault.ids import DeclarationId, RequesterId
from vault.ledger.events import REGISTRY
from vault.ledger.events import requester as by_requester
from vault.requesters.measures import shorten, surrender, suspend

Doing = Callable[[RequesterId, DeclarationId], Awaitable[Any]]


async def granted(edge: Edge, person: Visitor) -> tuple[str, RequesterId, DeclarationId]:
    """A grant under a declaration of its own."""
    async with edge.client() as client:
        bank = await Requester.vetted(edge, client, organisation__uscc=new_uscc())
        grant = await person.allow(bank)
    told = (await person.client.get(f"/v1/me/grants/{grant}")).json()
    assert (told["status"], told["registration"]) == ("active", "active")
    owner = RequesterId(ids.parse(ids.REQUESTER, told["requester"]))
    return grant, owner, DeclarationId(ids.parse(ids.DECLARATION, told["declaration"]))


async def test_a_suspended_requesters_grant_is_paused(edge: Edge, person: Visitor) -> None:
    """It says so, where the register stands, and it can be stopped all the same."""
    grant, owner, declared = await granted(edge, person)
    run = edge.app.state.doors.database.run
    await run(suspend, owner, reason="licence-withdrawn", by=REGISTRY, declaration=declared)
    page = await person.go(f"/grants/{grant}")
    assert "Paused" in page.text
    assert "The registry has suspended this organisation" in page.text
    assert f"/organisations/{ids.public(ids.REQUESTER, owner)}" in page.links
    assert "Paused (1)" in (await person.go("/grants?show=paused")).text
    assert (await person.client.get(f"/v1/me/grants/{grant}")).json()["registration"] == "suspended"
    confirm = await person.go(f"/grants/{grant}/withdraw?step=confirm")
    await person.fill(confirm.form(f"/grants/{grant}/withdraw"))
    assert (await person.client.get(f"/v1/me/grants/{grant}")).json()["status"] == "withdrawn"
    assert "The registry has suspended" not in (await person.go(f"/grants/{grant}")).text


async def test_a_surrendered_requesters_grant_is_over(edge: Edge, person: Visitor) -> None:
    """For good, and there is nothing left to stop."""
    grant, owner, declared = await granted(edge, person)
    run = edge.app.state.doors.database.run
    await run(surrender, owner, reason="we close", by=by_requester(owner), declaration=declared)
    page = await person.go(f"/grants/{grant}")
    assert "Over for good" in page.text
    assert "also if the organisation is ever registered anew" in page.text
    assert f"/grants/{grant}/withdraw" not in page.links
    assert f"/grants/{grant}" in (await person.go("/grants?show=ended")).links
    assert f"/grants/{grant}" not in (await person.go("/grants")).links
    assert (await person.client.get(f"/v1/me/grants/{grant}")).json()["registration"] == "surrendered"


async def test_a_shortened_declaration_ends_the_grant_earlier(edge: Edge, person: Visitor) -> None:
    """The page tells the end that holds."""
    grant, owner, declared = await granted(edge, person)
    database = edge.app.state.doors.database
    until = database.clock.now() + timedelta(days=2)
    await database.run(shorten, declared, until=until, reason="campaign-over", by=by_requester(owner))
    page = await person.go(f"/grants/{grant}")
    assert f'datetime="{until.isoformat(timespec="seconds").replace("+00:00", "Z")}"' in page.html
