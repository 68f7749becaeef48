"""Applying on pages, without an account: begun, written, mended, handed in, come back to."""

import json
from typing import Any

import httpx
import pytest

from tests.portal.visits import Page, Visitor
from tests.requesters.samples import application
from vault.portal import apply_body
from vault.portal.apply_fields import PARTS
from vault.requesters.missing import WHAT_TO_DO

PDF = b"%PDF-1.7 a report about security"


async def begun(visitor: Visitor) -> tuple[str, str]:
    """A draft in this browser: its id and token."""
    page = Page(await visitor.fill((await visitor.go("/apply")).form("/apply")))
    assert page.status == 200, page.text
    told = page.html
    return _between(told, 'id="application">'), _between(told, 'id="token">')


def _between(html: str, before: str) -> str:
    return html.split(before)[1].split("<", maxsplit=1)[0]


def typed(part: str, body: dict[str, Any]) -> list[tuple[str, str]]:
    """What somebody types into a part so that it says what the sample says."""
    fields = []
    for group in PARTS[part].groups:
        if not group.repeated:
            fields += [
                (each.path, apply_body.shown(apply_body.at(body, each.path), each.kind)) for each in group.inputs
            ]
            continue
        for index in range(len(apply_body.at(body, group.repeated))):
            fields += [
                (apply_body.row_path(group, index, each), apply_body.value_in_row(body, group, index, each))
                for each in group.inputs
            ]
    return fields


def ticked(body: dict[str, Any]) -> list[tuple[str, str]]:
    """As above, for the items."""
    fields = []
    for item in body["declaration"]["items"]:
        fields += [(f"forms:{item['item']}", form) for form in item["forms"]]
        fields += [(f"why:{item['item']}:{language}", said) for language, said in item["necessity"].items()]
        if item["required"]:
            fields.append((f"needed:{item['item']}", "yes"))
    return fields


async def save(visitor: Visitor, part: str, fields: list[tuple[str, str]]) -> httpx.Response:
    """Send a part's form with these fields only."""
    token = dict((await visitor.go(f"/apply/form/{part}")).form(f"/apply/form/{part}").fields)["_csrf_token"]
    body: dict[str, list[str]] = {"_csrf_token": [token]}
    for name, value in fields:
        body.setdefault(name, []).append(value)
    return await visitor.client.post(f"/apply/form/{part}", data=body)


async def upload(visitor: Visitor, name: str, content: bytes, kind: str = "application/pdf") -> httpx.Response:
    """Send the form of the documents."""
    token = dict((await visitor.go("/apply/documents")).form("/apply/documents").fields)["_csrf_token"]
    files = {"document": (name, content, kind)}
    return await visitor.client.post("/apply/documents", data={"_csrf_token": token}, files=files)


async def test_from_the_welcome_page_to_the_register(visitor: Visitor) -> None:
    """By links and forms alone: the body is the one a program would send, and officers get it."""
    assert "/apply" in (await visitor.go("/")).links
    public, token = await begun(visitor)
    whole = application()
    for part in PARTS:
        fields = ticked(whole) if part == "items" else typed(part, whole)
        answer = await save(visitor, part, fields)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/apply/form?done=saved"), answer.text
    assert (await upload(visitor, "报告.pdf", PDF)).status_code == 303
    overview = await visitor.go("/apply/form")
    assert "Nothing. It can be handed in." in overview.text
    read = (await visitor.client.get(f"/v1/applications/{public}/body", headers={"Application-Token": token})).json()
    assert read["body"] == whole
    done = await visitor.fill(overview.form("/apply/submit"))
    assert done.headers["location"] == "/apply/status?done=submitted"
    status = await visitor.go("/apply/status")
    assert public in status.text
    assert "报告.pdf" in status.text
    assert (await visitor.go("/apply/form")).text == status.text
    assert (await save_closed(visitor, status)).headers["location"] == "/apply/form"
    assert (await visitor.fill(status.form("/apply/withdraw"))).headers["location"] == "/apply/status?done=withdrawn"


