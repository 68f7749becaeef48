"""Passing on: by whom, how often, once; and what the mail looks like that leaves."""

import asyncio
from email.message import EmailMessage
from uuid import UUID

import pytest

from tests.conftest import NOW
from tests.profile.world import CONTACT
from tests.relay.conftest import CONTENT, DOMAIN, LINE, Relayed
from tests.release.test_ends import suspend
from tests.requesters.samples import USCC, application
from tests.requesters.world import let_in
from vault.consent import withdraw
from vault.errors import IdempotencyMismatch, Invalid, TooMany, Unavailable
from vault.notifying import Outcome
from vault.relay import close, mail, passing
from vault.relay.passing import KEPT, PER_HOUR, InHand, NoAddress
from vault.requesters.register import client as live_client
from vault.requesters.uscc import check_character

EMAIL, PHONE = "contact.email", "contact.phone_number"


async def test_mail_reaches_the_person(relayed: Relayed) -> None:
    """To the real address, from the relay's own, with the organisation's name and how to end it; it is counted."""
    await relayed.send((await relayed.released())[EMAIL])
    (parcel,) = relayed.van.parcels
    assert parcel.to == CONTACT["email"]
    assert parcel.mail["To"] == CONTACT["email"]
    assert str(parcel.mail["From"]).endswith(f"<no-reply@{DOMAIN}>")
    assert "海港银行" in str(parcel.mail["From"])
    assert parcel.mail["Auto-Submitted"] == "auto-forwarded"
    assert "We expect you on Tuesday" in parcel.mail.get_content()
    assert "/relay" in parcel.mail.get_content()
    (found,) = [each for each in await relayed.addresses() if each.item == EMAIL]
    assert (found.messages, found.last_at) == (1, relayed.releases.clock.now())
    (entry,) = await relayed.releases.entries("relay.forwarded")
    assert (entry["outcome"], entry["items"]) == ("mail", [{"form": "relay", "item": EMAIL}])


async def test_no_content_is_kept(relayed: Relayed) -> None:
    """Of a message there is a time and a state; what it said is in no row."""
    await relayed.send((await relayed.released())[EMAIL])
    (row,) = await relayed.administrator.rows("SELECT * FROM relay_messages")
    assert row["state"] == "sent"
    assert "Tuesday" not in str(dict(row))
    assert "appointment" not in str(dict(row))


async def test_the_same_key_is_the_same_message(relayed: Relayed) -> None:
    """Sent once and counted once; another content under it is refused; after a day the key is free."""
    to = (await relayed.released())[EMAIL]
    first = await relayed.send(to)
    assert await relayed.send(to) == first
    with pytest.raises(IdempotencyMismatch):
        await relayed.send(to, content=mail.checked("Another", "text"))
    assert len(relayed.van.parcels) == 1
    relayed.releases.clock.move(KEPT)
    assert await relayed.send(to) != first
    assert len(await relayed.releases.entries("relay.forwarded")) == 2


async def test_what_nobody_took_is_tried_again(relayed: Relayed) -> None:
    """503; the same key tries again with the same Message-ID, without a second entry or count."""
    to = (await relayed.released())[EMAIL]
    relayed.van.outcome = Outcome.LATER
    with pytest.raises(Unavailable):
        await relayed.send(to)
    relayed.van.outcome = Outcome.TAKEN
    await relayed.send(to)
    first, second = (parcel.mail["Message-ID"] for parcel in relayed.van.parcels)
    assert first == second
    assert len(await relayed.releases.entries("relay.forwarded")) == 1
    assert max(each.messages for each in await relayed.addresses()) == 1


async def test_a_message_in_hand_is_not_sent_twice(relayed: Relayed) -> None:
    """While it is being sent the same key waits; when whoever sent it died, it is tried again after the lease."""
    to, client = (await relayed.released())[EMAIL], await relayed.client()
    wish = passing.Wish(to.partition("@")[0], "mail", "k", CONTENT.digest())

    async def yes(*_: object) -> bool:
        return True

    await relayed.run(passing.begin, client, wish, yes)
    with pytest.raises(InHand):
        await relayed.send(to)
    relayed.releases.clock.move(passing.LEASE)
    await relayed.send(to)
    assert len(relayed.van.parcels) == 1


async def test_at_once_it_is_one_message(relayed: Relayed) -> None:
    """Five times the same at the same moment: one leaves."""
    to = (await relayed.released())[EMAIL]
    done = await asyncio.gather(*(relayed.send(to) for _ in range(5)), return_exceptions=True)
    assert len(relayed.van.parcels) == 1
    assert any(not isinstance(each, BaseException) for each in done)


async def test_too_much_is_refused(relayed: Relayed) -> None:
    """Six an hour to one address; what is refused is recorded, and the other address is none the worse."""
    values = await relayed.released()
    for number in range(PER_HOUR):
        await relayed.send(values[EMAIL], key=str(number))
    with pytest.raises(TooMany):
        await relayed.send(values[EMAIL], key="more")
    assert [entry["reason"] for entry in await relayed.releases.entries("relay.refused")] == ["too-many-requests"]
    await relayed.exchange.call(await relayed.client(), values[PHONE], "c", LINE)
    relayed.releases.later(hours=1, seconds=1)
    await relayed.send(values[EMAIL], key="later")


