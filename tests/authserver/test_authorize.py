"""The authorization endpoint: opened again and again, decided once."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.authserver.bank import Bank
from tests.profile.world import Administrator, together
from vault.authserver.authorize import close_request
from vault.authserver.errors import OAuthError
from vault.clock import FixedClock
from vault.consent.tables import Grant
from vault.db import Session
from vault.errors import Tampered
from vault.requesters.liveness import NotLive
from vault.requesters.tables import Requester
from vault.signin import Holder


async def refused(bank: Bank, pushed: object, client_id: str | None = None) -> str:
    with pytest.raises(OAuthError) as caught:
        await bank.open(pushed, client_id)  # type: ignore[arg-type]  # some tests bring no pushed request
    assert caught.value.error == "invalid_request_uri"
    return caught.value.check


class Uri:
    """A request_uri nobody pushed."""

    request_uri = "urn:ietf:params:oauth:request_uri:nothing"


async def test_loading_decides_nothing(bank: Bank, person: Holder) -> None:
    """The page may be loaded twice, by people and by programs that look ahead; then one approval works."""
    pushed = await bank.push()
    for _ in range(3):
        await bank.open(pushed)
    assert await bank.allow(person, pushed)
    assert await refused(bank, pushed) == "request-decided"


async def test_unknown_requests_and_other_clients(bank: Bank) -> None:
    """A request_uri is bound to the client that pushed it."""
    pushed = await bank.push()
    assert await refused(bank, Uri) == "request-known"
    for client_id in ("cli_" + "0" * 32, "bank", "", bank.client_id.upper()):
        with pytest.raises(OAuthError) as caught:
            await bank.open(pushed, client_id or "x")
        assert caught.value.check == "request-client"


async def test_it_must_be_opened_in_time(bank: Bank, clock: FixedClock) -> None:
    """90 seconds until the browser arrives."""
    late, early = await bank.push(), await bank.push()
    clock.move(timedelta(seconds=89))
    await bank.open(early)
    clock.move(timedelta(seconds=1))
    assert await refused(bank, late) == "request-expired"


async def test_who_opened_it_may_read_in_peace(bank: Bank, person: Holder, clock: FixedClock) -> None:
    """Signing in and reading takes longer than 90 seconds; half an hour is the end."""
    pushed, slow = await bank.push(), await bank.push()
    await bank.open(pushed)
    await bank.open(slow)
    clock.move(timedelta(minutes=29))
    assert await bank.allow(person, pushed)
    clock.move(timedelta(minutes=1))
    assert await refused(bank, slow) == "request-expired"


async def test_one_decision_of_two_at_once(bank: Bank, person: Holder) -> None:
    """Two windows: one approval gives a grant and a code, the other gives neither."""
    pushed = await bank.push()
    outcomes = await together(*(lambda: bank.allow(person, pushed) for _ in range(3)))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["OAuthError", "OAuthError", "str"]

    async def grants(session: Session) -> int:
        return len((await session.execute(sa.select(Grant.id))).all())

    assert await bank.db.run(grants) == 1


async def test_a_refusal_is_a_decision(bank: Bank, person: Holder) -> None:
    """After a no there is no yes."""
    pushed = await bank.push()
    request = await bank.open(pushed)
    await bank.db.run(close_request, request)
    with pytest.raises(OAuthError):
        await bank.allow(person, pushed)
    with pytest.raises(OAuthError) as caught:
        await bank.db.run(close_request, request)
    assert caught.value.check == "request-decided"


async def test_a_suspension_stops_the_page(bank: Bank) -> None:
    """Pushed before, suspended since: nobody is asked any more."""
    pushed = await bank.push()

    async def suspend(session: Session) -> None:
        (await session.execute(sa.select(Requester))).scalar_one().status = "suspended"

    await bank.db.run(suspend)
    with pytest.raises(NotLive):
        await bank.open(pushed)


EDITS = (
    """body = jsonb_set(body, '{redirect_uri}', '"https://evil.example"')""",
    "decide_by = decide_by + interval '1 day'",
    "bound_to = 'jkt:other'",
)


async def test_an_edited_request_is_refused(bank: Bank, administrator: Administrator) -> None:
    """What the person is shown and where the code goes is under a MAC."""
    for edit in EDITS:
        pushed = await bank.push()
        await administrator.execute(f"UPDATE pushed_requests SET {edit}")
        with pytest.raises(Tampered):
            await bank.open(pushed)
