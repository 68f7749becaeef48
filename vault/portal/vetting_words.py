"""Checks, risk factors, questions and cases in the reader's language: for officers and for applicants."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from vault import ids
from vault.portal.languages import N_, Language
from vault.vetting.findings import Finding
from vault.vetting.questions import Question
from vault.vetting.reasons import REASONS
from vault.vetting.risk import Score

KINDS: Final[Mapping[str, str]] = {
    "application": N_("Application"),
    "appeal": N_("Appeal"),
    "renewal": N_("Renewal"),
    "reopened": N_("Re-opened"),
}
MOST_EVIDENCE: Final = 6_000
"""Characters of evidence on a page; the API gives all of it."""


def checks_shown(spoken: Language, findings: Sequence[Finding], *, with_evidence: bool) -> list[dict[str, Any]]:
    """Every finding: what was looked at, how it came out, why, and for officers what was seen."""
    return [
        {
            "title": spoken.pick(each.kind.title),
            "explanation": spoken.pick(each.kind.explanation),
            "target": each.target,
            "result": each.result,
            "stands": each.stands_in_the_way,
            "reasons": reasons_shown(spoken, each.reasons),
            "evidence": _evidence(each.evidence) if with_evidence else "",
        }
        for each in findings
    ]


def reasons_shown(spoken: Language, codes: Sequence[str]) -> list[str]:
    """Codes of reasons as sentences; a code without a word as it is."""
    return [spoken.pick(REASONS[code]) if code in REASONS else code for code in codes]


def risk_shown(spoken: Language, score: Score) -> dict[str, Any]:
    """The score and its factors, the heaviest first."""
    readings = sorted(score.readings, key=lambda each: -each.points)
    factors = [
        {
            "title": spoken.pick(each.factor.title),
            "explanation": spoken.pick(each.factor.explanation),
            "weight": each.factor.weight,
            "reading": each.reading,
            "points": each.points,
        }
        for each in readings
    ]
    return {"total": score.total, "band": score.band, "factors": factors}


def questions_shown(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Questions with their answers."""
    return [
        {
            "id": ids.public(ids.QUESTION, each.id),
            "officer": each.officer,
            "text": each.question,
            "asked_at": each.asked_at,
            "answer": each.answer,
            "answered_at": each.answered_at,
        }
        for each in questions
    ]


def kind_shown(spoken: Language, kind: str) -> str:
    """What kind of case it is."""
    return spoken.gettext(KINDS[kind])


def _evidence(evidence: Mapping[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(evidence), indent=2).decode()[:MOST_EVIDENCE] if evidence else ""
