"""Who lives in the installation that is attacked: made through public acts over HTTP, as outsiders would.

Only the founding ceremony has no HTTP surface. Attacks leave the world as they found it, or attack something
that they made themselves (``person``, ``bank``, ``granted``).
"""

import dataclasses
import itertools
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.attacks.server import Installation
from tests.attacks.watch import Watch
from tests.requesters.samples import application, text
from vault.accounts.numbers import check_character
from vault.cli.story import bank as story
from vault.cli.story import browser as story_browser
from vault.cli.story.bank import Pushed, new_key
from vault.cli.story.browser import Form, expect, forms
from vault.registry import Founder, found
from vault.requesters.uscc import check_character as uscc_character
from vault.signin import Doorway, prepare

PASSWORD = "correct horse battery staple"
REASON = "papers are in order"
REDIRECT = "http://127.0.0.1:9/callback"
STAFF = {
    "first": ("officer", "林海", "数据登记中心", ("vetting", "recovery-registry")),
    "second": ("officer", "Ada Wong", "数据登记中心", ("vetting", "release")),
    "third": ("officer", "周敏", "数据登记中心", ("release",)),
    "regulator": ("regulator", "韩冰", "网信监督办公室", ("oversight", "recovery-supervisor")),
}
DECLARED = {
    "identity.name": (["raw", "masked"], True),
    "identity.birthdate": (["predicate:over_18"], False),
    "identity.national_id": (["masked"], False),
    "identity.nationality": (["raw"], False),
    "contact.phone_number": (["raw", "masked", "relay"], False),
    "contact.email": (["raw", "relay"], False),
    "employment.monthly_income": (["band"], False),
}
GENERAL = {"identity.name": "raw", "contact.phone_number": "masked", "identity.birthdate": "predicate:over_18"}
SENSITIVE = {"identity.national_id": "masked"}
SECTIONS: dict[str, dict[str, Any]] = {
    "contact": {"phone_number": "+8613800130013", "email": "jingyi.ouyang@example.com"},
    "preferences": {"notes": "Please write, do not call."},
}
_NO_TLS = ssl.create_default_context()
"""Made once: a client that makes its own spends most of its life loading certificates, and all of this is loopback."""


def case_of(application_id: str) -> str:
    """The first case of an application, which has its number."""
    return f"cas_{application_id[4:]}"


class Browser(story_browser.Browser):
    """The story's browser."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = httpx.AsyncClient(base_url=base, timeout=40, follow_redirects=False, verify=_NO_TLS)


@dataclass
class Bank(story.Bank):
    """The story's bank."""

    grant: str = ""
    requester: str = ""
    declaration: str = ""
    applied: dict[str, str] = field(default_factory=dict)
    """What its application was answered with."""

    def __post_init__(self) -> None:
        self.http = httpx.AsyncClient(base_url=self.base, timeout=40, verify=_NO_TLS)


@dataclass
class Person:
    """Somebody with a vault, signed in."""

    name: str
    number: str
    login: str
    password: str
    browser: Browser

    @property
    def registration(self) -> dict[str, Any]:
        """What they sent to open the vault."""
        return {
            "name": self.name,
            "national_id": {"scheme": "cn-ric", "number": self.number},
            "login": self.login,
            "password": self.password,
            "locale": "zh-CN",
        }


