"""The consent page: an authorization request in plain words, and the person's decision about it.

Loading it decides nothing. What the page says and what is signed of it: :mod:`vault.portal.asking`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from litestar import get, post
from litestar.response import Redirect, Template

from vault.authserver.authorize import (
    AuthorizationRequest,
    close_request,
    issue_code,
    load_request,
)
from vault.authserver.errors import OAuthError
from vault.authserver.managing import NotTheirs, offer_to
from vault.authserver.responses import code_answer, refusal_answer
from vault.authserver.server import AuthServer
from vault.consent import GrantMoved, Offer, decline, give
from vault.consent.decide import NotChosen
from vault.db import Session
from vault.edge.envelope import content_policy
from vault.edge.request import VaultRequest
from vault.errors import NotFound, Refused, Unauthenticated, VaultError
from vault.ids import PersonId
from vault.portal.asking import (
    Lacking,
    NoticeChanged,
    Ticks,
    ask_context,
    choice_of,
    earlier_ticks,
    notice_digest,
    notice_of,
    with_values,
)
from vault.portal.forms import Form, read_form
from vault.portal.languages import Language
from vault.portal.pages import here, language_of, page, see_other
from vault.portal.words import said_of, word
from vault.sandbox.wall import OtherSide
from vault.signin import PERSON, Holder


@dataclass(frozen=True)
class Asked:
    """What the browser brought: whom and which request it speaks of."""

    client_id: str
    request_uri: str


@get("/oauth/authorize")
async def consent_page(request: VaultRequest) -> Template | Redirect:
    """Put a pushed request before the person it is for."""
    query, spoken = request.query_params, language_of(request)
    asked = Asked(query.get("client_id", "")[:200], query.get("request_uri", "")[:500])
    try:
        shown = await request.as_holder(PERSON, _shown, asked, spoken)
    except Unauthenticated:
        return await _sign_in_first(request, asked)
    except (NotTheirs, OtherSide) as error:
        return await _not_theirs(request, asked, error)
    except (OAuthError, Refused, NotFound) as error:
        return _over(request, error)
    for stage in ("opened", "signed_in"):
        request.doors.figures.stage(stage, shown["requester_id"], of=asked.request_uri)
    return _page(request, shown, shown["earlier"])


@post("/oauth/authorize", status_code=200)
async def decide(request: VaultRequest) -> Template | Redirect:
    """The person's decision. Allowing gives the grant and its code in one transaction."""
    form = await read_form(request)
    spoken = form.language or language_of(request)
    asked = Asked(form.text("client_id"), form.text("request_uri"))
    ticks = Ticks(frozenset(form.every("item")), form.text("sensitive_yes") == "yes")
    decision, failed = form.text("decision"), ""
    try:
        if decision in {"allow", "deny"} and not form.language:
            act = _allow if decision == "allow" else _deny
            return see_other(
                await request.as_holder(PERSON, act, asked, _Sent(form, ticks, spoken, request.doors.authserver))
            )
    except (NotChosen, NoticeChanged, Lacking, GrantMoved) as error:
        failed = f"{spoken.gettext(error.title)} · {spoken.gettext(error.advice)}"
    except (OAuthError, Refused, NotFound) as error:
        return _over(request, error)
    try:
        shown = await request.as_holder(PERSON, _shown, asked, spoken)
    except (NotTheirs, OtherSide) as error:
        return await _not_theirs(request, asked, error)
    return _page(request, shown, ticks, language=form.language, problem=failed)


async def _sign_in_first(request: VaultRequest, asked: Asked) -> Template | Redirect:
    """Opens the request, so that it does not run out while the person signs in; the door brings them back here."""
    try:
        loaded = await request.doors.database.run(load_request, asked.request_uri, asked.client_id)
    except (OAuthError, Refused, NotFound) as error:
        return _over(request, error)
    request.doors.figures.stage("opened", loaded.client.requester_id, of=asked.request_uri)
    return see_other(f"/sign-in?{urlencode({'next': here(request)})}")


