"""Signing in: who has the password gets in, who has not learns nothing, and nobody is kept out."""

import asyncio
from time import process_time
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from tests.signin.people import ADDRESS, PASSWORD, doorway, enter, founded, person
from vault.clock import FixedClock
from vault.crypto.keyring import PURPOSES, MemoryRing
from vault.crypto.passwords import Stretch, StretchQueue
from vault.crypto.sealing import new_key
from vault.db import Database
from vault.errors import Invalid, Unauthenticated, Unavailable
from vault.signin import Attempt, Doorway, LoginTaken, resume, sign_in
from vault.signin.attempts import WRONG
from vault.signin.tables import Credential, LoginName


class CountingQueue(StretchQueue):
    """A queue that remembers the parameters it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, int]] = []

    async def stretch(self, password: str, params: Stretch) -> bytes:
        self.asked.append((params.ops, params.mem))
        return await super().stretch(password, params)


async def refusal(database: Database, login: str, password: str = "wrong " + PASSWORD, **more: Any) -> str:
    """The words with which an attempt was refused; what is private in it as well."""
    with pytest.raises(Unauthenticated) as caught:
        await enter(database, "person", login, password, **more)
    return caught.value.public


async def test_the_right_password_unlocks_the_keys(database: Database) -> None:
    """The holder's own keys come out, whatever the case and width of the login."""
    alice = await person(database, "Alice")
    for login in ("alice", " ALICE ", "ａｌｉｃｅ"):
        holder = (await enter(database, "person", login)).holder
        assert (holder.realm, holder.id) == ("person", alice.person)
        assert holder.bundle.signing_public == alice.holder.bundle.signing_public
        assert holder.bundle.ledger_key == alice.holder.bundle.ledger_key


async def test_a_password_may_be_typed_in_either_normal_form(database: Database) -> None:
    """NFKC: full-width and composed forms are the same password."""
    await person(database, "alice")
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in PASSWORD)
    assert wide != PASSWORD
    assert await enter(database, "person", "alice", wide)


async def test_every_failure_has_the_same_words(database: Database) -> None:
    """Unknown login, wrong password, another realm's login, impossible input: one text."""
    await person(database, "alice")
    await founded(database)
    told = {
        await refusal(database, "alice"),
        await refusal(database, "nobody"),
        await refusal(database, "vetter-a", PASSWORD),
        await refusal(database, "alice", ""),
        await refusal(database, "alice", "\ud800"),
        await refusal(database, "alice", "x" * 1_000_000),
        await refusal(database, "", ""),
        await refusal(database, "\ud800"),
        await refusal(database, "a" * 1_000_000),
        await refusal(database, "' OR 1=1 --", "\0"),
    }
    assert told == {WRONG}


async def test_every_failure_stretches_once_with_the_same_parameters(database: Database) -> None:
    """An unknown login costs the same Argon2id as a wrong password: time does not tell them apart."""
    await person(database, "alice")
    queue = CountingQueue()
    door = doorway(database.ring)
    watched = Doorway(queue, door.ring, door.minutes, door.ops, door.mem)
    for login in ("alice", "nobody"):
        for password in ("wrong password here", "", "\ud800", "x" * 10_000):
            with pytest.raises(Unauthenticated):
                await sign_in(database, watched, Attempt("person", login, password, ADDRESS))
    assert queue.asked == [(door.ops, door.mem)] * 8
    queue.close()


async def test_failures_take_the_same_time(database: Database) -> None:
    """In processor time, with a real price for Argon2id, which the unknown pay too: less than half apart."""
    await person(database, "alice")
    door = doorway(database.ring, ops=1, mem=32 * 1024 * 1024)
    # The stored credential is the cheap one; make it today's by signing in once.
    await sign_in(database, door, Attempt("person", "alice", PASSWORD, ADDRESS))
    took: dict[str, list[float]] = {"alice": [], "nobody": []}
    for round_ in range(9):
        for login in ("alice", "nobody"):
            began = process_time()
            with pytest.raises(Unauthenticated):
                await sign_in(database, door, Attempt("person", login, "wrong password here", f"192.0.2.{round_}"))
            took[login].append(process_time() - began)
            await _empty_buckets(database)
    known, unknown = (min(times) for times in took.values())
    assert abs(known - unknown) < max(known, unknown) / 2


async def _empty_buckets(database: Database) -> None:
    async with database.begin() as session:
        await session.execute(sa.text("DELETE FROM throttles"))


async def test_a_login_is_taken_once_per_realm(database: Database) -> None:
    """The second person of that name is told so; an officer may still have it."""
    await person(database, "vetter-a")
    with pytest.raises(LoginTaken):
        await person(database, "Vetter-A")
    assert (await founded(database))["vetter-a"].realm == "officer"


