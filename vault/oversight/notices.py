"""What to tell people whose data an organisation lost: in Chinese and in English, ready to send. Pure.

PIPL article 57 names what a notice must hold: the kinds of information, the causes and the harm that may follow, the
measures taken and those that people can take themselves, how to reach the organisation. GDPR article 34 asks for the
same in clear and plain language. What only the organisation knows stands in square brackets, to be filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from vault.profile.catalogue import catalogue

_CHINA: Final = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Lost:
    """What was lost: by which organisation (its names by language), when, the most sensitive class, item names."""

    called: Mapping[str, str]
    since: datetime
    until: datetime
    sensitivity: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Notice:
    """The text for one class of persons, by language tag, and how many it goes to."""

    sensitivity: str
    persons: int
    text: dict[str, str]


def notice(lost: Lost, *, persons: int) -> Notice:
    """The notice for everybody whose most sensitive loss is of this class."""
    return Notice(lost.sensitivity, persons, {"zh-CN": _chinese(lost), "en": _english(lost)})


def _chinese(lost: Lost) -> str:
    since, until = _days(lost, "{0.year}年{0.month}月{0.day}日")
    name = lost.called.get("zh-CN") or lost.called.get("en", "")
    return "\n".join(
        (
            "个人信息安全事件通知（《中华人民共和国个人信息保护法》第五十七条）",
            "",
            f"您好！{name}（以下简称“该机构”）发生了个人信息安全事件。该机构在{since}至{until}期间经您授权取得的个人信息可能受到影响。",
            "",
            f"涉及的信息种类：{'、'.join(_labels(lost, 'zh-CN'))}。",
            "事件的原因：[由该机构填写]",
            f"可能造成的危害：{_HARM_ZH[lost.sensitivity]}",
            "已采取的补救措施：[由该机构填写]",
            f"您可以采取的措施：{_ADVICE_ZH[lost.sensitivity]}您可以随时登录个人信息保险库，停止对该机构的授权，查看每一次使用的记录。",
            "该机构的联系方式：[由该机构填写]",
            "",
            "本通知不会要求您提供验证码、密码或银行卡号。",
        )
    )


def _english(lost: Lost) -> str:
    since, until = _days(lost, "{0:%d %B %Y}")
    name = lost.called.get("en") or lost.called.get("zh-CN", "")
    return "\n".join(
        (
            "Notice of a personal information incident (PIPL article 57; GDPR article 34)",
            "",
            f"There was a security incident at {name}. Information about you that it received with your permission "
            f"between {since} and {until} may be affected.",
            "",
            f"What it concerns: {', '.join(_labels(lost, 'en'))}.",
            "What happened: [the organisation fills this in]",
            f"What may follow: {_HARM_EN[lost.sensitivity]}",
            "What has been done: [the organisation fills this in]",
            f"What you can do: {_ADVICE_EN[lost.sensitivity]} In your vault you can stop sharing with the organisation "
            "at any time, and see every use of your information.",
            "How to reach the organisation: [the organisation fills this in]",
            "",
            "This notice never asks you for a code, a password or a card number.",
        )
    )


def _labels(lost: Lost, language: str) -> list[str]:
    names = sorted({item.partition(":")[0] for item in lost.items})
    fields = [(name, catalogue().find(name)) for name in names]
    return [name if field is None else field.label.get(language, name) for name, field in fields]


def _days(lost: Lost, shape: str) -> tuple[str, str]:
    last = lost.until - timedelta(microseconds=1)
    return shape.format(lost.since.astimezone(_CHINA)), shape.format(last.astimezone(_CHINA))


_HARM_ZH: Final = {
    "sensitive": "敏感个人信息一旦泄露，可能使您的人格尊严受到侵害，或者危及人身、财产安全，"
    "例如被冒用身份、遭受针对性诈骗。",
    "general": "您可能收到骚扰电话或短信，或遭受利用这些信息进行的诈骗。",
    "public": "所涉信息本身是公开的，危害有限；但可能被用于骗取您的信任。",
}
_HARM_EN: Final = {
    "sensitive": "sensitive information can be used to take your identity, to deceive you with what only you should "
    "know, or to harm your dignity, safety or property.",
    "general": "you may get unwanted calls or messages, or somebody may use what they know to deceive you.",
    "public": "what was lost is public, so that the harm is small; it may still be used to gain your trust.",
}
_ADVICE_ZH: Final = {
    "sensitive": "请留意账户和信用记录的异常变动，必要时向银行、征信机构和公安机关报告；"
    "更换以这些信息作为验证方式的密码和密保问题。",
    "general": "请对自称该机构的来电和信息保持警惕，通过官方渠道核实后再答复。",
    "public": "请对自称该机构的来电和信息保持警惕。",
}
_ADVICE_EN: Final = {
    "sensitive": "Watch your accounts and your credit record, report what you do not recognise to your bank, the "
    "credit bureau and the police, and change passwords and security questions that rest on this information.",
    "general": "Be wary of calls and messages in the organisation's name, and call back on a number you looked up.",
    "public": "Be wary of calls and messages in the organisation's name.",
}
