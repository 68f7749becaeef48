"""Steps in which people act: registering, filling sections, deciding, looking, withdrawing."""

from typing import Any

import httpx

from vault.cli.story.browser import Browser, Form, expect, forms, words
from vault.cli.story.scene import Scene, hold


async def officers_and_regulator_exist(scene: Scene) -> str:
    """(1) Officers and a regulator sign in; the first checkpoint is kept for the end."""
    for part, browser in (*scene.officers.items(), ("regulator", scene.regulator)):
        actor = scene.cast.actors[part]
        await browser.sign_in(actor.realm, actor.login, actor.password)
    checkpoint = expect(await scene.person.http.get("/v1/ledger/checkpoint"), 200).text
    key = expect(await scene.person.http.get("/v1/ledger/key"), 200).text.strip()
    keys = expect(await scene.person.http.get("/v1/ledger/keys"), 200).text
    scene.facts |= {"first_checkpoint": checkpoint, "vkey": key, "vkeys": keys}
    return f"{len(scene.officers)} officers and a regulator signed in"


async def person_registers(scene: Scene) -> str:
    """(2) A person registers from the file and fills every section in it."""
    given = scene.person_file
    await scene.person.get("/v1/catalogue")
    body = {name: given[name] for name in ("name", "national_id", "login", "password", "locale") if name in given}
    answer = await scene.person.send("POST", "/v1/registrations", body)
    if answer.status_code != 409:  # told before: this person has a vault already
        expect(answer, 202)
    await scene.person.sign_in("person", given["login"], given["password"])
    for section, document in given["sections"].items():
        await _fill(scene.person, section, document)
    listed = await scene.person.get("/v1/me/sections")
    present = {row["section"] for row in listed["sections"] if row.get("version")}
    hold(set(given["sections"]) <= present, "a section that was written is not listed")
    return f"registered, {len(given['sections'])} sections encrypted and stored"


async def _fill(person: Browser, section: str, document: dict[str, Any]) -> None:
    path = f"/v1/me/sections/{section}"
    now = await person.http.get(path)
    if now.status_code == 404:
        expect(await person.send("PUT", path, document, If_None_Match="*"), 200, 201)
        return
    etag = expect(now, 200).headers["ETag"]
    merged = now.json().get("document", {}) | document
    expect(await person.send("PUT", path, merged, If_Match=etag), 200)
    again = await person.send("PUT", path, merged, If_Match=etag)
    hold(again.status_code == 412, "a write with an outdated ETag was accepted")


async def person_consents(scene: Scene) -> str:
    """(5) The person reviews a proper request, leaves one optional item out, says yes to the sensitive one."""
    wanted = [{"item": item, "form": form} for item, form in scene.facts["ask"]]
    answer, pushed = await scene.bank.push(wanted, duration_days=30, max_uses=20)
    hold(answer.status_code == 201, f"the request was refused: {words(answer)}")
    page = await scene.person.page(scene.bank.authorize_url(pushed))
    hold(page.status_code == 200, f"the consent page answered {page.status_code}")
    form = _decision_form(page)
    optional = [value for name, value, _ in form.boxes if name == "item"]
    hold(scene.facts["optional"] in optional, "the optional item cannot be chosen on the consent page")
    hold(not any(ticked for name, _, ticked in form.boxes), "a box is ticked before the person ticked it")
    hold(scene.facts["shown_value"] in page.text, "the person's own current value is not shown")
    left_out = scene.facts["optional"]
    fields = [(name, value) for name, value, _ in form.boxes if value != left_out]
    done = await scene.person.submit(form, [*fields, ("decision", "allow")])
    hold(done.status_code == 303, f"deciding answered {done.status_code}: {words(done)}")
    token = await scene.bank.redeem(done.headers["location"], pushed)
    hold(token.status_code == 200, f"the code was not accepted: {words(token)}")
    granted = {i["item"] for d in token.json()["authorization_details"] for i in d["items"]}
    hold(left_out not in granted, "an item that was not ticked was granted")
    scene.facts["grant"] = token.json()["grant_id"]
    return f"{len(granted)} of {len(wanted)} items granted, {left_out} left out"


def _decision_form(page: httpx.Response) -> Form:
    found = [form for form in forms(page.text) if any(name == "decision" for name, _ in form.buttons)]
    hold(found, "the consent page has no decision form")
    return found[0]


async def person_sees_and_withdraws(scene: Scene) -> str:
    """(8) The person sees both uses, with receipts that verify, and withdraws."""
    entries = (await scene.person.get("/v1/me/entries"))["entries"]
    releases = [e for e in entries if e["event"] == "release.delivered" and e["ref"] in scene.facts["releases"]]
    hold(len(releases) == len(scene.facts["releases"]), f"{len(releases)} uses are shown, not both")
    hold(all(e["requester"] for e in releases), "a use is shown without who used it")
    grant = scene.facts["grant"]
    expect(await scene.person.send("POST", f"/v1/me/grants/{grant}/withdrawal", {"reason": "no longer needed"}), 200)
    shown = await scene.person.get(f"/v1/me/grants/{grant}")
    hold(shown["status"] == "withdrawn", "the grant is not shown as withdrawn")
    return "both uses seen, grant withdrawn"
