"""Events on their way: signed, tried again, given up, sent again; and a receiver that behaves badly."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from tests.webhooks.receiving import Forged, Message, receiving
from tests.webhooks.world import Webhooks, happen, withdrawn
from vault import ids
from vault.clock import FixedClock
from vault.db import Session
from vault.errors import Invalid
from vault.ids import RequesterId
from vault.webhooks import Happened, announce
from vault.webhooks.events import replay_dead, since
from vault.webhooks.kinds import GRANT_CHANGED, GRANT_WITHDRAWN
from vault.webhooks.sending import LEASE, OF_A_CLIENT, OF_A_REQUESTER, TRIED_FOR, _claim, pause, target_uri


async def test_a_withdrawal_is_told_and_verified(webhooks: Webhooks, clock: FixedClock) -> None:
    """Signed, bound to the address and the body; it names the grant, and nothing of the person or the data."""
    grant = await withdrawn(webhooks)
    assert await webhooks.send() == 1
    (message,) = webhooks.receiver.messages
    event = webhooks.verifier().event(message, clock.now())
    assert event["type"] == "pivault.grant.withdrawn"
    assert event["subject"] == grant
    assert set(event) == {"specversion", "id", "source", "type", "time", "datacontenttype", "data", "subject"}
    assert event["data"] == {"client_id": ids.public(ids.CLIENT, webhooks.client), "grant": grant}
    (told,) = await webhooks.told()
    assert (told.state, told.result, told.tries) == ("sent", "taken", 1)
    for never in ("my own words", "陈", webhooks.consents.person.id.hex, "identity", "phone"):
        assert never not in f"{message.body.decode()} {message.headers} {message.url}"


FORGERIES = {
    "another body": lambda m: Message(m.method, m.url, m.headers, m.body.replace(b"withdrawn", b"confirmed")),
    "another address": lambda m: Message(m.method, m.url.replace("/events", "/other"), m.headers, m.body),
    "another method": lambda m: Message("PUT", m.url, m.headers, m.body),
    "another digest": lambda m: Message(m.method, m.url, m.headers | {"content-digest": "sha-256=:AA==:"}, m.body),
    "another time": lambda m: Message(
        m.method, m.url, m.headers | {"signature-input": m.headers["signature-input"].replace("=17", "=18")}, m.body
    ),
}


@pytest.mark.parametrize("how", FORGERIES)
async def test_a_changed_message_is_not_believed(webhooks: Webhooks, clock: FixedClock, how: str) -> None:
    """Whatever of it was changed on the way."""
    await withdrawn(webhooks)
    await webhooks.send()
    with pytest.raises(Forged):
        webhooks.verifier().event(FORGERIES[how](webhooks.receiver.messages[0]), clock.now())


async def test_a_message_is_good_once_and_for_minutes(webhooks: Webhooks, clock: FixedClock) -> None:
    """Replayed it is known by its id; kept for later it is out of time."""
    await withdrawn(webhooks)
    await webhooks.send()
    verifier, (message,) = webhooks.verifier(), webhooks.receiver.messages
    verifier.event(message, clock.now())
    with pytest.raises(Forged, match="before"):
        verifier.event(message, clock.now())
    clock.move(timedelta(minutes=6))
    with pytest.raises(Forged, match="now"):
        webhooks.verifier().event(message, clock.now())


async def test_what_was_rolled_back_is_never_told(webhooks: Webhooks) -> None:
    """The event is in the act's own transaction."""

    async def fails(session: Session) -> None:
        about = {"requester": webhooks.requester, "client": webhooks.client, "grant": ids.new_uuid()}
        await announce(session, Happened(type=GRANT_WITHDRAWN, **about))  # type: ignore[arg-type]  # ids of this grant, by name
        raise Invalid("no")

    with pytest.raises(Invalid):
        await webhooks.consents.db.run(fails)
    assert await webhooks.send() == 0


