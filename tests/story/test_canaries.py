"""Canary values in every section: none of them turns up where no content belongs (promise 6)."""

import asyncio
import copy
import secrets
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from tests.story.installation import free_port, serving
from vault.cli import demo
from vault.cli.story import cast as casting
from vault.cli.story.browser import Browser
from vault.embedded import EmbeddedServer


def _plant(value: Any, canaries: list[str]) -> Any:
    """The same document with a canary in every free text of it."""
    if isinstance(value, dict):
        return {key: _plant(item, canaries) for key, item in value.items()}
    if isinstance(value, list):
        return [_plant(item, canaries) for item in value]
    if isinstance(value, str) and len(value) > 12 and not value.isascii():
        canary = f"金丝雀{secrets.token_hex(6)}"
        canaries.append(canary)
        return canary + value[:20]
    return value


def test_no_canary_leaves_its_section(installed: Path) -> None:
    """Not in the log, not in an error or header, not in any ledger row, whatever goes wrong on the way."""
    given, canaries = demo.read_person(None), [f"金丝雀{secrets.token_hex(6)}"]
    planted = {name: _plant(copy.deepcopy(doc), canaries) for name, doc in given["sections"].items()}
    port = free_port()
    with serving(installed, port, PIVAULT_LOG_LEVEL="debug"):
        answers = asyncio.run(_live_with(f"http://127.0.0.1:{port}", installed, (given, planted, canaries[0])))
    assert len(canaries) > 3
    said = {"log": (installed / "server.log").read_text(), "answers": "\n".join(answers)}
    said["ledger"] = asyncio.run(_ledger_rows(installed))
    for where, text in said.items():
        assert text, f"nothing was said in {where}: the check would be empty"
        for canary in canaries:
            assert canary not in text, f"a value stands in {where}"
            assert canary.encode("unicode_escape").decode() not in text, f"a value stands escaped in {where}"


async def _live_with(base: str, data: Path, planted: tuple[dict[str, Any], dict[str, Any], str]) -> list[str]:
    """Write the planted sections, then make every kind of mistake with a canary. Returns all refusals."""
    given, sections, canary = planted
    person = Browser(base)
    await person.sign_in("person", given["login"], given["password"])
    for name, document in sections.items():
        etag = (await person.http.get(f"/v1/me/sections/{name}")).headers["ETag"]
        written = await person.send("PUT", f"/v1/me/sections/{name}", document, If_Match=etag)
        assert written.status_code == 200, f"{name}: {written.text[:300]}"
    refusals = [
        await person.send("PUT", "/v1/me/sections/contact", {"phone_number": canary}, If_Match='"1"'),
        await person.send("PUT", "/v1/me/sections/contact", {canary: "x"}, If_None_Match="*"),
        await person.send("PUT", "/v1/me/sections/contact", {"cvv": canary}, If_None_Match="*"),
        await person.send("PUT", "/v1/me/sections/contact", [canary], If_None_Match="*"),
        await person.send("PUT", f"/v1/me/sections/{secrets.token_hex(4)}", {"a": canary}, If_None_Match="*"),
        await person.http.get("/v1/me/entries", params={"after": canary}),
        await person.http.post("/v1/sessions", json={"realm": "person", "login": canary, "password": canary}),
        await person.send("POST", "/v1/sessions", {"realm": "person", "login": canary, "password": canary}),
        await person.send("POST", "/v1/registrations", {"name": canary, "national_id": {"scheme": canary}}),
        await person.http.get("/oauth/authorize", params={"client_id": canary, "request_uri": canary}),
        await person.http.post("/oauth/token", data={"grant_type": canary, "client_assertion": canary}),
        await person.http.post("/v1/releases", json={"items": [canary]}, headers={"Authorization": "DPoP abc.def.ghi"}),
        await person.http.get(f"/v1/me/sections/contact/versions/{secrets.token_hex(3)}"),
    ]
    cast = casting.load(data)
    assert cast is not None
    regulator = Browser(base)
    actor = cast.actors["regulator"]
    await regulator.sign_in(actor.realm, actor.login, actor.password)
    refusals.append(await regulator.http.get("/v1/oversight/entries", params={"purpose": canary, "limit": "x"}))
    await person.http.aclose()
    await regulator.http.aclose()
    assert all(400 <= answer.status_code < 500 for answer in refusals), [a.status_code for a in refusals]
    return [_heard(answer) for answer in refusals]


def _heard(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.headers} {answer.text}"


async def _ledger_rows(data: Path) -> str:
    """Every leaf of the tree and every draft as text, and every other column of the ledger's tables."""
    with EmbeddedServer.start(data / "postgres") as server:
        connection = await asyncpg.connect(server.admin_url)
        try:
            bodies = [bytes(row["body"]) for row in await connection.fetch("SELECT body FROM ledger_bodies")]
            drafts = [bytes(row["draft"]) for row in await connection.fetch("SELECT draft FROM ledger_outbox")]
        finally:
            await connection.close()
    return "\n".join(raw.decode() for raw in bodies + drafts)
