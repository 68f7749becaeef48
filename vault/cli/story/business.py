"""Steps in which the bank and the officers act: vetting, asking, releases."""

import hashlib
import json
from typing import Any

import httpx

from vault.cli.story.browser import Browser, expect, words
from vault.cli.story.scene import Scene, hold
from vault.ledger.verify import verify_receipt

OUTSIDE = "preferences.notes"
POLICY = hashlib.sha256(b"the bank's privacy policy").hexdigest()


def both(en: str, zh: str) -> dict[str, str]:
    """A text in the two languages of the portal."""
    return {"en": en, "zh-CN": zh}


def application(scene: Scene) -> dict[str, Any]:
    """The bank's application with its one declaration."""
    why = both("Needed to decide on the loan.", "用于贷款审批。")
    items = [
        {"item": item, "forms": [form], "required": item not in scene.facts["unrequired"], "necessity": why}
        for item, form in scene.facts["ask"]
    ]
    return {
        "organisation": {
            "name": both("Harbour Commercial Bank", "海港商业银行股份有限公司"),
            "uscc": scene.facts["uscc"],
            "responsible_persons": [{"name": "陈立", "role": "Compliance", "email": "compliance@bank.example"}],
            "privacy_contact": {"email": "privacy@bank.example"},
            "complaint_contact": {"email": "complaints@bank.example"},
            "deletion_contact": {"email": "deletion@bank.example"},
            "supervising_authority": {
                "name": both("Cyberspace office of the city", "市互联网信息办公室"),
                "contact": {"email": "office@supervision.example"},
            },
            "policies": [{"kind": "privacy", "url": "https://bank.example/privacy", "sha256": POLICY}],
            "staff_training": {"text": "Yearly course on personal information.", "from": "2026-03-02"},
        },
        "client": {"redirect_uris": [scene.bank.redirect_uri], "jwks": scene.bank.public_jwks()},
        "declaration": {
            "purpose": {"code": "credit.assessment", "text": both("Deciding on a loan", "贷款审批")},
            "legal_basis": "consent",
            "items": items,
            "collection": "periodic",
            "longest_duration_days": 90,
            "frequency": {"per": "hour", "count": 50},
            "max_uses": 100,
            "retention_days": 180,
            "consequence_of_refusal": both("The loan cannot be decided online.", "无法在线办理贷款。"),
            "recipients": [],
            "storage": {"country": "CN", "place": both("The bank's own data centre", "本行数据中心")},
            "cross_border": None,
        },
    }


async def bank_is_vetted(scene: Scene) -> str:
    """(3) A bank applies, is checked against the registers; one officer cannot approve twice; two of two units do."""
    answer = expect(await scene.person.http.post("/v1/applications", json=application(scene)), 201).json()
    path = f"/v1/desk/applications/{answer['application']}/decisions"
    checked = await _checked(scene, answer["application"])
    approve = {"decision": "approve", "reason": "Documents and register entry agree."}
    first, second = scene.officers["officer-1"], scene.officers["officer-2"]
    expect(await first.send("POST", path, approve), 200)
    hold((await first.send("POST", path, approve)).status_code == 403, "one officer approved twice")
    expect(await second.send("POST", path, approve), 200)
    seen = await scene.person.http.get(
        f"/v1/applications/{answer['application']}", headers={"Application-Token": answer["status_token"]}
    )
    state = expect(seen, 200).json()
    hold(state["status"] == "approved", f"the application is {state['status']}")
    scene.bank.client_id = state["client_id"]
    scene.facts["ticket"] = {"number": answer["application"], "token": answer["status_token"]}
    scene.facts |= {"requester": state["requester"], "declaration": state["declaration"]}
    return f"{checked} checks without a failure, two officers approved, one officer twice was refused"


async def _checked(scene: Scene, application: str) -> int:
    """The checks are run at the desk; whatever prevents approval would be named."""
    officer = scene.officers["officer-1"]
    listed = (await officer.get("/v1/desk/cases"))["cases"]
    case = next(row["case"] for row in listed if row["application"] == application)
    found = expect(await officer.send("POST", f"/v1/desk/cases/{case}/checks", {}), 200).json()["checks"]
    failed = [check["name"] for check in found if check["result"] == "failed"]
    hold(not failed, f"checks failed: {', '.join(failed)}")
    return len(found)


