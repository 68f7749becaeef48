"""The sandbox: what an organisation has to try with, and a kit whose passwords are shown once."""

import json
from typing import Any, Final

from litestar import get, post
from litestar.response import Template

from vault import ids
from vault.edge.request import VaultRequest
from vault.edge.sandbox import ROLES, Asked, Sandbox, open_kit, sandbox
from vault.errors import Conflict, Invalid, NotFound, VaultError
from vault.portal.forms import Form, read_form
from vault.portal.languages import N_
from vault.portal.pages import language_of, page
from vault.requesters.liveness import NotLive
from vault.requesters.owned import OwnClient
from vault.sandbox.kit import Kit
from vault.sandbox.persons import MOST
from vault.signin import MEMBER

_NEW: Final = "new"
_NEXT: Final = (
    N_("Put the private half of your client key into client.json as client_key: this server never had it."),
    N_("Where you need a return address on your own machine, add it to the sandbox client under “Keys”."),
    N_("Run one of the three programs in examples/ with the folder as its argument, and open the address it prints."),
    N_("Sign in as a test person, and allow."),
    N_("Where a request is refused, paste it into the self-test."),
)


@get("/organisation/sandbox")
async def sandbox_page(request: VaultRequest) -> Template:
    """What there is, and the form for a kit."""
    return _page(request, await request.as_holder(MEMBER, sandbox))


@post("/organisation/sandbox", status_code=200)
async def open_sandbox_page(request: VaultRequest) -> Template:
    """A kit; this page shows its passwords, and nothing keeps them."""
    form, doors = await read_form(request), request.doors
    kit, failed = None, None
    try:
        async with request.acting(MEMBER) as holder:
            kit = await open_kit(doors.database, doors.doorway, holder, _asked(form))
    except (Conflict, Invalid, NotFound, NotLive) as error:
        failed = error
    return _page(request, await request.as_holder(MEMBER, sandbox), kit=kit, failed=failed)


def _asked(form: Form) -> Asked:
    """Nobody, somebody new, or somebody new in the place of number 1 to 5."""
    person = form.text("person")
    if person in {"", _NEW}:
        return Asked(form.text("client"), persons=1 if person else 0)
    if person not in {str(number) for number in range(1, MOST + 1)}:
        raise Invalid.field("person", "is not one of the choices")
    return Asked(form.text("client"), replaces=int(person))


def _page(
    request: VaultRequest, found: Sandbox, *, kit: Kit | None = None, failed: VaultError | None = None
) -> Template:
    spoken = language_of(request)
    problem = "" if failed is None else f"{spoken.gettext(failed.title)}. {spoken.gettext(failed.advice)}"
    context: dict[str, Any] = {
        "may": bool(set(ROLES) & set(found.me.roles)),
        "choices": [_client(each) for each in _offered(found.clients)],
        "sandboxes": [_client(each) for each in found.clients if each.sandbox_of is not None],
        "persons": found.persons,
        "full": len(found.persons) >= MOST,
        "most": MOST,
        "logins": [(person, login) for person, login in kit.persons] if kit else [],
        "files": _files(kit, request.doors.issuer) if kit else [],
        "steps": [spoken.gettext(step) for step in _NEXT],
        "problem": problem,
    }
    return page(request, "organisation/sandbox", realm=MEMBER, status=failed.status if failed else 200, **context)


def _files(kit: Kit, issuer: str) -> list[tuple[str, str]]:
    return [(name, json.dumps(each, ensure_ascii=False, indent=2)) for name, each in kit.files(issuer).items()]


def _offered(clients: list[OwnClient]) -> list[OwnClient]:
    """One choice for each declaration's client: its sandbox, or itself where it has none yet."""
    have = {each.sandbox_of for each in clients}
    return [each for each in clients if each.id not in have and each.status == "active"]


def _client(own: OwnClient) -> dict[str, Any]:
    return {
        "id": ids.public(ids.CLIENT, own.id),
        "name": own.metadata.client_name or "",
        "of": ids.public(ids.CLIENT, own.sandbox_of) if own.sandbox_of else "",
        "status": own.status,
        "redirect_uris": own.redirect_uris,
    }
