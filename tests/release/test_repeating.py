"""The same request under the same key is one release: one use, one entry, one set of versions."""

import asyncio
import random

import msgspec
import pytest

from tests.profile.world import CONTACT
from tests.release.world import Releases
from vault.consent import withdraw
from vault.errors import IdempotencyMismatch, Unavailable
from vault.ledger.follower import Receipts
from vault.release.pipeline import Answer, ReleaseEngine, release
from vault.release.refusals import CannotRepeat, GrantEnded

PHONE = "contact.phone_number"


def fields(answer: Answer, *names: str) -> list[object]:
    """Some members of an answer."""
    body = msgspec.json.decode(answer.body)
    return [body[name] for name in names]


async def test_a_repetition_finds_the_same_entry_and_versions(releases: Releases) -> None:
    """Although the section has changed since, and without a further use."""
    given = await releases.given()
    token = await releases.token(given)
    first = await releases.release(token, key="once")
    changed = CONTACT | {"phone_number": "+8613912345678", "address": {"formatted": "new"}}
    await releases.consents.world.write(releases.consents.person, "contact", changed, expected=1)
    releases.later(minutes=2)
    again = await releases.release(token, key="once")
    same = ("release", "items", "commitment", "sub")
    assert fields(first, *same) == fields(again, *same)
    receipts = [fields(answer, "receipt")[0] for answer in (first, again)]
    assert len({receipt["entry"] for receipt in receipts}) == 1
    assert await releases.uses(given) == 1
    assert len(await releases.entries("release.delivered")) == 1


async def test_the_same_key_with_another_request_is_refused(releases: Releases) -> None:
    """422, and nothing leaves."""
    token = await releases.token(await releases.given())
    await releases.release(token, key="once")
    with pytest.raises(IdempotencyMismatch) as refused:
        await releases.release(token, PHONE, key="once")
    assert refused.value.status == 422


async def test_keys_of_two_grants_do_not_meet(releases: Releases) -> None:
    """The same key under another grant is another release."""
    one, two = await releases.given(), await releases.given()
    first = await releases.release(await releases.token(one), key="once")
    second = await releases.release(await releases.token(two), key="once")
    assert fields(first, "release") != fields(second, "release")


async def test_a_repetition_after_the_withdrawal_is_refused(releases: Releases) -> None:
    """What was delivered once is not delivered again when the person has said stop."""
    given = await releases.given()
    token = await releases.token(given)
    await releases.release(token, key="once")
    await releases.consents.db.run(withdraw, releases.consents.person, given.grant)
    with pytest.raises(GrantEnded):
        await releases.release(token, key="once")


async def test_ten_at_once_under_one_key_are_one_release(releases: Releases) -> None:
    """One entry, one use, ten equal answers."""
    given = await releases.given()
    token = await releases.token(given)
    answers = await asyncio.gather(*(releases.release(token, key="once") for _ in range(10)))
    assert len({msgspec.json.encode(fields(answer, "release", "items", "commitment")) for answer in answers}) == 1
    assert await releases.uses(given) == 1
    assert len(await releases.entries("release.delivered")) == 1


async def test_no_receipt_in_time_sends_nothing_and_the_retry_finds_the_entry(releases: Releases) -> None:
    """503 while the ledger does not answer; the act is recorded all the same."""
    given = await releases.given()
    token = await releases.token(given)
    deaf = Receipts(releases.consents.db, releases.signer.keys)  # nobody runs it: no receipt will ever come
    engine = await ReleaseEngine.over(releases.consents.db, deaf, releases.engine.gate, receipt_timeout=0.1)
    with pytest.raises(Unavailable) as late:
        await release(engine, releases.ask(token, key="once"))
    assert late.value.retry_after >= 1
    answer = await releases.release(token, key="once")
    (entry,) = await releases.entries("release.delivered")
    assert entry["ref"] == fields(answer, "release")[0]
    assert await releases.uses(given) == 1


async def test_a_connection_killed_before_the_receipt_loses_nothing(releases: Releases) -> None:
    """The connections that record are cut again and again while they release: who retries under the same key
    gets the release that was recorded, and each key has one use and one entry."""
    given = await releases.given()
    token = await releases.token(given)
    killing = asyncio.create_task(_kill_connections(releases))
    keys = [f"key-{number}" for number in range(30)]
    for key in keys:
        await _until_delivered(releases, token, key)
    killing.cancel()
    await asyncio.gather(killing, return_exceptions=True)
    entries = await releases.entries("release.delivered")
    assert len(entries) == len(keys)
    assert await releases.uses(given) == len(keys)


async def _kill_connections(releases: Releases) -> None:
    """Those that record releases; the ledger's own are left alone, or no receipt would ever come."""
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ 'WITH held|seen_proofs|FROM grants g'"
    while True:
        await releases.administrator.rows(f"{kill} AND usename LIKE 'vault_app%' AND pid <> pg_backend_pid()")
        await asyncio.sleep(random.uniform(0, 0.03))


async def _until_delivered(releases: Releases, token: str, key: str) -> None:
    for _ in range(200):
        try:
            await releases.values(token, key=key)
        except Unavailable:
            await asyncio.sleep(0.01)
        else:
            return
    raise AssertionError("never delivered")


async def test_a_changed_release_row_cannot_repeat_something_else(releases: Releases) -> None:
    """An administrator points the row at other versions: the payload does not fit the commitment in the entry."""
    given = await releases.given()
    token = await releases.token(given)
    changed = CONTACT | {"phone_number": "+8613912345678"}
    await releases.release(token, key="once")
    await releases.consents.world.write(releases.consents.person, "contact", changed, expected=1)
    await releases.administrator.execute(
        "UPDATE releases SET versions = jsonb_set(versions, '{sections,contact}', '2')"
    )
    with pytest.raises(CannotRepeat):
        await releases.release(token, key="once")


async def test_an_invented_release_row_gives_nothing(releases: Releases) -> None:
    """A row that says delivered, pointing at another release's entry, brings no data without a use."""
    given = await releases.given()
    token = await releases.token(given)
    await releases.release(token, key="once")
    await releases.administrator.execute("UPDATE releases SET idempotency_key = 'other', commit_key = sha256('x')")
    with pytest.raises(CannotRepeat):
        await releases.release(token, key="other")
