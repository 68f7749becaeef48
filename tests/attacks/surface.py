"""Everything that can be reached over HTTP, read from the application itself: a new endpoint is attacked unasked."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from litestar import Litestar
from litestar.routes import HTTPRoute

from tests.attacks.forge import claims_of
from tests.attacks.world import REASON, Browser, World, case_of
from tests.requesters.samples import application, public_key
from vault import api, portal
from vault.edge.request import VaultRequest
from vault.requesters.bounds import plain, shipped

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
    "/notice-address": "person",
    "/outbox": "person",
    "/grants": "person",
    "/oauth/authorize": "person",
    "/v1/releases": REQUESTER,
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
_DECISION = {"decision": "refuse", "reason": REASON}
BODIES: dict[str, dict[str, Any]] = {
    "POST /v1/registrations": {
        "name": "陈一",
        "national_id": {"scheme": "cn-ric", "number": "110101199001010015"},
        "login": "somebody",
        "password": "a long enough password",
        "locale": "en",
    },
    "POST /v1/sessions": {"realm": "person", "login": "nobody.here", "password": "a long enough password"},
    "DELETE /v1/sessions/current": {},
    "POST /v1/password": {"present": "not the present password", "password": "a long enough password"},
    "PUT /v1/me/sections/{section}": {"notes": "call after six"},
    "POST /v1/me/grants/{grant}/withdrawal": {"reason": "no longer needed"},
    "PUT /v1/me/notice-address": {"address": "somebody@example.com"},
    "POST /v1/me/notice-address/confirmation": {"code": "0000-0000"},
    "DELETE /v1/me/notice-address": {},
    "POST /v1/me/hints": {},
    "POST /v1/applications": application(),
    "POST /v1/applications/drafts": {"organisation": {}},
    "PUT /v1/applications/{application}/body": {},
    "POST /v1/applications/{application}/submission": {},
    "POST /v1/applications/{application}/withdrawal": {},
    "POST /v1/applications/{application}/documents": {},
    "DELETE /v1/applications/{application}/documents/{document}": {},
    "POST /v1/desk/bounds": {"rules": plain(list(shipped().rules)), "reason": REASON},
    "POST /v1/desk/bounds/{number}/decisions": {"decision": "refuse", "reason": REASON},
    "POST /v1/members": {
        "number": "inv_" + "0" * 32,
        "token": "x",
        "name": "李雷",
        "login": "member-nobody",
        "password": "a long enough password",
    },
    "POST /v1/organisation/self-tests": {"client": "cli_x", "target": "par", "body": "a=b"},
    "POST /v1/organisation/declarations/{declaration}/software-statements": {
        "software_id": "loans",
        "client_name": "Loans",
        "redirect_uris": ["http://127.0.0.1:9/callback"],
    },
    "POST /v1/organisation/invitations": {"roles": ["audit"]},
    "DELETE /v1/organisation/invitations/{invitation}": {},
    "POST /v1/organisation/members/{member}/roles": {"roles": ["audit"]},
    "POST /v1/organisation/members/{member}/standing": {"status": "suspended"},
    "POST /v1/organisation/two-members": {"two_members": False},
    "POST /v1/organisation/clients/{client}/keys": {"jwk": public_key("added")},
    "POST /v1/organisation/clients/{client}/retirements": {"kid": "no-such-key"},
    "POST /v1/organisation/clients/{client}/redirect-uris": {"redirect_uris": ["https://elsewhere.example/back"]},
    "POST /v1/organisation/clients/{client}/metadata": {"dpop_bound_access_tokens": False},
    "POST /v1/organisation/declarations": application(),
    "POST /v1/organisation/surrender": {"reason": "no"},
    "POST /v1/organisation/changes/{change}/decision": {"decision": "confirm"},
    "POST /v1/desk/applications/{application}/decisions": _DECISION,
    "POST /v1/desk/cases/{case}/decisions": _DECISION,
    "POST /v1/desk/cases/{case}/questions": {"question": "Which licence do you hold?"},
    "POST /v1/desk/cases/{case}/checks": {},
    "POST /v1/applications/{application}/answers": {"question": f"qst_{'0' * 32}", "answer": "The one on file."},
    "POST /v1/applications/{application}/appeal": {"grounds": "The refusal rests on a mistake about our licence."},
    "POST /v1/desk/releases/{release_id}/decisions": _DECISION,
    "POST /v1/desk/requesters/{requester}/measures": {"act": "restore", "reason": REASON},
    "POST /v1/desk/measures/{measure}/decisions": {"decision": "decline", "reason": REASON},
    "POST /oauth/register": {"software_statement": "x.y.z", "jwks": {"keys": []}},
    "PUT /oauth/register/{client_id}": {"client_id": "cli_x", "jwks": {"keys": []}},
    "DELETE /oauth/register/{client_id}": {},
    "DELETE /oauth/grants/{grant}": {},
    "POST /v1/releases": {"items": ["identity.name"]},
}
"""A good body for everything that takes JSON."""
BODILESS = {
    "POST /apply/documents",
    "POST /apply/leave",
    "DELETE /v1/me/notice-address",
    "POST /requests/codes",
    "POST /v1/me/hints",
    "POST /v1/applications/{application}/submission",
    "POST /v1/applications/{application}/withdrawal",
    "POST /v1/applications/{application}/documents",
    "DELETE /v1/applications/{application}/documents/{document}",
    "DELETE /v1/organisation/invitations/{invitation}",
    "DELETE /oauth/grants/{grant}",
}
"""What reads neither JSON nor a form; files are attacked in test_drafts.py and test_applying.py of the two fronts."""
FORMS: dict[str, dict[str, str]] = {
    "POST /sign-in": {"login": "nobody.here", "password": "a long enough password", "next": "/home"},
    "POST /desk/sign-in": {"login": "nobody.here", "password": "a long enough password"},
    "POST /oversight/sign-in": {"login": "nobody.here", "password": "a long enough password"},
    "POST /organisation/sign-in": {"login": "nobody.here", "password": "a long enough password"},
    "POST /organisation/join": {
        "number": "inv_" + "0" * 32,
        "token": "x",
        "name": "李雷",
        "login": "member-nobody",
        "password": "a long enough password",
    },
    "POST /organisation/self-test": {"client": "cli_x", "target": "par", "body": "a=b"},
    "POST /organisation/invitations": {"role": "audit"},
    "POST /organisation/invitations/{invitation}/withdraw": {},
    "POST /organisation/members/{member}/standing": {"act": "suspend"},
    "POST /organisation/members/{member}/roles": {"role": "audit"},
    "POST /organisation/two-members": {"two_members": "no"},
    "POST /organisation/clients/{client}/keys": {"jwk": json.dumps(public_key("added"))},
    "POST /organisation/clients/{client}/retirements": {"kid": "no-such-key"},
    "POST /organisation/clients/{client}/redirect-uris": {"redirect_uris": "https://elsewhere.example/back"},
    "POST /organisation/changes/{change}": {"decision": "confirm"},
    "POST /organisation/surrender": {"sure": "yes", "reason": "we stop here"},
    "POST /password": {"present": "not the present one", "password": "a long enough password", "again": "x"},
    "POST /sign-out": {},
    "POST /apply": {},
    "POST /apply/resume": {"application": "app_" + "0" * 32, "token": "x"},
    "POST /apply/form/{part}": {"organisation.uscc": "9135"},
    "POST /apply/documents": {},
    "POST /apply/documents/{document}/remove": {},
    **{f"POST /apply/{each}": {} for each in ("leave", "submit", "withdraw")},
    "POST /apply/vetting/answer": {"question": f"qst_{'0' * 32}", "answer": "The one on file."},
    "POST /apply/vetting/appeal": {"grounds": "The refusal rests on a mistake about our licence."},
    "POST /register": {
        "name": "陈一",
        "national_id.number": "110101199001010015",
        "login": "somebody",
        "password": "a long enough password",
    },
    "POST /sections/{section}": {"notes": "call after six", "expected": "1"},
    "POST /grants/{grant}/withdraw": {"reason": "no longer needed"},
    "POST /requests/codes": {},
    "POST /requests/{prompt}": {"decision": "deny", "notice": "00"},
    "POST /notice-address": {"act": "give", "address": "somebody@example.com"},
    "POST /oauth/authorize": {"client_id": "cli_x", "request_uri": "urn:x", "decision": "allow", "notice": "00"},
    "POST /desk/cases/{case}": _DECISION,
    "POST /desk/cases/{case}/questions": {"question": "Which licence do you hold?"},
    "POST /desk/cases/{case}/checks": {},
    "POST /desk/releases/{release_id}": _DECISION,
    "POST /desk/requesters/{requester}/measures": {"act": "restore", "reason": REASON},
    "POST /desk/requesters/{requester}/measures/{measure}": {"decision": "decline", "reason": REASON},
    "POST /oauth/par": {"response_type": "code", "client_assertion": "x"},
    "POST /oauth/bc-authorize": {"login_hint": "x", "client_assertion": "x"},
    "POST /oauth/token": {"grant_type": "refresh_token", "refresh_token": "x"},
    "POST /oauth/revoke": {"token": "x", "client_assertion": "x"},
    "POST /oauth/introspect": {"token": "x", "client_assertion": "x"},
}
"""Good fields for everything that takes a form."""


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
        """Whether the role vetting opens it."""
        return any(word in self.template for word in ("applications", "bounds", "cases", "requesters", "measures"))

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
        "release_id": world.waiting,
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
