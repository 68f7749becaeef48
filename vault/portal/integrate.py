"""The integrator's pages: every check of the authorization server, and what to mend when it refuses."""

from litestar import get
from litestar.params import FromPath
from litestar.response import Template

from vault.authserver.mending import MENDING, address
from vault.authserver.mending_backchannel import BACKCHANNEL
from vault.authserver.mending_callers import CALLERS
from vault.authserver.mending_requests import REQUESTS
from vault.edge.request import VaultRequest
from vault.errors import NotFound
from vault.portal.languages import N_
from vault.portal.pages import page


@get("/integrate/errors")
async def checks(request: VaultRequest) -> Template:
    """Every check, in the groups in which requests meet them."""
    groups = [(N_("Who is calling"), CALLERS), (N_("What is asked for"), REQUESTS), (N_("Out of band"), BACKCHANNEL)]
    return page(request, "checks", groups=groups)


@get("/integrate/errors/{check:str}")
async def check_page(request: VaultRequest, check: FromPath[str]) -> Template:
    """What one check wants: the page its ``error_uri`` leads to."""
    if check not in MENDING:
        raise NotFound
    return page(request, "check", check=check, mend=MENDING[check], uri=address(request.doors.issuer, check))
