"""Requests out of band: the codes a person reads out, what was asked with them, and the decision about it.

Said with the same words and signed like the page that browsers are sent to; the requester sees a yes and nothing else.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.authserver.hints import Hint, make_hint
from vault.authserver.prompts import Asking, PromptView, RequestOver, approve, load_asking, prompts, public_id, refuse
from vault.consent.decide import NotChosen
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import NotFound, Refused, TooMany, VaultError
from vault.portal.asking import (
    Lacking,
    NoticeChanged,
    Ticks,
    ask_context,
    choice_of,
    notice_digest,
    notice_of,
    with_values,
)
from vault.portal.forms import Form, read_form
from vault.portal.languages import N_, Language, languages
from vault.portal.pages import language_of, page, see_other
from vault.portal.words import said_of, word
from vault.requesters.names import names
from vault.signin import PERSON, Holder

_DONE: Final = {
    "allowed": N_("You allowed it. The organisation can fetch it now; you find it under “Sharing”."),
    "refused": N_("You did not allow it. The organisation learns nothing, not even that you were asked."),
    "reported": N_("Thank you. It was not allowed, and those who watch the organisation see your report."),
}
_DECISIONS: Final = {"allow": "allowed", "deny": "refused", "report": "reported"}


@get("/requests")
async def requests_page(request: VaultRequest) -> Template:
    """What waits, and a code for whoever is to ask."""
    return await _list(request, done=_DONE.get(request.query_params.get("done", ""), ""))


@post("/requests/codes", status_code=200)
async def make_code(request: VaultRequest) -> Template:
    """A fresh code; this page shows it, and nothing keeps it."""
    try:
        return await _list(request, hint=await request.as_holder(PERSON, make_hint))
    except TooMany as error:
        return await _list(request, problem=language_of(request).gettext(error.public))


@get("/requests/{prompt:str}")
async def request_page(request: VaultRequest, prompt: FromPath[str]) -> Template:
    """One request that waits, in plain words."""
    try:
        shown = await request.as_holder(PERSON, _shown, _id(prompt), language_of(request))
    except (RequestOver, Refused) as error:
        return _over(request, error)
    return _page(request, shown, Ticks())


@post("/requests/{prompt:str}", status_code=200)
async def decide_request(request: VaultRequest, prompt: FromPath[str]) -> Template | Redirect:
    """The person's decision. Allowing gives the grant in one transaction."""
    form, which = await read_form(request), _id(prompt)
    spoken, decision, failed = form.language or language_of(request), form.text("decision"), ""
    ticks = Ticks(frozenset(form.every("item")), form.text("sensitive_yes") == "yes")
    try:
        if decision in _DECISIONS and not form.language:
            if decision == "allow":
                await request.as_holder(PERSON, _allow, which, form, ticks)
            else:
                await request.as_holder(PERSON, refuse, which, reported=decision == "report")
            return see_other(f"/requests?done={_DECISIONS[decision]}")
    except (NotChosen, NoticeChanged, Lacking) as error:
        failed = f"{spoken.gettext(error.title)} · {spoken.gettext(error.advice)}"
    except (RequestOver, Refused) as error:
        return _over(request, error)
    try:
        shown = await request.as_holder(PERSON, _shown, which, spoken)
    except (RequestOver, Refused) as error:
        return _over(request, error)
    return _page(request, shown, ticks, language=form.language, problem=failed)


async def _allow(session: Session, holder: Holder, prompt: UUID, form: Form, ticks: Ticks) -> None:
    asking = await load_asking(session, holder, prompt)
    # In the language in which it was shown: the digest of another would not fit.
    notices = {notice_digest(each).hex(): each for each in _in_every_language(asking, session.now)}
    notice = notices.get(form.text("notice"))
    if notice is None:
        raise NoticeChanged
    await approve(session, holder, asking, await choice_of(session, holder, asking.offer, notice=notice, ticks=ticks))


def _in_every_language(asking: Asking, now: datetime) -> list[dict[str, Any]]:
    return [_notice(asking, spoken, now) for spoken in languages().values()]


def _notice(asking: Asking, spoken: Language, now: datetime) -> dict[str, Any]:
    return notice_of(asking.offer, spoken, now, binding_message=asking.message)


async def _shown(session: Session, holder: Holder, prompt: UUID, spoken: Language) -> dict[str, Any]:
    asking = await load_asking(session, holder, prompt)
    notice = _notice(asking, spoken, session.now)
    items, lacking = await with_values(session, holder, asking.offer.terms, notice)
    return {
        "ask": notice | {"items": items},
        "lacking": lacking,
        "notice": notice_digest(notice).hex(),
        "decide_by": asking.ends_at,
        "prompt": public_id(asking.id),
    }


def _page(
    request: VaultRequest, shown: dict[str, Any], ticks: Ticks, *, language: Language | None = None, problem: str = ""
) -> Template:
    spoken = language or language_of(request)
    return page(
        request,
        "person/request",
        language=language,
        status=422 if problem else 200,
        realm=PERSON,
        page_form=True,
        problem=problem,
        words=lambda code: word(spoken, code),
        said=lambda value: said_of(spoken, value),
        **(shown | {"ask": ask_context(shown["ask"], ticks)}),
    )


def _over(request: VaultRequest, error: VaultError) -> Template:
    spoken = language_of(request)
    told = f"{spoken.gettext(error.title)}. {spoken.gettext(error.advice)}"
    return page(request, "person/request_over", status=409, realm=PERSON, detail=told)


async def _list(request: VaultRequest, *, hint: Hint | None = None, problem: str = "", done: str = "") -> Template:
    spoken = language_of(request)
    found = await request.as_holder(PERSON, _prompts, spoken)
    return page(
        request,
        "person/requests",
        realm=PERSON,
        hint=hint,
        problem=problem,
        done=spoken.gettext(done) if done else "",
        waiting=[each for each in found if each["state"] == "waiting"],
        past=[each for each in found if each["state"] != "waiting"],
    )


async def _prompts(session: Session, holder: Holder, spoken: Language) -> list[dict[str, Any]]:
    found = await prompts(session, holder)
    called = await names(session, {each.requester_id for each in found})
    return [_row(each, spoken.pick(called.get(each.requester_id, {}))) for each in found]


def _row(view: PromptView, who: str) -> dict[str, Any]:
    return {"id": public_id(view.id), "who": who, "at": view.at, "ends_at": view.ends_at, "state": view.state}


def _id(prompt: str) -> UUID:
    try:
        return ids.parse(ids.PROMPT, prompt)
    except NotFound:
        raise NotFound("You have no such request.") from None