async def save_closed(visitor: Visitor, page: Page) -> httpx.Response:
    """Try to write a part of what was handed in."""
    token = dict(page.form("/apply/withdraw").fields)["_csrf_token"]
    return await visitor.client.post("/apply/form/people", data={"_csrf_token": token})


async def test_what_is_missing_is_listed_with_where_to_mend_it(visitor: Visitor) -> None:
    """On the overview by part, and beside the input once a part was saved."""
    await begun(visitor)
    overview = await visitor.go("/apply/form")
    for field in WHAT_TO_DO:
        assert field in overview.text
    assert "/apply/submit" not in [form.action for form in overview.forms]
    page = Page(await save(visitor, "organisation", [("organisation.uscc", "91350100M000100Y4")]))
    assert "Saved. This part still lacks something" in page.text
    assert 'id="e-organisation.name.zh-CN"' in page.html or "organisation.name" in page.text
    assert dict(page.form("/apply/form/organisation").fields)["organisation.uscc"] == "91350100M000100Y4"


async def test_handing_in_too_early_says_so(visitor: Visitor) -> None:
    """Also for whoever sends the form that is not shown."""
    await begun(visitor)
    token = dict((await visitor.go("/apply/form")).form("/apply/withdraw").fields)["_csrf_token"]
    answer = await visitor.client.post("/apply/submit", data={"_csrf_token": token})
    assert answer.status_code == 422
    assert "cannot be handed in yet" in Page(answer).text


async def test_coming_back_takes_id_and_token(visitor: Visitor) -> None:
    """Typed into a form; wrong ones look all the same; neither is ever in an address."""
    public, token = await begun(visitor)
    left = await visitor.fill((await visitor.go("/apply")).form("/apply/leave"))
    assert (await visitor.go("/apply/form")).text == (await visitor.go("/apply")).text
    assert left.status_code == 303
    form = (await visitor.go("/apply")).form("/apply/resume")
    texts = set()
    for shown, secret in ((public, "A" * 43), ("app_" + "0" * 32, token), ("nonsense", token), (public, "")):
        answer = await visitor.fill(form, application=shown, token=secret)
        assert answer.status_code == 404
        texts.add(Page(answer).text)
        assert token not in answer.text
    assert len(texts) == 1
    answer = await visitor.fill(form, application=public, token=token)
    assert answer.headers["location"] == "/apply/form"
    assert public in (await visitor.go("/apply/form")).text


async def test_whatever_a_draft_holds_can_be_shown(visitor: Visitor) -> None:
    """A program may have written anything into it: the pages show what they can, and write over the rest."""
    public, token = await begun(visitor)
    strange = {
        "organisation": {"name": 7, "policies": "x", "responsible_persons": [1, {"name": ["y"]}], "uscc": True},
        "client": {"jwks": {"a": "<script>alert(1)</script>"}, "redirect_uris": "z"},
        "declaration": {"items": [1, {"item": "identity.name", "forms": 3}], "cross_border": "no", "storage": []},
    }
    headers = {"Application-Token": token}
    sent = await visitor.client.put(f"/v1/applications/{public}/body", headers=headers, json=strange)
    assert sent.status_code == 200
    for part in PARTS:
        page = await visitor.go(f"/apply/form/{part}")
        assert (page.status, page.inline) == (200, [])
        assert "<script>alert" not in page.html
    assert (await save(visitor, "organisation", typed("organisation", application()))).status_code in {200, 303}
    read = (await visitor.client.get(f"/v1/applications/{public}/body", headers=headers)).json()
    assert read["body"]["organisation"]["name"] == application()["organisation"]["name"]


