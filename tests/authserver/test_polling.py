"""Fetching what was allowed out of band: once, by who asked, with their key, not too often; and who may decide."""

from datetime import timedelta

import msgspec
import pytest

from tests.authserver.bank import Bank
from tests.authserver.callcentre import MESSAGE, CallCentre
from tests.authserver.keys import ISSUER, Signer
from tests.profile.world import Administrator, World, drafts, together
from vault.authserver.errors import InvalidGrant, OAuthError
from vault.authserver.polling import GRANT_TYPE, SlowDown
from vault.authserver.prompts import RequestOver, prompts
from vault.authserver.sealed_share import open_share
from vault.authserver.server import AuthServer
from vault.authserver.token_endpoint import token
from vault.clock import FixedClock
from vault.consent import withdraw
from vault.crypto.sealing import unseal
from vault.errors import CannotOpen, NotFound, Tampered
from vault.signin import Holder


async def test_polling_too_early_slows_down(centre: CallCentre, person: Holder, clock: FixedClock) -> None:
    """Five seconds between two polls; each one too early adds five, also once it is allowed."""
    started, prompt = await centre.asked(person)
    assert (await centre.answer(started))["error"] == "authorization_pending"
    clock.move(timedelta(seconds=4))
    assert (await centre.answer(started))["error"] == "slow_down"
    await centre.allow(person, prompt)
    clock.move(timedelta(seconds=9))
    assert (await centre.answer(started))["error"] == "slow_down"
    clock.move(timedelta(seconds=15))
    assert (await centre.poll(started)).grant_id


async def test_polls_at_once_are_counted_one_by_one(centre: CallCentre, person: Holder) -> None:
    """Ten at the same moment: one answer, nine times slow_down, whichever worker they come to."""
    started, _ = await centre.asked(person)
    other = CallCentre(
        Bank(
            AuthServer(issuer=ISSUER, database=centre.bank.db),
            centre.bank.world,
            centre.bank.decided,
            centre.bank.signer,
            centre.bank.dpop,
        )
    )
    outcomes = await together(*[lambda: centre.poll(started), lambda: other.poll(started)] * 5)
    assert sum(isinstance(each, SlowDown) for each in outcomes) == 9


async def test_of_two_redemptions_one_wins(centre: CallCentre, person: Holder) -> None:
    """One statement uses the request up; the other attempt finds it used or comes too early."""
    for _ in range(3):
        started, prompt = await centre.asked(person)
        await centre.allow(person, prompt)
        outcomes = await together(*[lambda request=started: centre.poll(request)] * 4)
        assert sum(not isinstance(each, BaseException) for each in outcomes) == 1
        assert all(isinstance(each, OAuthError) for each in outcomes if isinstance(each, BaseException))
        centre.bank.db.clock.move(timedelta(minutes=21))


async def test_redeemed_once(centre: CallCentre, person: Holder, clock: FixedClock) -> None:
    """A second time gives nothing."""
    started, prompt = await centre.asked(person)
    await centre.allow(person, prompt)
    await centre.poll(started)
    clock.move(timedelta(seconds=10))
    with pytest.raises(InvalidGrant) as caught:
        await centre.poll(started)
    assert caught.value.check == "auth-req-used"


async def test_anothers_auth_req_id_gives_nothing(
    world: World, server: AuthServer, centre: CallCentre, person: Holder
) -> None:
    """Another client's id is like one that does not exist, and does not slow its owner down."""
    other = await CallCentre.registered(await Bank.let_in(world, server, uscc="91110000802100433B"))
    started, prompt = await centre.asked(person)
    await centre.allow(person, prompt)
    stolen, made_up = await other.answer(started), await other.answer("A" * 43)
    assert stolen == made_up
    assert stolen["error"] == "invalid_grant"
    assert (await centre.poll(started)).grant_id


async def test_another_key_gives_nothing(centre: CallCentre, person: Holder) -> None:
    """The key shown when the request was started is the one that redeems it."""
    proof = centre.bank.proof(centre.bank.server.backchannel_url)
    started = await centre.start(await centre.hint(person), proof)
    centre.bank.dpop = Signer.make()
    with pytest.raises(InvalidGrant) as caught:
        await centre.poll(started)
    assert caught.value.check == "auth-req-key"


async def test_there_are_no_bearer_tokens(centre: CallCentre, person: Holder) -> None:
    """Without a proof there is no token."""
    started, prompt = await centre.asked(person)
    await centre.allow(person, prompt)
    with pytest.raises(OAuthError) as caught:
        await token(
            centre.bank.server,
            centre.bank.posted({"grant_type": GRANT_TYPE, "auth_req_id": started.auth_req_id}),
        )
    assert caught.value.error == "invalid_dpop_proof"


