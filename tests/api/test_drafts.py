"""Applications over HTTP: begun, written, handed in; documents; what everybody may read about purposes and bounds."""

from typing import Any

import httpx
import pytest

from tests.api.conftest import PASSWORD
from tests.api.edge import Edge, send
from tests.requesters.samples import application
from vault.requesters.bounds import plain, shipped

PDF = b"%PDF-1.7 a report about security"


async def begun(caller: httpx.AsyncClient, body: dict[str, Any] | None = None) -> tuple[str, dict[str, str]]:
    """The address of a new draft and the header that opens it."""
    answer = await caller.post("/v1/applications/drafts", json=body or {})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    return f"/v1/applications/{told['application']}", {"Application-Token": told["status_token"]}


def upload(token: dict[str, str], name: str = "report.pdf", kind: str = "application/pdf") -> dict[str, str]:
    """The headers of a document."""
    return {**token, "Document-Name": name, "Content-Type": kind}


async def test_from_draft_to_application(caller: httpx.AsyncClient) -> None:
    """Every step over HTTP, without an account."""
    path, token = await begun(caller)
    missing = (await caller.get(f"{path}/missing", headers=token)).json()["missing"]
    assert {"field": "organisation.uscc", "why": "is missing"}.items() <= missing[1].items()
    refused = await caller.post(f"{path}/submission", headers=token)
    assert refused.status_code == 422
    assert len(refused.json()["errors"]) == len([each for each in missing if each["blocks"]])
    answer = await caller.put(f"{path}/body", headers=token, json=application())
    assert (answer.status_code, answer.json()["status"]) == (200, "draft")
    assert [each["field"] for each in answer.json()["missing"]] == ["organisation.security_evidence"]
    sent = await caller.post(f"{path}/documents", headers=upload(token, "%E6%8A%A5%E5%91%8A.pdf"), content=PDF)
    assert (sent.status_code, sent.json()["name"]) == (201, "报告.pdf")
    assert (await caller.get(path, headers=token)).json()["status"] == "draft"
    filed = await caller.post(f"{path}/submission", headers=token)
    assert (filed.status_code, filed.json()["status"]) == (200, "received")
    read = (await caller.get(f"{path}/body", headers=token)).json()
    assert (read["missing"], read["lapses_at"]) == ([], None)
    assert (await caller.put(f"{path}/body", headers=token, json={})).status_code == 409
    assert (await caller.post(f"{path}/withdrawal", headers=token)).status_code == 204
    assert (await caller.get(path, headers=token)).json()["status"] == "withdrawn"


async def test_a_document_is_only_ever_saved(caller: httpx.AsyncClient) -> None:
    """It comes back as an attachment in a sandbox, and a browser does not guess its type."""
    path, token = await begun(caller)
    made = await caller.post(f"{path}/documents", headers=upload(token), content=PDF)
    answer = await caller.get(f"{path}/documents/{made.json()['document']}", headers=token)
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    gone = await caller.delete(f"{path}/documents/{made.json()['document']}", headers=token)
    assert gone.status_code == 204
    assert (await caller.get(f"{path}/documents", headers=token)).json() == {"documents": []}


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Content-Type": "text/html"}, b"<script>", 422),
        ({}, b"not a pdf", 422),
        ({"Document-Name": "%FF"}, PDF, 422),
        ({"Document-Name": "a%0D%0AX-Evil:%201"}, PDF, 422),
        ({"Document-Name": "..%2F..%2Fetc"}, PDF, 422),
        ({"Application-Token": "A" * 43}, PDF, 404),
        ({"Application-Token": ""}, PDF, 401),
    ],
)
async def test_hostile_uploads_are_refused(
    caller: httpx.AsyncClient, headers: dict[str, str], content: bytes, status: int
) -> None:
    """By type, by content, by name, by token."""
    path, token = await begun(caller)
    answer = await caller.post(f"{path}/documents", headers={**upload(token), **headers}, content=content)
    assert answer.status_code == status, answer.text
    assert (await caller.get(f"{path}/documents", headers=token)).json() == {"documents": []}
    await caller.post(f"{path}/withdrawal", headers=token)


