"""Who is believed about where a request came from, and about TLS client certificates."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.api.edge import Edge
from tests.authserver.tls import Pair
from vault.db import Database
from vault.edge.doors import open_doors
from vault.edge.proxies import Proxies, UntrustedCertificate
from vault.errors import BadConfiguration, Malformed
from vault.settings import Settings, load

LISTED = Proxies.read("10.0.0.4, 10.1.0.0/24, fd00::/8")
OWN = Pair.make("own")


@pytest.mark.parametrize(
    ("peer", "forwarded", "origin"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.4", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.4", ["192.0.2.77, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.4", ["198.51.100.1, 10.1.0.7"], "198.51.100.1"),
        ("10.0.0.4", ["198.51.100.1", "10.1.0.7"], "198.51.100.1"),
        ("::ffff:10.0.0.4", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::1", ["2001:db8::5"], "2001:db8::5"),
        ("10.0.0.4", ["nonsense"], "10.0.0.4"),
        ("10.0.0.4", [], "10.0.0.4"),
        ("unknown", ["198.51.100.1"], "unknown"),
        ("10.2.0.1", ["198.51.100.1"], "10.2.0.1"),
    ],
)
def test_only_listed_addresses_are_believed(peer: str, forwarded: list[str], origin: str) -> None:
    """The last address that no listed proxy vouches for counts; what it says about others does not."""
    assert LISTED.origin(peer, forwarded) == origin


def test_nobody_is_believed_unless_listed() -> None:
    """By default there is no proxy, not even on loopback."""
    assert Proxies.read("").origin("127.0.0.1", ["198.51.100.1"]) == "127.0.0.1"
    with pytest.raises(UntrustedCertificate):
        Proxies.read("").certificate("127.0.0.1", [OWN.header])


def test_a_certificate_from_a_listed_proxy() -> None:
    """Its DER, and those that came with it."""
    assert LISTED.certificate("10.0.0.4", [OWN.header]) == OWN.der
    assert LISTED.certificate("10.0.0.4", []) is None
    assert LISTED.chain("10.0.0.4", [f"{OWN.header}, {OWN.header}"]) == (OWN.der, OWN.der)


@pytest.mark.parametrize(
    "given",
    [
        [OWN.header, OWN.header],
        [f"{OWN.header}, {OWN.header}"],
        [OWN.header.strip(":")],
        [""],
        ["::"],
        [":not base64:"],
        [":" + "A" * 20_000 + ":"],
        ["-----BEGIN CERTIFICATE-----"],
    ],
)
def test_two_certificates_or_none_that_can_be_read(given: list[str]) -> None:
    """Even from a listed proxy: who would choose between two?"""
    with pytest.raises(Malformed):
        LISTED.certificate("10.0.0.4", given)


def test_a_chain_from_elsewhere_or_without_end() -> None:
    """The chain is believed from the same addresses, and bounded."""
    with pytest.raises(UntrustedCertificate):
        LISTED.chain("203.0.113.9", [OWN.header])
    with pytest.raises(Malformed):
        LISTED.chain("10.0.0.4", [", ".join([OWN.header] * 9)])


@pytest.mark.parametrize("listed", ["10.0.0.4/8", "proxy.example", "10.0.0.4;10.0.0.5"])
def test_a_list_that_is_none(listed: str) -> None:
    """The server does not start believing something else than was meant."""
    with pytest.raises(BadConfiguration):
        Proxies.read(listed)
    with pytest.raises(BadConfiguration, match="trusted_proxies"):
        load({"PIVAULT_TRUSTED_PROXIES": listed})


async def test_the_header_from_anywhere_else_is_refused(edge: Edge) -> None:
    """At every door where a certificate would count: 400, before anything is looked at."""
    async with edge.client(**{"Client-Cert": OWN.header, "Authorization": "Bearer x"}) as client:
        for path in ("/oauth/par", "/oauth/token", "/v1/releases"):
            answer = await client.post(path, data={"client_id": "x"})
            assert answer.status_code == 400, path
            assert "error" in answer.json() or answer.json()["type"].endswith("/problems/untrusted-certificate")


async def test_a_listed_proxy_is_heard(edge: Edge) -> None:
    """The same header from the listed address reaches the checks of the client."""
    doors = edge.app.state.doors
    edge.app.state.doors = replace(doors, proxies=Proxies.read("127.0.0.1"))
    try:
        async with edge.client(**{"Client-Cert": OWN.header}) as client:
            answer = await client.post("/oauth/token", data={"client_id": "cli_nobody"})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    finally:
        edge.app.state.doors = doors


async def test_authorities_that_cannot_be_read(shared_database: Database, tmp_path: Path) -> None:
    """The server does not start without what it was told to believe."""
    for text in (None, "not PEM"):
        bundle = tmp_path / "ca.pem"
        if text is not None:
            bundle.write_text(text)
        with pytest.raises(BadConfiguration, match="client_ca"):
            async with open_doors(Settings(client_ca=bundle), shared_database):
                pass


async def test_authorities_of_the_settings(shared_database: Database, tmp_path: Path) -> None:
    """They reach the authorization server; so does the wish for nonces."""
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(OWN.held.public_bytes(Encoding.PEM))
    async with open_doors(Settings(client_ca=bundle, dpop_nonces=True), shared_database) as doors:
        assert (doors.authserver.authorities, doors.authserver.dpop_nonces) == ((OWN.held,), True)
