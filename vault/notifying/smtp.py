"""Mail: RFC 5321 over TLS, by aiosmtplib. Plain text, in one piece, never in the clear but on loopback."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib
import structlog

from vault.errors import BadConfiguration
from vault.notifying.notifier import Letter, Outcome, Parcel

TIMEOUT: Final = 20.0
"""Seconds for each step of a delivery."""
_PORTS: Final = {"smtp": 587, "smtps": 465}
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_SENDER: Final = "pivault"
_log = structlog.get_logger("vault")


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over. ``options`` are aiosmtplib's."""

    options: Mapping[str, Any] = field(repr=False)

    @classmethod
    def read(cls, url: str, ca: Path | None = None) -> Self:
        """``smtps://user:password@host:port`` (TLS from the start) or ``smtp://…`` (STARTTLS, without exception but
        on loopback). ``ca``: certificates to trust instead of the system's. Raises BadConfiguration."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise BadConfiguration("smtp_url is not an address.") from None
        if parts.scheme not in _PORTS or not parts.hostname or parts.path not in {"", "/"} or parts.query:
            raise BadConfiguration("smtp_url must be smtps://user:password@host:port or smtp://… (STARTTLS).")
        is_plain = parts.scheme == "smtp" and parts.hostname in _LOOPBACK and ca is None
        try:
            context = ssl.create_default_context(cafile=ca)
        except OSError:
            raise BadConfiguration(f"smtp_ca: {ca} holds no certificates.") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return cls(
            {
                "hostname": parts.hostname,
                "port": port or _PORTS[parts.scheme],
                "username": unquote(parts.username) if parts.username else None,
                "password": unquote(parts.password) if parts.password else None,
                "use_tls": parts.scheme == "smtps",
                "start_tls": parts.scheme == "smtp" and not is_plain,
                "tls_context": None if is_plain else context,
            }
        )


@dataclass(frozen=True)
class SmtpNotifier:
    """Sends letters as mail. ``sender``: the address in From, where bounces go as well."""

    server: MailServer
    sender: str

    async def deliver(self, letter: Letter) -> Outcome:
        """Hand a letter to the mail server. What it says of an address is final; all else may be tried again."""
        try:
            mail = self.message(letter)
        except ValueError as error:  # a line break in a header
            _log.warning("mail_not_made", kind=type(error).__name__, message=letter.id.hex)
            return Outcome.LATER
        return await self._hand_over(mail, letter.to, letter.id)

    async def carry(self, parcel: Parcel) -> Outcome:
        """Hand over what the relay passes on. Bounces go where those of letters go, and not to who sent it."""
        return await self._hand_over(parcel.mail, parcel.to, parcel.id)

    async def _hand_over(self, mail: EmailMessage, to: str, name: UUID) -> Outcome:
        try:
            await aiosmtplib.send(
                mail,
                sender=self.sender,
                recipients=[to],
                timeout=TIMEOUT,
                **self.server.options,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            return Outcome.NEVER if all(500 <= each.code < 600 for each in refused.recipients) else Outcome.LATER
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            _log.warning("mail_not_taken", kind=type(error).__name__, message=name.hex)
            return Outcome.LATER
        return Outcome.TAKEN

    def message(self, letter: Letter) -> EmailMessage:
        """The letter as a mail (RFC 5322); its Message-ID stays the same when it is sent again."""
        mail = EmailMessage(policy=SMTP)
        domain = self.sender.rpartition("@")[2]
        mail["From"] = Address(_SENDER, addr_spec=self.sender)
        mail["To"] = Address(addr_spec=letter.to)
        mail["Subject"] = letter.subject
        mail["Date"] = format_datetime(letter.at)
        mail["Message-ID"] = f"<{letter.id.hex}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note is to answer
        mail["Content-Language"] = letter.locale
        mail.set_content(letter.body)
        return mail