async def test_ten_megabytes_are_not_taken(caller: httpx.AsyncClient) -> None:
    """Nor is a body without a length that goes on for ever."""
    path, token = await begun(caller)
    big = PDF.ljust(10 * 1024 * 1024)
    assert (await caller.post(f"{path}/documents", headers=upload(token), content=big)).status_code == 413

    async def endless() -> Any:
        for _ in range(10):
            yield big[: 1024 * 1024]

    assert (await caller.post(f"{path}/documents", headers=upload(token), content=endless())).status_code == 413


async def test_officers_who_vet_read_documents_and_others_do_not(
    edge: Edge, caller: httpx.AsyncClient, officer: httpx.AsyncClient, person: httpx.AsyncClient
) -> None:
    """Nobody reads those of a draft."""
    path, token = await begun(caller, application())
    made = (await caller.post(f"{path}/documents", headers=upload(token), content=PDF)).json()["document"]
    at_desk = path.replace("/v1/", "/v1/desk/") + "/documents"
    async with edge.client() as vetting:
        body = {"realm": "officer", "login": "officer-1", "password": PASSWORD}
        assert (await send(vetting, "POST", "/v1/sessions", body)).status_code == 201
        assert (await vetting.get(at_desk)).status_code == 404
        assert (await vetting.get(f"{at_desk}/{made}")).status_code == 404
        assert (await caller.post(f"{path}/submission", headers=token)).status_code == 200
        assert [each["document"] for each in (await vetting.get(at_desk)).json()["documents"]] == [made]
        assert (await vetting.get(f"{at_desk}/{made}")).content == PDF
    for who, status in ((officer, 403), (person, 401), (caller, 401)):
        assert (await who.get(at_desk)).status_code in {status, 403}
        assert (await who.get(f"{at_desk}/{made}")).status_code in {status, 403}


async def test_every_problem_of_a_whole_application_is_named(caller: httpx.AsyncClient) -> None:
    """Shape or not: an integrator does not find them one by one."""
    body = application(organisation__name={"en": "x"}, declaration__items=[], client__redirect_uris=7)
    answer = await caller.post("/v1/applications", json=body)
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["errors"]} == {
        "organisation.name.en",
        "organisation.name.zh-CN",
        "declaration.items",
        "client.redirect_uris",
    }


async def test_purposes_and_bounds_are_public(caller: httpx.AsyncClient) -> None:
    """Without signing in; versions stay readable."""
    listed = (await caller.get("/v1/purposes")).json()
    assert listed["version"] == 1
    assert "credit.mortgage" in [each["code"] for each in listed["purposes"]]
    held = (await caller.get("/v1/bounds")).json()
    assert (held["version"], held["rules"]) == (1, plain(list(shipped().rules)))
    assert (await caller.get("/v1/bounds/1")).json() == held
    for number in ("2", "0", "-1", "one", "9" * 40, "%D9%A1"):
        assert (await caller.get(f"/v1/bounds/{number}")).status_code == 404


async def test_an_officer_proposes_bounds_and_does_not_adopt_them(edge: Edge, officer: httpx.AsyncClient) -> None:
    """What is wrong with a rule is named; who lacks the role is refused."""
    rules = plain(list(shipped().rules))
    good = {"rules": rules, "reason": "tighter than before"}
    assert (await send(officer, "POST", "/v1/desk/bounds", good)).status_code == 403
    async with edge.client() as vetting:
        body = {"realm": "officer", "login": "officer-1", "password": PASSWORD}
        assert (await send(vetting, "POST", "/v1/sessions", body)).status_code == 201
        wrong = await send(vetting, "POST", "/v1/desk/bounds", {**good, "rules": rules[1:]})
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "rules")
        made = await send(vetting, "POST", "/v1/desk/bounds", good)
        assert (made.status_code, made.json()["version"]) == (201, 2)
        alone = await send(vetting, "POST", "/v1/desk/bounds/2/decisions", {"decision": "adopt", "reason": "I like it"})
        assert (alone.status_code, alone.json()["reason"]) == (403, "same-officer")
        versions = (await vetting.get("/v1/desk/bounds")).json()["versions"]
        assert [(each["version"], each["status"]) for each in versions] == [(2, "proposed"), (1, "adopted")]
    assert (await officer.get("/v1/bounds")).json()["version"] == 1
