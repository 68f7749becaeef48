"""Codes: redeemed once, by the right client, with the right verifier and key, in time."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from tests.authserver.bank import Bank
from tests.authserver.keys import Signer
from tests.authserver.recorded import refusals
from tests.profile.world import Administrator, World, together
from vault.authserver.errors import InvalidGrant, OAuthError
from vault.authserver.issuing import Issued
from vault.authserver.redeeming import CHECKS
from vault.authserver.server import AuthServer
from vault.authserver.token_endpoint import token
from vault.authserver.token_keys import KeyCache, delete_old_keys
from vault.authserver.tokens import open_access_token
from vault.clock import FixedClock
from vault.consent import one, withdraw
from vault.crypto.canonical import b64, unb64
from vault.db import Session
from vault.errors import Tampered
from vault.ids import GrantId, PersonId
from vault.requesters.tables import Client, DeclarationRow, PermitRow, Requester
from vault.signin import Holder

CODE_BREAKS: list[tuple[str, dict[str, str | None]]] = [
    ("code-redirect-uri", {"redirect_uri": None}),
    ("code-redirect-uri", {"redirect_uri": "https://harbour.example/back/"}),
    ("code-redirect-uri", {"redirect_uri": "http://127.0.0.1:8400/back"}),
    ("code-verifier", {"code_verifier": None}),
    ("code-verifier", {"code_verifier": "a" * 43}),
    ("code-verifier", {"code_verifier": "short"}),
    ("code-known", {"code": "nonsense"}),
    ("code-known", {"code": b64(b"\0" * 120)}),
    ("code-known", {"code": "AAAA"}),
    ("code-present", {"code": None}),
    ("unsupported-grant-type", {"grant_type": "password"}),
    ("unsupported-grant-type", {"grant_type": "password"}),
    ("unsupported-grant-type", {"grant_type": None}),
    ("details-shape", {"authorization_details": "[]"}),
]


async def refused(attempt: Any) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        await attempt
    return caught.value


async def test_each_break_is_named_and_leaves_the_code(bank: Bank, person: Holder) -> None:
    """One thing wrong at a time; a failed attempt uses nothing up, and is recorded."""
    code = await bank.code(person)
    for name, change in CODE_BREAKS:
        assert (await refused(bank.redeem(code, **change))).check == name, change
    assert await bank.redeem(code)
    recorded = [(entry["event"], entry["reason"]) for entry in await refusals(bank.db)]
    assert recorded == [("token.refused", name) for name, _ in CODE_BREAKS]


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_is_broken_by_some_test(name: str) -> None:
    """No check is on the list that nothing here trips."""
    assert name in {broken for broken, _ in CODE_BREAKS} | {"code-expiry", "code-dpop-key"}


async def test_a_code_lives_sixty_seconds(bank: Bank, person: Holder, clock: FixedClock) -> None:
    """FAPI 2.0 5.3.2.1-11; the conformance suite tries at 62."""
    for seconds, works in ((59, True), (60, False), (62, False)):
        code = await bank.code(person)
        clock.move(timedelta(seconds=seconds))
        if works:
            assert await bank.redeem(code)
        else:
            error = await refused(bank.redeem(code))
            assert (error.check, error.error) == ("code-expiry", "invalid_grant")


async def test_of_two_at_once_one_wins(bank: Bank, person: Holder) -> None:
    """Two connections, one code: one gets tokens. The second use kills them, since one of the two stole the code."""
    code = await bank.code(person)
    other = AuthServer(issuer=bank.server.issuer, database=bank.db)
    servers = [bank.server, other]

    async def attempt(number: int) -> Issued:
        mine = Bank(servers[number % 2], bank.world, bank.decided, bank.signer, bank.dpop)
        return await mine.redeem(code)

    outcomes = await asyncio.gather(*(attempt(n) for n in range(4)), return_exceptions=True)
    issued = [outcome for outcome in outcomes if isinstance(outcome, Issued)]
    refusals_ = [outcome for outcome in outcomes if isinstance(outcome, InvalidGrant)]
    assert (len(issued), len(refusals_)) == (1, 3)
    assert {error.check for error in refusals_} == {"code-reused"}
    assert (await refused(bank.refresh(issued[0].refresh_token))).check == "refresh-status"


async def test_a_second_use_kills_the_tokens(bank: Bank, person: Holder) -> None:
    """The refresh token is revoked, the version that access tokens are checked against rises, the person sees it."""
    code = await bank.code(person)
    issued = await bank.redeem(code)
    access = open_access_token(
        bank.server.keys, bank.server.ring, issued.access_token, bank.db.clock.now(), issuer=bank.server.issuer
    )
    before = await bank.db.run(one, PersonId(person.id), access.grant)
    assert before.token_epoch == access.epoch
    error = await refused(bank.redeem(code))
    assert (error.check, error.error) == ("code-reused", "invalid_grant")
    after = await bank.db.run(one, PersonId(person.id), access.grant)
    assert (after.status, after.token_epoch) == ("active", access.epoch + 1)
    assert (await refused(bank.refresh(issued.refresh_token))).check == "refresh-status"
    events = [entry for entry in await refusals(bank.db) if entry["reason"] == "code-reused"]
    assert len(events) == 1


async def test_a_second_use_after_the_key_is_gone(bank: Bank, person: Holder, clock: FixedClock) -> None:
    """Three hours later nobody can tell whose code it was; the refresh token dies all the same."""
    code = await bank.code(person)
    issued = await bank.redeem(code)
    clock.move(timedelta(hours=3))
    await bank.db.run(delete_old_keys)
    assert (await refused(bank.redeem(code))).check == "code-reused"
    assert (await refused(bank.refresh(issued.refresh_token))).check == "refresh-status"


async def test_a_code_without_its_key_opens_nothing(bank: Bank, person: Holder, administrator: Administrator) -> None:
    """The hourly key deleted: code, database and key ring together give no share."""
    code = await bank.code(person)
    await administrator.execute("DELETE FROM token_keys")
    bank.server = AuthServer(issuer=bank.server.issuer, database=bank.db, keys=KeyCache())
    error = await refused(bank.redeem(code))
    assert (error.check, error.error) == ("code-key", "invalid_grant")


async def test_another_clients_code(world: World, bank: Bank, person: Holder) -> None:
    """A code is its client's: for others it does not exist, and their trying uses nothing up and kills nothing."""
    other = await Bank.let_in(world, bank.server, uscc="91110000802100433B")
    code = await bank.code(person)
    assert (await refused(other.redeem(code))).check == "code-known"
    issued = await bank.redeem(code)
    assert (await refused(other.redeem(code))).check == "code-known"
    assert await bank.refresh(issued.refresh_token)


