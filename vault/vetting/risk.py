"""A risk score made of named factors that anyone can read: published as it is here. Pure.

The score is no decision. It tells officers where to look, and an applicant what would make a narrower application.
Each factor has a weight and a reading from 0 to 100; its points are weight x reading / 100, and the weights add up
to 100, so that the score does too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from urllib.parse import urlsplit

from vault.profile.catalogue import catalogue
from vault.requesters.applications import Application
from vault.requesters.declarations import PERIODIC
from vault.requesters.redirects import LOOPBACK
from vault.vetting.findings import BUSINESS, CREDIT, Run, Texts, said

_UNKNOWN: Final = 50
"""The reading of what no source has said yet."""


@dataclass(frozen=True)
class Facts:
    """What is read: the application, what the sources said, today."""

    application: Application
    founded_on: date | None
    credit_listings: int | None
    now: datetime


@dataclass(frozen=True)
class Factor:
    """One named factor. ``read``: 0 (nothing to see) to 100."""

    name: str
    weight: int
    title: Texts
    explanation: Texts
    read: Callable[[Facts], int]


@dataclass(frozen=True)
class Reading:
    """A factor as it reads for one application."""

    factor: Factor
    reading: int

    @property
    def points(self) -> int:
        """What it adds to the score."""
        return self.factor.weight * self.reading // 100


@dataclass(frozen=True)
class Score:
    """The sum, and what it is made of."""

    readings: tuple[Reading, ...]

    @property
    def total(self) -> int:
        """0 to 100."""
        return sum(each.points for each in self.readings)

    @property
    def band(self) -> str:
        """``low`` below 25, ``medium`` below 50, ``high`` from there."""
        return "low" if self.total < 25 else "medium" if self.total < 50 else "high"


def facts_of(application: Application, run: Run, now: datetime) -> Facts:
    """What can be read from an application and the newest run of its checks."""
    business, credit = run.said(BUSINESS), run.said(CREDIT)
    founded = (business or {}).get("founded_on")
    return Facts(
        application,
        date.fromisoformat(founded) if founded else None,
        None if credit is None else int(credit["listings"]),
        now,
    )


def score(facts: Facts) -> Score:
    """Every factor, read."""
    return Score(tuple(Reading(factor, max(0, min(100, factor.read(facts)))) for factor in FACTORS))


def _between(value: float, low: float, high: float) -> int:
    """0 up to ``low``, 100 from ``high``, and in between in proportion."""
    return int(max(0.0, min(1.0, (value - low) / (high - low))) * 100)


def _sensitive(facts: Facts) -> int:
    found = sum(catalogue().item(each.item).is_sensitive for each in facts.application.declaration.items)
    return _between(found, 0, 3)


def _items(facts: Facts) -> int:
    return _between(len(facts.application.declaration.items), 3, 12)


def _is_periodic(facts: Facts) -> int:
    return 100 if facts.application.declaration.collection == PERIODIC else 0


def _often(facts: Facts) -> int:
    frequency = facts.application.declaration.frequency
    return _between(frequency.count * (24 if frequency.per == "hour" else 1), 1, 100)


def _young(facts: Facts) -> int:
    if facts.founded_on is None:
        return _UNKNOWN
    return 100 - _between((facts.now.date() - facts.founded_on).days, 365, 3 * 365)


def _listed(facts: Facts) -> int:
    return _UNKNOWN if facts.credit_listings is None else _between(facts.credit_listings, 0, 2)


def _has_loopback(facts: Facts) -> int:
    return 100 if any(urlsplit(uri).hostname in LOOPBACK for uri in facts.application.client.redirect_uris) else 0


FACTORS: Final[tuple[Factor, ...]] = (
    Factor(
        "sensitive-items",
        18,
        said("Sensitive items", "敏感个人信息"),
        said("How many sensitive items are asked for: 100 from three.", "申请的敏感项目数量：三项及以上为100。"),
        _sensitive,
    ),
    Factor(
        "number-of-items",
        8,
        said("Number of items", "项目数量"),
        said(
            "How many items are asked for: 0 up to three, 100 from twelve.",
            "申请的项目数量：三项以内为0，十二项为100。",
        ),
        _items,
    ),
    Factor(
        "periodic",
        8,
        said("Periodic collection", "定期收集"),
        said("Data is collected again and again: 100, once: 0.", "定期重复收集为100，一次性为0。"),
        _is_periodic,
    ),
    Factor(
        "frequency",
        6,
        said("Frequency", "频率"),
        said("Releases a day at most: 0 for one, 100 from a hundred.", "每日最高次数：一次为0，一百次及以上为100。"),
        _often,
    ),
    Factor(
        "long-retention",
        10,
        said("Long retention", "长期保存"),
        said(
            "How long the data is kept: 0 up to 30 days, 100 from two years.",
            "保存期限：30天以内为0，两年及以上为100。",
        ),
        lambda facts: _between(facts.application.declaration.retention_days, 30, 730),
    ),
    Factor(
        "long-duration",
        6,
        said("Long permission", "长期授权"),
        said(
            "The longest duration of a grant: 0 up to 90 days, 100 from a year.",
            "最长授权期限：90天以内为0，一年及以上为100。",
        ),
        lambda facts: _between(facts.application.declaration.longest_duration_days, 90, 365),
    ),
    Factor(
        "cross-border",
        12,
        said("Leaves the country", "向境外提供"),
        said("Data is handed to somebody abroad: 100.", "向境外提供数据为100。"),
        lambda facts: 0 if facts.application.declaration.cross_border is None else 100,
    ),
    Factor(
        "onward-recipients",
        8,
        said("Onward recipients", "后续接收方"),
        said("How many others receive the data: 50 for each, at most 100.", "其他接收方数量：每个为50，最高100。"),
        lambda facts: _between(len(facts.application.declaration.recipients), 0, 2),
    ),
    Factor(
        "young-company",
        8,
        said("Young organisation", "成立时间短"),
        said(
            "Founded less than a year ago: 100, three years ago or more: 0; 50 until the register has answered.",
            "成立不足一年为100，满三年为0；登记来源答复前为50。",
        ),
        _young,
    ),
    Factor(
        "credit-listings",
        8,
        said("Credit listings", "经营异常记录"),
        said(
            "Entries on the credit list: 50 for each, at most 100; 50 until the list has answered.",
            "经营异常名录记录：每条为50，最高100；来源答复前为50。",
        ),
        _listed,
    ),
    Factor(
        "no-security-evidence",
        5,
        said("No security evidence", "无安全证明材料"),
        said("No document about security was handed in: 100.", "未提交安全证明文件为100。"),
        lambda facts: 0 if facts.application.organisation.security_evidence else 100,
    ),
    Factor(
        "loopback-redirect",
        3,
        said("Loopback return address", "回环回调地址"),
        said(
            "People are sent back to a program on their own machine, whose host nobody can check: 100.",
            "用户被送回本机程序，其主机无法核验，为100。",
        ),
        _has_loopback,
    ),
)
