"""Mail handed in over SMTP, by a real client to a real server, and out again to a real mail server."""

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from email.message import EmailMessage

import aiosmtplib
import pytest

from tests.authserver.keys import Signer, assertion
from tests.notifying.mail import MailBox, mail_server
from tests.profile.world import CONTACT
from tests.relay.conftest import DOMAIN, Relayed
from tests.release.world import ISSUER
from vault import ids
from vault.authserver.admitting import by_assertion
from vault.authserver.server import AuthServer
from vault.edge.exchange import Exchange
from vault.errors import Invalid
from vault.ledger.events import member
from vault.notifying.smtp import MailServer, SmtpNotifier
from vault.relay import close, mail
from vault.relay.passing import PER_HOUR
from vault.relay.submission import Submission, listening
from vault.requesters.changing import By, change_keys
from vault.requesters.views import ClientView

EMAIL = "contact.email"


@dataclass
class Desk:
    """The relay's SMTP server, and the bank's key for it."""

    relayed: Relayed
    port: int
    box: MailBox
    signer: Signer
    name: str

    def password(self, **claims: object) -> str:
        """A fresh assertion."""
        return assertion(self.signer, self.name, self.relayed.releases.clock.now(), **claims)

    async def send(self, raw: EmailMessage, to: str, password: str | None = None) -> None:
        """As a bank's mail program does."""
        await aiosmtplib.send(
            raw,
            sender="loans@bank.example",
            recipients=[to],
            hostname="127.0.0.1",
            port=self.port,
            start_tls=False,
            username=self.name,
            password=password or self.password(),
        )

    async def hand_in(self, raw: str, to: str) -> None:
        """A mail as it is, to the byte."""
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=self.port, start_tls=False) as client:
            await client.login(self.name, self.password())
            await client.sendmail("loans@bank.example", [to], raw)


@pytest.fixture
async def desk(relayed: Relayed) -> AsyncIterator[Desk]:
    server = AuthServer(issuer=ISSUER, database=relayed.exchange.database)
    client, signer = await relayed.client(), Signer.make("PS256", "smtp")  # the longest assertions there are
    by, now = By(client.requester_id, member(client.client_id)), relayed.releases.clock.now()
    await relayed.run(
        change_keys,
        client.client_id,
        by,
        lambda keys: keys.with_key(signer.registered, start=None, end=None, now=now),
    )

    async def sign_in(name: str, password: str) -> ClientView:
        return await by_assertion(server, name, password)

    with mail_server() as box:
        carrier = SmtpNotifier(MailServer.read(f"smtp://127.0.0.1:{box.port}"), "registry@vault.example")
        exchange = replace(relayed.exchange, carrier=carrier)
        async with listening(Submission(DOMAIN, sign_in, exchange.mail), "127.0.0.1", 0) as port:
            yield Desk(relayed, port, box, signer, ids.public(ids.CLIENT, client.client_id))


def _mail(**headers: str) -> EmailMessage:
    made = EmailMessage()
    for name, value in ({"From": "loans@bank.example", "Subject": "Your loan"} | headers).items():
        made[name.replace("_", "-")] = value
    made.set_content("Please come by.")
    return made


async def test_mail_goes_in_and_out(desk: Desk) -> None:
    """A bank's mail program signs in with an assertion; the person's mail server gets it, from the relay's address."""
    to = (await desk.relayed.released())[EMAIL]
    raw = _mail(Message_ID="<1@bank.example>", Reply_To="trace@bank.example")
    raw.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="offer.pdf")
    await desk.send(raw, to)
    await desk.send(raw, to)  # the same Message-ID: the same message
    ((recipient, arrived),) = desk.box.arrived
    assert recipient == CONTACT["email"]
    assert str(arrived["From"]).endswith(f"<no-reply@{DOMAIN}>")
    assert arrived["Reply-To"] is None
    body = arrived.get_body(("plain",))
    assert body is not None
    assert "Please come by." in body.get_content()
    assert [part.get_filename() for part in arrived.iter_attachments()] == ["offer.pdf"]
    assert len(await desk.relayed.releases.entries("relay.forwarded")) == 1


async def test_a_name_on_a_line_of_its_own_is_a_name(desk: Desk) -> None:
    """Mail programs fold a long Message-ID: two mails stay two, the same one stays one, another under it is refused."""
    to = (await desk.relayed.released())[EMAIL]
    for number, subject in ((1, "The first"), (2, "The second"), (2, "The second")):
        await desk.hand_in(f"Message-ID:\r\n <{number}@bank.example>\r\nSubject: {subject}\r\n\r\nHello.\r\n", to)
    assert [str(arrived["Subject"]) for _, arrived in desk.box.arrived] == ["The first", "The second"]
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await desk.hand_in("Message-ID: <2@bank.example>\r\nSubject: The third\r\n\r\nHello.\r\n", to)
    assert "Message-ID" in refused.value.message
    assert len(desk.box.arrived) == 2