async def test_a_sender_that_dies_on_the_way_loses_nothing(webhooks: Webhooks, clock: FixedClock) -> None:
    """Killed between claim and answer, or between commit and send: another process sends it when the lease ends."""
    await withdrawn(webhooks)
    (told,) = await webhooks.told()
    assert await webhooks.consents.db.run(_claim, webhooks.requester, told.id, "https://vault.example") is not None
    assert await webhooks.send() == 0  # another process has it
    clock.move(LEASE)
    assert await webhooks.send() == 1
    assert len(webhooks.receiver.messages) == 1


async def test_an_event_of_two_processes_is_sent_once(webhooks: Webhooks) -> None:
    """Whoever claims it has it."""
    await withdrawn(webhooks)
    one, two = webhooks.sender(), webhooks.sender()
    await asyncio.gather(one.look(), two.look())
    await asyncio.gather(one.idle(), two.idle())
    assert len(webhooks.receiver.messages) == 1


async def test_a_failing_receiver_is_tried_for_three_days_and_then_given_up(
    webhooks: Webhooks, clock: FixedClock
) -> None:
    """With growing pauses; then it is a dead letter, which a member may send again; the same event, the same bytes."""
    webhooks.receiver.status = "500 Internal Server Error"
    await withdrawn(webhooks)
    began, pauses = clock.now(), []
    while True:
        assert await webhooks.send() == 1
        (told,) = await webhooks.told()
        if told.next is None:
            break
        pauses.append(told.next - clock.now())
        clock.move(pauses[-1])
    assert (told.state, told.result) == ("dead", "500")
    assert TRIED_FOR - timedelta(hours=6) <= clock.now() - began < TRIED_FOR
    assert pauses[-1] > 100 * pauses[0]
    assert await webhooks.send() == 0
    webhooks.receiver.status = "200 OK"
    assert await webhooks.consents.db.run(replay_dead, webhooks.requester, by=webhooks.by) == 1
    assert await webhooks.send() == 1
    assert (await webhooks.told())[0].state == "sent"
    assert len({message.body for message in webhooks.receiver.messages}) == 1


@pytest.mark.parametrize(
    ("answer", "result"), [("302 Found", "redirect"), ("404 Not Found", "404"), ("429 Too Many Requests", "429")]
)
async def test_what_is_not_taken_is_tried_again(webhooks: Webhooks, answer: str, result: str) -> None:
    """A redirect too: it is not followed, wherever it leads."""
    async with receiving() as elsewhere:
        webhooks.receiver.status, webhooks.receiver.extra = answer, f"Location: {elsewhere.url}\r\n"
        await withdrawn(webhooks)
        await webhooks.send()
        assert elsewhere.messages == []
    (told,) = await webhooks.told()
    assert (told.state, told.result) == ("waiting", result)


async def test_a_receiver_that_is_gone_is_asked_no_more(webhooks: Webhooks) -> None:
    """410 is an answer for good."""
    webhooks.receiver.status = "410 Gone"
    await withdrawn(webhooks)
    await webhooks.send()
    assert (await webhooks.told())[0].state == "dead"


async def to_the_inside(_host: str) -> list[str]:
    return ["93.184.216.34", "10.0.0.5"]


@pytest.mark.parametrize(
    ("url", "result"),
    [
        ("https://bank.example/events", "private-address"),
        ("https://127.0.0.1:5432/", "private-address"),
        ("http://bank.example/events", "not-https"),
    ],
)
async def test_the_vault_is_not_led_into_its_own_network(webhooks: Webhooks, url: str, result: str) -> None:
    """Whatever a name resolves to, and whatever got into the row: loopback and http are for a vault on loopback."""
    await webhooks.registered("https://bank.example/events")
    sender = webhooks.sender(on_loopback=False, resolve=to_the_inside)
    posted = await sender.postman.post(url, headers={}, content=b"")
    assert (posted.status, posted.why) == (None, result)
    await withdrawn(webhooks)
    await webhooks.send(sender)
    assert (await webhooks.told())[0].result == "private-address"


