"""What is checked about an applicant, and what each outcome means. Pure; published at ``/v1/vetting/factors``.

A finding is one outcome of one check. ``failed`` stands for something that was seen and is wrong, ``unavailable``
for nothing seen at all: the first is an answer, the second is a question still open.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal

Result = Literal["passed", "failed", "unavailable", "exempt"]
Texts = Mapping[str, str]

BUSINESS: Final = "business-register"
CREDIT: Final = "credit-list"
DISHONESTY: Final = "dishonesty-list"
DOMAIN: Final = "domain-control"
KEYS: Final = "key-strength"
POLICY: Final = "policy-page"
GOOD_FOR: Final = timedelta(days=30)
"""A run of checks that is older cannot carry an approval."""
WELL_KNOWN: Final = "/.well-known/pivault-vetting.txt"
"""RFC 8615. The file holds one token a line; ours must be one of them."""


def said(en: str, zh: str) -> Texts:
    """A text in the registry's two languages."""
    return MappingProxyType({"en": en, "zh-CN": zh})


@dataclass(frozen=True)
class CheckKind:
    """One kind of check. ``blocks``: a failure prevents approval. ``must_answer``: silence prevents it as well."""

    name: str
    blocks: bool
    must_answer: bool
    title: Texts
    explanation: Texts


CHECKS: Final[tuple[CheckKind, ...]] = (
    CheckKind(
        BUSINESS,
        True,
        True,
        said("Business register", "企业登记"),
        said(
            "The credit code is registered under this name, the organisation is in business, and at least one of the "
            "responsible persons is on record.",
            "统一社会信用代码已以该名称登记，机构在业，且至少一名负责人在登记信息中。",
        ),
    ),
    CheckKind(
        CREDIT,
        False,
        True,
        said("Credit list", "经营异常名录"),
        said(
            "The organisation is not listed for abnormal operation. Being listed raises the risk score and does not "
            "by itself prevent approval.",
            "机构未被列入经营异常名录。列入会提高风险评分，但本身不妨碍批准。",
        ),
    ),
    CheckKind(
        DISHONESTY,
        True,
        True,
        said("Dishonesty list", "失信名单"),
        said(
            "The organisation is neither a judgment defaulter nor listed as a serious illegal enterprise.",
            "机构不是失信被执行人，也未被列入严重违法失信名单。",
        ),
    ),
    CheckKind(
        DOMAIN,
        True,
        True,
        said("Domain control", "域名控制权"),
        said(
            f"Every host of a return address serves the token of this application at https://HOST{WELL_KNOWN}. "
            "Loopback addresses are exempt.",
            f"每个回调地址的主机都在 https://主机{WELL_KNOWN} 提供本申请的令牌。回环地址免检。",
        ),
    ),
    CheckKind(
        KEYS,
        True,
        True,
        said("Key strength", "密钥强度"),
        said(
            "Every registered key has at least 112 bits of strength and none of the known weaknesses we look for.",
            "每个登记的密钥强度不低于112位，且没有所检查的已知弱点。",
        ),
    ),
    CheckKind(
        POLICY,
        True,
        False,
        said("Policy pages", "政策页面"),
        said(
            "The page at each policy address has the content whose SHA-256 was declared. A page that cannot be "
            "reached is shown to the officers and does not prevent approval.",
            "每个政策地址的页面内容与申报的 SHA-256 一致。无法访问的页面会告知工作人员，但不妨碍批准。",
        ),
    ),
)
_KINDS: Final = {kind.name: kind for kind in CHECKS}


@dataclass(frozen=True)
class Finding:
    """One outcome. ``target``: which host, page or key, where there may be several; ``reasons``: codes of
    :data:`vault.vetting.reasons.REASONS`; ``evidence``: what was seen, bounded, integers and texts only."""

    name: str
    result: Result
    target: str = ""
    reasons: tuple[str, ...] = ()
    evidence: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def kind(self) -> CheckKind:
        """What is looked at."""
        return _KINDS[self.name]

    @property
    def stands_in_the_way(self) -> bool:
        """Whether it prevents approval."""
        if self.result == "failed":
            return self.kind.blocks
        return self.result == "unavailable" and self.kind.must_answer


@dataclass(frozen=True)
class Run:
    """The newest run of the checks of a case, or the lack of one."""

    findings: tuple[Finding, ...] = ()
    at: datetime | None = None

    def failed(self) -> list[Finding]:
        """What was found to be wrong and prevents approval."""
        return [each for each in self.findings if each.result == "failed" and each.stands_in_the_way]

    def outstanding(self, now: datetime) -> list[str]:
        """The names of checks that must be run (again) before anybody approves."""
        if self.at is None or now - self.at > GOOD_FOR:
            return [kind.name for kind in CHECKS]
        seen = {each.name for each in self.findings}
        missing = [kind.name for kind in CHECKS if kind.must_answer and kind.name not in seen]
        silent = [each.name for each in self.findings if each.result == "unavailable" and each.stands_in_the_way]
        return list(dict.fromkeys([*missing, *silent]))

    def said(self, name: str) -> dict[str, Any] | None:
        """What the source behind a check said, if it answered."""
        found = next((each for each in self.findings if each.name == name), None)
        return None if found is None else found.evidence.get("said")


def overall(findings: Iterable[Finding]) -> Result:
    """One word for a run: ``failed`` and ``unavailable`` where something stands in the way, else ``passed``."""
    standing = [each.result for each in findings if each.stands_in_the_way]
    return "failed" if "failed" in standing else "unavailable" if standing else "passed"
