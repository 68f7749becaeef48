"""A mail as it is passed on: made anew from what may pass, with nothing of the sender's headers. Pure.

Plain text passes, and few attachments of few kinds. HTML does not: what it loads from elsewhere tells the sender
when, where and on what a mail was read.
"""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final
from uuid import UUID

from vault.crypto.canonical import canonical, digest
from vault.errors import Invalid

LONGEST_SUBJECT: Final = 200
LONGEST_TEXT: Final = 20_000
LARGEST: Final = 1024 * 1024
"""Bytes of a whole mail as it is handed in."""
MOST_ATTACHMENTS: Final = 4
ATTACHED: Final = frozenset({"application/pdf", "image/png", "image/jpeg", "text/plain", "text/calendar"})
MOST_HOPS: Final = 8
"""Lines ``Received``: one that has been about so often goes round in circles (RFC 5321 section 6.3)."""
_FOOT: Final = {
    "en": "Sent by {who} through the relay of the registry of personal information vaults. They do not know this "
    "address. Answers to this mail reach nobody. You can end it at any time: {vault}/relay",
    "zh-CN": "本邮件由{who}通过个人信息保管库登记机构的中转服务发送。对方不知道您的地址。回复本邮件无人收到。"
    "您可以随时终止：{vault}/relay",
}


@dataclass(frozen=True)
class Attachment:
    """One file. ``kind``: its media type."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True)
class Content:
    """What passes of a mail."""

    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()

    def digest(self) -> bytes:
        """32 bytes over all of it."""
        files = [[each.name, each.kind, digest(each.content).hex()] for each in self.attachments]
        return digest(canonical(["relay mail", 1, self.subject, self.text, files]))


@dataclass(frozen=True)
class From:
    """Who sends, as people call them; the relay's domain; the address of the portal; en or zh-CN, as the person
    reads."""

    who: str
    domain: str
    vault: str
    language: str = "en"


def checked(subject: str, text: str, attachments: tuple[Attachment, ...] = ()) -> Content:
    """What a client wants to say. Raises Invalid for what could break a header, is too long or of another kind."""
    if not subject.strip() or len(subject) > LONGEST_SUBJECT or not subject.isprintable():
        raise Invalid.field("subject", f"must be one line of 1 to {LONGEST_SUBJECT} visible characters")
    body = text.replace("\r\n", "\n")
    if not body.strip() or len(body) > LONGEST_TEXT or not all(c.isprintable() or c in "\n\t" for c in body):
        raise Invalid.field("text", f"must be plain text of 1 to {LONGEST_TEXT} characters")
    if len(attachments) > MOST_ATTACHMENTS:
        raise Invalid.field("attachments", f"may be {MOST_ATTACHMENTS} at most")
    for each in attachments:
        if each.kind not in ATTACHED:
            raise Invalid.field("attachments", f"may be of the kinds {', '.join(sorted(ATTACHED))}")
    return Content(subject, body, attachments)


def read(raw: bytes) -> Content:
    """What may pass of a mail that was handed in over SMTP. Raises Invalid, also for mail that goes in circles."""
    if len(raw) > LARGEST:
        raise Invalid.field("mail", f"may have {LARGEST} bytes at most")
    try:
        return _read(raw)
    except (LookupError, UnicodeError, ValueError, AttributeError, TypeError):  # what the reader itself breaks on
        raise Invalid.field("mail", "holds a part that cannot be read") from None


def forwarded(content: Content, to: str, sender: From, *, message: UUID, at: datetime) -> EmailMessage:
    """The mail that leaves. Its Message-ID stays the same when it is sent again."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(_plain(sender.who), "no-reply", sender.domain)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = content.subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message.hex}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-forwarded"
    foot = _FOOT[sender.language].format(who=_plain(sender.who), vault=sender.vault)
    mail.set_content(f"{content.text.rstrip()}\n\n-- \n{foot}\n")
    for each in content.attachments:
        main, _, sub = each.kind.partition("/")
        mail.add_attachment(each.content, maintype=main, subtype=sub, filename=each.name)
    return mail


def _read(raw: bytes) -> Content:
    mail = message_from_bytes(raw, policy=SMTP)
    if not isinstance(mail, EmailMessage) or mail.defects:
        raise Invalid.field("mail", "is not a mail after RFC 5322")
    if len(mail.get_all("Received", [])) > MOST_HOPS or str(mail.get("Auto-Submitted", "no")).lower() != "no":
        raise Invalid.field("mail", "was sent by a machine in answer to another one, or goes round in circles")
    body = mail.get_body(("plain",))
    if body is None:
        raise Invalid.field("text", "must be there as plain text: HTML does not pass")
    files = tuple(_attachment(part) for part in mail.iter_attachments() if isinstance(part, EmailMessage))
    return checked(str(mail.get("Subject", "")), str(body.get_content()), files)


def _attachment(part: EmailMessage) -> Attachment:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        raise Invalid.field("attachments", "must be files")
    return Attachment(_plain(part.get_filename() or "attachment")[:100], part.get_content_type(), content)


def _plain(text: str) -> str:
    """One line that a header can hold."""
    return "".join(c for c in text if c.isprintable()).strip() or "-"
