"""Clients that prove who they are by TLS certificates, and tokens that are bound to them (RFC 8705)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.authserver.bank import Bank, Presented
from tests.authserver.tls import NOW, Pair
from vault.authserver.bindings import Binding, of_certificate
from vault.authserver.certificates import CHECKS, Shown, authenticate, read_bundle
from vault.authserver.errors import InvalidToken, OAuthError
from vault.authserver.issuing import Issued
from vault.authserver.par import push
from vault.authserver.resource import ResourceGate
from vault.authserver.token_endpoint import token
from vault.authserver.tokens import open_access_token
from vault.clock import FixedClock
from vault.errors import BadConfiguration
from vault.requesters.client_metadata import ClientMetadata, problems_of_metadata
from vault.requesters.jwks import problems_of_set
from vault.signin import Holder

CA = Pair.make("CA one")
MIDDLE = Pair.make("CA two", CA)
LEAF = Pair.make("bank", MIDDLE)
OWN = Pair.make("own")
PKI = ClientMetadata(token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=LEAF.dn)
SELF = ClientMetadata(token_endpoint_auth_method="self_signed_tls_client_auth")
BOUND = {"dpop_bound_access_tokens": False, "tls_client_certificate_bound_access_tokens": True}


def shown(pair: Pair, *chain: Pair) -> Shown:
    return Shown(certificate=pair.der, chain=[each.der for each in chain])


def tried(pair: Shown, metadata: ClientMetadata, *authorities: Pair, keys: Any = (), days: int = 0) -> None:
    given = tuple(each.held for each in authorities)
    authenticate(pair, metadata, {"keys": list(keys)}, authorities=given, now=NOW + timedelta(days=days))


def test_a_certificate_of_a_known_authority_passes() -> None:
    """The registered subject, by way of the authority between, whatever the order of the name's text."""
    tried(shown(LEAF, MIDDLE), PKI, CA)
    tried(shown(LEAF), PKI, MIDDLE, CA)
    spaced = replace_subject(LEAF.dn.replace(",O=", ", O="))
    with pytest.raises(OAuthError):
        tried(shown(LEAF, MIDDLE), spaced, CA)


def replace_subject(subject: str) -> ClientMetadata:
    return ClientMetadata(token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=subject)


BREAKS = [
    ("certificate-time", shown(LEAF, MIDDLE), PKI, (CA,), 366),
    ("certificate-time", shown(LEAF, MIDDLE), PKI, (CA,), -2),
    ("certificate-time", shown(OWN), SELF, (), 366),
    ("certificate-registered", shown(LEAF, MIDDLE), SELF, (CA,), 0),
    ("certificate-subject", shown(Pair.make("bank.", MIDDLE), MIDDLE), PKI, (CA,), 0),
    ("certificate-subject", shown(LEAF, MIDDLE), replace_subject("CN=bank"), (CA,), 0),
    ("certificate-subject", shown(LEAF, MIDDLE), replace_subject(""), (CA,), 0),
    ("certificate-chain", shown(LEAF), PKI, (CA,), 0),
    ("certificate-chain", shown(LEAF, MIDDLE), PKI, (), 0),
    ("certificate-chain", shown(LEAF, MIDDLE), PKI, (Pair.make("CA one"),), 0),
    ("certificate-chain", shown(Pair.make("bank")), PKI, (CA,), 0),
    ("certificate-chain", shown(Pair.make("bank", OWN), OWN), PKI, (CA,), 0),
    ("certificate-chain", shown(Pair.make("bank", CA, usage=ExtendedKeyUsageOID.SERVER_AUTH)), PKI, (CA,), 0),
    ("certificate-readable", Shown(certificate=b"\x30\x03\x02\x01\x00"), PKI, (CA,), 0),
    ("certificate-readable", Shown(certificate=LEAF.der, chain=[b"none"]), PKI, (CA,), 0),
]


@pytest.mark.parametrize(("name", "given", "metadata", "authorities", "days"), BREAKS)
def test_each_break_is_named(
    name: str, given: Shown, metadata: ClientMetadata, authorities: tuple[Pair, ...], days: int
) -> None:
    """One thing wrong at a time; everything else is in order."""
    keys = [OWN.jwk()] if metadata is SELF else []
    with pytest.raises(OAuthError) as caught:
        tried(given, metadata, *authorities, keys=keys, days=days)
    assert (caught.value.check, caught.value.error) == (name, "invalid_client")


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_is_broken_by_some_test(name: str) -> None:
    """No check is on the list that nothing here trips."""
    assert name in {each[0] for each in BREAKS}


def test_a_registered_certificate_passes_by_itself_or_by_its_thumbprint() -> None:
    """RFC 8705 section 2.2: nobody has to have signed it."""
    tried(shown(OWN), SELF, keys=[OWN.jwk()])
    by_thumbprint = {"x5t#S256": of_certificate(OWN.der).thumbprint}
    tried(shown(OWN), SELF, keys=[{**by_thumbprint, "kty": "EC"}])