async def test_a_hanging_receiver_delays_only_itself(webhooks: Webhooks) -> None:
    """It has a few places of its own; events of others pass it by, and its own wait."""
    webhooks.receiver.hangs = True
    await happen(webhooks, OF_A_CLIENT + 3)
    sender = webhooks.sender(patience=30.0)
    assert await sender.look() == OF_A_CLIENT
    await webhooks.receiver.came.wait()
    assert await sender.look() == 0  # nothing more of this client
    other = RequesterId(ids.new_uuid())
    about = {"requester": other, "client": ids.new_uuid(), "grant": ids.new_uuid()}
    await webhooks.consents.db.run(announce, Happened(type=GRANT_CHANGED, **about))  # type: ignore[arg-type]  # ids of this grant, by name
    assert await sender.look() == 1
    while not await webhooks.consents.db.run(since, other, state="kept"):
        await asyncio.sleep(0)
    for task in list(sender._under_way):
        task.cancel()
    await asyncio.gather(*sender._under_way, return_exceptions=True)


async def test_many_clients_of_one_organisation_share_its_places(webhooks: Webhooks) -> None:
    """Whose receivers all hang has no more than a share of the places, however many clients it has."""
    busy, run = RequesterId(ids.new_uuid()), webhooks.consents.db.run
    for _ in range(OF_A_REQUESTER // OF_A_CLIENT + 1):
        about = {"requester": busy, "client": ids.new_uuid(), "grant": ids.new_uuid()}
        for _ in range(OF_A_CLIENT):
            await run(announce, Happened(type=GRANT_CHANGED, **about))  # type: ignore[arg-type]  # ids of this grant, by name
    sender = webhooks.sender()
    assert await sender.look() == OF_A_REQUESTER
    await sender.idle()
    assert await sender.look() == OF_A_CLIENT
    await sender.idle()
    assert len(await run(since, busy, state="kept")) == OF_A_REQUESTER + OF_A_CLIENT


async def test_an_answer_without_end_is_not_read(webhooks: Webhooks) -> None:
    """The status is all that counts: what follows is dropped with the connection."""
    webhooks.receiver.floods = True
    await happen(webhooks)
    await webhooks.send()
    assert [told.state for told in await webhooks.told()] == ["sent"]


async def test_a_name_is_looked_up_once_and_held_to_that(webhooks: Webhooks) -> None:
    """A name that leads elsewhere a moment after it was checked leads the vault nowhere (DNS rebinding)."""
    answers = [["127.0.0.1"], ["10.0.0.5"]]
    asked = []

    async def rebinding(host: str) -> list[str]:
        asked.append(host)
        return answers.pop(0)

    await webhooks.registered(webhooks.receiver.url.replace("127.0.0.1", "localhost"))
    await happen(webhooks)
    await webhooks.send(webhooks.sender(resolve=rebinding))
    assert asked == ["localhost"]
    (message,) = webhooks.receiver.messages
    assert message.headers["host"].startswith("localhost:")


async def test_a_receiver_that_says_nothing_is_a_failure(webhooks: Webhooks) -> None:
    """Patience ends, and the event is tried again later."""
    webhooks.receiver.hangs = True
    await happen(webhooks)
    await webhooks.send(webhooks.sender(patience=0.1))
    (told,) = await webhooks.told()
    assert (told.state, told.result) == ("waiting", "timeout")


def test_pauses_grow_and_differ() -> None:
    """10 s doubling up to six hours, of which chance takes up to a half."""
    assert [pause(n, 1.0).total_seconds() for n in (1, 2, 3)] == [10, 20, 40]
    assert pause(50, 1.0) == timedelta(hours=6)
    assert pause(50, 0.0) == timedelta(hours=3)


def test_the_address_is_signed_as_a_receiver_sees_it() -> None:
    """Host in lower case, no default port, a path."""
    assert target_uri("https://Bank.Example:443") == "https://bank.example/"
    assert target_uri("http://127.0.0.1:8080/a?b=C") == "http://127.0.0.1:8080/a?b=C"
    assert msgspec.json.encode(target_uri("https://[::1]:8443/x")) == b'"https://[::1]:8443/x"'