async def bank_asks_too_much(scene: Scene) -> str:
    """(4) An item outside the declaration is refused by name."""
    wanted = [*scene.facts["ask"], (OUTSIDE, "raw")]
    answer, _ = await scene.bank.push([{"item": item, "form": form} for item, form in wanted], duration_days=30)
    hold(answer.status_code in {400, 403}, f"asking for {OUTSIDE} answered {answer.status_code}")
    hold(OUTSIDE in answer.text, f"the refusal does not name the item: {words(answer)}")
    return f"refused, naming {OUTSIDE}"


async def general_items_released(scene: Scene) -> str:
    """(6) General items are released in their forms; the receipt verifies offline."""
    left_out = {scene.facts["optional"], scene.facts["sensitive"]}
    general = [item for item, _ in scene.facts["ask"] if item not in left_out]
    answer = await scene.bank.release(general)
    hold(answer.status_code == 200, f"the release answered {answer.status_code}: {words(answer)}")
    body = answer.json()
    hold({i["item"] for i in body["items"]} <= set(general), "more was released than was asked for")
    hold(len(body["items"]) == len(general), "an item that was granted and present was left out")
    _receipt_holds(scene, body, answer)
    over = await scene.bank.release([scene.facts["optional"]])
    hold(over.status_code == 403, "an item that was not granted was released")
    return f"{len(body['items'])} items released, receipt verified offline (entry {body['receipt']['index']})"


async def sensitive_item_released(scene: Scene) -> str:
    """(7) The sensitive item waits for the release officer, then is released."""
    sensitive, key = [scene.facts["sensitive"]], f"sensitive-{scene.facts['grant']}"
    waiting = await scene.bank.release(sensitive, key=key)
    hold(waiting.status_code == 202, f"the sensitive item answered {waiting.status_code}: {words(waiting)}")
    location = waiting.headers["location"]
    state = expect(await scene.bank.release_state(location), 200).json()
    hold(state["state"] == "waiting", f"the release is {state['state']}, not waiting")
    hold((await scene.bank.release(sensitive, key=key)).status_code == 202, "it was delivered before the approval")
    await _approve(scene.officers["release-officer"], location.rsplit("/", 1)[-1])
    answer = await scene.bank.release(sensitive, key=key)
    hold(answer.status_code == 200, f"after the approval it answered {answer.status_code}: {words(answer)}")
    _receipt_holds(scene, answer.json(), answer)
    await scene.back_door.take()
    return "202 until the release officer approved, then delivered"


async def _approve(officer: Browser, release: str) -> None:
    listed = await officer.get("/v1/desk/releases")
    hold(any(row["release"] == release for row in listed["releases"]), "the desk does not show the waiting release")
    decision = {"decision": "approve", "reason": "Within the permit."}
    expect(await officer.send("POST", f"/v1/desk/releases/{release}/decisions", decision), 200)


def _receipt_holds(scene: Scene, body: dict[str, Any], answer: httpx.Response) -> None:
    verified = verify_receipt(json.dumps(body["receipt"]).encode(), scene.facts["vkey"])
    hold(verified.index == body["receipt"]["index"], "the receipt proves another entry")
    scene.facts.setdefault("releases", []).append(body["release"])
    scene.facts["receipt"] = body["receipt"]


async def next_ones_fail(scene: Scene) -> str:
    """(9) After the withdrawal neither the access token nor the refresh token gets anything."""
    release, refresh = await scene.bank.release(), await scene.bank.refresh()
    hold(release.status_code in {401, 403}, f"a release after the withdrawal answered {release.status_code}")
    hold(refresh.status_code == 400, f"a refresh after the withdrawal answered {refresh.status_code}")
    return f"release refused ({release.status_code}), refresh refused ({refresh.json()['error']})"