async def test_a_login_raced_for_goes_to_one(database: Database) -> None:
    """Two registrations of the same login at once: one has it, the other is told."""
    outcomes = await asyncio.gather(person(database, "alice"), person(database, "alice"), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Created", "LoginTaken"]


async def test_a_password_like_the_login_is_refused(database: Database) -> None:
    """However it is spelled."""
    with pytest.raises(Invalid, match="password"):
        await person(database, "my-login-name.is.long", password="My-Login-Name.Is.Long")


async def test_an_unknown_realm_is_an_error_of_the_caller(database: Database) -> None:
    """Realms are ours to name; this is no attempt."""
    with pytest.raises(Invalid):
        await enter(database, "root", "alice")


async def test_better_parameters_come_with_the_next_sign_in(database: Database) -> None:
    """A credential made under older parameters is made again when its password is at hand."""
    await person(database, "alice")
    await sign_in(database, doorway(database.ring, ops=2, mem=16384), Attempt("person", "alice", PASSWORD, ADDRESS))
    async with database.begin() as session:
        row = (await session.execute(sa.select(Credential))).scalar_one()
        assert (row.params["stretch"]["ops"], row.params["stretch"]["mem"]) == (2, 16384)
    assert await enter(database, "person", "alice")


async def test_rotated_ring_keys_are_taken_up(database: Database, database_url: str, clock: FixedClock) -> None:
    """With new versions of ``index`` and ``login`` the old rows still serve, and the newest are written at sign-in."""
    secrets = {purpose: {1: new_key(), 2: new_key()} for purpose in PURPOSES - {"row", "subject", "database"}}
    kept = {purpose: {1: new_key()} for purpose in ("row", "subject")}
    old = _Ring(database.ring, {p: {1: by[1]} for p, by in secrets.items()} | kept)
    new = _Ring(database.ring, secrets | kept)
    newest = _Ring(database.ring, {p: {2: by[2]} for p, by in secrets.items()} | kept)
    async with _reopened(database_url, old, clock) as before:
        alice = await person(before, "alice")
    async with _reopened(database_url, new, clock) as between:
        with pytest.raises(LoginTaken):
            await person(between, "alice")
        assert (await enter(between, "person", "alice")).holder.id == alice.person
        async with between.begin() as session:
            assert sorted((await session.execute(sa.select(LoginName.ring_version))).scalars()) == [1, 2]
    async with _reopened(database_url, newest, clock) as after:
        assert (await enter(after, "person", "alice")).holder.id == alice.person


class _Ring(MemoryRing):
    """A ring with secrets of its own that still opens the database as the installation's ring does."""

    def __init__(self, base: MemoryRing, secrets: Any) -> None:
        super().__init__(base.id, secrets)
        self._base = base

    def derive(self, purpose: str, context: bytes, *, version: int | None = None) -> bytes:
        if purpose == "database":
            return self._base.derive(purpose, context, version=version)
        return super().derive(purpose, context, version=version)


class _reopened:  # noqa: N801 - reads as a phrase where it is used
    """The same database through another ring."""

    def __init__(self, url: str, ring: MemoryRing, clock: FixedClock) -> None:
        self._database = Database(url, ring, clock)

    async def __aenter__(self) -> Database:
        return self._database

    async def __aexit__(self, *_: object) -> None:
        await self._database.close()


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE credentials SET holder_id = $1 WHERE holder_id = $2",
        "UPDATE login_names SET holder_id = $2 WHERE holder_id = $1",
        "UPDATE credentials SET wrapped = (SELECT wrapped FROM credentials WHERE holder_id = $2) WHERE holder_id = $1",
        "UPDATE credentials SET wrapped = c.wrapped, params = c.params FROM credentials c "
        "WHERE c.holder_id = $2 AND credentials.holder_id = $1",
    ],
)
async def test_a_credential_moved_to_another_holder_opens_nothing(
    database: Database, database_url: str, edit: str
) -> None:
    """A database administrator with an account of their own cannot make their password open somebody else's keys."""
    alice = await person(database, "alice")
    mallory = await person(database, "mallory", password="mallory's own password")
    administrator = await asyncpg.connect(database_url)
    await administrator.execute(edit, alice.person, mallory.person)
    await administrator.close()
    try:
        holder = (await enter(database, "person", "alice", "mallory's own password")).holder
    except Unauthenticated:
        return
    # The name now leads to the administrator's own vault: that is all there is to gain.
    assert (holder.id, holder.bundle.box_public) == (mallory.person, mallory.holder.bundle.box_public)


async def test_the_doorways_queue_is_bounded(database: Database) -> None:
    """When too many wait, the next is told to come back rather than kept hanging."""
    narrow = StretchQueue(threads=1, waiting=0)
    door = Doorway(narrow, database.ring, 30, 1, 64 * 1024 * 1024)
    attempts = [sign_in(database, door, Attempt("person", f"nobody-{n}", "wrong password", ADDRESS)) for n in range(6)]
    outcomes = {type(outcome) for outcome in await asyncio.gather(*attempts, return_exceptions=True)}
    assert outcomes == {Unauthenticated, Unavailable}
    narrow.close()


async def test_a_sign_in_resumes_with_its_cookie(database: Database) -> None:
    """What sign-in hands out is what later requests show."""
    alice = await person(database, "alice")
    signed_in = await enter(database, "person", "alice")
    async with database.begin() as session:
        holder = await resume(session, signed_in.cookie, "person")
    assert (holder.id, holder.sign_in) == (alice.person, signed_in.holder.sign_in)
    assert signed_in.cookie not in repr(signed_in)
