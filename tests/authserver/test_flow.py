"""From a pushed request to an opened token: what a good client and a willing person get."""

import hashlib
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import sqlalchemy as sa

from tests.authserver.bank import ITEMS, REDIRECT, Bank, Presented
from tests.authserver.keys import ISSUER
from tests.profile.world import Administrator, drafts
from vault.authserver import bindings
from vault.authserver.errors import InvalidProof
from vault.authserver.resource import ResourceGate
from vault.authserver.responses import code_answer, refusal_answer
from vault.authserver.server import AuthServer
from vault.authserver.tables import Code, PushedRequest, RefreshToken
from vault.authserver.tokens import Access, open_access_token
from vault.clock import FixedClock
from vault.consent import one
from vault.crypto.canonical import b64
from vault.db import Session
from vault.ids import PersonId
from vault.signin import Holder


def opened(server: AuthServer, token: str) -> Access:
    """What the API gets from a token."""
    return open_access_token(server.keys, server.ring, token, server.database.clock.now(), issuer=ISSUER)


async def test_the_whole_way(bank: Bank, person: Holder, clock: FixedClock) -> None:
    """Push, open, approve, redeem, open the token, refresh, open again."""
    pushed = await bank.push()
    assert pushed.expires_in == 90
    assert pushed.request_uri.startswith("urn:ietf:params:oauth:request_uri:")
    request = await bank.open(pushed)
    assert [item.item for item in request.terms.items] == list(ITEMS)
    issued = await bank.redeem(await bank.allow(person, pushed))
    assert (issued.body()["token_type"], issued.expires_in) == ("DPoP", 600)
    assert {each["item"]: each["form"] for each in issued.authorization_details[0]["items"]} == ITEMS
    access = opened(bank.server, issued.access_token)
    assert access.person == person.id
    assert access.binding == bindings.key(bank.dpop.thumbprint)
    clock.move(timedelta(minutes=30))
    again = await bank.refresh(issued.refresh_token)
    assert again.refresh_token == issued.refresh_token
    second = opened(bank.server, again.access_token)
    assert (second.grant, second.g, second.sub) == (access.grant, access.g, access.sub)
    assert again.grant_id == issued.grant_id == f"gnt_{access.grant.hex}"


async def test_only_what_was_ticked(bank: Bank, person: Holder) -> None:
    """An unticked item is in no token, and nothing says that it was asked for."""
    issued = await bank.redeem(await bank.code(person, "identity.name"))
    assert [each["item"] for each in issued.authorization_details[0]["items"]] == ["identity.name"]
    assert "contact" not in str(issued.body())
    access = opened(bank.server, issued.access_token)
    assert access.items == (("identity.name", "raw"),)


async def test_at_the_api(bank: Bank, person: Holder) -> None:
    """Token and proof together give access; the proof is of the bound key and names the token."""
    issued = await bank.redeem(await bank.code(person))
    url = f"{ISSUER}/v1/releases"
    ath = b64(hashlib.sha256(issued.access_token.encode()).digest())
    text = bank.proof(url, ath=ath)
    gate, now = ResourceGate(bank.server), bank.db.clock.now()
    access, held = await gate.admit(Presented(f"DPoP {issued.access_token}", [text], url=url), now=now)
    assert access.binding.thumbprint == held.jkt == bank.dpop.thumbprint
    await gate.take(held.seen, held.expires_at)
    with pytest.raises(InvalidProof) as caught:
        await gate.take(held.seen, held.expires_at)
    assert (caught.value.check, caught.value.http_status) == ("dpop-replayed", 401)


async def test_another_worker_opens_it(bank: Bank, person: Holder) -> None:
    """A process that has never seen the hourly key fetches it."""
    issued = await bank.redeem(await bank.code(person))
    other = ResourceGate(AuthServer(issuer=ISSUER, database=bank.db))
    url, ath = f"{ISSUER}/v1/releases", b64(hashlib.sha256(issued.access_token.encode()).digest())
    text = bank.proof(url, ath=ath)
    shown = Presented(f"DPoP {issued.access_token}", [text], url=url)
    access, _ = await other.admit(shown, now=bank.db.clock.now())
    assert access.person == person.id


async def test_the_redirect(bank: Bank) -> None:
    """Code or error, state, and the issuer; the registered query is kept; nothing else (RFC 9207)."""
    request = await bank.open(await bank.push())
    url = code_answer(bank.server, request, "the-code")
    assert url.startswith(f"{REDIRECT}?")
    assert parse_qs(urlsplit(url).query) == {"code": ["the-code"], "state": ["af0ifjsldkj"], "iss": [ISSUER]}
    url = refusal_answer(bank.server, request)
    assert parse_qs(urlsplit(url).query) == {"error": ["access_denied"], "state": ["af0ifjsldkj"], "iss": [ISSUER]}


async def test_without_a_state(bank: Bank) -> None:
    """What was not sent does not come back."""
    request = await bank.open(await bank.push(state=None))
    assert "state" not in refusal_answer(bank.server, request)


async def test_the_database_holds_no_share(bank: Bank, person: Holder, administrator: Administrator) -> None:
    """No table has a code, a token, the person's share, or a person beside a token, in any encoding."""
    code = await bank.code(person)
    issued = await bank.redeem(code)
    access = opened(bank.server, issued.access_token)
    tables = ("pushed_requests", "codes", "refresh_tokens", "token_keys", "seen_proofs")
    dump = "".join([str(row) for table in tables for row in await administrator.rows(f"SELECT t::text FROM {table} t")])
    texts = [code, issued.access_token, issued.refresh_token]
    raws = [access.g, access.person.bytes]
    for text in (*texts, *(form for raw in raws for form in (raw.hex(), b64(raw), str(raw)))):
        assert text not in dump
    assert str(access.person) not in dump


async def test_what_is_recorded(bank: Bank, person: Holder) -> None:
    """The request and the grant have entries; the names in them are codes."""
    await bank.redeem(await bank.code(person))
    entries = [msgspec.json.decode(draft) for draft in await drafts(bank.db)]
    events = [entry["event"] for entry in entries]
    assert events[-2:] == ["consent.requested", "grant.given"]
    assert entries[-2]["items"] == [{"item": item, "form": form} for item, form in ITEMS.items()]


async def test_grant_and_epoch_agree(bank: Bank, person: Holder) -> None:
    """The token carries the version that withdrawals raise."""
    access = opened(bank.server, (await bank.redeem(await bank.code(person))).access_token)
    view = await bank.db.run(one, PersonId(person.id), access.grant)
    assert (view.token_epoch, view.items) == (access.epoch, access.items)


async def test_rows_are_guarded(bank: Bank, person: Holder) -> None:
    """Request, code and refresh token each carry a MAC."""
    await bank.redeem(await bank.code(person))

    async def act(session: Session) -> list[int]:
        return [len((await session.execute(sa.select(t.mac))).all()) for t in (PushedRequest, Code, RefreshToken)]

    assert await bank.db.run(act) == [1, 1, 1]
