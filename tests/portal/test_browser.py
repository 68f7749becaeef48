"""A few visits with a real browser: what only it can tell. Policy violations and script errors end up in ``faults``."""

import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, async_playwright

from tests.api.edge import PASSWORD, Edge, registration
from tests.attacks.server import Installation, installation
from tests.conftest import Cluster
from tests.portal.visits import CONTACT, Desk, Requester

NARROW = {"width": 320, "height": 640}
"""WCAG 1.4.10: no scrolling in two directions at 320 CSS pixels."""


@dataclass
class Site:
    """A served installation and a browser in front of it."""

    at: Installation
    browser: Browser
    bank: Requester
    faults: list[str] = field(default_factory=list)

    async def visit(self, *, language: str = "en-GB", size: dict[str, int] | None = None) -> Page:
        """A fresh window whose console is listened to."""
        context = await self.browser.new_context(locale=language, viewport=size or {"width": 1100, "height": 900})
        page = await context.new_page()
        page.on("console", lambda said: self.faults.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        return page

    async def settled(self, page: Page) -> None:
        """Register and sign in on the pages."""
        sent = registration()
        await page.goto(f"{self.at.base}/register")
        await page.fill("[name=name]", sent["name"])
        await page.fill('[name="national_id.number"]', sent["national_id"]["number"])
        await page.fill("[name=login]", sent["login"])
        await page.fill("[name=password]", PASSWORD)
        await page.click("main button[type=submit]")
        await page.wait_for_selector("main a[href='/sign-in']")
        await self.signed_in(page, "/sign-in", sent["login"])

    async def signed_in(self, page: Page, door: str, login: str) -> None:
        """Sign in at a door."""
        await page.goto(self.at.base + door)
        await page.fill("[name=login]", login)
        await page.fill("[name=password]", PASSWORD)
        await page.click("main button[type=submit]")
        await page.wait_for_selector("form[action='/sign-out']")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(cluster: Cluster) -> AsyncIterator[Site]:
    """One installation and one browser for all visits."""
    name = f"browser_{os.getpid()}"
    await cluster.execute(f"CREATE DATABASE {name} TEMPLATE {cluster.template}")
    async with AsyncExitStack() as stack:
        at = await stack.enter_async_context(installation(cluster.url(name), cluster.ring))
        edge = Edge(at.app, at.settings, None)  # type: ignore[arg-type]  # its authority is a server of its own here
        await Desk.found(edge)
        bank = await Requester.vetted(edge, await stack.enter_async_context(edge.client()))
        playwright = await stack.enter_async_context(async_playwright())
        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-quic"])
        yield Site(at, browser, bank)
        await browser.close()
    await cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(autouse=True)
def _nothing_is_complained_about(site: Site) -> AsyncIterator[None]:
    site.faults.clear()
    yield  # type: ignore[misc]  # a plain generator serves as well
    assert site.faults == []


async def test_a_person_s_way_by_keyboard(site: Site) -> None:
    """The first stop skips to the content; a form is filled and sent without a mouse."""
    page = await site.visit()
    await site.settled(page)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.goto(f"{site.at.base}/sections/contact?edit=yes")
    await page.focus('[name="contact.email"]')
    await page.keyboard.type("xiaoming@example.com")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/sections/contact?done=saved")
    assert await page.text_content("[role=status]") == "Saved."


async def test_enter_saves_and_never_grows_a_list(site: Site) -> None:
    """The first button of the form is the one that Enter presses."""
    page = await site.visit()
    await site.settled(page)
    await page.goto(f"{site.at.base}/sections/finance?edit=yes")
    await page.fill('[name="finance.accounts[0].bank"]', "海港")
    await page.fill('[name="finance.accounts[0].number"]', "6222021234567890123")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/sections/finance?done=saved")


async def test_allowing_leads_back_to_the_requester(site: Site) -> None:
    """The policy lets the browser follow the redirect after the form."""
    page = await site.visit()
    await site.settled(page)
    await page.goto(f"{site.at.base}/sections/contact?edit=yes")
    await page.fill('[name="contact.phone_number"]', CONTACT["phone_number"])
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/sections/contact?done=saved")
    reached: list[str] = []

    async def callback(route: Route) -> None:
        reached.append(route.request.url)
        await route.fulfill(status=200, content_type="text/plain", body="back")

    await page.route("http://127.0.0.1:9/**", callback)
    address, _ = await site.bank.ask()
    await page.goto(address)
    await page.click("details summary >> nth=0")
    await page.click("button[value=allow]")
    await page.wait_for_url("http://127.0.0.1:9/**")
    assert "code=" in reached[0]


async def test_an_organisation_applies_on_a_phone(site: Site) -> None:
    """Begun, written, a file chosen, come back to in another window; nothing is wider than the screen."""
    page = await site.visit(size=NARROW)
    await page.goto(f"{site.at.base}/apply")
    await page.click("form[action='/apply'] button")
    await page.wait_for_selector("#token")
    public, token = await page.inner_text("#application"), await page.inner_text("#token")
    await page.goto(f"{site.at.base}/apply/form/organisation")
    await page.fill('[name="organisation.uscc"]', "91350100M000100Y43")
    await page.click("#page-form .button[type=submit]")
    await page.wait_for_selector("[role=status]")
    await page.goto(f"{site.at.base}/apply/documents")
    report = {"name": "report.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 a report"}
    await page.set_input_files("[name=document]", report)  # type: ignore[arg-type]  # playwright's own type is private
    await page.click("form[enctype] button")
    await page.wait_for_url("**/apply/documents?done=added")
    other = await site.visit(size=NARROW)
    await other.goto(f"{site.at.base}/apply")
    await other.fill("[name=application]", public)
    await other.fill("[name=token]", token)
    await other.click("#page-form .button[type=submit]")
    await other.wait_for_url("**/apply/form")
    assert token not in other.url
    for path in ("", "/form", "/form/organisation", "/form/items", "/form/handling", "/documents"):
        await other.goto(f"{site.at.base}/apply{path}")
        assert await other.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path
    await other.goto(f"{site.at.base}/purposes")
    assert await other.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


async def test_a_regulator_s_question_is_answered_in_place(site: Site) -> None:
    """With script, only the results change; the address can be shared."""
    page = await site.visit()
    await site.signed_in(page, "/oversight/sign-in", "regulator-1")
    await page.evaluate("window.marked = true")
    await page.select_option("[name=event]", "registry.founded")
    await page.click("#search button[type=submit]")
    await page.wait_for_selector("#results table")
    assert await page.evaluate("window.marked") is True
    assert "event=registry.founded" in page.url
    assert await page.locator("#results tbody tr").count() == 1


async def test_evidence_is_ticked_in_an_answer(site: Site) -> None:
    """A case is opened, an entry ticked in what was answered in place, and it stands in the case."""
    page = await site.visit(size=NARROW)
    await site.signed_in(page, "/oversight/sign-in", "regulator-1")
    await page.goto(f"{site.at.base}/oversight/cases")
    await page.fill("[name=title]", "Sold to advertisers")
    await page.click("main button[type=submit]")
    await page.wait_for_url("**/oversight/cases/inq_*")
    await page.goto(f"{site.at.base}/oversight")
    await page.select_option("[name=event]", "registry.founded")
    await page.click("#search button[type=submit]")
    await page.check("#results input[name=entry]")
    await page.fill("#f-text", "how it began")
    await page.click("form[action='/oversight/evidence'] button[type=submit]")
    await page.wait_for_url("**/oversight/cases/inq_*?done=attached")
    assert "how it began" in await page.inner_text("main")


async def test_staff_pages_fit_a_narrow_screen(site: Site) -> None:
    """What officers and regulators work with can be used at 320 pixels, with every input named to a screen reader."""
    visits = [
        (
            "/oversight/sign-in",
            "regulator-1",
            (
                "/oversight?ask=yes",
                "/oversight/cases",
                "/oversight/powers",
                "/oversight/orders",
                "/oversight/lawful/new",
                "/oversight/figures",
                "/oversight/mandate",
            ),
        ),
        ("/desk/sign-in", "officer-1", ("/desk", "/desk/mandates", "/desk/watch", "/desk/lawful", "/desk/lawful/new")),
    ]
    for door, login, paths in visits:
        page = await site.visit(size=NARROW)
        await site.signed_in(page, door, login)
        for path in paths:
            await page.goto(site.at.base + path)
            assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path
            nameless = await page.evaluate(
                """[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
                   .filter(e => !e.labels.length && !e.ariaLabel).map(e => e.outerHTML)"""
            )
            assert nameless == [], path


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
async def test_pages_fit_a_narrow_screen(site: Site, language: str) -> None:
    """No sideways scrolling at 320 pixels, nothing to press that is smaller than 24 (WCAG 1.4.10, 2.5.8)."""
    page = await site.visit(language=language, size=NARROW)
    await site.settled(page)
    address, _ = await site.bank.ask()
    paths = [
        "/home",
        "/sections/identity",
        "/sections/finance?edit=yes",
        "/activity",
        "/activity/proof",
        "/verify",
        "/grants",
    ]
    paths += ["/problems", address]
    for path in paths:
        await page.goto(path if path.startswith("http") else site.at.base + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path
        small = await page.evaluate(
            """[...document.querySelectorAll('button, input:not([type=hidden]), select, textarea, nav a')]
               .filter(e => e.tabIndex >= 0 && e.getBoundingClientRect().height < 24).map(e => e.outerHTML)"""
        )
        assert small == [], path


async def test_the_verifier_works_offline_in_the_browser(site: Site) -> None:
    """A person's file, opened on the page with the network off: proven, and an edited one refused; nothing is asked."""
    page = await site.visit()
    await site.settled(page)
    await page.goto(f"{site.at.base}/activity/proof")
    async with page.expect_download() as coming:
        await page.click("a[href='/activity/proof/file']")
    own = Path(await (await coming.value).path()).read_text()
    await page.goto(f"{site.at.base}/verify")
    await page.context.set_offline(True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    own_icon = await page.evaluate("document.querySelector('link[rel=icon]').href")
    await page.fill("#f-text", own)
    await page.click("#verify")
    await page.wait_for_selector("#result .note-good")
    assert "Nothing was left out" in await page.inner_text("#result")
    said = json.loads(own)
    await page.fill("#f-text", json.dumps(said | {"entries": said["entries"][1:]}))
    await page.click("#verify")
    await page.wait_for_selector("#result .note-bad")
    assert "An entry is missing" in await page.inner_text("#result")
    await page.fill("#f-text", "nonsense")
    await page.click("#verify")
    await page.wait_for_selector("#result .note-bad")
    assert set(asked) <= {own_icon}  # the browser fetches it when it likes
    await page.context.set_offline(False)