@pytest.mark.parametrize(("language", "html"), [("en", "en-GB"), ("zh-CN", "zh-Hans-CN")])
async def test_every_page_is_whole(visitor: Visitor, language: str, html: str) -> None:
    """In its language, nothing inline, every input labelled."""
    visitor.client.headers["Accept-Language"] = language
    await begun(visitor)
    for path in ("/apply", "/apply/form", "/apply/documents", "/purposes", *(f"/apply/form/{part}" for part in PARTS)):
        page = await visitor.go(path)
        assert (page.status, page.lang, page.inline) == (200, html, []), path
        assert page.inputs <= page.labelled, path


async def test_switching_the_language_keeps_what_was_typed(visitor: Visitor) -> None:
    """And saves nothing."""
    await begun(visitor)
    answer = await save(visitor, "organisation", [("organisation.uscc", "9135"), ("language", "zh-CN")])
    page = Page(answer)
    assert page.lang == "zh-Hans-CN"
    assert dict(page.form("/apply/form/organisation").fields)["organisation.uscc"] == "9135"
    fresh = (await visitor.go("/apply/form/organisation")).form("/apply/form/organisation")
    assert dict(fresh.fields)["organisation.uscc"] == ""


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.html", b"<script>alert(1)</script>", "text/html"),
        ("a.pdf", b"<script>alert(1)</script>", "application/pdf"),
        ("../a.pdf", PDF, "application/pdf"),
        ("", PDF, "application/pdf"),
    ],
)
async def test_hostile_files_are_refused_beside_the_field(
    visitor: Visitor, name: str, content: bytes, kind: str
) -> None:
    """And are not there afterwards."""
    await begun(visitor)
    answer = await upload(visitor, name, content, kind)
    assert answer.status_code in {400, 413, 422}
    assert "No documents yet." in (await visitor.go("/apply/documents")).text


async def test_ten_megabytes_are_not_taken(visitor: Visitor) -> None:
    """The form of documents has a limit of its own, the others the usual one."""
    await begun(visitor)
    assert (await upload(visitor, "a.pdf", PDF.ljust(10 * 1024 * 1024))).status_code == 413
    assert (await save(visitor, "client", [("client.jwks", "x" * 2_000_000)])).status_code == 413


async def test_documents_are_saved_never_shown(visitor: Visitor) -> None:
    """To their writer; somebody else's browser gets nothing."""
    await begun(visitor)
    await upload(visitor, "a.pdf", PDF)
    page = await visitor.go("/apply/documents")
    link = next(link for link in page.links if link.startswith("/apply/documents/doc_"))
    answer = await visitor.client.get(link)
    assert (answer.content, answer.headers["content-disposition"][:11]) == (PDF, "attachment;")
    async with visitor.edge.client(Accept="text/html") as stranger:
        other = Visitor(visitor.edge, stranger)
        assert (await stranger.get(link)).status_code == 404
        await begun(other)
        assert (await stranger.get(link)).status_code == 404
        token = dict((await other.go("/apply/documents")).form("/apply/documents").fields)["_csrf_token"]
        assert (await stranger.post(f"{link}/remove", data={"_csrf_token": token})).status_code == 404
    assert (await visitor.fill(page.form(f"{link}/remove"))).headers["location"] == "/apply/documents?done=removed"
    assert "No documents yet." in (await visitor.go("/apply/documents")).text


async def test_without_an_application_every_page_leads_to_the_beginning(visitor: Visitor) -> None:
    """A cookie made up, or none."""
    for cookie in (None, "x", "app_" + "0" * 32 + ".A", "." * 500, json.dumps({"a": 1}).replace(" ", "")):
        visitor.client.cookies.clear()
        if cookie is not None:
            visitor.client.cookies.set("application", cookie)
        for path in ("/apply/form", "/apply/status", "/apply/documents", "/apply/form/people"):
            answer = await visitor.client.get(path)
            assert (answer.status_code, answer.headers["location"].startswith("/apply")) == (303, True)
        assert "Begin an application" in (await visitor.go("/apply/form")).text
