"""Mail handed in to the relay (RFC 6409): who sends signs in first, writes to one address, and waits for the outcome.

Sign-in is AUTH PLAIN with the client id as name and a client assertion (RFC 7523, used once) as password: there are no
passwords to lose. It is no open relay: nothing is taken from who did not sign in, for more than one recipient, or for
another domain; and a name of this domain that the sender may not write to is answered as one that never was.
"""

import asyncio
import binascii
import logging
import warnings
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import Any, Final
from uuid import UUID

import structlog
from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from aiosmtpd.smtp import Session as Talk

from vault.crypto.canonical import digest
from vault.errors import Conflict, IdempotencyMismatch, Invalid, NotFound, TooMany, VaultError
from vault.relay import mail
from vault.relay.names import read_name
from vault.requesters.views import ClientView

LONGEST_AUTH: Final = 12_288
"""RFC 4954 section 4: base64 of an initial response."""
IDLE: Final = 60.0
"""Seconds after which a silent connection is closed."""
_NO_ADDRESS: Final = "550 5.1.1 There is no such address"
_log = structlog.get_logger("vault")

SignIn = Callable[[str, str], Awaitable[ClientView]]
"""The client of this name and assertion. Raises VaultError."""
Pass = Callable[[ClientView, str, str, mail.Content], Awaitable[UUID]]
"""Passes a mail on: client, address, key, content."""


@dataclass(frozen=True)
class Submission:
    """What is done with a connection: aiosmtpd calls by name."""

    domain: str
    sign_in: SignIn
    pass_on: Pass

    async def auth_PLAIN(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's own name
        """RFC 4616: authzid NUL name NUL assertion; the first is empty."""
        given: Any = args[1] if len(args) > 1 else await server.challenge_auth("")
        try:
            raw = b64decode(given, validate=True) if isinstance(given, str) else bytes(given)
            other, name, assertion = raw.decode("ascii").split("\0")
        except (ValueError, TypeError, binascii.Error):
            return AuthResult(success=False, handled=False)
        if other not in {"", name}:
            return AuthResult(success=False, handled=False)
        try:
            client = await self.sign_in(name, assertion)
        except VaultError as refused:
            _log.info("relay.not_signed_in", problem=refused.name, said=refused.public)
            return AuthResult(success=False, handled=False, message=f"535 5.7.8 {_why(refused)}")
        return AuthResult(success=True, auth_data=client)

    async def handle_MAIL(  # noqa: N802 - as above
        self, _server: SMTP, session: Talk, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Any sender: it goes no further than here."""
        if not isinstance(session.auth_data, ClientView):
            return "530 5.7.0 Authentication required"
        envelope.mail_from, envelope.mail_options = address, options
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - as above
        self, _server: SMTP, _session: Talk, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """One address of this relay, by its shape; whether it is one is told when all of it is there."""
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient for each message"
        if read_name(address, self.domain) is None:
            return _NO_ADDRESS
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, session: Talk, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Pass it on. The same Message-ID to the same address is the same message."""
        client, raw = session.auth_data, envelope.content
        if not isinstance(client, ClientView) or not isinstance(raw, bytes):
            return "530 5.7.0 Authentication required"
        try:
            content = mail.read(raw)
            await self.pass_on(client, envelope.rcpt_tos[0], _key(raw), content)
        except VaultError as refused:
            return _answer(refused)
        return "250 2.0.0 Passed on"

    async def handle_exception(self, error: Exception) -> str:
        """Whatever breaks is told without its words, which may quote a row."""
        _log.error("failed", kind=type(error).__name__)
        return "451 4.3.0 Try later"


@asynccontextmanager
async def listening(submission: Submission, host: str, port: int) -> AsyncIterator[int]:
    """A server on loopback for as long as the block lasts; gives the port it listens on."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's: it warns of itself at every connection
    server = await asyncio.get_running_loop().create_server(lambda: _protocol(submission), host=host, port=port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


class _Protocol(SMTP):
    """With room for an assertion in one line."""

    line_length_limit = LONGEST_AUTH + 512


def _protocol(submission: Submission) -> SMTP:
    with warnings.catch_warnings(action="ignore"):  # of signing in without TLS: loopback only, settings see to it
        made = _Protocol(
            submission,
            hostname=submission.domain,
            ident="pivault relay",
            data_size_limit=mail.LARGEST,
            auth_required=True,
            auth_require_tls=False,
            auth_exclude_mechanism=["LOGIN"],
            timeout=IDLE,
            loop=asyncio.get_running_loop(),
        )
    made.command_size_limits["AUTH"] = LONGEST_AUTH
    return made


def _key(raw: bytes) -> str:
    """What makes two hand-ins the same message: its Message-ID, or all of it where it has none."""
    named = "".join(str(BytesHeaderParser().parsebytes(raw)["Message-ID"] or "").split())  # on however many lines
    return "smtp." + digest(named.encode(errors="replace") or raw).hex()


def _why(refused: VaultError) -> str:
    """What is wrong with a sign-in, as the token endpoint would say it; nothing of what is wrong on our side."""
    said = refused.public if refused.status < 500 else "Try later"
    return "".join(c if " " <= c <= "~" else "'" for c in said)[:400]


def _answer(refused: VaultError) -> str:
    if isinstance(refused, NotFound):
        return _NO_ADDRESS
    if isinstance(refused, TooMany):
        return "450 4.7.1 Too much was sent to this address: try later"
    if isinstance(refused, IdempotencyMismatch):
        return "554 5.6.0 Another message came under this Message-ID"
    if isinstance(refused, Invalid):
        return f"554 5.6.0 {refused.public.partition(': ')[2] or 'Not taken'}"
    return (
        "554 5.7.0 Not taken" if refused.status < 500 and not isinstance(refused, Conflict) else "451 4.3.0 Try later"
    )