async def test_every_reason_is_no_address(relayed: Relayed) -> None:
    """Never was, closed, ended, of the other kind, of a withdrawn grant: one answer, to the letter."""
    values, client = await relayed.released(), await relayed.client()
    answers = []

    async def refused(to: str, key: str) -> None:
        with pytest.raises(NoAddress) as error:
            await relayed.exchange.mail(client, to, key, CONTENT)
        answers.append((error.value.name, error.value.public, error.value.status, str(error.value.members)))

    await refused(f"r-{'a' * 24}@{DOMAIN}", "never")
    await refused("somebody@example.com", "elsewhere")
    await refused(values[PHONE], "other kind")
    found = {each.item: each for each in await relayed.addresses()}
    await relayed.run(close, relayed.releases.consents.person, found[EMAIL].id)
    await refused(values[EMAIL], "closed")
    await relayed.run(withdraw, relayed.releases.consents.person, relayed.given.grant)
    await refused(values[EMAIL], "withdrawn")
    assert len(set(answers)) == 1
    assert relayed.van.parcels == []
    assert {entry["reason"] for entry in await relayed.releases.entries("relay.refused")} == {"no-address"}


async def test_another_bank_sends_nothing(relayed: Relayed) -> None:
    """The address belongs to the client that was granted it: to any other it never was."""
    to, consents = (await relayed.released())[EMAIL], relayed.releases.consents
    first = USCC[:16] + "9"
    other = await let_in(
        consents.db, consents.world.staff, application(organisation__uscc=first + check_character(first))
    )
    assert other.client_id is not None
    stranger = await relayed.run(live_client, other.client_id)
    with pytest.raises(NoAddress):
        await relayed.exchange.mail(stranger, to, "k", CONTENT)
    (entry,) = await relayed.releases.entries("relay.refused")
    assert "tag" not in entry


async def test_an_expired_grant_lets_nothing_pass(relayed: Relayed) -> None:
    """By the clock, without anybody sweeping."""
    to = (await relayed.released())[EMAIL]
    relayed.releases.clock.move(relayed.given.expires_at - relayed.releases.clock.now())
    client = await relayed.client()
    with pytest.raises(NoAddress):
        await relayed.exchange.mail(client, to, "k", CONTENT)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("", "text"),
        ("a\r\nBcc: everybody@example.com", "text"),
        ("a\nX: y", "text"),
        ("a" * 201, "text"),
        ("\u202eevil", "text"),
        ("subject", ""),
        ("subject", "a\x00b"),
        ("subject", "a" * 20_001),
        ("subject", "\x1b[2J"),
    ],
)
def test_what_could_break_a_mail_is_refused(subject: str, text: str) -> None:
    """Line breaks in the subject, control characters, too much of either."""
    with pytest.raises(Invalid):
        mail.checked(subject, text)


def _raw(**headers: str) -> EmailMessage:
    made = EmailMessage()
    for name, value in ({"Subject": "Hello", "From": "a@bank.example"} | headers).items():
        made[name.replace("_", "-")] = value
    made.set_content("text")
    return made


def test_nothing_of_the_senders_headers_passes() -> None:
    """Only subject, text and files: no Bcc, Reply-To, List-* or tracking of the sender's is in what leaves."""
    raw = _raw(Bcc="x@example.com", Reply_To="y@example.com", List_Unsubscribe="<https://z.example>", X_Track="1")
    raw.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="a\u202eb.pdf")
    sender = mail.From("Bank", DOMAIN, "https://vault.example")
    made = mail.forwarded(mail.read(raw.as_bytes()), "p@example.com", sender, message=UUID(int=1), at=NOW)
    assert set(made.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    }
    (file,) = made.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("ab.pdf", b"%PDF-1.7")


def test_what_does_not_pass() -> None:
    """HTML alone, programs, answers of machines, what goes round in circles, what is too large."""
    html = _raw()
    html.set_content("<img src='https://track.example'>", subtype="html")
    program = _raw()
    program.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="a.exe")
    circling = _raw()
    for _ in range(mail.MOST_HOPS + 1):
        circling["Received"] = "from a by b"
    for raw in (html, program, circling, _raw(Auto_Submitted="auto-replied")):
        with pytest.raises(Invalid):
            mail.read(raw.as_bytes())
    with pytest.raises(Invalid):
        mail.read(b"a" * (mail.LARGEST + 1))


async def test_the_same_message_twice_at_once(relayed: Relayed) -> None:
    """It leaves once; whoever came second hears that it is in hand, or what became of it, and never a fault."""
    to = (await relayed.released())[EMAIL]
    ends = await asyncio.gather(*(relayed.send(to) for _ in range(6)), return_exceptions=True)
    assert [each for each in ends if not isinstance(each, UUID | InHand)] == []
    assert len(relayed.van.parcels) == 1
    assert len(await relayed.releases.entries("relay.forwarded")) == 1


@pytest.mark.parametrize("what", ["client", "requester", "declaration", "permit"])
async def test_who_is_suspended_since_it_signed_in_sends_nothing(relayed: Relayed, what: str) -> None:
    """A mail program may stay signed in for long: how its client stands is looked up with every message."""
    to, client = (await relayed.released())[EMAIL], await relayed.client()
    await suspend(relayed.releases, what)
    with pytest.raises(NoAddress):
        await relayed.exchange.mail(client, to, "k", CONTENT)
    assert relayed.van.parcels == []
    assert [each["reason"] for each in await relayed.releases.entries("relay.refused")] == ["no-address"]
