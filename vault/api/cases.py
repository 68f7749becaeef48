"""Vetting over HTTP: the published rules, the officers' cases, what an applicant does in their own."""

from typing import Final, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath

from vault import ids
from vault.api import vetting_views as views
from vault.api.applications import TOKEN_HEADER
from vault.api.description import Extra
from vault.api.desk import ApplicationDecided, DecisionRequest, decided_view
from vault.db import Session
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.request import VaultRequest
from vault.errors import Unauthenticated
from vault.ids import ApplicationId, CaseId
from vault.registry import officer
from vault.signin import OFFICER, Holder
from vault.vetting import appeals, casefile, checking, decisions, questions
from vault.vetting.drafts import Key, filed
from vault.vetting.questions import Question

_TOKEN = Extra(headers={TOKEN_HEADER: "The status_token the application was answered with."})


class QuestionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an officer wants to know, in 4 to 1000 characters."""

    question: str


class AnswerRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to one question, by its number, in 4 to 1000 characters."""

    question: str
    answer: str


class AppealRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the refusal is wrong, in 20 to 4000 characters."""

    grounds: str


class CaseQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which cases."""

    state: Literal["open", "decided"] = "open"
    kind: Literal["application", "appeal", "renewal", "reopened"] | None = None


class CaseListing(msgspec.Struct, frozen=True):
    """Open cases, longest waiting first; or decided ones, newest first."""

    cases: list[views.CaseRowView]


class ChecksRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object: all checks are run."""


class ChecksRun(msgspec.Struct, frozen=True):
    """What a run of the checks found."""

    checks: list[views.FindingView]


@get("/v1/vetting/factors", opt=NO_FORM_TOKEN, tags=["requesters"])
async def read_vetting_rules() -> views.VettingRules:
    """How applicants are vetted: the checks, the factors of the risk score, what each reason means."""
    return views.rules()


@get("/v1/desk/cases", opt={"extra": Extra(query=CaseQuery)}, tags=["desk"])
async def list_cases(request: VaultRequest) -> CaseListing:
    """Vetting cases, by state and kind. Takes the role vetting."""
    found = await request.as_holder(OFFICER, _queue, request.asked(CaseQuery))
    return CaseListing([views.row(each) for each in found])


@get("/v1/desk/cases/{case:str}", tags=["desk"])
async def read_case(request: VaultRequest, case: FromPath[str]) -> views.CaseView:
    """One case with its checks and their evidence, risk factors, questions and decisions. Takes the role vetting."""
    return views.case_view(await request.as_holder(OFFICER, _file, case))


@post("/v1/desk/cases/{case:str}/checks", status_code=200, opt={"extra": Extra(body=ChecksRequest)}, tags=["desk"])
async def run_case_checks(request: VaultRequest, case: FromPath[str]) -> ChecksRun:
    """Run the checks of an open case now. Takes the role vetting."""
    await request.parsed(ChecksRequest)
    async with request.acting(OFFICER) as holder:
        run = await checking.check_again(request.doors.database, request.doors.checker, holder, _case(case))
    return ChecksRun([views.finding(each, with_evidence=True) for each in run.findings])


@post(
    "/v1/desk/cases/{case:str}/questions",
    status_code=201,
    opt={"extra": Extra(body=QuestionRequest)},
    tags=["desk"],
)
async def ask_applicant(request: VaultRequest, case: FromPath[str]) -> views.QuestionView:
    """Ask the applicant. Nobody approves until they have answered."""
    body = await request.parsed(QuestionRequest)
    asked = await request.as_holder(OFFICER, questions.ask, _case(case), body.question.strip())
    return views.question(asked, with_officer=True)


@post(
    "/v1/desk/cases/{case:str}/decisions",
    status_code=200,
    opt={"extra": Extra(body=DecisionRequest)},
    tags=["desk"],
)
async def decide_case(request: VaultRequest, case: FromPath[str]) -> ApplicationDecided:
    """Approve or refuse. Two officers of different units must approve; what is refused by rule is recorded."""
    body = await request.parsed(DecisionRequest)
    async with request.acting(OFFICER) as holder:
        decided = await decisions.decide_on_record(
            request.doors.database, holder, _case(case), approve=body.decision == "approve", reason=body.reason.strip()
        )
    return decided_view(decided)


@get("/v1/applications/{application:str}/case", opt=NO_FORM_TOKEN | {"extra": _TOKEN}, tags=["requesters"])
async def read_own_case(request: VaultRequest, application: FromPath[str]) -> views.OwnCaseView:
    """Where one's own application stands: checks, risk factors, questions, and the token for one's hosts."""
    return views.own_view(await request.doors.database.run(casefile.own, _application(application), _token(request)))


@post(
    "/v1/applications/{application:str}/answers",
    status_code=200,
    opt=NO_FORM_TOKEN | {"extra": msgspec.structs.replace(_TOKEN, body=AnswerRequest)},
    tags=["requesters"],
)
async def answer_question(request: VaultRequest, application: FromPath[str]) -> views.QuestionView:
    """Answer an officer's question."""
    body = await request.parsed(AnswerRequest)
    answered = await request.doors.database.run(_answer, _application(application), _token(request), body)
    return views.question(answered, with_officer=False)


@post(
    "/v1/applications/{application:str}/appeal",
    status_code=200,
    opt=NO_FORM_TOKEN | {"extra": msgspec.structs.replace(_TOKEN, body=AppealRequest)},
    tags=["requesters"],
)
async def appeal_refusal(request: VaultRequest, application: FromPath[str]) -> views.OwnCaseView:
    """Have two other officers look at a refused application: once, within 30 days."""
    body = await request.parsed(AppealRequest)
    held = await request.doors.database.run(_appeal, _application(application), _token(request), body.grounds.strip())
    return views.own_view(held)


async def _queue(session: Session, holder: Holder, asked: CaseQuery) -> list[casefile.Row]:
    await officer(session, holder, decisions.ROLE)
    return await casefile.queue(session, state=asked.state, kind=asked.kind)


async def _file(session: Session, holder: Holder, case: str) -> casefile.CaseFile:
    await officer(session, holder, decisions.ROLE)
    return await casefile.casefile(session, _case(case))


async def _answer(session: Session, application: ApplicationId, token: str, body: AnswerRequest) -> Question:
    await filed(session, Key(application, token))
    return await questions.answer(session, application, ids.parse(ids.QUESTION, body.question), body.answer.strip())


async def _appeal(session: Session, application: ApplicationId, token: str, grounds: str) -> casefile.Own:
    await filed(session, Key(application, token))
    await appeals.appeal(session, application, grounds)
    return await casefile.own(session, application, token)


def _case(text: str) -> CaseId:
    return CaseId(ids.parse(ids.CASE, text))


def _application(text: str) -> ApplicationId:
    return ApplicationId(ids.parse(ids.APPLICATION, text))


def _token(request: VaultRequest) -> str:
    token = request.headers.get(TOKEN_HEADER)
    if not token:
        raise Unauthenticated(f"Send the token of the application in the header {TOKEN_HEADER}.")
    return token[:200]


HANDLERS: Final = (
    list_cases,
    read_case,
    run_case_checks,
    ask_applicant,
    decide_case,
    read_vetting_rules,
    read_own_case,
    answer_question,
    appeal_refusal,
)
"""Every endpoint of this file."""
