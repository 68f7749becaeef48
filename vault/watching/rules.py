"""The rules: what behaviour counts how much. Pure, published, each explained by the figures it saw.

A rule never proves anything: it says what an officer should look at. Points add up; from :data:`THROTTLE` on the
requester is slowed down, from :data:`STOP` on it is suspended until two officers have decided.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from vault.watching.counting import Tally
from vault.watching.tables import NOTED, STOPPED, THROTTLED

NOTE: Final = 20
THROTTLE: Final = 50
STOP: Final = 100
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """Grants used within the last hour, in the order of their use: how many, and how many of them directly after
    the grant that was given directly before them or earlier."""

    used: int
    ascending: int


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A requester by counts. ``week``: the seven days before the last 24 hours; ``month``: the last 30 days."""

    hour: Tally
    day: Tally
    week: Tally
    month: Tally
    order: Order


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that applies, with its points and the figures it saw."""

    rule: str
    points: int
    figures: dict[str, int]


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule. ``judge`` gives points (0: does not apply) and the figures."""

    name: str
    title: Texts
    meaning: Texts
    judge: Callable[[Behaviour], tuple[int, dict[str, int]]]


def score(findings: Sequence[Finding]) -> int:
    """All points together."""
    return sum(each.points for each in findings)


def outcome_of(points: int) -> str | None:
    """What these points lead to; None: nothing."""
    if points >= STOP:
        return STOPPED
    if points >= THROTTLE:
        return THROTTLED
    return NOTED if points >= NOTE else None


def judge(seen: Behaviour) -> list[Finding]:
    """Every rule that applies, those with the most points first."""
    judged = [Finding(rule.name, *rule.judge(seen)) for rule in RULES]
    return sorted((each for each in judged if each.points), key=lambda each: (-each.points, each.rule))


def _burst(seen: Behaviour) -> tuple[int, dict[str, int]]:
    now = seen.hour.counts["given"]
    usual = max(10, -(-(seen.day.counts["given"] + seen.week.counts["given"]) // (8 * 24)))
    points = 45 if now > 20 * usual else 30 if now > 5 * usual else 0
    return points, {"grants_last_hour": now, "usual_per_hour": usual}


def _off_hours(seen: Behaviour) -> tuple[int, dict[str, int]]:
    delivered, before = seen.day.counts["delivered"], seen.week.counts["delivered"]
    share, usual = _percent(seen.day.counts["night"], delivered), _percent(seen.week.counts["night"], before)
    figures = {"deliveries_last_day": delivered, "percent_at_night": share, "usual_percent": usual}
    return (20 if delivered >= 100 and share >= 50 and usual < 20 else 0), figures


def _refused_share(seen: Behaviour) -> tuple[int, dict[str, int]]:
    refused = seen.day.counts["refused"]
    share = _percent(refused, refused + seen.day.counts["delivered"])
    points = 0 if refused < 20 else 50 if share >= 60 else 25 if share >= 30 else 0
    return points, {"refusals_last_day": refused, "percent_refused": share}


def _scraping_order(seen: Behaviour) -> tuple[int, dict[str, int]]:
    share = _percent(seen.order.ascending, seen.order.used)
    points = 25 if seen.order.used >= 100 and share >= 95 else 0
    return points, {"grants_used_last_hour": seen.order.used, "percent_in_order": share}


def _unused_scope(seen: Behaviour) -> tuple[int, dict[str, int]]:
    granted = [item for item, count in seen.month.granted.items() if count >= 50]
    unused = [item for item in granted if not seen.month.items[item]]
    delivered = seen.month.counts["delivered"]
    points = 10 if delivered >= 50 and granted and 2 * len(unused) >= len(granted) else 0
    return points, {"items_granted": len(granted), "items_never_used": len(unused), "deliveries_last_month": delivered}


def _guesses(seen: Behaviour) -> tuple[int, dict[str, int]]:
    guesses = seen.hour.counts["guesses"]
    return (60 if guesses >= 100 else 30 if guesses >= 20 else 0), {"guesses_last_hour": guesses}


def _percent(part: int, whole: int) -> int:
    return 100 * part // whole if whole else 0


def _said(en: str, zh: str) -> Texts:
    return MappingProxyType({"en": en, "zh-CN": zh})


RULES: Final = (
    Rule(
        "burst-of-new-persons",
        _said("Burst of new persons", "新增个人激增"),
        _said(
            "Many more people than usual gave their consent within an hour: 30 points above five times the usual "
            "number per hour of the last eight days (at least 10), 45 above twenty times.",
            "一小时内同意的人数远超平常：超过近八天每小时平均数（至少按10计）五倍计30分，超过二十倍计45分。",
        ),
        _burst,
    ),
    Rule(
        "off-hours",
        _said("Off hours", "非常规时段"),
        _said(
            "At least half of 100 or more deliveries of the last day fell between 0 and 6 o'clock, where before it "
            "was less than a fifth: 20 points.",
            "最近一天至少100次提供中，半数以上发生在0至6时，而此前不足五分之一：20分。",
        ),
        _off_hours,
    ),
    Rule(
        "refused-share",
        _said("Share of refusals", "被拒比例"),
        _said(
            "Of what was asked for in the last day, 30 % or more was refused (at least 20 refusals): 25 points; from "
            "60 % on 50.",
            "最近一天的请求中有30%以上被拒（至少20次）：25分；达到60%：50分。",
        ),
        _refused_share,
    ),
    Rule(
        "scraping-order",
        _said("Scraping order", "逐个遍历"),
        _said(
            "100 or more consents were used within an hour, 95 % of them in exactly the order in which they were "
            "given: 25 points. A list is being walked through.",
            "一小时内使用了100份以上的同意，且95%严格按照同意先后次序使用：25分，表明在逐个遍历名单。",
        ),
        _scraping_order,
    ),
    Rule(
        "unused-scope",
        _said("Unused scope", "未使用的范围"),
        _said(
            "Half or more of the items that people granted in the last 30 days were never asked for: 10 points. More "
            "is collected in consents than is needed.",
            "近30天个人所同意的项目中，有一半以上从未被请求：10分，表明征求的同意超出所需。",
        ),
        _unused_scope,
    ),
    Rule(
        "sequential-guesses",
        _said("Guesses", "试探猜测"),
        _said(
            "Tokens, codes, consents or requests were named that are not there or belong to somebody else: 30 points "
            "from 20 within an hour on, 60 from 100 on.",
            "引用了不存在或属于他人的令牌、授权码、同意或请求：一小时内20次起计30分，100次起计60分。",
        ),
        _guesses,
    ),
)
