"""The kit of a sandbox: what an outside client needs to go every way there is, in the shape of the story's kit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from vault import ids
from vault.db import Session
from vault.errors import Invalid
from vault.ids import RequesterId
from vault.ledger.events import Actor
from vault.profile.catalogue import catalogue
from vault.requesters import register
from vault.requesters.owned import OwnClient
from vault.requesters.redirects import is_loopback
from vault.requesters.sandboxes import sandbox_for
from vault.requesters.views import DeclarationView
from vault.sandbox.persons import MOST, Login, SandboxPerson, make

METADATA: Final = "/.well-known/oauth-authorization-server"
NEXT: Final = (
    "Put the private half of your client key into client.json as client_key (a JWK); this server never had it.",
    "Take a redirect URI on loopback: a member with the role keys adds one at /organisation/clients, without vetting.",
    "Run one of the three programs in examples/: each takes the folder of this kit as its one argument.",
    "Open the address it prints, sign in as a test person (person.json), and allow.",
    "Where a check refuses a request, paste it at /organisation/self-test.",
)
"""What to do with it, in order. Technical English, as all of the machine front."""


@dataclass(frozen=True)
class Wanted:
    """For which client (its own id or its sandbox's), and whose place a new test person takes. ``requester``: whose
    client it must be; None where the operator asks."""

    client: UUID
    requester: RequesterId | None = None
    replaces: int | None = None


@dataclass(frozen=True)
class Kit:
    """The sandbox client, what it may ask for, and test persons who were made just now, each with its sign-in."""

    client: OwnClient
    declaration: DeclarationView
    persons: list[tuple[SandboxPerson, Login]]

    def files(self, issuer: str) -> dict[str, Any]:
        """server.json, client.json, and person.json, person-2.json, …: by file name, as JSON data."""
        people = {
            f"person{'' if place == 1 else f'-{place}'}.json": {
                "realm": "person",
                "login": login.login,
                "password": login.password,
                "name": person.name,
                "number": person.number,
            }
            for place, (person, login) in enumerate(self.persons, 1)
        }
        return {"server.json": _server(issuer), "client.json": self._client(issuer)} | people

    def _client(self, issuer: str) -> dict[str, Any]:
        declared = self.declaration
        declaration = ids.public(ids.DECLARATION, declared.id)
        uris = self.client.redirect_uris
        return {
            "client_id": ids.public(ids.CLIENT, self.client.id),
            "sandbox_of": ids.public(ids.CLIENT, self.client.sandbox_of) if self.client.sandbox_of else None,
            "redirect_uri": next((uri for uri in uris if is_loopback(uri)), uris[0]),
            "redirect_uris": uris,
            "client_key": None,
            "requester": ids.public(ids.REQUESTER, declared.requester_id),
            "declaration": declaration,
            "registration_certificate": f"{issuer}/v1/register/declarations/{declaration}/certificate",
            "items": [_item(each.item, each.forms, required=each.required) for each in declared.body.items],
        }


async def make_kit(session: Session, wanted: Wanted, logins: Sequence[Login], *, by: Actor) -> Kit:
    """A kit, with as many new test persons as there are logins.

    Raises NotFound for another organisation's client, NotLive where the sandbox is not in force, Invalid, Conflict,
    TooManyTestPersons.
    """
    if len(logins) > MOST or (wanted.replaces is not None and len(logins) != 1):
        raise Invalid.field("persons", f"must be 0 to {MOST}, and 1 where it takes another one's place")
    sandbox = await sandbox_for(session, wanted.client, by=by, requester=wanted.requester)
    await register.client(session, sandbox.id)
    declared = await register.declaration(session, sandbox.declaration_id)
    made = [
        (await make(session, declared.requester_id, login, by=by, replaces=wanted.replaces), login) for login in logins
    ]
    return Kit(sandbox, declared, made)


def _server(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "api": f"{issuer}/v1",
        "metadata": f"{issuer}{METADATA}",
        "releases": f"{issuer}/v1/releases",
        "log_key": f"{issuer}/v1/ledger/key",
        "self_test": f"{issuer}/organisation/self-test",
    }


def _item(item: str, forms: Sequence[str], *, required: bool) -> dict[str, Any]:
    field = catalogue().find(item)
    return {
        "item": item,
        "form": forms[0],
        "forms": list(forms),
        "required": required,
        "sensitive": field is not None and field.is_sensitive,
    }
