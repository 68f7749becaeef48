"""Mail, to a real server: what arrives, what is encrypted, what the server's words mean."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from tests.notifying.mail import USER, WORD, MailBox
from vault.errors import BadConfiguration
from vault.ids import PersonId
from vault.notifying.notifier import Letter, Outcome
from vault.notifying.smtp import MailServer, SmtpNotifier
from vault.settings import load

SENDER = "vault@registry.example"
LETTER = Letter(
    UUID(int=7),
    PersonId(UUID(int=1)),
    "jingyi.ouyang@example.com",
    "有一项请求等待您的决定",
    "请登录：https://vault.example/requests\n.\n一行以点开头\n",
    "zh-CN",
    datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
)


def by(url: str, ca: Path | None = None) -> SmtpNotifier:
    return SmtpNotifier(MailServer.read(url, ca), SENDER)


async def test_a_letter_arrives_as_it_was_written(mailbox: MailBox) -> None:
    """Whole, in its language, with headers that keep machines from answering."""
    assert await by(f"smtp://127.0.0.1:{mailbox.port}").deliver(LETTER) is Outcome.TAKEN
    ((to, mail),) = mailbox.arrived
    assert (to, mail["To"], mail["Subject"]) == (LETTER.to, LETTER.to, LETTER.subject)
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == (f"<{LETTER.id.hex}@registry.example>", "auto-generated")
    assert mail.get_content().splitlines() == LETTER.body.splitlines()
    assert mail.get_content_type() == "text/plain"


async def test_it_goes_encrypted_to_whom_it_trusts(secure_mailbox: MailBox) -> None:
    """STARTTLS, a certificate for the very name, then the sign-in."""
    url = f"smtp://{USER}:{WORD.replace(' ', '%20')}@localhost:{secure_mailbox.port}"
    assert await by(url, secure_mailbox.ca).deliver(LETTER) is Outcome.TAKEN
    assert secure_mailbox.was_secret == [True]


async def test_a_server_with_another_name_gets_nothing(secure_mailbox: MailBox) -> None:
    """The certificate must be valid for the name that was configured."""
    url = f"smtp://{USER}:{WORD}@127.0.0.1:{secure_mailbox.port}"
    assert await by(url, secure_mailbox.ca).deliver(LETTER) is Outcome.LATER
    assert secure_mailbox.arrived == []


async def test_a_server_without_encryption_gets_nothing(mailbox: MailBox, tmp_path: Path) -> None:
    """Where TLS is expected, a server that does not offer it is not spoken to."""
    server = MailServer.read(f"smtp://127.0.0.1:{mailbox.port}")
    strict = MailServer({**server.options, "start_tls": True, "tls_context": ssl.create_default_context()})
    assert await SmtpNotifier(strict, SENDER).deliver(LETTER) is Outcome.LATER
    assert mailbox.arrived == []


def test_everywhere_but_on_loopback_encryption_is_asked_for() -> None:
    """By the address alone."""
    assert MailServer.read("smtp://mail.example").options["start_tls"] is True
    assert MailServer.read("smtps://mail.example").options["use_tls"] is True
    assert MailServer.read("smtp://127.0.0.1:25").options["start_tls"] is False


async def test_what_the_server_says_of_an_address(mailbox: MailBox) -> None:
    """No such mailbox is final, a full one is not; a server that is away may come back."""
    notifier = by(f"smtp://127.0.0.1:{mailbox.port}")
    mailbox.refusing = {LETTER.to: "550 no such mailbox"}
    assert await notifier.deliver(LETTER) is Outcome.NEVER
    mailbox.refusing = {LETTER.to: "452 mailbox full"}
    assert await notifier.deliver(LETTER) is Outcome.LATER
    assert await by("smtp://127.0.0.1:9").deliver(LETTER) is Outcome.LATER


async def test_a_wrong_sign_in_is_for_the_operator_to_mend(secure_mailbox: MailBox) -> None:
    """Letters wait meanwhile."""
    url = f"smtp://{USER}:wrong@localhost:{secure_mailbox.port}"
    assert await by(url, secure_mailbox.ca).deliver(LETTER) is Outcome.LATER


async def test_no_text_becomes_a_header() -> None:
    """A line break in the subject or address is refused where the mail is made, not sent."""
    for letter in (
        replace(LETTER, subject="x\r\nBcc: all@example.com"),
        replace(LETTER, to="a@example.com\r\nBcc: all@example.com"),
    ):
        assert await by("smtp://127.0.0.1:9").deliver(letter) is Outcome.LATER


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"notifier": "pigeon"}, "notifier must be"),
        ({"notifier": "smtp"}, "smtp_url and mail_from"),
        ({"smtp_url": "smtp://mail.example", "mail_from": "nobody"}, "smtp_url and mail_from"),
        ({"notifier": "outbox", "issuer": "https://vault.example"}, "for loopback only"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, str], why: str) -> None:
    """Before anything is served."""
    with pytest.raises(BadConfiguration, match=why):
        load({}, **settings)


def test_the_outbox_is_the_embedded_default() -> None:
    """On loopback only; mail where it is given; nothing anywhere else."""
    assert load({}).notifying == "outbox"
    assert load({}, issuer="https://vault.example").notifying == "none"
    assert load({}, smtp_url="smtps://mail.example", mail_from=SENDER).notifying == "smtp"


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://x:99999", "smtp://x/y"])
def test_addresses_of_servers_that_are_none(url: str) -> None:
    """Named as wrong."""
    with pytest.raises(BadConfiguration):
        MailServer.read(url)
