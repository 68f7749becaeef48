"""Rendering: one Jinja environment for both languages, what every page gets, redirects between pages."""

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar.datastructures import Cookie
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect, Template
from litestar.template import TemplateConfig
from markupsafe import Markup

from vault.edge.cookies import YEAR
from vault.edge.request import VaultRequest
from vault.portal.languages import N_, Language, choose, languages, utc

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
_MENUS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "person": (
        ("/home", N_("Home")),
        ("/grants", N_("Sharing")),
        ("/requests", N_("Requests")),
        ("/activity", N_("Who saw what")),
    ),
    "officer": (
        ("/desk", N_("Desk")),
        ("/desk/requesters", N_("Requesters")),
        ("/desk/mandates", N_("Mandates")),
        ("/desk/watch", N_("Watcher")),
    ),
    "regulator": (
        ("/oversight", N_("Ledger")),
        ("/oversight/figures", N_("Figures")),
        ("/oversight/reach", N_("Blast radius")),
        ("/oversight/exports", N_("Exports")),
        ("/oversight/mandate", N_("Mandate")),
        ("/oversight/cases", N_("Cases")),
        ("/oversight/powers", N_("Measures")),
        ("/oversight/lawful", N_("Access by law")),
    ),
    "member": (
        ("/organisation", N_("Organisation")),
        ("/organisation/clients", N_("Keys")),
        ("/organisation/declarations", N_("Declarations")),
        ("/organisation/grants", N_("Grants")),
        ("/organisation/releases", N_("Releases")),
        ("/organisation/members", N_("Members")),
    ),
}
_STARTS: Final = {"person": "/home", "officer": "/desk", "regulator": "/oversight", "member": "/organisation"}


def templates() -> TemplateConfig[JinjaTemplateEngine]:
    """The templates, for the application."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # set by the i18n extension
    environment.globals.update(asset=asset, utc=utc, languages=list(languages().values()))
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment))


@cache
def asset(name: str) -> str:
    """The address of a static file, with its digest: it may be kept for ever (RFC 8246)."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def language_of(request: VaultRequest) -> Language:
    """The page language of a request."""
    cookie = request.cookies.get(request.doors.jar.name("language"))
    return choose(cookie, request.headers.get("accept-language", ""))


def page(
    request: VaultRequest, template: str, *, language: Language | None = None, status: int = 200, **context: Any
) -> Template:
    """A page in the reader's language, or in the one just chosen, which is then remembered.

    ``realm`` (person, officer, regulator, member) in the context chooses the menu. ``page_form`` says that the page's
    form carries the language switch, so that what was typed is kept.
    """
    spoken = language or language_of(request)
    realm = context.get("realm")
    signed_in = context.pop("signed_in", realm is not None)
    common: dict[str, Any] = {
        "language": spoken,
        "gettext": _gettext(spoken),
        "ngettext": _ngettext(spoken),
        "menu": _menu(request.url.path, spoken, realm) if signed_in else [],
        "start": _STARTS.get(realm or "", "/") if signed_in else "/",
        "switch": lambda other: f"/language?{urlencode({'to': other.tag, 'next': here(request)})}",
        "page_form": False,
        "wide": False,
        "wrong": {},
        "problem": "",
        "done": "",
    }
    answer = Template(template_name=f"{template}.html", context=common | context, status_code=status)
    if language is not None:
        answer.cookies.append(language_cookie(request, language))
    return answer


def _menu(path: str, spoken: Language, realm: str | None) -> list[dict[str, str]]:
    """The realm's menu; ``current`` as aria-current has it: the page itself, or the part of the site that it is in."""
    entries = _MENUS.get(realm or "", ())
    inside = [href for href, _ in entries if path == href or path.startswith(f"{href}/")]
    nearest = max(inside, key=len, default="")
    return [
        {
            "href": href,
            "text": spoken.gettext(text),
            "current": "" if href != nearest else "page" if href == path else "true",
        }
        for href, text in entries
    ]


def language_cookie(request: VaultRequest, language: Language) -> Cookie:
    """Remembers the language."""
    return request.doors.jar.make("language", language.tag, seconds=YEAR)


def here(request: VaultRequest) -> str:
    """The address of this page within the site."""
    query = request.scope.get("query_string", b"").decode("ascii", "replace")
    return request.url.path + (f"?{query}" if query else "")


def local(path: str, otherwise: str) -> str:
    """The path when it leads to a page of this site, else ``otherwise`` (no open redirector: RFC 9700 2.1)."""
    parts = urlsplit(path)
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return path if is_ours and path.isprintable() and "\\" not in path and len(path) <= 2_000 else otherwise


def see_other(path: str) -> Redirect:
    """303: the next page, by GET (RFC 9110 section 15.4.4; never 307, RFC 9700 section 4.12)."""
    return Redirect(path, status_code=303)


def _gettext(language: Language) -> Callable[..., Markup]:
    def gettext(text: str, /, **values: object) -> Markup:
        return Markup(language.gettext(text)) % values  # noqa: S704 - our own text; the values are escaped

    return gettext


def _ngettext(language: Language) -> Callable[..., Markup]:
    def ngettext(one: str, many: str, num: int, /, **values: object) -> Markup:
        return Markup(language.ngettext(one, many, num)) % {"num": num, **values}  # noqa: S704 - as above

    return ngettext
