"""What is told of, what is not, and what an organisation's members may do with it."""

from datetime import timedelta

import pytest

from tests.consent.world import choice
from tests.profile.world import CONTACT, IDENTITY
from tests.webhooks.world import ITEMS, Webhooks, happen, withdrawn
from vault import ids
from vault.clock import FixedClock
from vault.consent import write_section
from vault.errors import Conflict, NotFound, TooMany
from vault.ids import RequesterId
from vault.webhooks.events import MOST_TESTS, delete_old_events, replay, replay_dead, send_test, since


async def test_without_an_address_events_are_kept_for_who_asks(webhooks: Webhooks) -> None:
    """Listed since a place, oldest first; sent when there is an address and a member asks for it."""
    await webhooks.registered(None)
    await happen(webhooks, 3)
    await webhooks.send()
    db, requester = webhooks.consents.db, webhooks.requester
    first, *rest = await db.run(since, requester)
    assert [each.id for each in await db.run(since, requester, after=first.id)] == [each.id for each in rest]
    assert {each.state for each in (first, *rest)} == {"kept"}
    await webhooks.registered(webhooks.receiver.url)
    await db.run(replay, requester, first.id, by=webhooks.by)
    assert await webhooks.send() == 1
    assert (await db.run(since, requester, state="sent"))[0].id == first.id


async def test_another_organisations_events_look_absent(webhooks: Webhooks) -> None:
    """They are neither listed nor sent again, nor is its address tried."""
    await happen(webhooks)
    (told,) = await webhooks.told()
    db, other = webhooks.consents.db, RequesterId(ids.new_uuid())
    assert await db.run(since, other) == []
    with pytest.raises(NotFound):
        await db.run(replay, other, told.id, by=webhooks.by)
    with pytest.raises(NotFound):
        await db.run(send_test, other, webhooks.client, by=webhooks.by)
    assert await db.run(replay_dead, other, by=webhooks.by) == 0


async def test_a_member_may_try_the_address(webhooks: Webhooks, clock: FixedClock) -> None:
    """The test event says nothing at all; without an address it is refused."""
    db = webhooks.consents.db
    await db.run(send_test, webhooks.requester, webhooks.client, by=webhooks.by)
    await webhooks.send()
    event = webhooks.verifier().event(webhooks.receiver.messages[0], clock.now())
    assert event["type"] == "pivault.test"
    assert set(event["data"]) == {"client_id"}
    await webhooks.registered(None)
    with pytest.raises(Conflict):
        await db.run(send_test, webhooks.requester, webhooks.client, by=webhooks.by)


async def test_an_address_is_not_flooded_with_tries(webhooks: Webhooks) -> None:
    """Ten test events a minute: nobody showed that the address is the organisation's own."""
    run, of = webhooks.consents.db.run, (webhooks.requester, webhooks.client)
    for _ in range(MOST_TESTS):
        await run(send_test, *of, by=webhooks.by)
    with pytest.raises(TooMany):
        await run(send_test, *of, by=webhooks.by)
    assert len(await webhooks.told()) == MOST_TESTS


async def test_old_events_are_deleted(webhooks: Webhooks, clock: FixedClock) -> None:
    """Thirty days after; what still waits stays."""
    await happen(webhooks)
    await webhooks.send()
    await happen(webhooks)
    clock.move(timedelta(days=31))
    assert await webhooks.consents.db.run(delete_old_events) == 1
    assert [each.state for each in await webhooks.told()] == ["waiting"]


async def write(webhooks: Webhooks, section: str, document: dict[str, object], expected: int) -> int:
    return await webhooks.consents.db.run(write_section, webhooks.consents.person, section, document, expected=expected)


async def test_sections_are_told_of_once_for_each_grant(webhooks: Webhooks, clock: FixedClock) -> None:
    """What changes in a row is one event for each grant it changes anything under; after it was sent, another one."""
    for _ in range(2):
        await webhooks.consents.given(choice(*ITEMS), items=ITEMS)
    await write(webhooks, "contact", CONTACT | {"phone_number": "+8613912345678"}, 1)
    await write(webhooks, "contact", CONTACT | {"phone_number": "+8613912345679"}, 2)
    await write(webhooks, "identity", IDENTITY | {"name": "李雷"}, 1)
    assert [each.type for each in await webhooks.told()] == ["section.changed"] * 2
    assert await webhooks.send() == 0  # it may go on
    clock.move(timedelta(seconds=10))
    assert await webhooks.send() == 2
    await write(webhooks, "contact", CONTACT, 3)
    assert len(await webhooks.told()) == 4


async def test_a_change_that_a_grant_does_not_show_is_not_told(webhooks: Webhooks) -> None:
    """Neither of other items, nor of a value whose form stays the same, nor of a grant that has ended."""
    await webhooks.consents.given(choice(*ITEMS), items=ITEMS)
    older = {"birthdate": "1980-02-03"}  # still over 18
    await write(webhooks, "identity", IDENTITY | older, 1)
    await write(webhooks, "contact", CONTACT | {"email": "another@example.com"}, 1)
    await write(webhooks, "contact", CONTACT | {"phone_number": "+8613899990013"}, 2)  # 138****0013 as before
    assert await webhooks.told() == []
    await withdrawn(webhooks)
    assert [each.type for each in await webhooks.told()] == ["grant.withdrawn"]
