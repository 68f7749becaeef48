"""Errors as pages: whoever is not signed in is led to the right door, everything else is explained."""

from typing import Final
from urllib.parse import urlencode

from litestar.response import Redirect, Template

from vault.edge.problems import FormTokenMissing, headers_of, status_of
from vault.edge.request import VaultRequest
from vault.errors import Unauthenticated, VaultError
from vault.portal.pages import here, language_of, page, see_other

DOORS: Final = {
    "/desk": "/desk/sign-in",
    "/oversight": "/oversight/sign-in",
    "/organisation": "/organisation/sign-in",
}
"""Which sign-in page belongs to which part of the site; all the rest is for persons."""


def error_page(request: VaultRequest, error: VaultError) -> Template | Redirect:
    """The error as a page. After a failed GET somebody who has to sign in comes back to where they were."""
    if isinstance(error, Unauthenticated):
        back = here(request) if request.method in {"GET", "HEAD"} else ""
        return see_other(
            f"{door_of(request.url.path)}?{urlencode({'next': back})}" if back else door_of(request.url.path)
        )
    language = language_of(request)
    answer = page(
        request,
        "problem",
        status=status_of(error),
        name=error.name,
        title=language.gettext(error.title),
        detail=language.gettext(error.public) if error.public != error.title else "",
        errors=_errors(error),
        advice=language.gettext(error.advice),
        request_id=request.request_id,
    )
    answer.headers.update(headers_of(error))
    if isinstance(error, FormTokenMissing):  # a stale token cookie would never be replaced otherwise
        answer.cookies.append(request.doors.jar.end("csrf"))
    return answer


def door_of(path: str) -> str:
    """The sign-in page for an address."""
    part = "/" + path.strip("/").partition("/")[0]
    return DOORS.get(part, "/sign-in")


def _errors(error: VaultError) -> list[str]:
    errors = error.members.get("errors")
    return [f"{each['field']}: {each['why']}" for each in errors] if isinstance(errors, list) else []