@dataclass(frozen=True)
class _Sent:
    form: Form
    ticks: Ticks
    spoken: Language
    server: AuthServer


async def _allow(session: Session, holder: Holder, asked: Asked, sent: _Sent) -> str:
    loaded = await load_request(session, asked.request_uri, asked.client_id)
    try:
        offer = await offer_to(session, PersonId(holder.id), loaded)
    except (NotTheirs, OtherSide):  # whatever the person says: to the requester it is a no
        return await _deny(session, holder, asked, sent)
    notice = _notice(loaded, offer, sent.spoken, session.now)
    if sent.form.text("notice") != notice_digest(notice).hex():
        raise NoticeChanged
    choice = await choice_of(session, holder, offer, notice=notice, ticks=sent.ticks)
    given = await give(session, holder, offer, choice)
    code = await issue_code(session, given, loaded, person=PersonId(holder.id))
    return code_answer(sent.server, loaded, code)


async def _deny(session: Session, holder: Holder, asked: Asked, sent: _Sent) -> str:
    loaded = await load_request(session, asked.request_uri, asked.client_id)
    await decline(session, holder, loaded.offer)
    await close_request(session, loaded)
    return refusal_answer(sent.server, loaded)


def _notice(loaded: AuthorizationRequest, offer: Offer, spoken: Language, now: datetime) -> dict[str, Any]:
    host = urlsplit(loaded.redirect_uri).hostname or ""
    return notice_of(offer, spoken, now, return_host=host, has_certificate=loaded.has_certificate)


async def _shown(session: Session, holder: Holder, asked: Asked, spoken: Language) -> dict[str, Any]:
    """What the page needs: the notice, and for each item what the person has and what would leave."""
    loaded = await load_request(session, asked.request_uri, asked.client_id)
    offer = await offer_to(session, PersonId(holder.id), loaded)
    notice = _notice(loaded, offer, spoken, session.now)
    items, lacking = await with_values(session, holder, offer.terms, notice)
    return {
        "requester_id": loaded.client.requester_id,
        "ask": notice | {"items": items, "client_id": asked.client_id, "request_uri": asked.request_uri},
        "lacking": lacking,
        "notice": notice_digest(notice).hex(),
        "decide_by": loaded.decide_by,
        "goes_to": _origin(loaded.redirect_uri),
        "earlier": earlier_ticks(offer),
    }


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def _page(
    request: VaultRequest, shown: dict[str, Any], ticks: Ticks, *, language: Language | None = None, problem: str = ""
) -> Template:
    spoken = language or language_of(request)
    answer = page(
        request,
        "consent",
        language=language,
        status=422 if problem else 200,
        realm=PERSON,
        page_form=True,
        problem=problem,
        words=lambda code: word(spoken, code),
        said=lambda value: said_of(spoken, value),
        **(shown | {"ask": ask_context(shown["ask"], ticks)}),
    )
    # Browsers hold redirects after a form to form-action too (CSP level 3): the way back must be allowed.
    answer.headers["Content-Security-Policy"] = content_policy(f"'self' {shown['goes_to']}")
    return answer


def _over(request: VaultRequest, error: VaultError) -> Template:
    """Nothing can be decided; never a redirect, since it is not certain where to (RFC 9700 section 4.11)."""
    return page(request, "consent_over", status=400, detail=language_of(request).gettext(error.public))


async def _not_theirs(request: VaultRequest, asked: Asked, error: VaultError) -> Template:
    """The only way on is back to the organisation, which hears what it would hear from a no."""
    loaded = await request.doors.database.run(load_request, asked.request_uri, asked.client_id)
    answer = page(
        request,
        "consent_not_theirs",
        realm=PERSON,
        page_form=True,
        problem=language_of(request).gettext(error.title),
        asked=asked,
        host=urlsplit(loaded.redirect_uri).hostname or "",
    )
    answer.headers["Content-Security-Policy"] = content_policy(f"'self' {_origin(loaded.redirect_uri)}")
    return answer
