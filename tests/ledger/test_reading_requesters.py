"""Reading what the ledger tells a requester: its own entries, and nothing of others that name it."""

from tests.ledger.world import Log, released
from vault import ids
from vault.ledger import reading
from vault.ledger.events import PERSON, Event
from vault.ledger.reading import Back

_KNOWN = {"release.delivered", "token.refused"}


async def test_a_requesters_entries_by_stretches(log: Log) -> None:
    """Its own entries of these events and nobody else's; what a page costs is bounded, and nothing is left out."""
    person, _ = await log.person()
    banks = [ids.new_uuid(), ids.new_uuid()]
    for number in range(20):
        event = released(banks[number % 2])
        rare = Event(name="token.refused", actor=event.actor, requester=event.requester, reason="assertion-exp")
        await log.record(rare if number in {0, 2, 7} else event, person=person)
    await log.drain()
    async with log.database.begin() as session:
        seen, before = [], None
        while True:
            back = Back(before, limit=1, reach=3)
            page = await reading.of_requester(session, banks[0], {"token.refused"}, back, counted=_KNOWN)
            seen += [entry.index for entry in page.entries]
            if page.next is None:
                break
            before = page.next
        assert seen == [2, 0]
        every = await reading.of_requester(session, banks[0], _KNOWN, counted=_KNOWN)
        assert ([entry.index for entry in every.entries], every.next) == (list(range(18, -1, -2)), None)
        assert (await reading.of_requester(session, ids.new_uuid(), _KNOWN, counted=_KNOWN)).entries == []


async def test_where_a_page_ends_tells_of_nothing_hidden(log: Log) -> None:
    """A person's no names the requester, too. Wherever a requester has the pages begin and end, they are as they would
    be without it: no sequence of questions finds the entry, or counts it."""
    person, _ = await log.person()
    bank = ids.new_uuid()
    for number in range(8):
        event = released(bank)
        no = Event(name="grant.declined", actor=PERSON, requester=bank, declaration=ids.new_uuid())
        await log.record(no if number in {3, 4} else event, person=person)
    await log.drain()
    async with log.database.begin() as session:
        for reach in range(1, 8):
            ends = []
            for before in range(9):
                back = Back(before, limit=1, reach=reach)
                page = await reading.of_requester(session, bank, {"token.refused"}, back, counted=_KNOWN)
                ends.append(page.next)
            assert ends[3] == ends[4] == ends[5], reach
            assert not {3, 4} & set(ends), reach
