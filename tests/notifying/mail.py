"""A real mail server on loopback (aiosmtpd), with and without TLS."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.vetting.hosts import certificate

USER, WORD = "registry", "a word"


@dataclass
class MailBox:
    """What arrived, and what the server says to whom. ``ca``: its certificate, where it speaks TLS."""

    port: int = 0
    ca: Path | None = None
    refusing: dict[str, str] = field(default_factory=dict)
    arrived: list[tuple[str, EmailMessage]] = field(default_factory=list)
    was_secret: list[bool] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refusing:
            return self.refusing[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        assert isinstance(envelope.content, bytes)
        read = message_from_bytes(envelope.content, policy=default)
        assert isinstance(read, EmailMessage)
        self.arrived.append((envelope.rcpt_tos[0], read))
        self.was_secret.append(session.ssl is not None)
        return "250 taken"


def _knows(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (USER.encode(), WORD.encode()), handled=False)


@contextmanager
def mail_server(folder: Path | None = None) -> Iterator[MailBox]:
    """A server for as long as the block lasts; with a folder for its certificate, it insists on STARTTLS and a
    sign-in."""
    box = MailBox()
    options: dict[str, Any] = {}
    if folder is not None:
        made = certificate(folder, "localhost")
        box.ca = next(folder.glob("localhost*.pem"))
        options = {
            "tls_context": made.server,
            "require_starttls": True,
            "authenticator": _knows,
            "auth_required": True,
        }
    controller = Controller(box, hostname="127.0.0.1", port=_free_port(), **options)
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
