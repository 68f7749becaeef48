"""The consent page: an authorization request in plain words, and the person's decision about it.

Loading it decides nothing. What is signed is the digest of the notice as it was shown, in the language in which it
was shown; the person's own values are shown to them beside it and are no part of the digest.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from litestar import get, post
from litestar.response import Redirect, Template

from vault.authserver.authorize import (
    AuthorizationRequest,
    close_request,
    code_answer,
    issue_code,
    load_request,
    refusal_answer,
)
from vault.authserver.errors import OAuthError
from vault.consent import Choice, decline, give
from vault.consent.decide import NotChosen
from vault.consent.terms import TermItem, Terms
from vault.crypto.canonical import canonical, digest
from vault.db import Session
from vault.edge.envelope import content_policy
from vault.edge.request import VaultRequest
from vault.errors import Conflict, NotFound, Refused, Unauthenticated, VaultError
from vault.ids import PersonId
from vault.portal.forms import Form, read_form
from vault.portal.languages import CHINA, Language
from vault.portal.pages import here, language_of, page, see_other
from vault.portal.words import days, frequency, said_of, word
from vault.profile import forms, sections
from vault.signin import PERSON, Holder


@dataclass(frozen=True)
class Ticks:
    """What the person has chosen so far."""

    items: frozenset[str] = frozenset()
    sensitive_yes: bool = False


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
    except (OAuthError, Refused, NotFound) as error:
        return _over(request, error)
    return _page(request, shown, Ticks())


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
                await request.as_holder(PERSON, act, asked, _Sent(form, ticks, spoken, request.doors.issuer))
            )
    except (NotChosen, NoticeChanged) as error:
        failed = f"{spoken.gettext(error.title)} · {spoken.gettext(error.advice)}"
    except (OAuthError, Refused, NotFound) as error:
        return _over(request, error)
    shown = await request.as_holder(PERSON, _shown, asked, spoken)
    return _page(request, shown, ticks, language=form.language, problem=failed)


async def _sign_in_first(request: VaultRequest, asked: Asked) -> Template | Redirect:
    """Opens the request, so that it does not run out while the person signs in; the door brings them back here."""
    try:
        await request.doors.database.run(load_request, asked.request_uri, asked.client_id)
    except (OAuthError, Refused, NotFound) as error:
        return _over(request, error)
    return see_other(f"/sign-in?{urlencode({'next': here(request)})}")


class NoticeChanged(Conflict):
    """Between page and decision the terms, the register or the catalogue changed."""

    name, title = "notice-changed", "What is asked has changed since you opened this page"
    advice = "Read it again, then decide."


@dataclass(frozen=True)
class _Sent:
    form: Form
    ticks: Ticks
    spoken: Language
    issuer: str


async def _allow(session: Session, holder: Holder, asked: Asked, sent: _Sent) -> str:
    loaded = await load_request(session, asked.request_uri, asked.client_id)
    notice = notice_of(loaded, sent.spoken, session.now)
    if sent.form.text("notice") != notice_digest(notice).hex():
        raise NoticeChanged
    documents = await _documents(session, holder, loaded.terms)
    required = {item.item for item in loaded.terms.items if item.required}
    # What the person does not have is no more granted than what they leave out: from the grant and from its tokens
    # nobody can tell the one from the other (design, promise 9).
    absent = {term.item for term in loaded.terms.items if term.field.name not in documents[term.field.section]}
    choice = Choice(
        ticked=(sent.ticks.items - absent) | required,
        sensitive_yes=sent.ticks.sensitive_yes,
        locale=sent.spoken.tag,
        notice_digest=notice_digest(notice),
    )
    given = await give(session, holder, loaded.offer, choice)
    code = await issue_code(session, given, loaded, person=PersonId(holder.id))
    return code_answer(sent.issuer, loaded, code)


async def _deny(session: Session, holder: Holder, asked: Asked, sent: _Sent) -> str:
    loaded = await load_request(session, asked.request_uri, asked.client_id)
    await decline(session, holder, loaded.offer)
    await close_request(session, loaded)
    return refusal_answer(sent.issuer, loaded)


def notice_of(loaded: AuthorizationRequest, spoken: Language, now: datetime) -> dict[str, Any]:
    """Everything the page says besides the person's own values, in one language: what the digest is of."""
    declared, terms = loaded.declaration, loaded.terms
    body, other = declared.body, "en" if spoken.tag == "zh-CN" else "zh-CN"
    until = min(now + timedelta(days=terms.duration_days), declared.valid_until)
    return {
        "language": spoken.tag,
        "who": spoken.pick(declared.requester_name),
        "who_other": declared.requester_name.get(other, ""),
        "uscc": declared.requester_uscc,
        "vetted_on": spoken.day(declared.requester_vetted_at),
        "purpose": body.purpose.text.text(spoken.tag),
        "purpose_code": body.purpose.code,
        "contact": declared.contact.get("privacy_contact", {}).get("email", ""),
        "policy_url": declared.contact.get("policy_url", ""),
        "items": [_item(each, spoken) for each in terms.items],
        "until": spoken.day(until),
        "duration": days(spoken, terms.duration_days),
        "frequency": frequency(spoken, terms.frequency.per, terms.frequency.count),
        "max_uses": terms.max_uses,
        "retention": days(spoken, body.retention_days),
        "consequence": body.consequence_of_refusal.text(spoken.tag),
        "return_host": urlsplit(loaded.redirect_uri).hostname or "",
        "declaration": declared.digest.hex(),
    }