async def test_it_is_no_open_relay(desk: Desk) -> None:
    """Without a sign-in, for another domain, for two at once: refused, and nothing leaves."""
    to = (await desk.relayed.released())[EMAIL]
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=desk.port, start_tls=False) as client:
        await client.ehlo()
        for command in ("MAIL FROM:<a@bank.example>", f"RCPT TO:<{to}>", "DATA"):
            assert (await client.execute_command(*(part.encode() for part in command.split(" ")))).code == 530
        await client.login(desk.name, desk.password())
        await client.mail("a@bank.example")
        for stranger in ("somebody@example.com", f"postmaster@{DOMAIN}", f"r-x@{DOMAIN}"):
            with pytest.raises(aiosmtplib.SMTPRecipientRefused) as refused:
                await client.rcpt(stranger)
            assert refused.value.code == 550
        await client.rcpt(to)
        with pytest.raises(aiosmtplib.SMTPRecipientRefused) as refused:
            await client.rcpt(to)
        assert refused.value.code == 452
    assert desk.box.arrived == []


async def test_signing_in_takes_a_fresh_assertion(desk: Desk) -> None:
    """Used before, expired, for another issuer, of another key, under another name, a password: 535."""
    used, to = desk.password(), (await desk.relayed.released())[EMAIL]
    await desk.send(_mail(), to, used)
    now = int(desk.relayed.releases.clock.now().timestamp())
    foreign = assertion(Signer.make("PS256", "smtp"), desk.name, desk.relayed.releases.clock.now())
    tries = [used, desk.password(exp=now - 1), desk.password(aud="https://elsewhere.example"), foreign, "a password"]
    words = []
    for password in tries:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError) as refused:
            await desk.send(_mail(), to, password)
        assert refused.value.code == 535
        assert password not in refused.value.message
        words.append(refused.value.message)
    assert "issuer" in words[2] or "aud" in words[2]
    desk.name = ids.public(ids.CLIENT, ids.new_uuid())
    with pytest.raises(aiosmtplib.SMTPAuthenticationError):
        await desk.send(_mail(), to)
    assert len(desk.box.arrived) == 1


async def test_an_address_that_is_not_ones_own_is_told_alike(desk: Desk) -> None:
    """Never was, or closed: 550 with the same words, once all of the mail is there."""
    to = (await desk.relayed.released())[EMAIL]
    for each in await desk.relayed.addresses():
        await desk.relayed.run(close, desk.relayed.releases.consents.person, each.id)
    told = set()
    for address in (to, f"r-{'a' * 24}@{DOMAIN}"):
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await desk.send(_mail(), address)
        told.add((refused.value.code, refused.value.message))
    assert told == {(550, "5.1.1 There is no such address")}


async def test_what_does_not_pass_is_told_at_once(desk: Desk) -> None:
    """HTML alone, a machine's answer, too large, too often: refused with a code that says whether to try again."""
    to = (await desk.relayed.released())[EMAIL]
    html, large = _mail(), _mail()
    html.set_content("<p>hello</p>", subtype="html")
    large.add_attachment(b"a" * mail.LARGEST, maintype="application", subtype="pdf", filename="a.pdf")
    for raw, code in ((html, 554), (_mail(Auto_Submitted="auto-replied"), 554), (large, 552)):
        with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
            await desk.send(raw, to)
        assert refused.value.code == code
    for number in range(PER_HOUR):
        await desk.send(_mail(Message_ID=f"<{number}@bank.example>"), to)
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await desk.send(_mail(Message_ID="<more@bank.example>"), to)
    assert refused.value.code == 450


async def test_a_dead_mail_server_is_told(desk: Desk) -> None:
    """451: the sender's own server tries again, and the message counts once."""
    to = (await desk.relayed.released())[EMAIL]
    desk.box.refusing[CONTACT["email"]] = "451 later"
    raw = _mail(Message_ID="<1@bank.example>")
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await desk.send(raw, to)
    assert refused.value.code == 451
    desk.box.refusing.clear()
    await desk.send(raw, to)
    assert len(desk.box.arrived) == 1
    assert len(await desk.relayed.releases.entries("relay.forwarded")) == 1


async def test_a_fault_is_told_without_its_text() -> None:
    """What a database or a library says when it breaks may quote a row: 451, and nothing of it."""

    async def sign_in(name: str, password: str) -> ClientView:
        raise RuntimeError("Key (person_id)=(1234) already exists")

    async with (
        listening(Submission(DOMAIN, sign_in, Exchange.mail), "127.0.0.1", 0) as port,  # type: ignore[arg-type]  # one method is
        aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client,
    ):
        await client.ehlo()
        answer = await client.execute_command(b"AUTH", b"PLAIN", b64encode(b"\0a\0b"))
    assert (answer.code, answer.message) == (451, "4.3.0 Try later")


def test_headers_that_nobody_can_read_are_refused() -> None:
    """A mail bent to break its reader is no mail: it is refused, and breaks nothing."""
    with pytest.raises(Invalid):
        mail.read(b"Subject: a\r\nContent-Type: a; b*\r\n\r\nhello")