async def test_a_code_bound_to_a_key(bank: Bank, person: Holder) -> None:
    """Pushed with a proof, redeemed with another key: refused (RFC 9449 section 10)."""
    bound = bank.dpop
    code = await bank.allow(person, await bank.push(bank.proof(bank.server.par_url)))
    bank.dpop = Signer.make()
    error = await refused(bank.redeem(code))
    assert (error.check, error.error) == ("code-dpop-key", "invalid_grant")
    bank.dpop = bound
    assert await bank.redeem(code)


async def test_no_bearer_tokens(bank: Bank, person: Holder) -> None:
    """Without a proof there is no token of any kind."""
    code = await bank.code(person)
    error = await refused(token(bank.server, bank.posted(bank.redemption(code))))
    assert (error.check, error.error, error.http_status) == ("dpop-present", "invalid_dpop_proof", 400)


async def test_a_replayed_proof(bank: Bank, person: Holder) -> None:
    """One proof, one request, on whichever worker; of two at once one passes."""
    issued = await bank.redeem(await bank.code(person))
    text = bank.proof(bank.server.token_url)
    form: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": issued.refresh_token}
    outcomes = await together(*(lambda: bank.ask(form, text) for _ in range(3)))
    failed = [outcome for outcome in outcomes if isinstance(outcome, OAuthError)]
    assert len(failed) == 2
    assert {error.check for error in failed} == {"dpop-replayed"}


async def test_a_proof_of_another_endpoint(bank: Bank, person: Holder) -> None:
    """A proof made for PAR does not pass at the token endpoint."""
    code = await bank.code(person)
    error = await refused(bank.ask(bank.redemption(code), bank.proof(bank.server.par_url)))
    assert error.check == "dpop-htu"


async def test_what_is_not_in_force_gets_no_token(bank: Bank, person: Holder) -> None:
    """Suspended after the consent: neither code nor refresh token gives anything, with the very next request."""
    issued, code = await bank.redeem(await bank.code(person)), await bank.code(person)

    async def put(session: Session, table: type[Any], status: str) -> None:
        for row in (await session.execute(sa.select(table))).scalars():
            row.status = status

    for table in (Client, DeclarationRow, PermitRow, Requester):
        await bank.db.run(put, table, "suspended")
        for attempt in (bank.redeem(code), bank.refresh(issued.refresh_token)):
            error = await refused(attempt)
            assert (error.check, error.error) == ("client-live", "invalid_grant")
        await bank.db.run(put, table, "active")
    assert await bank.redeem(code)


async def test_a_withdrawal_between_code_and_token(bank: Bank, person: Holder) -> None:
    """Approved, withdrawn, redeemed: no token."""
    code = await bank.code(person)

    async def act(session: Session) -> None:
        found = await session.execute(sa.text("SELECT id FROM grants"))
        await withdraw(session, person, GrantId(found.scalar_one()))

    await bank.db.run(act)
    error = await refused(bank.redeem(code))
    assert (error.check, error.error) == ("grant-live", "invalid_grant")


async def test_narrowing_at_the_token_request(bank: Bank, person: Holder) -> None:
    """Fewer items than granted may be asked for (RFC 9396 section 6.1); more may not."""
    issued = await bank.redeem(await bank.code(person))
    details = issued.authorization_details[0]
    fewer = msgspec.json.encode([details | {"items": details["items"][:1]}]).decode()
    narrow = await bank.refresh(issued.refresh_token, authorization_details=fewer)
    assert [each["item"] for each in narrow.authorization_details[0]["items"]] == ["identity.name"]
    more = msgspec.json.encode([details | {"items": [{"item": "finance.accounts", "form": "raw"}]}]).decode()
    error = await refused(bank.refresh(issued.refresh_token, authorization_details=more))
    assert (error.check, error.items) == ("over-asked", ["finance.accounts"])


EDITS = (
    "expires_at = expires_at + interval '1 day'",
    "bound_to = null, redirect_uri = 'https://evil.example'",
    "client_id = gen_random_uuid()",
)


async def test_an_edited_code_is_refused(bank: Bank, person: Holder, administrator: Administrator) -> None:
    """What a code is bound to is under a MAC."""
    for edit in EDITS:
        code = await bank.code(person)
        await administrator.execute(f"UPDATE codes SET {edit}")
        with pytest.raises(Tampered):
            await bank.redeem(code)


async def test_a_code_moved_to_another_grant_does_not_open(bank: Bank, person: Holder) -> None:
    """The share in a code is sealed to its grant."""
    raw = bytearray(unb64(await bank.code(person)))
    raw[20] ^= 1
    assert (await refused(bank.redeem(b64(bytes(raw))))).check == "code-known"
