"""One row changes, and every worker knows at the next request: nothing is remembered that decides."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.release.test_ends import between_load_and_record, is_waiting
from tests.requesters.samples import application
from tests.requesters.world import let_in
from tests.standing.world import Trade, Worker
from vault.authserver.errors import OAuthError
from vault.ledger.events import REGISTRY
from vault.requesters.liveness import NotLive
from vault.requesters.measures import suspend
from vault.requesters.standing import State

Asking = Callable[[Trade, Worker], Awaitable[object]]
ASKED: dict[str, Asking] = {
    "a token for a code": lambda trade, worker: worker.bank.redeem(trade.code),
    "a refresh": lambda trade, worker: worker.bank.refresh(trade.refresh),
    "a pushed request": lambda trade, worker: worker.bank.push(),
    "opening a consent page": lambda trade, worker: worker.bank.open(trade.opened),
    "a release": lambda trade, worker: worker.releases.release(trade.access),
}


@pytest.mark.parametrize("single", [False, True], ids=["requester", "declaration"])
@pytest.mark.parametrize("what", ASKED)
async def test_the_next_request_on_every_worker(trade: Trade, what: str, single: bool) -> None:
    """Both have served the bank just now and have it in memory; after the one act neither does."""
    for worker in (trade.one, trade.other):
        await worker.releases.values(trade.access)
        await worker.bank.refresh(trade.refresh)
    await trade.registered.propose("suspend", single=single)
    for worker in (trade.other, trade.one, trade.other):
        with pytest.raises((OAuthError, NotLive)) as refused:
            await ASKED[what](trade, worker)
        assert "suspended" in str(refused.value)
    assert await trade.one.releases.entries("release.delivered")


@pytest.mark.parametrize("act", ["suspend", "revoke", "surrender"])
async def test_a_release_in_flight(trade: Trade, act: str) -> None:
    """Loaded while everything was in force, recording finds that it is not: nothing leaves."""
    async with between_load_and_record(trade.other.releases):
        under_way = asyncio.create_task(trade.other.releases.release(trade.access))
        await is_waiting(trade.other.releases)
        await trade.become({"suspend": State.SUSPENDED, "revoke": State.REVOKED}.get(act, State.SURRENDERED))
    with pytest.raises(NotLive):
        await under_way
    assert await trade.one.releases.entries("release.delivered") == []


async def test_what_is_restored_works_again_everywhere(trade: Trade) -> None:
    """With the same tokens: a suspension takes nothing away for good."""
    await trade.become(State.SUSPENDED)
    assert not await trade.disclose(trade.other)
    await trade.registered.done("restore")
    for worker in (trade.other, trade.one):
        assert await trade.disclose(worker)
        await worker.bank.refresh(trade.refresh)


async def test_what_lapses_works_again_without_anybody(trade: Trade) -> None:
    """One officer's suspension is over by the clock, on the path of releases too; the row is still as it was."""
    given = await trade.one.releases.given()
    await trade.registered.propose("suspend")
    for hours, works in ((0, False), (71, False), (1, True)):
        trade.one.releases.later(hours=hours)
        token = await trade.one.releases.token(given)
        for worker in (trade.other, trade.one):
            assert await trade.disclose(worker, token) is works
            assert await trade.tokens(worker) == {works} or works
    assert await trade.statuses() == {"suspended", "active"}
    await trade.other.bank.refresh(trade.refresh)


async def test_the_end_stays_the_end(trade: Trade) -> None:
    """Who gave up and is let in anew has new consents to ask for: the old token, refresh token and code stay dead."""
    await trade.become(State.SURRENDERED)
    assert await trade.statuses() == {"surrendered"}
    body = application(organisation__uscc="91350100M000100Y43")
    await let_in(trade.registered.db, trade.registered.staff, body)
    assert await trade.registered.state() is State.ACTIVE
    for worker in (trade.one, trade.other):
        assert not await trade.disclose(worker)
        assert await trade.tokens(worker) == {False}


async def test_the_registry_stops_somebody_on_every_worker(trade: Trade) -> None:
    """What a source says is enough, as an officer's word is."""
    await trade.other.bank.db.run(suspend, trade.registered.requester, reason="licence-withdrawn", by=REGISTRY)
    assert not await trade.disclose(trade.one)
    assert await trade.tokens(trade.one) == {False}


async def test_many_workers_at_the_moment_of_the_act(trade: Trade) -> None:
    """Requests rain on both while it happens: whatever begins after it has committed is refused."""
    stopped = asyncio.Event()

    async def ask(worker: Worker) -> None:
        for _ in range(12):
            was_stopped = stopped.is_set()
            worked = await trade.disclose(worker)
            assert not (was_stopped and worked)

    async def stop() -> None:
        await asyncio.sleep(0.02)
        await trade.registered.propose("suspend")
        stopped.set()

    await asyncio.gather(ask(trade.one), ask(trade.other), stop(), ask(trade.one), ask(trade.other))
    assert not await trade.disclose(trade.one)
