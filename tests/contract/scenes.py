"""Answers that take more than one act to come to: each scene plays the acts before it, and shows the last ones."""

from typing import Any, Final

import httpx
from joserfc import jwt

from tests.attacks.world import GENERAL, REASON, SENSITIVE, Bank, Browser, World
from vault.cli.story.bank import new_key
from vault.clock import unix_millis
from vault.deletion.answering import TYP

Shown = dict[str, tuple[Any, httpx.Response]]
"""By operation: what was sent (None: nothing) and answered."""
RELAYED: Final = {"identity.name": "raw", "contact.email": "relay", "contact.phone_number": "relay"}
METADATA: Final = {"relay_lines": ["+8659212345678"], "event_endpoint": "https://harbour.example/events"}


async def play(world: World) -> Shown:
    """Every scene, each with a grant of its own."""
    shown: Shown = {}
    for scene in (_events, _relay, _standing, _deletion, _stop, _case):
        await scene(world, shown)
    return shown


async def _send(shown: Shown, name: str, browser: Browser, path: str, body: Any = None) -> Any:
    answer = await browser.send("POST", path, body)
    shown[name] = (body, answer)
    return answer.json()


async def _events(world: World, shown: Shown) -> None:
    keys, client = world.members["keys"], f"/v1/organisation/clients/{world.harbour.client_id}"
    await _send(shown, "change_client_metadata", keys, f"{client}/metadata", METADATA)
    tried = await _send(shown, "send_test_event", keys, f"{client}/test-events")
    await _send(shown, "replay_event", keys, f"/v1/organisation/events/{tried['event']}/replay")
    await keys.send("POST", f"{client}/keys", {"jwk": new_key("passing").as_dict(private=False)})
    await _send(shown, "retire_key", keys, f"{client}/retirements", {"kid": "passing"})


async def _relay(world: World, shown: Shown) -> None:
    bank = await world.granted(world.anna, world.harbour, RELAYED)
    given = {each["item"]: each["value"] for each in (await bank.release()).json()["items"]}
    letter = {"to": given["contact.email"], "subject": "Your appointment", "text": "We expect you on Tuesday at nine."}
    shown["send_mail"] = (letter, await bank.relay("messages", letter))
    held = await world.members["keys"].http.get(f"/v1/organisation/grants/{bank.grant}")
    shown["read_held_grant"] = (None, held)
    own = (await world.anna.browser.get("/v1/me/relay-addresses"))["addresses"]
    here = next(each["id"] for each in own if each["address"] == letter["to"])
    await _send(shown, "close_relay_address", world.anna.browser, f"/v1/me/relay-addresses/{here}/closing")


async def _standing(world: World, shown: Shown) -> None:
    bank = await world.granted(world.anna, world.harbour, GENERAL | SENSITIVE)
    waiting, desk = (await bank.release()).json()["release"], world.staff["third"]
    wanted = {"ceiling": 2, "days": 2, "reason": REASON}
    await _send(shown, "allow_releases", desk, f"/v1/desk/releases/{waiting}/standing-approvals", wanted)


async def _deletion(world: World, shown: Shown) -> None:
    bank = await world.granted(world.anna, world.harbour, GENERAL)
    await bank.release()
    path = f"/v1/me/grants/{bank.grant}"
    await world.anna.browser.send("POST", f"{path}/withdrawal", {"delete": False})
    await _send(shown, "order_own_deletion", world.anna.browser, f"{path}/deletion")
    orders = (await world.members["keys"].get("/v1/organisation/deletion-orders"))["orders"]
    order = next(each["order"] for each in orders if each["grant"] == bank.grant)
    said = {"statement": _statement(bank, order)}
    shown["hand_in_statement"] = (said, await bank.http.post(f"/v1/deletion-orders/{order}/statements", json=said))


def _statement(bank: Bank, order: str) -> str:
    claims = {"iss": bank.client_id, "aud": bank.issuer, "iat": unix_millis() // 1000}
    header = {"typ": TYP, "alg": "Ed25519", "kid": bank.key.kid}
    said = claims | {"order": order, "outcome": "deleted"}
    return jwt.encode(header, said, bank.key, algorithms=["Ed25519"])


async def _stop(world: World, shown: Shown) -> None:
    """One regulator stops a grant for a day, and looks at what they ordered."""
    bank, regulator = await world.granted(world.anna, world.harbour, GENERAL), world.staff["regulator"]
    about = {"reason_code": "complaint", "reason": "a person complained about it"}
    wanted = {"act": "suspend", "target": bank.grant} | about
    ordered = await _send(shown, "order_power", regulator, "/v1/oversight/powers", wanted)
    shown["read_power"] = (None, await regulator.http.get(f"/v1/oversight/powers/{ordered['power']}"))


async def _case(world: World, shown: Shown) -> None:
    regulator = world.staff["regulator"]
    opened = await regulator.send("POST", "/v1/oversight/cases", {"title": "Sold to advertisers"})
    path = f"/v1/oversight/cases/{opened.json()['case']}"
    note = {"kind": "note", "text": "spoke with them"}
    await _send(shown, "attach_evidence", regulator, f"{path}/evidence", note)
    shown["read_inquiry"] = (None, await regulator.http.get(path))
    found = {"decision": "no-breach", "text": "nothing was broken there"}
    await _send(shown, "propose_closing", regulator, f"{path}/closing", found)
