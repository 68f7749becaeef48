"""Across the wall around sandboxes: real people and sandbox clients, test persons and clients that are real."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa

from tests.attacks.world import GENERAL, Bank, Browser, World
from vault import ids
from vault.accounts.tables import Person
from vault.cli.story.browser import expect, forms
from vault.db import Session
from vault.sandbox.tables import SandboxPersonRow


async def _kit(world: World, member: Browser, client: str, **more: Any) -> dict[str, Any]:
    made = expect(await member.send("POST", "/v1/organisation/sandbox", {"client": client, **more}), 201)
    files: dict[str, Any] = made.json()["files"]
    return files


def _sandbox(world: World, bank: Bank, files: dict[str, Any]) -> Bank:
    """The bank's sandbox client, with the bank's own keys."""
    made = world.twin(bank)
    made.client_id = files["client.json"]["client_id"]
    return made


async def _refused_at_the_wall(person: Browser, bank: Bank, items: dict[str, str]) -> None:
    """The page says that nothing can be decided; whatever is sent, the client gets a bare no."""
    wanted = [{"item": item, "form": form} for item, form in items.items()]
    answer, pushed = await bank.push(wanted, duration_days=30, max_uses=5)
    expect(answer, 201)
    page = expect(await person.page(bank.authorize_url(pushed)), 200)
    [form] = [each for each in forms(page.text) if each.action == "/oauth/authorize"]
    assert [value for name, value in form.buttons if name == "decision"] == ["deny"]
    assert form.boxes == []
    done = expect(
        await person.submit(form, [("decision", "allow"), ("notice", "00"), ("item", next(iter(items)))]), 303
    )
    told = parse_qs(urlsplit(str(done.headers["location"])).query)
    assert told == {"error": ["access_denied"], "state": [pushed.state], "iss": [bank.issuer]}


async def _move(session: Session, requester: str, *, away: bool) -> None:
    """What no act of the product does: a test person becomes real, row MAC and all, and comes back."""
    organisation = ids.parse(ids.REQUESTER, requester)
    found = await session.scalars(sa.select(SandboxPersonRow).where(SandboxPersonRow.requester_id == organisation))
    for place in found:
        row = await session.get(Person, place.person_id)
        assert row is not None
        row.test_of = None if away else place.requester_id


async def test_nobody_crosses_the_wall(world: World) -> None:
    """A test person gives their own organisation's sandbox what it declared; every other pair ends in a bare no."""
    keys = await world.invited(world.members["stranger"], "keys")
    files = await _kit(world, keys, world.valley.client_id)
    other = await _kit(world, world.members["keys"], world.harbour.client_id, persons=0)
    sandbox, theirs = _sandbox(world, world.valley, files), _sandbox(world, world.harbour, other)
    made_up = await world.sign_in(files["person.json"]["login"], "person", files["person.json"]["password"])
    await _refused_at_the_wall(world.anna.browser, sandbox, GENERAL)
    await _refused_at_the_wall(made_up, world.valley, GENERAL)
    await _refused_at_the_wall(made_up, theirs, GENERAL)
    # Each on its own side: the whole way works.
    wanted = [{"item": item, "form": form} for item, form in GENERAL.items()]
    answer, pushed = await sandbox.push(wanted, duration_days=30, max_uses=5)
    expect(answer, 201)
    page = expect(await made_up.page(sandbox.authorize_url(pushed)), 200)
    form = next(each for each in forms(page.text) if any(name == "decision" for name, _ in each.buttons))
    yes = [(name, value) for name, value, _ in form.boxes]
    done = expect(await made_up.submit(form, [*yes, ("decision", "allow")]), 303)
    location = str(done.headers["location"])
    # The code and every token are the sandbox's: production, with the same keys, gets nothing by them.
    thief = world.twin(world.valley)
    thief.dpop_key = sandbox.dpop_key
    stolen = await thief.redeem(location, pushed)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    expect(await sandbox.redeem(location, pushed), 200)
    released = expect(await sandbox.release(), 200).json()
    assert {each["item"] for each in released["items"]} == set(GENERAL)
    thief.refresh_token = sandbox.refresh_token
    assert (await thief.refresh()).status_code == 400
    sandbox.refresh_token, mine = world.other_token.refresh_token, sandbox.refresh_token
    assert (await sandbox.refresh()).status_code == 400
    sandbox.refresh_token = mine
    assert (await sandbox.refresh()).status_code == 200
    # The wall is asked again at each release, about the person as they are then.
    for moved, status in ((True, 403), (False, 200)):
        await world.at.database.run(_move, sandbox.requester, away=moved)
        answer = await sandbox.release()
        assert answer.status_code == status
        assert status == 200 or answer.json()["type"].endswith("/grant-ended")


async def test_nobody_registers_as_a_test_person(world: World) -> None:
    """The scheme of made-up numbers is not one that anybody can register with."""
    person = await world.newcomer()
    body = world.anna.registration | {"login": "somebody.new", "national_id": {"scheme": "test", "number": "0" * 16}}
    assert (await person.send("POST", "/v1/registrations", body)).status_code == 422
