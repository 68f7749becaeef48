"""How cases are told over HTTP: to officers whole, to applicants without evidence and without officers' names."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from vault import ids
from vault.vetting.casefile import CaseFile, Own, Row
from vault.vetting.cases import Case, ref
from vault.vetting.findings import CHECKS, GOOD_FOR, WELL_KNOWN, Finding
from vault.vetting.questions import Question
from vault.vetting.reasons import REASONS
from vault.vetting.risk import FACTORS, Score

Texts = dict[str, str]


class CheckKindView(msgspec.Struct, frozen=True):
    """One kind of check. ``blocks``: a failure prevents approval; ``must_answer``: silence does so too."""

    name: str
    blocks: bool
    must_answer: bool
    title: Texts
    explanation: Texts


class FactorView(msgspec.Struct, frozen=True):
    """One factor of the risk score: its reading (0 to 100) times its weight, divided by 100, are its points."""

    name: str
    weight: int
    title: Texts
    explanation: Texts
    reading: int | None = None
    points: int | None = None


class VettingRules(msgspec.Struct, frozen=True):
    """What is checked, what the risk score is made of, and what every reason means."""

    checks: list[CheckKindView]
    factors: list[FactorView]
    bands: dict[str, int]
    reasons: dict[str, Texts]
    well_known: str
    checks_hold_days: int


class RiskView(msgspec.Struct, frozen=True):
    """The score (0 to 100) and what it is made of."""

    score: int
    band: str
    factors: list[FactorView]


class FindingView(msgspec.Struct, frozen=True):
    """One outcome of one check; ``reasons`` are explained at /v1/vetting/factors. Applicants get no evidence."""

    name: str
    target: str
    result: str
    reasons: list[str]
    evidence: dict[str, Any] | None = None


class QuestionView(msgspec.Struct, frozen=True):
    """A question, and its answer once there is one. Applicants are not told which officer asks."""

    question: str
    text: str
    asked_at: datetime
    answer: str | None
    answered_at: datetime | None
    officer: str | None = None


class CaseDecisionView(msgspec.Struct, frozen=True):
    """One officer's decision."""

    officer: str
    decision: str
    reason: str
    at: datetime


class CaseRowView(msgspec.Struct, frozen=True):
    """A case in the queue. ``checks``: passed, failed, unavailable or none."""

    case: str
    application: str
    requester: str | None
    kind: str
    status: str
    name: Texts
    opened_at: datetime
    decided_at: datetime | None
    checks: str
    risk: int
    band: str
    open_questions: int
    decisions: int


class CaseView(msgspec.Struct, frozen=True):
    """A case, whole."""

    case: str
    application: str
    requester: str | None
    kind: str
    state: str
    grounds: str | None
    opened_at: datetime
    decided_at: datetime | None
    checked_at: datetime | None
    runs: int
    checks: list[FindingView]
    risk: RiskView
    questions: list[QuestionView]
    decisions: list[CaseDecisionView]
    body: dict[str, Any]
    others: list[str]


class OwnCaseView(msgspec.Struct, frozen=True):
    """An applicant's case. ``domain_token`` is what every host of a return address must serve at ``well_known``."""

    case: str
    kind: str
    state: str
    grounds: str | None
    domain_token: str
    well_known: str
    checked_at: datetime | None
    checks: list[FindingView]
    risk: RiskView
    questions: list[QuestionView]
    reasons: list[str]
    may_appeal: bool


def rules() -> VettingRules:
    """Everything that is published about vetting."""
    checks = [
        CheckKindView(each.name, each.blocks, each.must_answer, dict(each.title), dict(each.explanation))
        for each in CHECKS
    ]
    factors = [FactorView(each.name, each.weight, dict(each.title), dict(each.explanation)) for each in FACTORS]
    reasons = {name: dict(texts) for name, texts in REASONS.items()}
    bands = {"low": 0, "medium": 25, "high": 50}
    return VettingRules(checks, factors, bands, reasons, WELL_KNOWN, GOOD_FOR.days)


def risk(score: Score) -> RiskView:
    """A score with its factors."""
    factors = [
        FactorView(
            each.factor.name,
            each.factor.weight,
            dict(each.factor.title),
            dict(each.factor.explanation),
            each.reading,
            each.points,
        )
        for each in score.readings
    ]
    return RiskView(score.total, score.band, factors)


def finding(found: Finding, *, with_evidence: bool) -> FindingView:
    """A finding; what was seen is for officers."""
    evidence = found.evidence if with_evidence else None
    return FindingView(found.name, found.target, found.result, list(found.reasons), evidence)


def question(asked: Question, *, with_officer: bool) -> QuestionView:
    """A question; who asks is for officers."""
    officer = ids.public(ids.STAFF, asked.officer) if with_officer else None
    number = ids.public(ids.QUESTION, asked.id)
    return QuestionView(number, asked.question, asked.asked_at, asked.answer, asked.answered_at, officer)


def row(each: Row) -> CaseRowView:
    """One row of the queue."""
    case = each.case
    return CaseRowView(
        case=ref(case.id),
        application=ids.public(ids.APPLICATION, case.application),
        requester=_requester(case),
        kind=case.kind,
        status=case.status,
        name=_builtins(each.body.organisation.name),
        opened_at=case.opened_at,
        decided_at=case.decided_at,
        checks=each.checks,
        risk=each.score.total,
        band=each.score.band,
        open_questions=each.open_questions,
        decisions=each.decisions,
    )


def case_view(file: CaseFile) -> CaseView:
    """A case for officers."""
    case = file.case
    return CaseView(
        case=ref(case.id),
        application=ids.public(ids.APPLICATION, case.application),
        requester=_requester(case),
        kind=case.kind,
        state=file.state,
        grounds=case.grounds,
        opened_at=case.opened_at,
        decided_at=case.decided_at,
        checked_at=file.run.at,
        runs=file.runs,
        checks=[finding(each, with_evidence=True) for each in file.run.findings],
        risk=risk(file.score),
        questions=[question(each, with_officer=True) for each in file.questions],
        decisions=[
            CaseDecisionView(ids.public(ids.STAFF, each.officer), each.decision, each.reason, each.at)
            for each in file.decisions
        ],
        body=_builtins(file.body),
        others=[ref(each.id) for each in file.others],
    )


def own_view(held: Own) -> OwnCaseView:
    """A case for its applicant."""
    file, case = held.file, held.file.case
    return OwnCaseView(
        case=ref(case.id),
        kind=case.kind,
        state=file.state,
        grounds=case.grounds,
        domain_token=case.token,
        well_known=WELL_KNOWN,
        checked_at=file.run.at,
        checks=[finding(each, with_evidence=False) for each in file.run.findings],
        risk=risk(file.score),
        questions=[question(each, with_officer=False) for each in file.questions],
        reasons=[each.reason for each in file.decisions if each.decision == "refuse"],
        may_appeal=held.may_appeal,
    )


def _requester(case: Case) -> str | None:
    return ids.public(ids.REQUESTER, case.requester) if case.requester else None


def _builtins(value: object) -> dict[str, Any]:
    made: Mapping[str, Any] = msgspec.to_builtins(value)
    return dict(made)
