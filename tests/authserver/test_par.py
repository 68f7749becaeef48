"""Pushed authorization requests: each named check refuses by itself, and is recorded."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from tests.authserver.bank import ITEMS, Bank
from tests.authserver.keys import Signer, proof
from tests.authserver.recorded import refusals
from tests.consent.world import asked
from vault.authserver.errors import OAuthError
from vault.authserver.par import CHECKS, push
from vault.authserver.server import Posted
from vault.authserver.tables import PushedRequest
from vault.db import Session
from vault.ids import DeclarationId
from vault.requesters import register
from vault.requesters.register_keys import CERTIFICATE, sign
from vault.requesters.registration import certificate, claims
from vault.requesters.tables import Client, DeclarationRow, PermitRow, Requester


def details(items: dict[str, str] | None = None, **limits: Any) -> str:
    return msgspec.json.encode(asked(items or ITEMS, **limits)).decode()


BREAKS: list[tuple[str, str, dict[str, str | None]]] = [
    ("request-uri-absent", "invalid_request", {"request_uri": "urn:ietf:params:oauth:request_uri:x"}),
    ("response-type", "unsupported_response_type", {"response_type": "token"}),
    ("response-type", "unsupported_response_type", {"response_type": "code id_token"}),
    ("response-type", "unsupported_response_type", {"response_type": None}),
    ("response-mode", "invalid_request", {"response_mode": "fragment"}),
    ("redirect-uri", "invalid_request", {"redirect_uri": None}),
    ("redirect-uri", "invalid_request", {"redirect_uri": "https://harbour.example/back/"}),
    ("redirect-uri", "invalid_request", {"redirect_uri": "https://harbour.example/back?x=1"}),
    ("redirect-uri", "invalid_request", {"redirect_uri": "https://evil.example/back"}),
    ("redirect-uri", "invalid_request", {"redirect_uri": "http://127.0.0.1:9999/back"}),
    ("pkce", "invalid_request", {"code_challenge": None}),
    ("pkce", "invalid_request", {"code_challenge": "short"}),
    ("pkce", "invalid_request", {"code_challenge_method": "plain"}),
    ("pkce", "invalid_request", {"code_challenge_method": None}),
    ("state", "invalid_request", {"state": "x" * 4097}),
    ("state", "invalid_request", {"state": "line\nend"}),
    ("scope-absent", "invalid_scope", {"scope": "openid"}),
    ("details-present", "invalid_authorization_details", {"authorization_details": None}),
    ("details-present", "invalid_authorization_details", {"authorization_details": "[" * 33_000}),
    ("details-json", "invalid_authorization_details", {"authorization_details": "["}),
    ("details-json", "invalid_authorization_details", {"authorization_details": "[" * 30_000}),
    ("details-shape", "invalid_authorization_details", {"authorization_details": "[]"}),
    ("details-shape", "invalid_authorization_details", {"authorization_details": '[{"type":"other"}]'}),
    ("details-shape", "invalid_authorization_details", {"authorization_details": details(surprise=1)}),
    ("details-shape", "invalid_authorization_details", {"authorization_details": details(duration_days="30")}),
    ("details-shape", "invalid_authorization_details", {"authorization_details": details().replace("]", ",{}]")}),
    ("over-asked", "invalid_authorization_details", {"authorization_details": details({"finance.accounts": "raw"})}),
    ("over-asked", "invalid_authorization_details", {"authorization_details": details({"no.such_item": "raw"})}),
    ("over-asked", "invalid_authorization_details", {"authorization_details": details({"identity.name": "band"})}),
    ("over-asked", "invalid_authorization_details", {"authorization_details": details(duration_days=91)}),
    ("over-asked", "invalid_authorization_details", {"authorization_details": details(max_uses=21)}),
    ("dpop-jkt", "invalid_request", {"dpop_jkt": "short"}),
    ("client-id", "invalid_request", {"client_id": "cli_" + "0" * 32}),
]


async def test_each_break_is_named_and_none_is_stored(bank: Bank) -> None:
    """One thing wrong at a time; what the client is told is a code of the standard and what to mend."""
    for name, error, change in BREAKS:
        with pytest.raises(OAuthError) as caught:
            await bank.push(**change)
        assert (caught.value.check, caught.value.error) == (name, error), change
        assert caught.value.description
    assert await stored(bank) == 0
    recorded = [(entry["event"], entry["reason"]) for entry in await refusals(bank.db)]
    expected = [("consent.refused" if n == "over-asked" else "token.refused", n) for n, _, _ in BREAKS]
    assert recorded == [each for each in expected if each[1] != "client-id"]
    assert bank.server.meter.take() == {"client-id": 1}


async def stored(bank: Bank) -> int:
    async def act(session: Session) -> int:
        return len((await session.execute(sa.select(PushedRequest.id))).all())

    return await bank.db.run(act)


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_is_broken_by_some_test(name: str) -> None:
    """No check is on the list that nothing here trips."""
    assert name in {broken for broken, *_ in BREAKS} | {"client-live"}


async def test_an_over_asked_item_is_named(bank: Bank) -> None:
    """In the answer whatever it is called; in the ledger only if the catalogue knows it."""
    wanted = {"identity.name": "raw", "finance.accounts": "raw", "no.such_item": "raw"}
    with pytest.raises(OAuthError) as caught:
        await bank.push(authorization_details=details(wanted))
    assert caught.value.body()["items"] == ["finance.accounts", "no.such_item"]
    assert "finance.accounts" in caught.value.description
    [entry] = await refusals(bank.db)
    assert (entry["event"], entry["items"]) == ("consent.refused", [{"item": "finance.accounts"}])


async def test_a_proof_at_par_binds_the_code(bank: Bank) -> None:
    """Header and dpop_jkt each bind; both may be given if they agree (RFC 9449 section 10.1)."""
    url = bank.server.par_url
    thumbprint = bank.dpop.thumbprint
    by_header = await bank.open(await bank.push(bank.proof(url)))
    by_parameter = await bank.open(await bank.push(dpop_jkt=thumbprint))
    by_both = await bank.open(await bank.push(bank.proof(url), dpop_jkt=thumbprint))
    assert by_header.bound_to == by_parameter.bound_to == by_both.bound_to == f"jkt:{thumbprint}"
    assert (await bank.open(await bank.push())).bound_to is None


async def test_a_proof_and_another_key_disagree(bank: Bank) -> None:
    """dpop_jkt of one key with a proof of another is refused."""
    with pytest.raises(OAuthError) as caught:
        await bank.push(bank.proof(bank.server.par_url), dpop_jkt=Signer.make().thumbprint)
    assert (caught.value.check, caught.value.error) == ("dpop-jkt", "invalid_dpop_proof")


async def test_a_bad_proof_at_par_is_refused(bank: Bank) -> None:
    """A proof is optional here; a broken one is not taken for none."""
    for proofs in (
        [bank.proof(bank.server.token_url)],
        [bank.proof(bank.server.par_url)] * 2,
        [proof(bank.dpop, bank.server.par_url, bank.db.clock.now(), htm="GET")],
        ["garbage"],
    ):
        with pytest.raises(OAuthError) as caught:
            await bank.push(*proofs)
        assert caught.value.error == "invalid_dpop_proof"
    assert await stored(bank) == 0


async def test_a_replayed_assertion_is_refused(bank: Bank) -> None:
    """One assertion, one request: whoever recorded it gets nothing, and fills no ledger."""
    posted = bank.posted(bank.request())
    await push(bank.server, posted)
    with pytest.raises(OAuthError) as caught:
        await push(bank.server, posted)
    assert (caught.value.check, caught.value.error, caught.value.http_status) == (
        "assertion-replayed",
        "invalid_client",
        401,
    )
    assert await refusals(bank.db) == []
    assert bank.server.meter.take() == {"assertion-replayed": 1}


async def test_strangers_are_counted_not_recorded(bank: Bank) -> None:
    """Without a good assertion nobody writes into the ledger."""
    bank.signer = Signer.make()
    for form in (bank.request(), bank.request(client_assertion=None), bank.request(client_secret="s3cret")):
        with pytest.raises(OAuthError) as caught:
            await push(bank.server, bank.posted(form))
        assert caught.value.http_status == 401
        assert "WWW-Authenticate" not in caught.value.headers()
    with pytest.raises(OAuthError):
        await push(bank.server, Posted.read(b"client_id=" + bank.client_id.encode(), []))
    assert await refusals(bank.db) == []
    assert bank.server.meter.take() == {"assertion-signature": 1, "client-method": 3}


async def test_what_is_not_in_force_may_not_ask(bank: Bank) -> None:
    """Each of the four stops the client at once, and the reason names which."""

    async def put(session: Session, table: type[Any], status: str) -> None:
        for row in (await session.execute(sa.select(table))).scalars():
            row.status = status

    for table in (Client, DeclarationRow, PermitRow, Requester):
        await bank.db.run(put, table, "suspended")
        with pytest.raises(OAuthError) as caught:
            await bank.push()
        assert (caught.value.check, caught.value.error) == ("client-live", "unauthorized_client")
        assert "-suspended" in caught.value.description
        await bank.db.run(put, table, "active")
    assert await bank.push()


async def test_a_registration_certificate_may_be_carried(bank: Bank) -> None:
    """Its own and in time: the request says that it was there."""
    token = await _certificate(bank)
    for carried in (None, token):
        pushed = await bank.push(registration_certificate=carried)
        assert (await bank.open(pushed)).has_certificate is (carried is not None)


async def test_a_certificate_that_is_not_right_is_refused(bank: Bank) -> None:
    """Another's, a stale one, an altered one: named, recorded, and nothing is stored."""
    other = await Bank.let_in(bank.world, bank.server, uscc="91110000802100433B")
    token, now = await _certificate(bank), bank.db.clock.now()
    said = claims(bank.server.issuer, await bank.db.run(register.declaration, _declaration(bank)), now)
    stale = sign(bank.db.ring, CERTIFICATE, said, now=now - timedelta(days=2), until=now)
    for wrong in (await _certificate(other), stale, token[:-8] + "AAAAAAAA", "x"):
        with pytest.raises(OAuthError) as refused:
            await bank.push(registration_certificate=wrong)
        assert (refused.value.error, refused.value.check) == ("invalid_request", "registration-certificate")
    assert [each["reason"] for each in await refusals(bank.db)] == ["registration-certificate"] * 4


def _declaration(bank: Bank) -> DeclarationId:
    assert bank.decided.declaration is not None
    return bank.decided.declaration


async def _certificate(bank: Bank) -> str:
    declared = await bank.db.run(register.declaration, _declaration(bank))
    return certificate(bank.db.ring, bank.server.issuer, declared, bank.db.clock.now())
