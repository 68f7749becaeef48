"""References a person makes for a regulator: shown once, ended at any time."""

from litestar import get, post
from litestar.response import Template

from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import TooMany
from vault.oversight import end_references, make_reference
from vault.portal.forms import read_form
from vault.portal.languages import N_
from vault.portal.pages import language_of, page
from vault.signin import PERSON, Holder

_MANY = N_("You made many references already. End them, or wait a week.")


@get("/references")
async def references_page(request: VaultRequest) -> Template:
    """What a reference is, and a button to make one."""
    await request.as_holder(PERSON, _nobody)
    return page(request, "person/references", realm=PERSON, made=None)


@post("/references", status_code=200)
async def change_references(request: VaultRequest) -> Template:
    """Make one, or end all."""
    form, spoken = await read_form(request), language_of(request)
    if form.text("act") == "end":
        count = await request.as_holder(PERSON, end_references)
        done = (
            spoken.gettext("Every reference you made has ended.") if count else spoken.gettext("There was none to end.")
        )
        return page(request, "person/references", realm=PERSON, made=None, done=done)
    try:
        made = await request.as_holder(PERSON, make_reference)
    except TooMany:
        return page(request, "person/references", status=429, realm=PERSON, made=None, problem=spoken.gettext(_MANY))
    return page(request, "person/references", realm=PERSON, made=made)


HANDLERS = (references_page, change_references)


async def _nobody(_session: Session, _holder: Holder) -> None:
    """Only that somebody is signed in."""
