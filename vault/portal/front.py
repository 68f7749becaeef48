"""Pages for everybody: the welcome page, the language switch, what error messages mean."""

from litestar import get
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault.edge.problems import family
from vault.edge.request import VaultRequest
from vault.errors import NotFound
from vault.portal.languages import languages
from vault.portal.pages import language_cookie, local, page, see_other


@get("/")
async def welcome(request: VaultRequest) -> Template:
    """Where everybody begins."""
    return page(request, "welcome")


@get("/language")
async def language(request: VaultRequest) -> Redirect:
    """Remember the page language and go back to the page."""
    answer = see_other(local(request.query_params.get("next", "/"), "/"))
    chosen = languages().get(request.query_params.get("to", ""))
    if chosen is not None:
        answer.cookies.append(language_cookie(request, chosen))
    return answer


@get("/problems")
async def problems(request: VaultRequest) -> Template:
    """Every kind of refusal."""
    return page(request, "problems", kinds=list(family().values()))


@get("/problems/{name:str}")
async def problem_type(request: VaultRequest, name: FromPath[str]) -> Template:
    """What one kind of refusal means and what to do about it: the page its ``type`` leads to."""
    kind = family().get(name)
    if kind is None:
        raise NotFound
    return page(request, "problem_type", kind=kind, type=f"{request.doors.issuer}/problems/{kind.name}")
