"""The organisation's own desk: a first member comes in, invites, rotates a key, and sees what is held and done."""

import itertools
import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.api.edge import PASSWORD, Edge, send
from tests.portal.visits import Page, Requester, Visitor
from tests.requesters.samples import public_key

PAGES = [
    "/organisation",
    "/organisation/clients",
    "/organisation/sandbox",
    "/organisation/declarations",
    "/organisation/grants",
    "/organisation/releases",
    "/organisation/incidents",
    "/organisation/members",
    "/organisation/audit",
    "/organisation/changes",
    "/organisation/surrender",
    "/password",
]


NUMBERS = itertools.count(1)
"""Logins are taken once, by whichever file comes first."""


class Members:
    """Members of one bank, by role; each with a browser of their own."""

    def __init__(self, edge: Edge, bank: Requester) -> None:
        self.edge, self.bank = edge, bank
        self.at: dict[str, Visitor] = {}

    async def join(self, role: str, number: str, token: str) -> Visitor:
        """Join on the page, then sign in on the page."""
        login = f"portal-member-{next(NUMBERS)}-x"
        client = self.edge.client(**{"Accept": "text/html", "Accept-Language": "en"})
        visitor = self.at[role] = Visitor(self.edge, client)
        form = (await visitor.go(f"/organisation/join?number={number}")).form("/organisation/join")
        done = await visitor.fill(form, token=token, name="韩梅梅", login=login, password=PASSWORD)
        assert (done.status_code, done.headers["location"]) == (303, "/organisation/sign-in?joined=yes"), done.text
        door = (await visitor.go("/organisation/sign-in")).form("/organisation/sign-in")
        inside = await visitor.fill(door, login=login, password=PASSWORD)
        assert (inside.status_code, inside.headers["location"]) == (303, "/organisation")
        return visitor

    async def invited(self, role: str) -> Visitor:
        """The administrator invites somebody on the page."""
        page = await self.at["administrator"].go("/organisation/members")
        answer = await self.at["administrator"].fill(page.form("/organisation/invitations"), role=role)
        shown = Page(answer).text.split("Invitation made")[1]
        number, token = shown.split("Number ")[1].split()[0], shown.split("Token ")[1].split()[0]
        return await self.join(role, number, token)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def members(edge: Edge, bank: Requester) -> AsyncIterator[Members]:
    """The bank's administrator, a member for keys, one who looks."""
    made = Members(edge, bank)
    await made.join("administrator", bank.application, bank.status_token)
    await made.invited("keys")
    await made.invited("audit")
    yield made
    for visitor in made.at.values():
        await visitor.client.aclose()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("language", "html"), [("en", "en-GB"), ("zh-CN", "zh-Hans-CN")])
async def test_every_page_is_whole(members: Members, path: str, language: str, html: str) -> None:
    """In its language, nothing inline, every input labelled."""
    for role in ("administrator", "keys"):
        visitor = members.at[role]
        visitor.client.headers["Accept-Language"] = language
        page = await visitor.go(path)
        visitor.client.headers["Accept-Language"] = "en"
        assert (page.status, page.lang, page.inline) == (200, html, [])
        assert page.inputs <= page.labelled


async def test_the_overview_says_what_to_do_next(members: Members) -> None:
    """Who stands alone is told so."""
    page = await members.at["audit"].go("/organisation")
    assert "Vetting holds until" in page.text
    assert "There is one administrator only" in page.text


async def test_a_key_is_added_on_the_page(members: Members) -> None:
    """And the audit names who did it; a private one is refused in words, and not shown again."""
    visitor = members.at["keys"]
    page = await visitor.go("/organisation/clients")
    form = next(each for each in page.forms if each.action.endswith("/keys"))
    bad = Page(await visitor.fill(form, jwk=json.dumps(public_key("next") | {"d": "a-private-part"})))
    assert "a-private-part" not in bad.html
    assert (bad.status, "never send private keys" in bad.text) == (422, True)
    done = await visitor.fill(form, jwk=json.dumps(public_key("next")))
    assert done.headers["location"] == "/organisation/clients?done=made"
    assert "next" in (await visitor.go("/organisation/clients")).text
    await members.edge.recorded()
    audit = (await members.at["audit"].go("/organisation/audit")).text
    assert "An organisation's keys changed" in audit
    assert "韩梅梅" in audit