@dataclass
class World:
    """The installation and everybody in it. ``staff`` by the names of STAFF; two persons, two banks."""

    at: Installation
    watch: Watch
    stack: AsyncExitStack
    staff: dict[str, Browser] = field(default_factory=dict)
    members: dict[str, Browser] = field(default_factory=dict)
    """Of the first bank: administrator, keys, auditor; of the second one: stranger, its administrator."""
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def base(self) -> str:
        """The address everything is attacked at."""
        return self.at.base

    async def peopled(self) -> "World":
        """Found the registry, let everybody in, give the grants that attackers would like to use."""
        await self._found()
        self.anna, self.bao = await self.person("欧阳静怡"), await self.person("包志强")
        self.harbour, self.valley = await self.bank(), await self.bank()
        self.token = await self.granted(self.anna, self.harbour, GENERAL | SENSITIVE)
        self.other_token = await self.granted(self.bao, self.valley, GENERAL)
        self.waiting = (await self.token.release(list(SENSITIVE), key="waits")).json()["release"]
        idle = (await self.apply(new_key("idle"))).json()
        self.application, self.application_token = idle["application"], idle["status_token"]
        await self._staffed()
        return self

    async def _staffed(self) -> None:
        """The banks' own people, an open invitation, a change that waits for a second member."""
        first = self.members["administrator"] = await self.first_member(self.harbour)
        self.members["stranger"] = await self.first_member(self.valley)
        self.members["keys"] = await self.invited(first, "keys")
        self.members["auditor"] = await self.invited(first, "audit")
        self.member = (await self.members["keys"].get("/v1/me"))["id"]
        path = "/v1/organisation/two-members"
        self.change = expect(await first.send("POST", path, {"two_members": True}), 200).json()["change"]
        made = await first.send("POST", "/v1/organisation/invitations", {"roles": ["audit"]})
        self.invitation = expect(made, 201).json()["invitation"]

    async def first_member(self, bank: Bank) -> Browser:
        """A bank's administrator, who comes in with the token of its application."""
        return await self.joined(bank.applied["application"], bank.applied["status_token"])

    async def invited(self, by: Browser, *roles: str) -> Browser:
        """A member with these roles, by invitation."""
        made = expect(await by.send("POST", "/v1/organisation/invitations", {"roles": list(roles)}), 201).json()
        return await self.joined(made["invitation"], made["token"])

    async def joined(self, number: str, token: str) -> Browser:
        """Somebody joins with a ticket and signs in."""
        browser, login = await self.newcomer(), f"member.{next(self._numbers)}"
        body = {"number": number, "token": token, "name": "李雷", "login": login, "password": PASSWORD}
        expect(await browser.send("POST", "/v1/members", body), 201)
        await browser.sign_in("member", login, PASSWORD)
        return browser

    async def entries(self, event: str) -> int:
        """How many entries of that name there are in the tree, once everything recorded is there."""
        await self.at.settled()
        counted = await self.at.administrator.rows("SELECT count(*) AS n FROM ledger_bodies WHERE event = $1", event)
        return int(counted[0]["n"])

    def browser(self) -> Browser:
        """A new caller without cookies."""
        made = Browser(self.base)
        self.stack.push_async_callback(made.http.aclose)
        self.watch.follow(made.http)
        return made

    async def newcomer(self) -> Browser:
        """A new caller with a form token."""
        made = self.browser()
        await made.get("/v1/catalogue")
        return made

    async def _found(self) -> None:
        settings, database = self.at.settings, self.at.database
        queue = self.at.app.state.doors.doorway.queue
        ops, mem = settings.argon2_passes, settings.argon2_memory
        doorway = Doorway(queue=queue, ring=database.ring, minutes=settings.session_minutes, ops=ops, mem=mem)
        founders = [
            Founder(realm, name, organisation, part, roles, part, await prepare(doorway, f"{PASSWORD} {part}"))
            for part, (realm, name, organisation, roles) in STAFF.items()
        ]
        await database.run(found, founders)
        for part in STAFF:
            self.staff[part] = await self.sign_in(part, STAFF[part][0], f"{PASSWORD} {part}")

    async def sign_in(self, login: str, realm: str, password: str) -> Browser:
        """A browser with a fresh sign-in."""
        browser = self.browser()
        await browser.sign_in(realm, login, password)
        return browser

    def number(self) -> str:
        """A resident identity number that nobody has used."""
        first = f"11010119900101{next(self._numbers):03}"
        return first + check_character(first)

    async def person(self, name: str = "陈一") -> Person:
        """Somebody new registers, signs in and fills in sections."""
        browser, number = await self.newcomer(), self.number()
        made = Person(name, number, f"person.{number[14:17]}", f"{PASSWORD} {number[14:17]}", browser)
        expect(await browser.send("POST", "/v1/registrations", made.registration), 202)
        await browser.sign_in("person", made.login, made.password)
        for section, document in SECTIONS.items():
            expect(await browser.send("PUT", f"/v1/me/sections/{section}", document, If_None_Match="*"), 201)
        identity = {"name": name, "national_id": made.registration["national_id"], "birthdate": "1990-01-01"}
        expect(await browser.send("PUT", "/v1/me/sections/identity", identity, If_Match='"1"'), 200)
        return made

    async def apply(self, key: Any, **changes: Any) -> httpx.Response:
        """An organisation of its own applies with this client key."""
        first = f"91350100M{next(self._numbers):08}"
        items = [
            {"item": item, "forms": forms, "required": required, "necessity": text(item)}
            for item, (forms, required) in DECLARED.items()
        ]
        body = application(
            organisation__uscc=first + uscc_character(first),
            client__redirect_uris=[REDIRECT],
            client__jwks={"keys": [key.as_dict(private=False)]},
            declaration__items=items,
            declaration__frequency={"per": "day", "count": 1000},
            declaration__max_uses=1000,
            **changes,
        )
        answer = await self.staff["first"].http.post("/v1/applications", json=body)
        if answer.status_code == 201:
            await self.check(answer.json()["application"])
        return answer

    async def check(self, application_id: str) -> httpx.Response:
        """The checks of an application are run at the desk."""
        return await self.staff["first"].send("POST", f"/v1/desk/cases/{case_of(application_id)}/checks", {})

    async def decide(self, part: str, application_id: str, decision: str = "approve") -> httpx.Response:
        """A member of staff decides about an application."""
        path = f"/v1/desk/applications/{application_id}/decisions"
        return await self.staff[part].send("POST", path, {"decision": decision, "reason": REASON})

    async def bank(self) -> Bank:
        """A bank applies and both vetting officers approve."""
        bank = Bank(self.base, REDIRECT)
        self.stack.push_async_callback(bank.http.aclose)
        self.watch.follow(bank.http)
        await bank.__aenter__()
        bank.applied = expect(await self.apply(bank.key), 201).json()
        applied = bank.applied["application"]
        expect(await self.decide("first", applied), 200)
        decided = expect(await self.decide("second", applied), 200).json()
        bank.client_id, bank.requester, bank.declaration = (
            decided[name] for name in ("client_id", "requester", "declaration")
        )
        return bank

    def twin(self, bank: Bank) -> Bank:
        """The same client with a DPoP key of its own and no tokens."""
        made = dataclasses.replace(bank, dpop_key=new_key("dpop"), access_token="", refresh_token="")
        made.metadata = bank.metadata
        self.stack.push_async_callback(made.http.aclose)
        self.watch.follow(made.http)
        return made

    async def asked(self, person: Person, bank: Bank, items: dict[str, str], **limits: Any) -> tuple[Pushed, Form]:
        """The bank asks, and the person opens the consent page."""
        wanted = [{"item": item, "form": form} for item, form in items.items()]
        answer, pushed = await bank.push(wanted, **({"duration_days": 30, "max_uses": 500} | limits))
        expect(answer, 201)
        page = expect(await person.browser.page(bank.authorize_url(pushed)), 200)
        return pushed, decision_form(page.text)

    async def allowed(self, person: Person, bank: Bank, items: dict[str, str], **limits: Any) -> tuple[Pushed, str]:
        """The person allows everything; where their browser is sent, with the code."""
        pushed, form = await self.asked(person, bank, items, **limits)
        yes = [(name, value) for name, value, _ in form.boxes]
        done = expect(await person.browser.submit(form, [*yes, ("decision", "allow")]), 303)
        return pushed, str(done.headers["location"])

    async def granted(self, person: Person, bank: Bank, items: dict[str, str] | None = None, **limits: Any) -> Bank:
        """The same client with tokens of a new grant, bound to a key of its own."""
        made = self.twin(bank)
        pushed, location = await self.allowed(person, made, items or GENERAL, **limits)
        answer = expect(await made.redeem(location, pushed), 200)
        made.grant = answer.json()["grant_id"]
        return made


def decision_form(page: str) -> Form:
    """The form on a consent page that decides."""
    return next(form for form in forms(page) if any(name == "decision" for name, _ in form.buttons))