async def test_a_yes_at_the_last_moment_can_be_fetched(centre: CallCentre, person: Holder, clock: FixedClock) -> None:
    """Allowed a second before the end, fetched after it; a minute later it is over like any other."""
    started, prompt = await centre.asked(person)
    clock.move(timedelta(seconds=299))
    await centre.allow(person, prompt)
    clock.move(timedelta(seconds=61))
    assert (await centre.answer(started)) == {"status": 400, "error": "access_denied"}
    started, prompt = await centre.asked(person)
    clock.move(timedelta(seconds=299))
    await centre.allow(person, prompt)
    clock.move(timedelta(seconds=30))
    assert (await centre.poll(started)).grant_id


async def test_after_the_end_nobody_can_allow(centre: CallCentre, person: Holder, clock: FixedClock) -> None:
    """The page says that it is over."""
    _, prompt = await centre.asked(person)
    clock.move(timedelta(seconds=300))
    with pytest.raises(RequestOver):
        await centre.allow(person, prompt)
    assert (await centre.bank.db.run(prompts, person))[0].state == "ended"


async def test_two_decisions_at_once_are_one(centre: CallCentre, person: Holder) -> None:
    """Allowed twice and refused at the same moment: one of them happened."""
    started, prompt = await centre.asked(person)
    outcomes = await together(
        lambda: centre.allow(person, prompt), lambda: centre.allow(person, prompt), lambda: centre.deny(person, prompt)
    )
    assert sum(isinstance(each, RequestOver) for each in outcomes) == 2
    assert started


async def test_nobody_decides_for_another(world: World, centre: CallCentre, person: Holder) -> None:
    """Another person's request is none that exists."""
    _, prompt = await centre.asked(person)
    other = await world.person()
    for act in (lambda: centre.allow(other, prompt), lambda: centre.deny(other, prompt)):
        with pytest.raises(NotFound):
            await act()
    await centre.allow(person, prompt)


async def test_database_and_ring_open_nothing(centre: CallCentre, person: Holder, administrator: Administrator) -> None:
    """The share is sealed to auth_req_id: every key in reach is tried, and only its holder opens it."""
    started, prompt = await centre.asked(person)
    given = await centre.allow(person, prompt)
    (row,) = await administrator.rows("SELECT * FROM backchannel_requests")
    text = str({name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()})
    assert started.auth_req_id not in text
    assert given.g.hex() not in text
    assert MESSAGE not in text
    ring = centre.bank.db.ring
    candidates = [bytes(row["hash"]), bytes(row["public"])]
    candidates += [
        ring.derive(purpose, context)
        for purpose in ("release", "refresh", "notice", "token-keys", "index")
        for context in (b"", bytes(row["hash"]), row["grant_id"].bytes)
    ]
    for key in candidates:
        with pytest.raises(CannotOpen):
            unseal(key, bytes(row["share"]))
    assert open_share(started.auth_req_id, bytes(row["share"]), grant=given.grant).g == given.g
    with pytest.raises(CannotOpen):
        open_share(started.auth_req_id[::-1], bytes(row["share"]), grant=given.grant)


async def test_an_administrators_key_is_refused(
    centre: CallCentre, person: Holder, administrator: Administrator
) -> None:
    """Whoever puts their own public key into the row gets no share sealed to it."""
    _, prompt = await centre.asked(person)
    await administrator.execute("UPDATE backchannel_requests SET public = decode(repeat('09', 32), 'hex')")
    with pytest.raises(Tampered):
        await centre.allow(person, prompt)


async def test_what_is_recorded(centre: CallCentre, person: Holder) -> None:
    """The request untagged, then what the person was shown and decided, tagged for them; no poll fills the ledger."""
    started, prompt = await centre.asked(person)
    for _ in range(3):
        await centre.answer(started)
    await centre.deny(person, prompt, reported=True)
    events = [each["event"] for each in map(msgspec.json.decode, await drafts(centre.bank.db))]
    assert events[-5:] == ["hint.made", "consent.requested", "consent.put", "grant.declined", "consent.reported"]


async def test_a_withdrawn_yes_is_like_a_no(centre: CallCentre, person: Holder, clock: FixedClock) -> None:
    """Taken back before it was fetched: pending to the end, then denied."""
    started, prompt = await centre.asked(person)
    given = await centre.allow(person, prompt)
    await centre.bank.db.run(withdraw, person, given.grant)
    assert (await centre.answer(started))["error"] == "authorization_pending"
    clock.move(timedelta(seconds=300))
    assert (await centre.answer(started)) == {"status": 400, "error": "access_denied"}


@pytest.mark.parametrize(("auth_req_id", "check"), [(None, "auth-req-present"), ("A" * 43, "auth-req-known")])
async def test_no_auth_req_id_and_one_of_nobody(centre: CallCentre, auth_req_id: str | None, check: str) -> None:
    """Named, like every refusal."""
    with pytest.raises(OAuthError) as caught:
        await centre.bank.ask({"grant_type": GRANT_TYPE, "auth_req_id": auth_req_id})
    assert caught.value.check == check
