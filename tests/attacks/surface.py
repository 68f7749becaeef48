"""Everything that can be reached over HTTP, read from the application itself: a new endpoint is attacked unasked."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
from litestar import Litestar
from litestar.routes import HTTPRoute

from tests.attacks.bodies import BODIES, FORMS
from tests.attacks.forge import claims_of
from tests.attacks.world import Browser, World, case_of
from vault import api, portal
from vault.edge.request import VaultRequest

PUBLIC = "public"
REQUESTER = "requester"
APPLICANT = "applicant"
ANY_REALM = "any realm"
_BY_PREFIX = {
    "/v1/me/": "person",
    "/v1/desk/": "officer",
    "/v1/oversight/": "regulator",
    "/v1/organisation": "member",
    "/home": "person",
    "/activity": "person",
    "/sections/": "person",
    "/requests": "person",
    "/references": "person",
    "/notice-address": "person",
    "/erasure": "person",
    "/relay": "person",
    "/outbox": "person",
    "/grants": "person",
    "/oauth/authorize": "person",
    "/v1/releases": REQUESTER,
    "/v1/relay/": REQUESTER,
    "/oauth/par": REQUESTER,
    "/oauth/bc-authorize": REQUESTER,
    "/oauth/token": REQUESTER,
    "/oauth/register": REQUESTER,
    "/oauth/revoke": REQUESTER,
    "/oauth/introspect": REQUESTER,
    "/oauth/grants/{": REQUESTER,
    "/v1/applications/{": APPLICANT,
}
_DOORS = {"/desk/sign-in", "/oversight/sign-in", "/organisation/sign-in", "/organisation/join"}
_PARTS = {"desk": "officer", "oversight": "regulator", "organisation": "member"}


@dataclass(frozen=True)
class Endpoint:
    """One method at one address. ``needs_form_token``: a browser's cookies are proof of nothing here."""

    method: str
    template: str
    needs_form_token: bool

    @property
    def name(self) -> str:
        """As BODIES and FORMS know it."""
        return f"{self.method} {self.template}"

    @property
    def realm(self) -> str:
        """Who may come in: a realm, or one of the words above."""
        if self.template in {"/v1/me", "/v1/sessions/current", "/v1/password", "/sign-out", "/password"}:
            return ANY_REALM
        part = self.template.split("/")[1]
        if part in _PARTS and self.template not in _DOORS:
            return _PARTS[part]
        return next((realm for prefix, realm in _BY_PREFIX.items() if self.template.startswith(prefix)), PUBLIC)

    @property
    def is_for_clients(self) -> bool:
        """Whether OAuth clients call it, by their keys and tokens and never by a cookie."""
        return api.is_back_channel(self.template)

    @property
    def is_page(self) -> bool:
        """Whether people see it."""
        machines = self.template.startswith(("/v1/", "/health/")) or self.is_for_clients
        return not machines or self.template == "/oauth/jwks"

    @property
    def takes_vetting(self) -> bool:
        """Whether the first officer's roles open it, vetting and recovery-registry, and the third one's do not."""
        words = ("applications", "bounds", "cases", "requesters", "measures", "mandates", "watch", "lawful")
        return any(word in self.template for word in words)

    def path(self, world: World, **changes: object) -> str:
        """The address with ids of things that exist: anna's, or those at the desk."""
        return self.template.format(**(known(world) | changes))

    async def send(self, browser: Browser, path: str, *, token: str | None = None) -> httpx.Response:
        """A good request: JSON or form, with this form token and an ETag where one is needed."""
        headers = [] if token is None else [(b"X-CSRF-Token", token.encode())]
        if self.method == "PUT":
            headers.append((b"If-Match", b'"1"'))
        if self.name in FORMS:
            return await browser.http.request(self.method, path, data=FORMS[self.name], headers=headers)
        body = BODIES[self.name] if self.method in CHANGING else None
        return await browser.http.request(self.method, path, json=body, headers=headers)


def status_list(world: World) -> str:
    """The id of the list in which the harbour's token stands."""
    return str(claims_of(world.token.access_token)["status"]["status_list"]["uri"]).rpartition("/")[2]


CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def known(world: World) -> dict[str, object]:
    """What parts of an address lead to something."""
    return {
        "section": "preferences",
        "number": 1,
        "application": world.application,
        "case": case_of(world.application),
        "grant": world.token.grant,
        "requester": world.harbour.requester,
        "declaration": world.harbour.declaration,
        "member": world.member,
        "invitation": world.invitation,
        "client": world.harbour.client_id,
        "change": world.change,
        "measure": "msr_" + "0" * 32,
        "lawful_order": "law_" + "0" * 32,
        "power": "pow_" + "0" * 32,
        "inquiry": "inq_" + "0" * 32,
        "opening": "lop_" + "0" * 32,
        "mandate": "mnd_" + "0" * 32,
        "export": "exp_" + "0" * 32,
        "finding": "fnd_" + "0" * 32,
        "release_id": world.waiting,
        "address": "rly_" + "0" * 32,
        "approval": "apv_" + "0" * 32,
        "event": "evt_" + "0" * 32,
        "order": "ord_" + "0" * 32,
        "deletion": "del_" + "0" * 32,
        "index": 5,
        "client_id": world.harbour.client_id,
        "part": "people",
        "document": f"doc_{0:032}",
        "prompt": f"prm_{0:032}",
        "list_id": status_list(world),
        "name": "not-found",
        "check": "dpop-htu",
        "file_path": "vault.css",
    }


def form_token(browser: Browser) -> str:
    """The value of a browser's csrf cookie."""
    return next((cookie.value or "" for cookie in browser.http.cookies.jar if cookie.name == "csrf"), "")


def _endpoints() -> Iterator[Endpoint]:
    app = Litestar(
        route_handlers=[*api.routes(), *portal.routes()],
        request_class=VaultRequest,
        template_config=portal.templates(),
        openapi_config=None,
    )
    for route in app.routes:
        assert isinstance(route, HTTPRoute)
        for handler in route.route_handlers:
            for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                yield Endpoint(method, route.path_format, not handler.opt.get("exclude_from_csrf"))


ENDPOINTS = tuple(sorted(_endpoints(), key=lambda each: each.name))