def test_what_a_key_set_may_say_about_certificates() -> None:
    """A certificate of the very key; two, of another key, or with another thumbprint are refused."""
    assert problems_of_set({"keys": [OWN.jwk()]}) == []
    good = OWN.jwk()
    for change in (
        {"x5c": LEAF.jwk()["x5c"]},
        {"x5c": good["x5c"] * 2},
        {"x5c": ["?"]},
        {"x5c": ["AAAA"]},
        {"x5t#S256": of_certificate(LEAF.der).thumbprint},
        {"x5t#S256": "short"},
        {"x5u": "https://evil.example/cert"},
    ):
        assert problems_of_set({"keys": [good | change]}), change


@pytest.mark.parametrize(
    ("member", "metadata"),
    [
        ("dpop_bound_access_tokens", ClientMetadata(dpop_bound_access_tokens=False)),
        ("tls_client_auth_subject_dn", ClientMetadata(tls_client_auth_subject_dn="CN=a")),
        ("tls_client_auth_subject_dn", ClientMetadata(token_endpoint_auth_method="tls_client_auth")),
        ("tls_client_auth_subject_dn", replace_subject("nonsense")),
        ("jwks", SELF),
        ("response_modes", ClientMetadata(response_modes=())),
    ],
)
def test_metadata_that_does_not_fit_together(member: str, metadata: ClientMetadata) -> None:
    """A client that could never authenticate, or would get bearer tokens, is not registered."""
    assert [where for where, _ in problems_of_metadata(metadata, {"keys": []})] == [member]
    assert problems_of_metadata(SELF, {"keys": [OWN.jwk()]}) == problems_of_metadata(PKI, {"keys": []}) == []


def test_a_bundle_that_is_none() -> None:
    """The server does not start with one."""
    with pytest.raises(BadConfiguration):
        read_bundle(b"not PEM")


async def by_certificate(bank: Bank, **members: Any) -> None:
    """From now on the bank comes by its own certificate, and its tokens are bound to it."""
    method = "self_signed_tls_client_auth"
    await bank.registers(token_endpoint_auth_method=method, jwks={"keys": [OWN.jwk()]}, **(BOUND | members))
    bank.certificate = shown(OWN)


async def asked(bank: Bank, form: dict[str, str | None], *proofs: str) -> Issued:
    """A token request without an assertion."""
    bare = {"client_assertion": None, "client_assertion_type": None, "client_id": bank.client_id}
    return await token(bank.server, bank.posted(form | bare, *proofs))


async def code_of(bank: Bank, person: Holder) -> str:
    bare = {"client_assertion": None, "client_assertion_type": None}
    return await bank.allow(person, await push(bank.server, bank.posted(bank.request() | bare)))


async def test_the_whole_way_by_certificate(bank: Bank, person: Holder, clock: FixedClock) -> None:
    """Push, approve, redeem, use, refresh: no assertion, no proof, a token that is bound to the certificate."""
    await by_certificate(bank)
    issued = await asked(bank, bank.redemption(await code_of(bank, person)))
    assert issued.token_type == "Bearer"
    server, now = bank.server, bank.db.clock.now()
    access = open_access_token(server.keys, server.ring, issued.access_token, now, issuer=server.issuer)
    assert access.binding == of_certificate(OWN.der)
    gate = ResourceGate(server)
    header = f"Bearer {issued.access_token}"
    first = await gate.admit(Presented(header, certificate=OWN.der), now=now)
    second = await gate.admit(Presented(header, certificate=OWN.der), now=now)
    assert first[0].person == person.id
    assert first[1].seen != second[1].seen
    clock.move(timedelta(minutes=20))
    again = await asked(bank, {"grant_type": "refresh_token", "refresh_token": issued.refresh_token})
    assert again.token_type == "Bearer"


async def test_a_stolen_certificate_bound_token(bank: Bank, person: Holder) -> None:
    """Without the certificate, with another, or with a proof in its place, it opens nothing."""
    await by_certificate(bank)
    issued = await asked(bank, bank.redemption(await code_of(bank, person)))
    gate, now, url = ResourceGate(bank.server), bank.db.clock.now(), f"{bank.server.issuer}/v1/releases"
    for name, presented in (
        ("token-certificate", Presented(f"Bearer {issued.access_token}")),
        ("token-certificate", Presented(f"Bearer {issued.access_token}", certificate=LEAF.der)),
        ("token-certificate", Presented(f"Bearer {issued.access_token}", [bank.proof(url)])),
        ("token-scheme", Presented(f"DPoP {issued.access_token}", [bank.proof(url)], OWN.der)),
        ("token-present", Presented(f"Basic {issued.access_token}", certificate=OWN.der)),
    ):
        with pytest.raises(InvalidToken) as caught:
            await gate.admit(presented, now=now)
        assert (caught.value.check, caught.value.http_status) == (name, 401)


