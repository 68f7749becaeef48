"""The applicant's own case: what was checked, what is asked, what can be said against a refusal."""

from typing import Final

from litestar import get, post
from litestar.response import Redirect, Template

from vault import ids
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, NotFound, VaultError
from vault.portal.applying import key_of
from vault.portal.forms import Form, read_form, wrong_fields
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reasons
from vault.portal.vetting_words import checks_shown, kind_shown, questions_shown, risk_shown
from vault.vetting import appeals, casefile, questions
from vault.vetting.drafts import Key, filed
from vault.vetting.findings import WELL_KNOWN

_DONE: Final = {"answered": N_("Your answer is recorded."), "appealed": N_("Your appeal is recorded.")}


@get("/apply/vetting")
async def own_case_page(request: VaultRequest) -> Template | Redirect:
    """The case in which the application stands that this browser shows the token of."""
    key = key_of(request)
    return see_other("/apply") if key is None else await _shown(request, key)


@post("/apply/vetting/answer", status_code=200)
async def answer_page(request: VaultRequest) -> Template | Redirect:
    """Answer one question."""
    return await _act(request, await read_form(request), "answered")


@post("/apply/vetting/appeal", status_code=200)
async def appeal_page(request: VaultRequest) -> Template | Redirect:
    """Appeal against the refusal."""
    return await _act(request, await read_form(request), "appealed")


HANDLERS: Final = (own_case_page, answer_page, appeal_page)


async def _act(request: VaultRequest, form: Form, what: str) -> Template | Redirect:
    key = key_of(request)
    if key is None:
        return see_other("/apply")
    failed: VaultError | None = None
    if not form.language:
        try:
            await request.doors.database.run(_answer if what == "answered" else _appeal, key, form)
            return see_other(f"/apply/vetting?done={what}")
        except (Invalid, Conflict) as error:
            failed = error
    return await _shown(request, key, form=form, failed=failed)


async def _answer(session: Session, key: Key, form: Form) -> None:
    await filed(session, key)
    question = ids.parse(ids.QUESTION, form.text("question"))
    await questions.answer(session, key.application, question, form.text("answer"))


async def _appeal(session: Session, key: Key, form: Form) -> None:
    await filed(session, key)
    await appeals.appeal(session, key.application, form.text("grounds"))


async def _shown(
    request: VaultRequest, key: Key, *, form: Form | None = None, failed: VaultError | None = None
) -> Template | Redirect:
    spoken: Language = (form.language if form else None) or language_of(request)
    try:
        own = await request.doors.database.run(casefile.own, key.application, key.token)
    except NotFound:  # a draft has no case yet
        return see_other("/apply")
    file, done = own.file, _DONE.get(request.query_params.get("done", ""), "")
    wrong = reasons(spoken, wrong_fields(failed)) if isinstance(failed, Invalid) else {}
    return page(
        request,
        "apply/vetting",
        language=form.language if form else None,
        status=failed.status if failed else 200,
        problem=spoken.gettext(failed.title) if failed and not wrong else "",
        wrong=wrong,
        done=spoken.gettext(done) if done else "",
        kind=kind_shown(spoken, file.case.kind),
        state=file.state,
        token_line=file.case.token,
        well_known=WELL_KNOWN,
        checks=checks_shown(spoken, file.run.findings, with_evidence=False),
        checked_at=file.run.at,
        risk=risk_shown(spoken, file.score),
        questions=questions_shown(file.questions),
        is_open=file.case.decided_at is None,
        answering=form.text("question") if form else "",
        answer=form.text("answer") if form else "",
        grounds=form.text("grounds") if form else "",
        appeal=file.case.grounds or "" if file.case.kind == "appeal" else "",
        may_appeal=own.may_appeal,
    )
