"""What messages say, in both languages. Pure.

A mail passes through hands that are not the registry's: it says that something waits, and neither who asks nor for
what. Nothing that a requester wrote goes into it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Final


@dataclass(frozen=True)
class Wording:
    """One kind of message in one language."""

    subject: str
    body: str


_KEEP_EN: Final = (
    "This message was sent by the registry of personal information vaults to the address you gave for notices. "
    "We never ask for your password by mail. You can change or remove this address in your vault at any time."
)
_KEEP_ZH: Final = (
    "本邮件由个人信息保管库登记机构发送至您为接收通知而提供的地址。"
    "我们绝不会通过邮件索要您的密码。您可以随时在保管库中更改或移除此地址。"
)
_LAWFUL: Final = {
    "en": Wording(
        "An access by law to your vault may be told now",
        "An authority ordered access to information in your vault, and the time in which you could not be told is "
        "over. Who, on which legal basis, for what and when stands in your vault under “Who saw what”:\n\n    $vault",
    ),
    "zh-CN": Wording(
        "依法访问您的保管库一事现可告知",
        "有机关依法要求访问您保管库中的信息，不得告知的期限现已届满。"
        "由谁、依据什么法律、为何事、何时，请在保管库“使用记录”中查看：\n\n    $vault",
    ),
}
_MEASURE: Final = {
    "en": Wording(
        "A supervisory authority did something about one of your permissions",
        "What it did, and why, stands in your vault under “Who saw what”:\n\n    $vault\n\n"
        "You need not do anything. What you allowed was not made more.",
    ),
    "zh-CN": Wording(
        "监管机构对您的一项授权采取了措施",
        "采取了什么措施及原因，请在您的保管库“使用记录”中查看：\n\n    $vault\n\n"
        "您无需任何操作。您的授权范围不会因此扩大。",
    ),
}
_ERASURE: Final = {
    "en": Wording(
        "Your vault is to be erased",
        "Somebody who is signed in to your vault, and knows its password, asked for it to be erased on $until.\n\n"
        "If this was not you, sign in and call it off at once, then change your password:\n\n    $vault\n\n"
        "If it was you, you need not do anything.",
    ),
    "zh-CN": Wording(
        "您的保管库将被删除",
        "有人登录了您的保管库并输入了密码，要求于 $until 删除该保管库。\n\n"
        "如果不是您本人，请立即登录并撤销，然后修改密码：\n\n    $vault\n\n"
        "如果是您本人，无需任何操作。",
    ),
}

TEXTS: Final[Mapping[str, Mapping[str, Wording]]] = {
    "address_code": {
        "en": Wording(
            "Confirm the address for notices",
            "Somebody wants notices of a personal information vault to be sent here.\n\n"
            "If this was you, type this code in your vault under “Address for notices”:\n\n    $code\n\n"
            "It is valid until $until. If it was not you, do nothing: without the code nothing is sent here again.\n\n"
            "$vault",
        ),
        "zh-CN": Wording(
            "确认接收通知的地址",
            "有人希望将个人信息保管库的通知发送到此地址。\n\n"
            "如果是您本人，请在保管库的“通知地址”中输入此验证码：\n\n    $code\n\n"
            "有效期至 $until。如果不是您本人，无需任何操作：没有验证码，此地址不会再收到邮件。\n\n"
            "$vault",
        ),
    },
    "address_changed": {
        "en": Wording(
            "Notices no longer come here",
            "The address for notices of your personal information vault was changed or removed. "
            "Nothing more will be sent here.\n\nIf this was not you, sign in and look at “Who saw what”: $vault",
        ),
        "zh-CN": Wording(
            "此地址不再接收通知",
            "您的个人信息保管库的通知地址已被更改或移除，此地址不会再收到邮件。\n\n"
            "如果这不是您本人的操作，请登录并查看“使用记录”：$vault",
        ),
    },
    "lawful_access": _LAWFUL,
    "erasure_asked": _ERASURE,
    "grant_suspended": _MEASURE,
    "grant_restored": _MEASURE,
    "grant_narrowed": _MEASURE,
    "consent_waiting": {
        "en": Wording(
            "A request waits for your decision",
            "An organisation asks for information from your vault. Sign in to see who asks, for what and why, and "
            "decide:\n\n    $vault\n\nThe request ends by itself at $until. Nothing is shared unless you allow it. If "
            "you did not expect it, do not allow it; you can report it on the same page.",
        ),
        "zh-CN": Wording(
            "有一项请求等待您的决定",
            "有机构请求使用您保管库中的信息。请登录查看是谁、请求什么、为什么，并作出决定：\n\n    $vault\n\n"
            "该请求将于 $until 自动结束。未经您同意，不会共享任何信息。如果您没有预料到这项请求，请不要同意；"
            "您可以在同一页面举报。",
        ),
    },
}
"""By kind, then by language. ``$vault``: the address of the page to open; ``$until``: the moment it ends."""
_KEEP: Final = {"en": _KEEP_EN, "zh-CN": _KEEP_ZH}


def worded(kind: str, locale: str, values: Mapping[str, str]) -> Wording:
    """The message with its values in place, in the person's language, with the words every message ends with."""
    language = "zh-CN" if locale.lower().startswith("zh") else "en"
    wording = TEXTS[kind][language]
    return Wording(wording.subject, f"{Template(wording.body).substitute(values)}\n\n-- \n{_KEEP[language]}\n")
