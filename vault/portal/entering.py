"""Registering, signing in and out, for every realm."""

from dataclasses import dataclass
from typing import Final

from litestar import get, post
from litestar.response import Redirect, Template

from vault.edge.entering import enter, leave
from vault.edge.registering import Registration, open_vault
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, TooMany, Unauthenticated, Unavailable
from vault.portal.forms import Form, read_form, wrong_fields
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, local, page, see_other
from vault.portal.reasons import reasons
from vault.signin import MEMBER, OFFICER, PERSON, REGULATOR

_HEADINGS: Final = {
    PERSON: N_("Sign in to your vault"),
    OFFICER: N_("Sign in as an officer"),
    REGULATOR: N_("Sign in as a regulator"),
    MEMBER: N_("Sign in for your organisation"),
}
_PLACES: Final = {
    PERSON: "/sign-in",
    OFFICER: "/desk/sign-in",
    REGULATOR: "/oversight/sign-in",
    MEMBER: "/organisation/sign-in",
}
_INSIDE: Final = {PERSON: "/home", OFFICER: "/desk", REGULATOR: "/oversight", MEMBER: "/organisation"}
_CONSENT: Final = "/oauth/authorize?"


@get("/sign-in")
async def sign_in_page(request: VaultRequest) -> Template:
    """The door for persons."""
    return _door(request, PERSON, _Typed(request.query_params.get("next", "")))


@get("/desk/sign-in")
async def desk_door(request: VaultRequest) -> Template:
    """The door for officers."""
    return _door(request, OFFICER, _Typed(request.query_params.get("next", "")))


@get("/oversight/sign-in")
async def oversight_door(request: VaultRequest) -> Template:
    """The door for regulators."""
    return _door(request, REGULATOR, _Typed(request.query_params.get("next", "")))


@get("/organisation/sign-in")
async def organisation_door(request: VaultRequest) -> Template:
    """The door for members of organisations."""
    return _door(request, MEMBER, _Typed(request.query_params.get("next", "")))


@post("/sign-in", status_code=200)
async def sign_in(request: VaultRequest) -> Template | Redirect:
    """A person signs in."""
    return await _sign_in(request, PERSON)


@post("/desk/sign-in", status_code=200)
async def desk_sign_in(request: VaultRequest) -> Template | Redirect:
    """An officer signs in."""
    return await _sign_in(request, OFFICER)


@post("/oversight/sign-in", status_code=200)
async def oversight_sign_in(request: VaultRequest) -> Template | Redirect:
    """A regulator signs in."""
    return await _sign_in(request, REGULATOR)


@post("/organisation/sign-in", status_code=200)
async def organisation_sign_in(request: VaultRequest) -> Template | Redirect:
    """A member of an organisation signs in."""
    return await _sign_in(request, MEMBER)


@post("/sign-out", status_code=303)
async def sign_out(request: VaultRequest) -> Redirect:
    """Whoever is signed in leaves."""
    answer = see_other("/")
    answer.cookies.extend(await leave(request))
    return answer


@get("/register")
async def register_page(request: VaultRequest) -> Template:
    """The form for a new vault."""
    return page(request, "register", page_form=True, values={"name": "", "number": "", "login": ""})


@post("/register", status_code=200)
async def register(request: VaultRequest) -> Template:
    """Open a vault; the next page says the same in every case."""
    form = await read_form(request)
    spoken = form.language or language_of(request)
    if form.language:
        return _register_again(request, form, spoken)
    try:
        await open_vault(
            request.doors,
            Registration(
                name=form.text("name"),
                scheme="cn-ric",
                number=form.text("national_id.number"),
                login=form.text("login"),
                password=form.exact("password"),
                locale=spoken.tag,
            ),
        )
    except Invalid as error:
        return _register_again(request, form, spoken, wrong=wrong_fields(error))
    except Conflict as error:
        return _register_again(request, form, spoken, wrong={"login": error.title})
    except Unavailable as error:
        return _register_again(request, form, spoken, problem=spoken.gettext(error.public))
    return page(request, "registered")


def _register_again(
    request: VaultRequest, form: Form, spoken: Language, *, wrong: dict[str, str] | None = None, problem: str = ""
) -> Template:
    status = 422 if wrong else 503 if problem else 200
    values = {"name": form.text("name"), "number": form.text("national_id.number"), "login": form.text("login")}
    told = reasons(spoken, wrong or {})
    return page(
        request,
        "register",
        language=form.language,
        status=status,
        page_form=True,
        values=values,
        wrong=told,
        problem=problem,
    )


async def _sign_in(request: VaultRequest, realm: str) -> Template | Redirect:
    form = await read_form(request)
    next_, login = form.text("next"), form.text("login")
    if form.language:
        return _door(request, realm, _Typed(next_, login), form.language)
    spoken = language_of(request)
    try:
        _, cookies = await enter(request, realm, login, form.exact("password"))
    except Unauthenticated as error:
        return _door(request, realm, _Typed(next_, login, spoken.gettext(error.public), 401))
    except (TooMany, Unavailable) as error:
        wait = spoken.ngettext("Try again in %(num)s second.", "Try again in %(num)s seconds.", error.retry_after)
        told = f"{spoken.gettext(error.public)} {wait % {'num': error.retry_after}}"
        return _door(request, realm, _Typed(next_, login, told, error.status))
    answer = see_other(local(next_, _INSIDE[realm]))
    answer.cookies.extend(cookies)
    return answer


@dataclass(frozen=True)
class _Typed:
    """What is kept of a failed or interrupted attempt: never the password."""

    next: str
    login: str = ""
    problem: str = ""
    status: int = 200


def _door(request: VaultRequest, realm: str, typed: _Typed, language: Language | None = None) -> Template:
    kept = local(typed.next, "")
    return page(
        request,
        "sign_in",
        language=language,
        status=typed.status,
        signed_in=False,
        realm=realm,
        page_form=True,
        heading=(language or language_of(request)).gettext(_HEADINGS[realm]),
        action=_PLACES[realm],
        next=kept,
        login=typed.login,
        problem=typed.problem,
        waiting_request=kept.startswith(_CONSENT),
        joined=realm == MEMBER and "joined" in request.query_params,
    )
