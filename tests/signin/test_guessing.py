"""Guessing is slowed by account and by address; the holder always gets in within a minute."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.signin.people import PASSWORD, enter, person
from vault.clock import FixedClock
from vault.db import Database
from vault.errors import TooMany, Unauthenticated
from vault.signin.attempts import WRONG


async def refusal(database: Database, login: str, password: str = "wrong " + PASSWORD, **more: Any) -> str:
    """The words with which an attempt was refused; what is private in it as well."""
    with pytest.raises(Unauthenticated) as caught:
        await enter(database, "person", login, password, **more)
    return caught.value.public


async def test_guessing_is_slowed_for_known_and_unknown_alike(database: Database, clock: FixedClock) -> None:
    """After five failures the next must wait; the same for a login nobody has."""
    await person(database, "alice")
    for login in ("alice", "nobody"):
        for _ in range(6):
            await refusal(database, login)
        with pytest.raises(TooMany) as caught:
            await enter(database, "person", login)
        assert caught.value.retry_after == 1
    clock.move(timedelta(seconds=1))
    assert await enter(database, "person", "alice")
    assert await refusal(database, "alice") == WRONG


async def test_never_a_hard_lock(database: Database, clock: FixedClock) -> None:
    """Sixty failures later the right password still gets in within a minute."""
    await person(database, "alice")
    for _ in range(60):
        try:
            await enter(database, "person", "alice", "wrong password here")
        except (Unauthenticated, TooMany):
            clock.move(timedelta(seconds=8))
    clock.move(timedelta(seconds=60))
    assert await enter(database, "person", "alice")


async def test_a_known_device_has_a_way_through(database: Database) -> None:
    """While strangers guess from everywhere, the holder's own browser signs in at once."""
    await person(database, "alice")
    device = (await enter(database, "person", "alice")).device
    for guess in range(6):
        await refusal(database, "alice", address=f"198.51.100.{guess}")
    with pytest.raises(TooMany):
        await enter(database, "person", "alice", address="203.0.113.9")
    assert await enter(database, "person", "alice", device=device)


async def test_a_device_mark_helps_with_its_holder_only(database: Database) -> None:
    """The mark of one's own browser does not speed up guessing at somebody else."""
    await person(database, "alice")
    await person(database, "mallory")
    mark = (await enter(database, "person", "mallory")).device
    for _ in range(6):
        await refusal(database, "alice", device=mark)
    with pytest.raises(TooMany):
        await enter(database, "person", "alice", device=mark)


async def test_a_known_device_is_slowed_by_its_own_failures(database: Database) -> None:
    """A stolen mark is no licence to guess."""
    await person(database, "alice")
    mark = (await enter(database, "person", "alice")).device
    for _ in range(11):
        await refusal(database, "alice", device=mark)
    with pytest.raises(TooMany):
        await enter(database, "person", "alice", device=mark)


async def test_one_address_cannot_try_many_logins(database: Database) -> None:
    """Fifty failures from one address, each at another login: then it waits, and others do not."""
    await person(database, "alice")
    for number in range(51):
        await refusal(database, f"login-{number}", address="198.51.100.7")
    with pytest.raises(TooMany):
        await enter(database, "person", "alice", address="198.51.100.7")
    assert await enter(database, "person", "alice", address="198.51.100.8")


async def test_guesses_at_once_gain_nothing(database: Database) -> None:
    """Of twenty attempts at the same moment no more than the free ones reach the password."""
    await person(database, "alice")
    guesses = [enter(database, "person", "alice", f"wrong password {number}") for number in range(20)]
    outcomes = [type(outcome) for outcome in await asyncio.gather(*guesses, return_exceptions=True)]
    assert set(outcomes) == {Unauthenticated, TooMany}
    assert outcomes.count(Unauthenticated) <= 6
