"""Visiting pages as a browser without JavaScript would: links, forms, cookies."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Self

import httpx

from tests.api.edge import PASSWORD, Edge, registration, send
from tests.requesters.samples import application, text
from vault.cli.story.bank import Bank, Pushed
from vault.registry import Founder, found
from vault.signin import prepare

STAFF = {
    "officer-1": ("officer", "林海", "登记中心", ["vetting", "recovery-registry"]),
    "officer-2": ("officer", "周敏", "登记中心", ["vetting"]),
    "officer-3": ("officer", "Ada Wong", "登记中心", ["release"]),
    "regulator-1": ("regulator", "韩冰", "监督办公室", ["oversight", "recovery-supervisor"]),
}
DECLARED = {
    "identity.name": ("raw", True),
    "contact.phone_number": ("masked", True),
    "contact.email": ("raw", False),
    "identity.national_id": ("masked", False),
}
CONTACT = {"phone_number": "+8613812340013", "email": "xiaoming@example.com"}


@dataclass
class Form:
    """One form of a page, with what it would send untouched."""

    action: str
    method: str
    id: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[tuple[str, str, bool]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """What is on a page: its text, links, headings, forms; and what must not be on it."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.status = answer.status_code
        self.answer = answer
        self.html = answer.text
        self.lang = ""
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.labelled: set[str] = set()
        self.inputs: set[str] = set()
        self.inline: list[str] = []
        self._texts: list[str] = []
        self._selects: list[str] = []
        self.feed(answer.text)

    @property
    def text(self) -> str:
        """Everything that can be read, in one line."""
        return " ".join(" ".join(self._texts).split())

    def form(self, action: str) -> Form:
        """The form that goes to this address."""
        return next(form for form in self.forms if form.action == action)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.inline += [f"{tag} {name}" for name in given if name.startswith("on") or name == "style"]
        if tag in {"script", "style"} and "src" not in given:
            self.inline.append(tag)
        match tag:
            case "html":
                self.lang = given.get("lang", "")
            case "a":
                self.links.append(given.get("href", ""))
            case "label":
                self.labelled.add(given.get("for", ""))
            case "form":
                self.forms.append(Form(given.get("action", ""), given.get("method", "get"), given.get("id", "")))
            case "input" | "select" | "textarea" | "button" | "option":
                self._control(tag, given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        if tag in {"input", "select", "textarea"} and given.get("type") != "hidden":
            self.inputs.add(given.get("id", ""))
        if not self.forms:
            return
        form, name, value = self.forms[-1], given.get("name", ""), given.get("value", "")
        if tag == "select":
            self._selects.append(name)
        elif tag == "option" and "selected" in given:
            form.fields.append((self._selects[-1], value))
        elif tag == "button" and name and "form" not in given:
            form.buttons.append((name, value))
        elif given.get("type") == "checkbox":
            form.boxes.append((name, value, "checked" in given))
        elif tag == "input" and name:
            form.fields.append((name, value))

    def handle_data(self, data: str) -> None:
        self._texts.append(data)


@dataclass
class Visitor:
    """Somebody with a browser."""

    edge: Edge
    client: httpx.AsyncClient
    sent: dict[str, Any] = field(default_factory=dict)

    async def go(self, path: str) -> Page:
        """A page, following redirects within the site."""
        answer = await self.client.get(path)
        while answer.status_code == 303 and answer.headers["location"].startswith("/"):
            answer = await self.client.get(answer.headers["location"])
        return Page(answer)

    async def fill(self, form: Form, *more: tuple[str, str], **typed: str) -> httpx.Response:
        """Send a form: what it holds, with some fields typed over and others added."""
        fields = [(name, typed.pop(name, value)) for name, value in form.fields]
        body: dict[str, list[str]] = {}
        for name, value in [*fields, *typed.items(), *more]:
            body.setdefault(name, []).append(value)
        return await self.client.post(form.action, data=body)

    async def settle(self) -> None:
        """Register, sign in, fill in how to be reached."""
        self.sent = registration()
        await send(self.client, "POST", "/v1/registrations", self.sent)
        sign_in = {name: self.sent[name] for name in ("login", "password")}
        assert (await send(self.client, "POST", "/v1/sessions", sign_in)).status_code == 201
        await send(self.client, "PUT", "/v1/me/sections/contact", CONTACT, If_None_Match="*")

    async def allow(self, bank: "Requester", *ticked: str, sensitive: bool = False) -> str:
        """Allow what a requester asks, with these optional items. Returns the grant's id."""
        page = await self.go((await bank.ask())[0])
        more = [("item", each) for each in ticked] + ([("sensitive_yes", "yes")] if sensitive else [])
        answer = await self.fill(page.form("/oauth/authorize"), ("decision", "allow"), *more)
        assert answer.status_code == 303, answer.text
        return str((await self.client.get("/v1/me/grants")).json()["grants"][0]["grant"])


@dataclass
class Requester:
    """A vetted organisation's OAuth client."""

    bank: Bank
    name: str
    purpose: str
    application: str = ""
    status_token: str = ""

    @classmethod
    async def vetted(cls, edge: Edge, client: httpx.AsyncClient, **changes: Any) -> Self:
        """Let in by two officers; ``changes`` of its application."""
        bank = Bank(edge.settings.issuer_url, "http://127.0.0.1:9/callback")
        await bank.http.aclose()
        bank.http = client
        bank.issuer = edge.settings.issuer_url
        bank.metadata = (await client.get("/.well-known/oauth-authorization-server")).json()
        items = [
            {"item": item, "forms": [form], "required": required, "necessity": text(item)}
            for item, (form, required) in DECLARED.items()
        ]
        client_part = {"redirect_uris": [bank.redirect_uri], "jwks": bank.public_jwks()}
        wanted = application(client=client_part, declaration__items=items, **changes)
        answer = await client.post("/v1/applications", json=wanted)
        assert answer.status_code == 201, answer.text
        async with Desk.open(edge) as desk:
            case = f"/v1/desk/cases/cas_{answer.json()['application'][4:]}"
            assert (await send(desk.at["officer-1"].client, "POST", f"{case}/checks", {})).status_code == 200
            for officer in ("officer-1", "officer-2"):
                path = f"/v1/desk/applications/{answer.json()['application']}/decisions"
                decision = {"decision": "approve", "reason": "Papers are in order."}
                assert (await send(desk.at[officer].client, "POST", path, decision)).status_code == 200
        token = {"Application-Token": answer.json()["status_token"]}
        state = await client.get(f"/v1/applications/{answer.json()['application']}", headers=token)
        bank.client_id = state.json()["client_id"]
        name, purpose = wanted["organisation"]["name"]["en"], wanted["declaration"]["purpose"]["text"]["en"]
        return cls(bank, name, purpose, answer.json()["application"], answer.json()["status_token"])

    async def ask(self, items: dict[str, tuple[str, bool]] | None = None) -> tuple[str, Pushed]:
        """Push a request. Returns where the person goes with it."""
        wanted = [{"item": item, "form": form} for item, (form, _) in (items or DECLARED).items()]
        answer, pushed = await self.bank.push(wanted, duration_days=30, max_uses=20)
        assert answer.status_code == 201, answer.text
        return self.bank.authorize_url(pushed), pushed


@dataclass
class Desk:
    """The registry's and the authority's people, by login."""

    at: dict[str, Visitor]

    @staticmethod
    async def found(edge: Edge) -> None:
        """The founding ceremony."""
        doorway = edge.app.state.doors.doorway
        founders = [
            Founder(realm, name, organisation, login, roles, login, await prepare(doorway, PASSWORD))
            for login, (realm, name, organisation, roles) in STAFF.items()
        ]
        await edge.app.state.doors.database.run(found, founders)

    @classmethod
    @asynccontextmanager
    async def open(cls, edge: Edge) -> AsyncIterator[Self]:
        """Everybody signed in."""
        async with AsyncExitStack() as stack:
            at = {}
            for login, (realm, *_) in STAFF.items():
                client = await stack.enter_async_context(
                    edge.client(**{"Accept": "text/html", "Accept-Language": "en"})
                )
                body = {"realm": realm, "login": login, "password": PASSWORD}
                assert (await send(client, "POST", "/v1/sessions", body)).status_code == 201
                at[login] = Visitor(edge, client)
            yield cls(at)
