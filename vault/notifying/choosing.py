"""Which notifier an installation has, by its settings."""

from vault.db import Database
from vault.notifying.outbox import Outbox
from vault.notifying.smtp import MailServer, SmtpNotifier
from vault.settings import OUTBOX, SMTP, Settings


def notifier_of(settings: Settings, database: Database) -> SmtpNotifier | Outbox | None:
    """The notifier, which also carries the relay's mail, or None where people are told in the portal only.

    Raises BadConfiguration.
    """
    if settings.notifying == SMTP:
        return SmtpNotifier(MailServer.read(settings.smtp_url or "", settings.smtp_ca), settings.mail_from or "")
    return Outbox(database) if settings.notifying == OUTBOX else None
