"""What an erasure destroys and what stays; that it is whole or not at all; that no release comes after it."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy.exc import DBAPIError

from tests.consent.world import choice
from tests.erasure.world import WEEK, Erasures
from tests.release.officers import BOTH, ask_for_number
from tests.release.world import GENERAL
from tests.requesters.world import PASSWORD, cheap_doorway
from vault.accounts import Claim, register
from vault.accounts.numbers import check_character
from vault.consent.deletion import order_deletion
from vault.crypto.canonical import b64
from vault.db import Session
from vault.erasure.carrying_out import carry_out, carry_out_logged
from vault.errors import NotFound, Unauthenticated, Unavailable, VaultError
from vault.ids import PersonId
from vault.ledger.events import regulator
from vault.ledger.subjects import key_and_count, tags
from vault.ledger.verify import verify_receipt
from vault.oversight.reach import Case, radius
from vault.release.refusals import GrantEnded
from vault.signin import Attempt, prepare, sign_in

STAYS = {"persons", "grants", "grant_uses", "deletion_orders", "erasures"}
"""Tables that still have a row of an erased person, who gave a grant that was used and whose order is open."""


async def used(erasures: Erasures) -> str:
    """A grant under which something left; its token."""
    token = await erasures.releases.token(await erasures.releases.given(BOTH))
    await erasures.releases.values(token, *GENERAL)
    return token


async def test_nothing_of_the_vault_is_left(erasures: Erasures) -> None:
    """Every table of the schema is looked at: what stays is named here, in docs/threats.md and on the page."""
    token = await used(erasures)
    await ask_for_number(erasures.releases, token)
    before = await erasures.rows()
    assert {"section_keys", "section_versions", "credentials", "login_names", "national_ids", "ledger_subjects"} <= set(
        before
    )
    await erasures.erased()
    assert set(await erasures.rows()) == STAYS
    (row,) = await erasures.administrator.rows(
        "SELECT status, number FROM persons WHERE person_id = $1", erasures.person
    )
    assert (row["status"], row["number"]) == ("erased", b"")
    (grant,) = await erasures.administrator.rows("SELECT status, commitment_key, withdrawal_reason FROM grants")
    assert tuple(grant) == ("withdrawn", b"", None)
    for table in ("grant_wraps", "grant_parts", "releases", "approvals"):
        assert await erasures.administrator.rows(f"SELECT FROM {table}") == []


async def test_the_tags_are_noise_and_the_tree_is_whole(erasures: Erasures) -> None:
    """Nobody finds the entries any more but who kept their own key: for them the last one says what happened. The
    receipt that a requester kept holds as before, and so does the whole ledger."""
    token = await used(erasures)
    answer = await erasures.releases.release(token, *GENERAL)
    kept = msgspec.json.encode(msgspec.json.decode(answer.body)["receipt"])
    k_s, _ = await erasures.db.run(key_and_count, erasures.person)
    await erasures.erased()
    with pytest.raises(NotFound):
        await erasures.db.run(key_and_count, erasures.person)
    assert verify_receipt(kept, erasures.releases.vkey).entry["event"] == "release.delivered"
    report = await erasures.releases.fsck()
    assert report.holds, report.findings
    theirs = {b64(tag) for tag in tags(k_s, 0, 0, 100)}
    rows = await erasures.administrator.rows("SELECT tag, event FROM ledger_bodies WHERE tag IS NOT NULL ORDER BY idx")
    assert [row["event"] for row in rows if row["tag"] in theirs][-1] == "person.erased"


async def test_what_is_in_the_tables_ties_no_entries_together(erasures: Erasures) -> None:
    """With the dump and the key ring: no id of an entry, no commitment's key and no ledger key is beside the number
    that the vault had."""
    await used(erasures)
    await erasures.erased()
    await erasures.releases.settled()
    rows = await erasures.administrator.rows("SELECT i.id FROM ledger_ids i")
    left = str(await erasures.everything())
    assert rows
    assert not [row["id"] for row in rows if str(row["id"]) in left or row["id"].hex in left]


async def test_requesters_are_ordered_to_delete(erasures: Erasures) -> None:
    """For every grant that was used, also one that ended before; they can still answer, and the answer is an entry
    that is about nobody any more."""
    given = await erasures.deletions.used()
    await erasures.deletions.used()
    await erasures.erased()
    rows = await erasures.administrator.rows("SELECT id, why, state FROM deletion_orders ORDER BY id")
    assert [(row["why"], row["state"]) for row in rows] == [("erasure", "open")] * 2
    assert [told.type for told in await erasures.deletions.told()] == ["deletion.ordered"] * 2
    assert await erasures.deletions.say(rows[0]["id"]) == "deleted"
    (entry,) = await erasures.releases.entries("deletion.answered")
    assert "tag" not in entry
    by = regulator(erasures.lawful.regulator.id)
    which = await erasures.db.run(order_deletion, given.grant, "regulator", by=by)
    assert which in {row["id"] for row in await erasures.administrator.rows("SELECT id FROM deletion_orders")}


async def test_a_token_opens_nothing_and_the_refusal_looks_like_any(erasures: Erasures) -> None:
    """It has the words of a withdrawal, and its entry is about nobody."""
    await erasures.ask()
    erasures.releases.clock.move(WEEK)
    token = await erasures.releases.token(await erasures.releases.given(GENERAL))
    assert await erasures.releases.values(token, key="once")
    assert await erasures.carried_out() == 1
    for key in ("once", "another"):
        with pytest.raises(GrantEnded):
            await erasures.releases.release(token, key=key)
    for entry in await erasures.releases.entries("release.refused"):
        assert (entry["reason"], "tag" in entry) == ("stale_token", False)


async def test_one_of_an_erasure_and_a_release_wins(erasures: Erasures) -> None:
    """Many at once: whatever left has its entry, nothing leaves afterwards, no share of the vault outlives it."""
    clock, releases = erasures.releases.clock, erasures.releases
    await erasures.ask()
    clock.move(WEEK)
    token = await releases.token(await releases.given(GENERAL))
    ((person, which),) = await erasures.due()
    outcomes = await asyncio.gather(
        *(releases.release(token, key=f"key-{n}") for n in range(4)),
        erasures.db.run(carry_out, person, which),
        *(releases.release(token, key=f"more-{n}") for n in range(4)),
        return_exceptions=True,
    )
    assert outcomes[4] is True
    rest = outcomes[:4] + outcomes[5:]
    assert all(isinstance(each, VaultError) or getattr(each, "status", 0) == 200 for each in rest), outcomes
    left = sum(getattr(each, "status", 0) == 200 and not isinstance(each, VaultError) for each in rest)
    assert len(await releases.entries("release.delivered")) == left
    with pytest.raises(GrantEnded):
        await releases.release(token)
    assert set(await erasures.rows()) <= STAYS


async def test_a_consent_given_meanwhile_does_not_outlive_it(erasures: Erasures) -> None:
    """Given before, it ends with the others; given after, it is not given."""
    await erasures.ask()
    erasures.releases.clock.move(WEEK)
    ((person, which),) = await erasures.due()
    consents = erasures.releases.consents
    outcomes = await asyncio.gather(
        *(consents.given(choice(*GENERAL), items=GENERAL) for _ in range(2)),
        erasures.db.run(carry_out, person, which),
        *(consents.given(choice(*GENERAL), items=GENERAL) for _ in range(2)),
        return_exceptions=True,
    )
    assert outcomes[2] is True
    assert await erasures.administrator.rows("SELECT FROM grants WHERE status <> 'withdrawn'") == []
    assert await erasures.administrator.rows("SELECT FROM grant_wraps") == []
    assert set(await erasures.rows()) <= STAYS


async def test_it_is_done_once(erasures: Erasures) -> None:
    """By however many processes; afterwards there is nothing to do, and nobody to ask for it."""
    await used(erasures)
    await erasures.ask()
    erasures.releases.clock.move(WEEK)
    ((person, which),) = await erasures.due()
    done = await asyncio.gather(*(erasures.db.run(carry_out, person, which) for _ in range(3)))
    assert sorted(done) == [False, False, True]
    assert await erasures.due() == []
    assert not await erasures.db.run(carry_out, person, which)
    assert len(await erasures.releases.entries("person.erased")) == 1
    with pytest.raises(VaultError):
        await erasures.ask()


async def test_another_vault_is_untouched(erasures: Erasures) -> None:
    """Every row that leads to somebody else is as it was."""
    other = await erasures.lawful.world.person()
    await erasures.lawful.world.write(other, "contact", {"email": "somebody@example.com"})
    await used(erasures)
    before = await erasures.everything(PersonId(other.id))
    await erasures.erased()
    assert await erasures.everything(PersonId(other.id)) == before
    assert (await erasures.lawful.world.read(other, "contact"))["email"] == "somebody@example.com"


async def test_killed_half_way_nothing_has_happened(erasures: Erasures) -> None:
    """The connection dies when everything is destroyed and nothing committed: the vault is whole, and the next round
    does it."""
    await used(erasures)
    await erasures.ask()
    erasures.releases.clock.move(WEEK)
    token = await erasures.releases.token(await erasures.releases.given(GENERAL))
    before, ((person, which),) = await erasures.everything(), await erasures.due()

    async def killed(session: Session) -> None:
        assert await carry_out(session, person, which)
        number = (await (await session.connection()).exec_driver_sql("SELECT pg_backend_pid()")).scalar_one()
        await erasures.administrator.execute("SELECT pg_terminate_backend($1)", number)

    with pytest.raises((DBAPIError, Unavailable)):
        async with erasures.db.begin() as session:
            await killed(session)
    assert await erasures.everything() == before
    assert await erasures.releases.values(token)
    assert await erasures.carried_out() == 1
    assert set(await erasures.rows()) == STAYS


async def test_one_that_fails_keeps_no_other_waiting(erasures: Erasures) -> None:
    """A wish that was tampered with stays; the next in line is carried out."""
    other = await erasures.lawful.world.person()
    await erasures.ask()
    await erasures.ask(holder=other, present=f"{PASSWORD} 2")
    await erasures.administrator.execute(
        "UPDATE erasures SET signature = '\\x00' WHERE person_id = $1", erasures.person
    )
    erasures.releases.clock.move(WEEK)
    for person, which in await erasures.due():
        await carry_out_logged(erasures.db, person, which)
    rows = await erasures.administrator.rows("SELECT person_id, state FROM erasures")
    assert {row["person_id"]: row["state"] for row in rows} == {erasures.person: "asked", other.id: "done"}


async def test_nobody_signs_in_and_the_number_is_free(erasures: Erasures) -> None:
    """The login name leads nowhere; the same national id opens a new vault, in which nothing is."""
    await used(erasures)
    await erasures.erased()
    door = cheap_doorway(erasures.db)
    with pytest.raises(Unauthenticated):
        await sign_in(erasures.db, door, Attempt("person", "person.b", f"{PASSWORD} 1", "127.0.0.1", None))
    first = "11010119900102001"
    again = Claim(
        scheme="cn-ric",
        number=first + check_character(first),
        login="person.b",
        prepared=await prepare(door, PASSWORD),
        locale="en",
        answer=None,
    )
    made = (await register(erasures.db, again)).holder
    assert made.id != erasures.person
    with pytest.raises(NotFound):
        await erasures.lawful.world.read(made, "identity")


async def test_the_ledger_key_alone_brings_nothing_back(erasures: Erasures) -> None:
    """Where one row is put back from a backup, entries can be found again and nothing can be opened: docs/threats.md
    says what a whole backup is."""
    token = await used(erasures)
    (row,) = await erasures.administrator.rows("SELECT * FROM ledger_subjects WHERE person_id = $1", erasures.person)
    await erasures.erased()
    await erasures.administrator.execute(
        "INSERT INTO ledger_subjects (person_id, next_n, key) VALUES ($1, $2, $3)", *tuple(row)
    )
    with pytest.raises(VaultError):
        await erasures.releases.release(token)
    assert set(await erasures.rows()) == STAYS | {"ledger_subjects"}


async def test_a_regulator_still_counts_the_releases(erasures: Erasures) -> None:
    """The ledger has them all; nobody is listed who is not there any more; the orders to delete say what is missing."""
    await used(erasures)
    clock, bank = erasures.releases.clock, erasures.releases.consents.bank.requester
    assert bank is not None
    case = Case(bank, clock.now() - timedelta(days=1), clock.now() + timedelta(days=1))
    before = await radius(erasures.db, erasures.lawful.regulator, case)
    assert (before.count, before.releases, before.entries) == (1, 1, 1)
    await erasures.erased()
    after = await radius(erasures.db, erasures.lawful.regulator, case)
    assert (after.count, after.releases, after.entries, after.persons) == (0, 0, 1, [])
    assert [entry["reason"] for entry in await erasures.releases.entries("deletion.ordered")] == ["erasure"]
