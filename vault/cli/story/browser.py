"""A signed-in caller as a browser would be: cookies, a CSRF token, JSON and forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from vault.errors import VaultError

CSRF_HEADER = "X-CSRF-Token"


class StoryFailed(VaultError):
    """The server answered something the story cannot go on with."""

    name, status, title = "story-failed", 500, "The story cannot go on"


@dataclass
class Form:
    """One form of a page: where it goes, its fields with their preset values, its boxes and buttons."""

    action: str = ""
    method: str = "get"
    hidden: dict[str, str] = field(default_factory=dict)
    boxes: list[tuple[str, str, bool]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(values.get("action", ""), values.get("method", "get").lower())
            self.found.append(self._open)
        elif self._open is None or "name" not in values:
            return
        elif tag == "input" and values.get("type") == "checkbox":
            self._open.boxes.append((values["name"], values.get("value", "on"), "checked" in values))
        elif tag == "input" and values.get("type") == "hidden":
            self._open.hidden[values["name"]] = values.get("value", "")
        elif tag == "button":
            self._open.buttons.append((values["name"], values.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def forms(page: str) -> list[Form]:
    """Every form of an HTML page."""
    parser = _Forms()
    parser.feed(page)
    return parser.found


class Browser:
    """One caller with cookies of its own."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = httpx.AsyncClient(base_url=base, timeout=40, follow_redirects=False)

    async def __aenter__(self) -> "Browser":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def sign_in(self, realm: str, login: str, password: str) -> None:
        """Sign in; raises StoryFailed with the server's words otherwise."""
        await self.get("/v1/catalogue")
        body = {"realm": realm, "login": login, "password": password}
        answer = await self.send("POST", "/v1/sessions", body)
        if answer.status_code != 201:
            raise StoryFailed(f"Signing in as {realm} {login} was refused: {words(answer)}")

    async def send(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Send JSON with the CSRF token; header names take underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        token = next((c.value for c in self.http.cookies.jar if "csrf" in c.name), None)
        if token:
            named[CSRF_HEADER] = token
        return await self.http.request(method, path, json=body, headers=named)

    async def get(self, path: str) -> Any:
        """The JSON at a path; raises StoryFailed unless the answer is a success."""
        return expect(await self.http.get(path), 200).json()

    async def page(self, url: str) -> httpx.Response:
        """A page, following redirects within the site."""
        answer = await self.http.get(url)
        for _ in range(5):
            where = answer.headers.get("location", "")
            if answer.status_code not in {302, 303} or not where.startswith(("/", self.base)):
                return answer
            answer = await self.http.get(where)
        return answer

    async def submit(self, form: Form, fields: list[tuple[str, str]]) -> httpx.Response:
        """Send a form with its hidden fields and the given ones; redirects are not followed."""
        encoded: dict[str, list[str]] = {name: [value] for name, value in form.hidden.items()}
        for name, value in fields:
            encoded.setdefault(name, []).append(value)
        return await self.http.post(form.action, data=encoded)


def expect(answer: httpx.Response, *statuses: int) -> httpx.Response:
    """The answer, if it has one of these statuses; StoryFailed otherwise."""
    if answer.status_code not in statuses:
        request = answer.request
        raise StoryFailed(f"{request.method} {request.url.path} answered {answer.status_code}: {words(answer)}")
    return answer


def words(answer: httpx.Response) -> str:
    """What the server said, for people."""
    try:
        body = answer.json()
    except ValueError:
        return f"status {answer.status_code}"
    said = body.get("detail") or body.get("error_description") or body.get("error") or ""
    wrong = "; ".join(f"{e['field']}: {e['why']}" for e in body.get("errors", []) if isinstance(e, dict))
    return " ".join(filter(None, [str(said), wrong])) or f"status {answer.status_code}"
