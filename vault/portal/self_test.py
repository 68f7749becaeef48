"""The self-test: a request is pasted, and every check says whether it would pass and what to mend."""

from typing import Any, Final

from litestar import get, post
from litestar.response import Template

from vault import ids
from vault.authserver.selftest import Finding, Trial
from vault.edge.request import VaultRequest
from vault.edge.self_test import own_clients, try_request
from vault.errors import NotFound
from vault.portal.forms import read_form
from vault.portal.languages import N_
from vault.portal.pages import language_of, page
from vault.requesters.owned import OwnClient
from vault.signin import MEMBER

_GROUPS: Final = {
    "form": N_("The form"),
    "assertion": N_("Who is calling"),
    "proof": N_("The DPoP proof"),
    "request": N_("What is asked for"),
}
_FIELDS: Final = ("client", "target", "body", "dpop")
_LONGEST: Final = 100_000


@get("/organisation/self-test")
async def self_test_page(request: VaultRequest) -> Template:
    """The empty form."""
    return _page(request, await request.as_holder(MEMBER, own_clients), dict.fromkeys(_FIELDS, ""), None)


@post("/organisation/self-test", status_code=200)
async def self_test(request: VaultRequest) -> Template:
    """The verdicts, beside what was pasted."""
    form = await read_form(request)
    typed = {name: form.text(name)[:_LONGEST] for name in _FIELDS}
    trial = Trial("token" if typed["target"] == "token" else "par", typed["body"], typed["dpop"] or None)
    clients = await request.as_holder(MEMBER, own_clients)
    try:
        found = await request.as_holder(MEMBER, try_request, request.doors.authserver, typed["client"], trial)
    except NotFound:
        found = None
    return _page(request, clients, typed, found, chosen=found is not None)


def _page(
    request: VaultRequest,
    clients: list[OwnClient],
    typed: dict[str, str],
    found: list[Finding] | None,
    *,
    chosen: bool = True,
) -> Template:
    spoken = language_of(request)
    groups: list[dict[str, Any]] = [
        {"title": spoken.gettext(title), "findings": [each for each in found or () if each.group == group]}
        for group, title in _GROUPS.items()
    ]
    return page(
        request,
        "organisation/self_test",
        realm=MEMBER,
        clients=[{"id": ids.public(ids.CLIENT, each.id), "name": each.metadata.client_name} for each in clients],
        typed=typed,
        tried=found is not None,
        failing=sum(each.complaint is not None for each in found or ()),
        groups=[group for group in groups if group["findings"]],
        urls={"par": request.doors.authserver.par_url, "token": request.doors.authserver.token_url},
        problem="" if chosen else spoken.gettext("Choose one of your clients."),
    )
