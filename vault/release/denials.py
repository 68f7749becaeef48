"""Why an officer denies a release: a small published list, so that the person and the requester can act on it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

from vault.errors import Invalid

Code = Literal["too_much", "purpose_doubtful", "unusual", "under_review", "person_asked", "evidence_missing", "other"]
CODES: Final[tuple[Code, ...]] = get_args(Code)
"""They keep their meaning for ever: entries cite them."""
MEANINGS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "too_much": {"en": "more than the purpose needs", "zh-CN": "超出目的所需"},
        "purpose_doubtful": {"en": "the purpose is in doubt", "zh-CN": "目的存疑"},
        "unusual": {"en": "the request is unusual for this organisation", "zh-CN": "该请求对此机构而言异常"},
        "under_review": {"en": "the organisation is under review", "zh-CN": "该机构正在接受审查"},
        "person_asked": {"en": "the person asked the registry to stop it", "zh-CN": "本人要求登记机构停止"},
        "evidence_missing": {
            "en": "the organisation has not shown what it was asked for",
            "zh-CN": "机构未提交所要求的证明",
        },
        "other": {"en": "another reason, kept at the registry", "zh-CN": "其他原因，由登记机构留存"},
    }
)


def check(code: str | None) -> None:
    """Raises Invalid for what is not on the list."""
    if code not in CODES:
        raise Invalid.field("code", f"must be one of {', '.join(CODES)}")
