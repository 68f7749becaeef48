"""Records the examples of the API's document from a real installation: ``python -m tests.contract.examples``.

Each operation is asked once, by whoever it is for, with the good body that the attacks start from. What is asked and
answered goes into ``vault/api/examples.json``; prints which operations did not succeed that way.
"""

import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.attacks.bodies import BODIES, FORMS
from tests.attacks.surface import REQUESTER, Endpoint
from tests.attacks.world import REDIRECT
from tests.conftest import _server, _servers, fresh_ring
from tests.contract.asking import DOCUMENT
from tests.contract.scenes import play
from tests.contract.stage import PLACES, Caller, Stage, staged
from tests.databases import Cluster
from vault.api.examples import FILE
from vault.cli.story.bank import RAR_TYPE

MOST_MEMBERS: Final = 2
LARGEST: Final = 6_000
ID_LENGTH: Final = 36
SENT: Final[dict[str, Callable[[Stage], dict[str, Any]]]] = {
    "push_request": lambda _: {
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "state": "af0ifjsldkj",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "authorization_details": json.dumps(
            [{"type": RAR_TYPE, "items": [{"item": "identity.name", "form": "raw"}], "duration_days": 30}]
        ),
    },
    "issue_token": lambda stage: {"grant_type": "refresh_token", "refresh_token": stage.bank.refresh_token},
    "introspect_token": lambda stage: {"token": stage.bank.access_token},
    "start_backchannel": lambda _: {
        "login_hint": "K7QM-2XPA-9TBD",
        "binding_message": "Loan 4711",
        "authorization_details": json.dumps([{"type": RAR_TYPE, "items": [{"item": "identity.name", "form": "raw"}]}]),
    },
    "open_sandbox": lambda stage: {"client": stage.ids["client"], "persons": 1},
    "revoke_token": lambda _: {"token": "rt_one-that-is-of-no-use-any-more"},
}
"""What is better than what the attacks start from."""
KINDS: Final = {
    "apv_": "approval",
    "del_": "deletion",
    "evt_": "event",
    "exp_": "export",
    "inq_": "inquiry",
    "law_": "lawful_order",
    "lop_": "opening",
    "ord_": "order",
    "pow_": "power",
    "rly_": "address",
}
"""Which part of an address an id of this kind is: what one operation answered, the next can ask about."""
LAST: Final = ("end_session", "withdraw_grant", "surrender_organisation")
"""They end what others stand on."""


def record(stage: Stage) -> tuple[dict[str, Any], list[str]]:
    """The examples by operation, and the operations without an answer."""
    found: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
    learned: dict[str, dict[str, Any]] = {}
    failed = []
    played = stage.run(play(stage.world))
    for name, (sent, answer) in played.items():
        if answer.status_code >= 300:
            failed.append(f"{name}: {answer.status_code} {answer.text[:160]}")
            continue
        asked = {} if sent is None else {"request": sent}
        found[name] = asked | {"answer": {str(answer.status_code): _short(answer.json())}}
    operations = [(m, p, o) for p, methods in DOCUMENT["paths"].items() for m, o in methods.items()]
    for method, path, operation in sorted(operations, key=lambda each: each[2]["operationId"] in LAST):
        name, place = operation["operationId"], PLACES[method.upper(), path]
        if name in played:
            continue
        sent = SENT[name](stage) if name in SENT else FORMS.get(place.name, BODIES.get(place.name))
        ids = stage.ids | learned.get(name, {})
        answers = [_ask(stage, (place, caller), sent, ids) for caller in stage.rightful(place)]
        answer = min(answers, key=lambda each: each.status_code)
        example: dict[str, Any] = found.setdefault(name, {})
        taken = operation.get("requestBody", {}).get("content", {})
        if sent is not None and {"application/json", "application/x-www-form-urlencoded"} & taken.keys():
            example["request"] = sent
        if answer.status_code >= 300:
            answer = max(answers, key=lambda each: each.status_code)
            failed.append(f"{name}: {answer.status_code} {answer.text[:160]}")
        elif "json" in answer.headers.get("content-type", ""):
            stage.ids.update(_named(answer.json()))
            told = _short(answer.json())
            if len(json.dumps(told)) <= LARGEST:
                example["answer"] = {str(answer.status_code): told}
            for target, link in operation["responses"].get(str(answer.status_code), {}).get("links", {}).items():
                values = {name: _found(answer.json(), where) for name, where in link["parameters"].items()}
                learned.setdefault(target, {k: v for k, v in values.items() if v is not None})
    return {name: example for name, example in found.items() if example}, failed


def _named(body: Any) -> dict[str, object]:
    """The ids in an answer, by what they are called in addresses."""
    if isinstance(body, str):
        kind = KINDS.get(body[:4])
        return {kind: body} if kind is not None and len(body) == ID_LENGTH else {}
    within = body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
    return {name: found for inner in within for name, found in _named(inner).items()}


def _found(body: Any, where: str) -> Any:
    for part in where.removeprefix("$response.body#/").split("/"):
        try:
            body = body[int(part)] if isinstance(body, list) else body[part]
        except (LookupError, TypeError):
            return None
    return body


def _ask(stage: Stage, whose: tuple[Endpoint, Caller], sent: Any, ids: dict[str, Any]) -> Any:
    place, caller = whose
    headers = dict(caller.headers) | ({"If-Match": '"1"'} if place.method == "PUT" else {})
    headers |= {name.removeprefix("header."): value for name, value in ids.items() if name.startswith("header.")}
    if caller.realm == REQUESTER:
        headers["Idempotency-Key"] = "an-example"
    path = place.template.format(**{name: ids[name] for name in ids if f"{{{name}}}" in place.template})
    query = {"first": 1, "second": 2} if path.endswith("/consistency") else None
    body = {"data": sent} if place.name in FORMS else {"json": sent}
    address = stage.base + path
    return caller.session.request(place.method, address, params=query, headers=headers, timeout=60, **body)


def _short(value: Any) -> Any:
    """Lists of a few members say as much as long ones."""
    if isinstance(value, dict):
        return {name: _short(inner) for name, inner in value.items()}
    return [_short(inner) for inner in value[:MOST_MEMBERS]] if isinstance(value, list) else value


def main() -> None:
    """Write the file."""
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder, _server(_servers()[0], Path(folder) / "pg") as admin_url:
        cluster = Cluster(admin_url, "template_examples", fresh_ring())
        asyncio.run(cluster.prepare())
        with staged(cluster) as stage:
            found, failed = record(stage)
    FILE.write_text(json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    sys.stderr.write("\n".join(failed) + f"\n{len(found)} recorded, {len(failed)} failed\n")


if __name__ == "__main__":
    main()