def notice_digest(notice: dict[str, Any]) -> bytes:
    """SHA-256 of the canonical notice, 32 bytes."""
    return digest(canonical(["consent-notice", 1, notice]))


def _item(term: TermItem, spoken: Language) -> dict[str, Any]:
    return {
        "name": term.item,
        "label": term.label(spoken.tag),
        "form": term.form_label(spoken.tag),
        "required": term.required,
        "sensitive": term.is_sensitive,
        "necessity": term.necessity.text(spoken.tag),
    }


async def _shown(session: Session, holder: Holder, asked: Asked, spoken: Language) -> dict[str, Any]:
    """What the page needs: the notice, and for each item what the person has and what would leave."""
    loaded = await load_request(session, asked.request_uri, asked.client_id)
    notice = notice_of(loaded, spoken, session.now)
    documents = await _documents(session, holder, loaded.terms)
    today = session.now.astimezone(CHINA).date()
    items = []
    for term, said in zip(loaded.terms.items, notice["items"], strict=True):
        has = documents[term.field.section]
        if term.field.name in has:
            value = has[term.field.name]
            shown = forms.render(term.field, value, term.form, today=today)
            items.append(said | {"missing": False, "value": value, "shown": shown})
        else:
            items.append(said | {"missing": True, "value": None, "shown": None})
    return {
        "ask": notice | {"items": items, "client_id": asked.client_id, "request_uri": asked.request_uri},
        "notice": notice_digest(notice).hex(),
        "decide_by": loaded.decide_by,
        "goes_to": _origin(loaded.redirect_uri),
    }


async def _documents(session: Session, holder: Holder, terms: Terms) -> dict[str, dict[str, Any]]:
    """What the person has in each section that is asked about."""
    return {section: await _document(session, holder, section) for section in {t.field.section for t in terms.items}}


async def _document(session: Session, holder: Holder, section: str) -> dict[str, Any]:
    try:
        return (await sections.read(session, holder, section)).document
    except NotFound:
        return {}


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def _page(
    request: VaultRequest, shown: dict[str, Any], ticks: Ticks, *, language: Language | None = None, problem: str = ""
) -> Template:
    spoken = language or language_of(request)
    ask = shown["ask"] | {
        "items": [item | {"ticked": item["name"] in ticks.items} for item in shown["ask"]["items"]],
        "has_sensitive": any(item["sensitive"] for item in shown["ask"]["items"]),
        "sensitive_yes": ticks.sensitive_yes,
    }
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
        **(shown | {"ask": ask}),
    )
    # Browsers hold redirects after a form to form-action too (CSP level 3): the way back must be allowed.
    answer.headers["Content-Security-Policy"] = content_policy(f"'self' {shown['goes_to']}")
    return answer


def _over(request: VaultRequest, error: VaultError) -> Template:
    """Nothing can be decided; never a redirect, since it is not certain where to (RFC 9700 section 4.11)."""
    return page(request, "consent_over", status=400, detail=language_of(request).gettext(error.public))