async def test_a_change_waits_for_the_second_and_is_taken_back(members: Members) -> None:
    """Who proposed it sees no button to confirm it."""
    admin = members.at["administrator"]
    page = await admin.go("/organisation/members")
    done = await admin.fill(page.form("/organisation/two-members"), ("two_members", "yes"))
    assert done.headers["location"] == "/organisation/members?done=open"
    mine = await admin.go("/organisation/changes")
    waiting = next(each for each in mine.forms if each.action.startswith("/organisation/changes/"))
    assert [value for _, value in waiting.buttons] == ["refuse"]
    theirs = (await members.at["keys"].go("/organisation/changes")).form(waiting.action)
    assert [value for _, value in theirs.buttons] == ["confirm", "refuse"]
    refused = await admin.fill(waiting, ("decision", "confirm"))
    assert refused.status_code == 403
    assert "A second member must confirm this" in refused.text
    assert (await admin.fill(waiting, ("decision", "refuse"))).headers["location"].endswith("done=refused")


async def test_grants_and_releases_are_seen_without_names(members: Members, person: Visitor) -> None:
    """The page of grants holds the grant and its items; nothing of the person."""
    grant = await person.allow(members.bank, "contact.email")
    page = await members.at["audit"].go("/organisation/grants")
    assert grant in page.text
    for told in (person.sent["name"], person.sent["login"], person.sent["national_id"]["number"]):
        assert told not in page.html


async def test_who_looks_sees_no_button(members: Members) -> None:
    """Nothing is offered that would be refused."""
    for path in ("/organisation/clients", "/organisation/members", "/organisation/changes"):
        page = await members.at["audit"].go(path)
        assert [form.action for form in page.forms if form.method == "post"] == ["/sign-out"]


async def test_a_wrong_token_is_told_on_the_page(visitor: Visitor) -> None:
    """With what was typed kept, but for token and password."""
    form = (await visitor.go("/organisation/join")).form("/organisation/join")
    number = "inv_" + "0" * 32
    page = Page(await visitor.fill(form, number=number, token="x", name="李雷", login="nobody-x", password=PASSWORD))
    assert page.status == 404
    assert "do not belong together" in page.text
    kept = dict(page.form("/organisation/join").fields)
    assert (kept["number"], kept["login"], kept["token"], kept["password"]) == (number, "nobody-x", "", "")


async def test_a_password_is_changed_on_the_page(visitor: Visitor) -> None:
    """By a person too; what is wrong stands beside the field."""
    await visitor.settle()
    form = (await visitor.go("/password")).form("/password")
    page = Page(await visitor.fill(form, present="not it", password=PASSWORD + "1", again=PASSWORD + "1"))
    assert (page.status, "is not your present password" in page.text) == (422, True)
    page = Page(await visitor.fill(form, present=PASSWORD, password=PASSWORD + "1", again=PASSWORD))
    assert (page.status, "must be the same as above" in page.text) == (422, True)
    done = await visitor.fill(form, present=PASSWORD, password=PASSWORD + "1", again=PASSWORD + "1")
    assert done.headers["location"] == "/password?done=yes"
    again = {"login": visitor.sent["login"], "password": PASSWORD + "1"}
    assert (await send(visitor.client, "POST", "/v1/sessions", again)).status_code == 201


async def test_a_kit_shows_its_password_once(members: Members) -> None:
    """With the role for it, a form; the answer has the sign-in and the files, and the page afterwards has neither."""
    keys = members.at["keys"]
    page = await keys.go("/organisation/sandbox")
    form = page.form("/organisation/sandbox")
    client = re.search(r"cli_[0-9a-f]{32}", page.text)
    assert client is not None
    answer = await keys.fill(form, person="new", client=client.group())
    assert answer.status_code == 200
    shown = Page(answer).text
    assert "Write the passwords down now" in shown
    password = answer.text.split("&#34;password&#34;: &#34;")[1].split("&#34;")[0]
    assert password in shown
    assert password not in (await keys.go("/organisation/sandbox")).text
    wrong = await keys.fill(form, person="7", client=client.group())
    assert wrong.status_code == 422
    assert "Open a kit" not in (await members.at["audit"].go("/organisation/sandbox")).text
