"""Many at once share a statement; what holds for one release holds for each of them."""

import asyncio
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from tests.release.world import Releases
from vault.accounts.tables import Person
from vault.authserver.errors import InvalidProof
from vault.consent import withdraw
from vault.crypto.signing import SigningKey, new_signing_seed
from vault.db import Session
from vault.errors import Tampered
from vault.release.engine import ReleaseEngine
from vault.release.pipeline import release
from vault.release.refusals import GrantEnded, UsesSpent
from vault.release.together import Together


class Desk:
    """Answers with the question; keeps what it was asked together; a question below zero is refused."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def serve(self, asked: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(asked))
        await self.open.wait()
        if 13 in asked:
            raise OSError
        return [each if each >= 0 else ValueError(each) for each in asked]


async def test_who_asks_alone_goes_alone_again_and_again() -> None:
    """The next question may come from whoever has just been answered: nobody is forgotten."""
    desk = Desk()
    together = Together(desk.serve, most=4, at_once=1)
    assert [await together.ask(n) for n in range(5)] == list(range(5))
    assert desk.batches == [[0], [1], [2], [3], [4]]


async def test_who_comes_meanwhile_goes_together() -> None:
    """At most so many at a time, oldest first, and nobody twice of one key."""
    desk = Desk()
    together = Together(desk.serve, most=3, at_once=1, key=lambda n: n % 10)
    desk.open.clear()
    first = asyncio.create_task(together.ask(0))
    await asyncio.sleep(0)
    others = [asyncio.create_task(together.ask(n)) for n in (1, 11, 2, 3, 21)]
    await asyncio.sleep(0)
    desk.open.set()
    assert await asyncio.gather(first, *others) == [0, 1, 11, 2, 3, 21]
    assert sorted([n for batch in desk.batches for n in batch]) == [0, 1, 2, 3, 11, 21]
    assert all(len(batch) <= 3 and len({n % 10 for n in batch}) == len(batch) for batch in desk.batches)


async def test_an_answer_is_for_its_question_alone_and_a_break_for_all() -> None:
    """A refusal of one is not a refusal of its neighbours; what breaks the round trip reaches everybody in it."""
    together = Together(Desk().serve, most=9, at_once=1)
    outcomes = await asyncio.gather(*(together.ask(n) for n in (1, -1, 2)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [int, ValueError, int]
    outcomes = await asyncio.gather(*(together.ask(n) for n in (1, 13, 2)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [OSError] * 3


async def test_who_gives_up_before_it_went_takes_the_question_back() -> None:
    """Nothing is done for somebody who is no longer there."""
    desk = Desk()
    together = Together(desk.serve, most=4, at_once=1)
    desk.open.clear()
    first, second = (asyncio.create_task(together.ask(n)) for n in (1, 2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    third = asyncio.create_task(together.ask(3))
    await asyncio.sleep(0)
    third.cancel()
    desk.open.set()
    assert await asyncio.gather(first, second) == [1, 2]
    assert [n for batch in desk.batches for n in batch] == [1, 2]


async def test_one_bad_neighbour_harms_nobody(releases: Releases) -> None:
    """Among eight at once one brings a proof that was used and one a grant that is spent: the others get data."""
    spent = await releases.given(max_uses=1)
    used = await releases.token(spent)
    await releases.values(used)
    good = await releases.token(await releases.given())
    old = releases.proof(good)
    await releases.values(good, proof=old)
    asks = [releases.ask(good) for _ in range(6)]
    asks += [releases.ask(good, proof=old), releases.ask(used)]
    outcomes = await asyncio.gather(*(release(releases.engine, ask) for ask in asks), return_exceptions=True)
    assert [type(each) for each in outcomes[6:]] == [InvalidProof, UsesSpent]
    assert all(not isinstance(each, BaseException) for each in outcomes[:6]), outcomes
    assert len(await releases.entries("release.delivered")) == 8


EDITS = {
    "grant": "UPDATE grants SET expires_at = expires_at + interval '1 year'",
    "person": "UPDATE persons SET status = 'active', version = version + 1",
    "the grant's MAC": "UPDATE grants SET mac = substr(mac, 1, 33) || '\\x00'::bytea || substr(mac, 35)",
    "requester": "UPDATE requesters SET valid_until = valid_until + interval '1 year'",
    "section": "UPDATE section_versions SET written_at = written_at + interval '1 second'",
    "its signature": "UPDATE section_versions SET signature = decode(repeat('00', 64), 'hex')",
}


@pytest.mark.parametrize("what", EDITS)
async def test_what_was_edited_by_hand_is_refused_at_the_very_next_release(releases: Releases, what: str) -> None:
    """Although rows, versions and token were checked before and are remembered as good."""
    token = await releases.token(await releases.given())
    for _ in range(3):
        await releases.values(token)
    assert await releases.administrator.execute(EDITS[what]) != "UPDATE 0"
    with pytest.raises(Tampered):
        await releases.release(token)


async def test_a_section_under_another_key_is_not_taken_for_a_known_one(releases: Releases) -> None:
    """Who may write row MACs puts a key of their own into the person's row: the old signature is looked at again."""
    token = await releases.token(await releases.given())
    await releases.values(token)

    async def act(session: Session) -> None:
        row = (await session.execute(sa.select(Person))).scalars().one()
        row.signing_public = SigningKey(new_signing_seed()).public

    await releases.consents.db.run(act)
    with pytest.raises(Tampered):
        await releases.release(token)


async def test_a_withdrawn_grant_ends_although_everything_is_remembered(releases: Releases) -> None:
    """Twenty releases before, none after, one at a time or together."""
    given = await releases.given()
    token = await releases.token(given)
    for _ in range(4):
        await asyncio.gather(*(releases.release(token) for _ in range(5)))
    await releases.consents.db.run(withdraw, releases.consents.person, given.grant)
    after = await asyncio.gather(*(releases.release(token) for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in after] == [GrantEnded] * 5


async def test_a_withdrawal_holds_in_every_process_from_its_answer_on(releases: Releases) -> None:
    """Two processes that both remember everything: what begins after the withdrawal answered is refused by either."""
    given = await releases.given()
    token, engine = await releases.token(given), releases.engine
    both = [engine, await ReleaseEngine.over(engine.database, engine.receipts, engine.gate)]
    for each in both:
        assert (await release(each, releases.ask(token))).status == 200
    await releases.consents.db.run(withdraw, releases.consents.person, given.grant)
    for each in both:
        with pytest.raises(GrantEnded):
            await release(each, releases.ask(token))


async def test_uses_are_exact_over_two_processes(releases: Releases) -> None:
    """Seven allowed, twenty asked at once over two processes with memories of their own: seven get data."""
    given = await releases.given(max_uses=7)
    token, engine = await releases.token(given), releases.engine
    both = [engine, await ReleaseEngine.over(engine.database, engine.receipts, engine.gate)]
    asks = [(both[number % 2], releases.ask(token)) for number in range(20)]
    outcomes = await asyncio.gather(*(release(each, ask) for each, ask in asks), return_exceptions=True)
    assert sum(not isinstance(each, BaseException) for each in outcomes) == 7
    assert sum(isinstance(each, UsesSpent) for each in outcomes) == 13
    assert await releases.uses(given) == 7
