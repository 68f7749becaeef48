"""A request tried on its own: every check speaks, and nothing is used up."""

from urllib.parse import urlencode

import pytest

from tests.authserver.bank import Bank
from tests.authserver.keys import ISSUER, Signer, proof
from vault.authserver import assertions, dpop, par
from vault.authserver.assertions import TYPE
from vault.authserver.selftest import NOT_YET, Finding, Of, Trial, examine
from vault.requesters import register

PAR_URL = f"{ISSUER}/oauth/par"


async def tried(bank: Bank, shown: str | None = None, **changes: str | None) -> dict[str, Finding]:
    """The findings about a good pushed request, or one with some parameters changed, by check."""
    form = bank.request(**{"client_assertion_type": TYPE, "client_assertion": bank.assertion(), **changes})
    body = urlencode({name: value for name, value in form.items() if value is not None})
    return await examined(bank, Trial("par", body, shown))


async def examined(bank: Bank, trial: Trial) -> dict[str, Finding]:
    """The findings of one trial, by check."""
    assert bank.decided.client_id is not None
    assert bank.decided.declaration is not None
    known = await bank.db.run(register.any_client, bank.decided.client_id)
    declared = await bank.db.run(register.declaration, bank.decided.declaration)
    found = examine(bank.server, trial, Of(known, declared.body), now=bank.db.clock.now())
    return {each.check: each for each in found}


async def test_a_good_request_passes_every_check(bank: Bank) -> None:
    """Every check of assertion, proof and request is listed, and what was tried can still be sent."""
    shown, assertion = bank.proof(PAR_URL), bank.assertion()
    found = await tried(bank, shown, client_assertion=assertion)
    assert [each.check for each in found.values() if each.complaint] == []
    assert found.keys() >= {*assertions.CHECKS, *dpop.CHECKS, *par.CHECKS, "over-asked", "details-shape"}
    assert (await bank.push(shown, client_assertion=assertion)).request_uri


async def test_all_that_is_wrong_is_named_at_once(bank: Bank) -> None:
    """Not the first mistake only; each leads to the page about it."""
    found = await tried(bank, code_challenge_method="plain", redirect_uri="https://evil.example/", scope="openid")
    wrong = {each.check for each in found.values() if each.complaint}
    assert wrong == {"pkce", "redirect-uri", "scope-absent"}
    assert found["pkce"].more == f"{ISSUER}/integrate/errors/pkce"


@pytest.mark.parametrize(
    ("claims", "check"),
    [
        ({"aud": f"{ISSUER}/oauth/token"}, "assertion-aud"),
        ({"exp": 0}, "assertion-exp"),
        ({"jti": ""}, "assertion-jti"),
    ],
)
async def test_a_wrong_assertion(bank: Bank, claims: dict[str, object], check: str) -> None:
    """The check that fails is named, the others pass."""
    found = await tried(bank, client_assertion=bank.assertion(**claims))
    assert [each.check for each in found.values() if each.complaint] == [check]


async def test_checks_that_rest_on_others_wait(bank: Bank) -> None:
    """A proof without a key: what needs the key says so instead of failing."""
    shown = proof(Signer.make(), PAR_URL, bank.db.clock.now(), {"jwk": None})
    found = await tried(bank, shown)
    assert found["dpop-key"].complaint
    assert found["dpop-signature"].complaint in {NOT_YET, found["dpop-signature"].complaint}
    assert found["dpop-alg"].complaint == NOT_YET
    assert found["dpop-htm"].complaint is None


async def test_another_clients_assertion_tells_nothing(bank: Bank) -> None:
    """Only the chosen client's keys are compared: a stranger's assertion stops at the client."""
    other = "cli_" + "0" * 32
    found = await tried(bank, client_id=None, client_assertion=bank.assertion(iss=other, sub=other))
    assert found["client-known"].complaint
    assert "assertion-signature" not in found


async def test_over_asked_items_are_named(bank: Bank) -> None:
    """As the server would name them."""
    asked = '[{"type":"personal_information.v1","items":[{"item":"identity.gender","form":"raw"}],"duration_days":5}]'
    assert "identity.gender" in str((await tried(bank, authorization_details=asked))["over-asked"].complaint)


@pytest.mark.parametrize("body", ["", "%ff=1", "a=1&a=2", "\0", "x" * 200_000])
async def test_nonsense_is_named_and_nothing_breaks(bank: Bank, body: str) -> None:
    """Whatever is pasted."""
    found = await examined(bank, Trial("token", body, "x.y.z"))
    assert any(each.complaint for each in found.values())
