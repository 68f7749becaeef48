"""Token status lists: what has ended shows in them, in time, and they tell outsiders nothing else."""

import zlib
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa

from tests.authserver.bank import Bank
from tests.authserver.issued import give_up
from tests.authserver.keys import ISSUER
from tests.profile.world import Administrator
from vault.authserver.issuing import Issued
from vault.authserver.server import AuthServer
from vault.authserver.signed import jwks
from vault.authserver.status_lists import REUSED, SHOWS_WITHIN, TTL, packed
from vault.clock import FixedClock
from vault.consent import withdraw
from vault.consent.hygiene import delete_ended_lists
from vault.consent.status import SIZE, decoys
from vault.consent.tables import StatusList
from vault.crypto.canonical import unb64
from vault.crypto.signing import is_signed
from vault.db import Session
from vault.errors import NotFound, Tampered
from vault.ids import GRANT, new_uuid, parse
from vault.requesters.tables import Requester
from vault.signin import Holder

VALID, INVALID, SUSPENDED = 0, 1, 2


@pytest.fixture
async def issued(bank: Bank, person: Holder) -> Issued:
    return await bank.redeem(await bank.code(person))


def place(token: str) -> tuple[str, int]:
    """What the token itself says of where to look."""
    reference = msgspec.json.decode(unb64(token.split(".")[1]))["status"]["status_list"]
    return reference["uri"], reference["idx"]


def value(claims: dict[str, object], index: int) -> int:
    """Section 4 of the draft, from its text: uncompressed, two bits an index, lowest first."""
    listed = claims["status_list"]
    assert isinstance(listed, dict)
    raw = zlib.decompress(unb64(listed["lst"]))
    return raw[index * listed["bits"] // 8] >> (index * listed["bits"] % 8) & 0b11


async def read(server: AuthServer, uri: str) -> dict[str, object]:
    """The list behind an address, its signature checked against the published keys."""
    published = await server.status_lists.one(_id(uri))
    head, body, signature = published.token.split(".")
    header, claims = msgspec.json.decode(unb64(head)), msgspec.json.decode(unb64(body))
    key = next(each for each in jwks(server.ring)["keys"] if each["kid"] == header["kid"])
    assert is_signed(unb64(key["x"]), f"{head}.{body}".encode(), unb64(signature))
    assert (header["typ"], claims["sub"]) == ("statuslist+jwt", uri)
    return dict(claims)


def _id(uri: str) -> UUID:
    return UUID(hex=uri.rpartition("/")[2])


async def now_says(bank: Bank, token: str) -> int:
    """What somebody hears who has no copy."""
    uri, index = place(token)
    return value(await read(AuthServer(issuer=ISSUER, database=bank.db), uri), index)


async def test_a_living_token_is_valid(bank: Bank, issued: Issued, clock: FixedClock) -> None:
    """And a refreshed one stands at the same place: refreshing costs no new one."""
    assert await now_says(bank, issued.access_token) == VALID
    again = await bank.refresh(issued.refresh_token)
    assert place(again.access_token) == place(issued.access_token)
    claims = await read(bank.server, place(issued.access_token)[0])
    assert claims["ttl"] == TTL
    assert (claims["exp"], claims["iat"]) == (int(clock.now().timestamp()) + 600, int(clock.now().timestamp()))


async def test_what_has_ended_shows(bank: Bank, person: Holder, issued: Issued) -> None:
    """A revoked token, a withdrawn grant: invalid; a token that is issued later stands elsewhere and is valid."""
    await give_up(bank, issued.access_token)
    assert await now_says(bank, issued.access_token) == INVALID
    again = await bank.refresh(issued.refresh_token)
    assert await now_says(bank, again.access_token) == VALID
    await bank.db.run(withdraw, person, parse(GRANT, issued.grant_id), None)
    assert await now_says(bank, again.access_token) == INVALID


@pytest.mark.parametrize(("status", "shows"), [("suspended", SUSPENDED), ("revoked", INVALID), ("active", VALID)])
async def test_a_requester_s_standing_shows(bank: Bank, issued: Issued, status: str, shows: int) -> None:
    """Suspended tokens may come back, those of a revoked requester do not."""

    async def act(session: Session) -> None:
        row = await session.get(Requester, bank.decided.requester)
        assert row is not None
        row.status = status

    await bank.db.run(act)
    assert await now_says(bank, issued.access_token) == shows


async def test_it_shows_in_time(bank: Bank, person: Holder, issued: Issued, clock: FixedClock) -> None:
    """Whoever keeps to ttl has no copy older than a minute: a process answers anew after ten seconds."""
    uri, index = place(issued.access_token)
    assert value(await read(bank.server, uri), index) == VALID
    await bank.db.run(withdraw, person, parse(GRANT, issued.grant_id), None)
    assert value(await read(bank.server, uri), index) == VALID
    clock.move(timedelta(seconds=REUSED))
    assert value(await read(bank.server, uri), index) == INVALID
    assert REUSED + TTL == SHOWS_WITHIN == 60


async def test_decoys_hide_how_many_ended(bank: Bank, issued: Issued, clock: FixedClock) -> None:
    """Indexes that no token has seem to end as time goes by."""
    uri, _ = place(issued.access_token)
    clock.move(timedelta(days=100))
    claims = await read(bank.server, uri)
    ended = sum(value(claims, index) != VALID for index in range(SIZE))
    assert 0.2 < ended / (SIZE / 2) < 0.3


async def test_a_revived_entry_is_refused(
    bank: Bank, person: Holder, issued: Issued, administrator: Administrator
) -> None:
    """A withdrawal cannot be taken back in SQL: the list is not published at all."""
    await bank.db.run(withdraw, person, parse(GRANT, issued.grant_id), None)
    await administrator.execute("UPDATE status_entries SET value = 0")
    with pytest.raises(Tampered):
        await now_says(bank, issued.access_token)


async def test_unknown_lists(bank: Bank, issued: Issued) -> None:
    """There are those that were opened; all of them are listed."""
    with pytest.raises(NotFound):
        await bank.server.status_lists.one(new_uuid())
    assert await bank.server.status_lists.all() == [place(issued.access_token)[0]]


async def test_a_list_goes_when_nothing_in_it_lives(bank: Bank, issued: Issued, clock: FixedClock) -> None:
    """Full and past the end of its last grant; not before, and never given again."""

    async def close(session: Session) -> None:
        await session.execute(sa.update(StatusList).values(closed_at=session.now))

    await bank.db.run(close)
    assert await bank.db.run(delete_ended_lists) == 0
    clock.move(timedelta(days=32))
    assert await bank.db.run(delete_ended_lists) == 1
    assert await bank.server.status_lists.all() == []


def test_the_form_of_the_draft() -> None:
    """Section 4.1: {0: 1, 1: 2, 5: 3} at two bits an index begins with the bytes 0b1001 and 0b1100."""
    raw = zlib.decompress(unb64(packed({0: 1, 1: 2, 5: 3})))
    assert raw[:3] == bytes([0b1001, 0b1100, 0])
    assert len(raw) == SIZE // 4
    assert decoys(b"0" * 32)