async def test_a_dpop_token_does_not_pass_by_certificate(bank: Bank, person: Holder) -> None:
    """Swapped confirmation: a token bound to a key stays bound to it, whatever certificate is shown."""
    issued = await bank.redeem(await bank.code(person))
    gate, now = ResourceGate(bank.server), bank.db.clock.now()
    for name, scheme in (("token-scheme", "Bearer"), ("dpop-present", "DPoP")):
        with pytest.raises(OAuthError) as caught:
            await gate.admit(Presented(f"{scheme} {issued.access_token}", certificate=OWN.der), now=now)
        assert caught.value.check == name


async def test_a_refresh_token_keeps_to_its_method(bank: Bank, person: Holder) -> None:
    """One bound to a key is refused with a certificate; one bound by certificate is refused with a key."""
    issued = await bank.redeem(await bank.code(person))
    await by_certificate(bank)
    form = {"grant_type": "refresh_token", "refresh_token": issued.refresh_token}
    with pytest.raises(OAuthError) as caught:
        await asked(bank, form)
    assert caught.value.check == "refresh-key"
    bound = await asked(bank, bank.redemption(await code_of(bank, person)))
    with pytest.raises(OAuthError) as caught:
        await asked(bank, {**form, "refresh_token": bound.refresh_token}, bank.proof(bank.server.token_url))
    assert caught.value.check == "refresh-key"


async def test_a_renewed_certificate_keeps_the_refresh_token(bank: Bank, person: Holder) -> None:
    """RFC 8705 section 7.1: certificates end before grants do; the new token is bound to the new one."""
    await by_certificate(bank)
    issued = await asked(bank, bank.redemption(await code_of(bank, person)))
    renewed = Pair.make("own")
    keys = {"keys": [OWN.jwk(), renewed.jwk(kid="next")]}
    await bank.registers(token_endpoint_auth_method="self_signed_tls_client_auth", jwks=keys, **BOUND)
    bank.certificate = shown(renewed)
    again = await asked(bank, {"grant_type": "refresh_token", "refresh_token": issued.refresh_token})
    server, now = bank.server, bank.db.clock.now()
    access = open_access_token(server.keys, server.ring, again.access_token, now, issuer=server.issuer)
    assert access.binding == of_certificate(renewed.der)


async def test_each_client_by_its_own_method(bank: Bank) -> None:
    """No client chooses how it authenticates, and a certificate alone names nobody."""
    bank.certificate = shown(OWN)
    with pytest.raises(OAuthError) as caught:
        await asked(bank, bank.redemption("AAAA"))
    assert (caught.value.check, caught.value.error) == ("client-registered", "invalid_client")
    await by_certificate(bank)
    for name, change in (
        ("client-registered", {"client_assertion": bank.assertion()}),
        ("client-method", {"client_assertion": None, "client_secret": "s3cret"}),
        ("client-id-present", {"client_assertion": None}),
        ("client-known", {"client_assertion": None, "client_id": "cli_00000000000000000000000000000000"}),
        ("client-known", {"client_assertion": None, "client_id": "nobody"}),
    ):
        with pytest.raises(OAuthError) as caught:
            await token(bank.server, bank.posted({**bank.redemption("AAAA"), **change}))
        assert caught.value.check == name
    bank.certificate = shown(LEAF)
    with pytest.raises(OAuthError) as caught:
        await asked(bank, bank.redemption("AAAA"))
    assert caught.value.check == "certificate-registered"


async def test_without_certificate_or_proof_no_token(bank: Bank, person: Holder) -> None:
    """A client bound to DPoP sends a proof, whatever certificate its connection has: there are no bearer tokens."""
    await by_certificate(bank, dpop_bound_access_tokens=True)
    with pytest.raises(OAuthError) as caught:
        await asked(bank, bank.redemption(await code_of(bank, person)))
    assert caught.value.check == "dpop-present"
    await by_certificate(bank, dpop_bound_access_tokens=True, tls_client_certificate_bound_access_tokens=False)
    with pytest.raises(OAuthError) as caught:
        await asked(bank, bank.redemption(await code_of(bank, person)))
    assert caught.value.check == "dpop-present"


async def test_an_authority_of_the_server(bank: Bank) -> None:
    """tls_client_auth through the back channel: with the authority configured it passes, without it does not."""
    await bank.registers(token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=LEAF.dn, **BOUND)
    bank.certificate = shown(LEAF, MIDDLE)
    for authorities, name in (((CA.held,), "code-known"), ((), "certificate-chain")):
        bank.server = replace(bank.server, authorities=authorities)
        with pytest.raises(OAuthError) as caught:
            await asked(bank, bank.redemption("A" * 120))
        assert caught.value.check == name


def test_bindings_are_read_back() -> None:
    """What a row keeps is what was bound; anything else is no binding."""
    for held in (of_certificate(OWN.der), Binding("jkt", "a" * 43)):
        assert Binding.read(held.text) == held
    for text in ("", "jkt", "x5t:abc", "none:abc"):
        with pytest.raises(ValueError, match="binding"):
            Binding.read(text if text != "jkt" else "jk:t")
