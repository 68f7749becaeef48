"""Changing one's own password: the present one is asked for, the old one dies, other sign-ins end."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.signin.people import PASSWORD, doorway, enter, founded, person
from vault.clock import FixedClock
from vault.db import Database
from vault.errors import Conflict, Invalid, TooMany, Unauthenticated, VaultError
from vault.signin import Holder, change_password, resume

NEW = "another long password 一二三"


async def _change(database: Database, holder: Holder, *, present: str = PASSWORD, new: str = NEW) -> int:
    return await change_password(database, doorway(database.ring), holder, present=present, new=new)


async def test_the_new_password_opens_the_same_keys(database: Database) -> None:
    """The old one opens nothing any more."""
    made = await person(database, "changer")
    inside = await enter(database, "person", "changer")
    assert await _change(database, inside.holder) == 0
    again = await enter(database, "person", "changer", NEW)
    assert again.holder.bundle.signing_public == made.holder.bundle.signing_public
    with pytest.raises(Unauthenticated):
        await enter(database, "person", "changer")


@pytest.mark.parametrize(("realm", "login"), [("officer", "vetter-a"), ("regulator", "regulator")])
async def test_staff_change_theirs_too(database: Database, realm: str, login: str) -> None:
    """The code is the same for every realm."""
    staff = await founded(database)
    await _change(database, staff[login])
    assert (await enter(database, realm, login, NEW)).holder.id == staff[login].id


async def test_other_sign_ins_end_and_this_one_stays(database: Database) -> None:
    """Whoever learnt the old password is out at once."""
    await person(database, "changer")
    mine = await enter(database, "person", "changer")
    theirs = await enter(database, "person", "changer")
    assert await _change(database, mine.holder) == 1
    assert (await database.run(resume, mine.cookie)).id == mine.holder.id
    with pytest.raises(Unauthenticated):
        await database.run(resume, theirs.cookie)


async def test_the_present_password_is_asked_for(database: Database) -> None:
    """An open browser is not enough; nothing changes and nothing ends."""
    await person(database, "changer")
    mine = await enter(database, "person", "changer")
    for wrong in ("", "not the password", NEW, PASSWORD + "x", "\ud800"):
        with pytest.raises(Invalid) as refused:
            await _change(database, mine.holder, present=wrong)
        assert refused.value.members["errors"][0]["field"] == "present"
    await enter(database, "person", "changer")


async def test_guessing_the_present_password_is_slowed(database: Database, clock: FixedClock) -> None:
    """Many attempts at once gain nothing; after a while the right one goes through."""
    await person(database, "changer")
    mine = await enter(database, "person", "changer")
    answers: list[Any] = await asyncio.gather(
        *(_change(database, mine.holder, present=f"guess number {n}") for n in range(14)), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {Invalid, TooMany}
    clock.move(timedelta(minutes=2))
    await _change(database, mine.holder)


@pytest.mark.parametrize("weak", ["short", "password1234", "aaaaaaaaaaaaaaaa", "x" * 300, "a-long-login-name"])
async def test_a_weak_one_is_refused(database: Database, weak: str) -> None:
    """By the rules of registration, the login name itself included; the old one still works."""
    await person(database, "a-long-login-name")
    mine = await enter(database, "person", "a-long-login-name")
    with pytest.raises(Invalid) as refused:
        await _change(database, mine.holder, new=weak)
    assert refused.value.members["errors"][0]["field"] == "password"
    await enter(database, "person", "a-long-login-name")


async def test_two_changes_at_once(database: Database) -> None:
    """One of them holds; the other is told to sign in again or, if late, that its password is not the present one."""
    await person(database, "changer")
    first, second = [await enter(database, "person", "changer") for _ in range(2)]
    answers = await asyncio.gather(
        _change(database, first.holder, new=NEW + "1"),
        _change(database, second.holder, new=NEW + "2"),
        return_exceptions=True,
    )
    lost = [answer for answer in answers if isinstance(answer, VaultError)]
    assert len(lost) == 1
    assert isinstance(lost[0], Conflict | Invalid)
    holds = NEW + ("2" if answers[0] is lost[0] else "1")
    await enter(database, "person", "changer", holds)
