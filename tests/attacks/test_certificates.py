"""Tokens bound to a TLS certificate (RFC 8705), and headers that pretend there was one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.attacks import forge
from tests.attacks.world import World
from tests.authserver.tls import Pair
from vault.authserver.bindings import of_certificate
from vault.edge.proxies import Proxies

OWN, OTHER = Pair.make("own"), Pair.make("other")


@contextmanager
def behind_a_proxy(world: World) -> Iterator[None]:
    """For as long as the block lasts the attacker's own address is that of a listed proxy."""
    state = world.at.app.state
    before = state.doors
    state.doors = replace(before, proxies=Proxies.read("127.0.0.1"))
    try:
        yield
    finally:
        state.doors = before


def bound(world: World) -> dict[str, str]:
    """A token as the server would bind it to a certificate, in its header."""
    token = forge.minted(world, world.token, binding=of_certificate(OWN.der))
    return {"Authorization": f"Bearer {token}"}


async def test_the_right_certificate_from_the_right_place(world: World) -> None:
    """What the attacks below depart from: a listed proxy brings the certificate, and the data comes."""
    with behind_a_proxy(world):
        for _ in range(2):
            answer = await forge.release(world.token, proofs=[], Client_Cert=OWN.header, **bound(world))
            assert answer.status_code in {200, 202}, answer.text


async def test_a_certificate_header_from_anywhere_else(world: World) -> None:
    """Anybody can write a header: without a listed proxy it is refused, at every door, whatever else is right."""
    before = await world.entries("release.delivered")
    answer = await forge.release(world.token, proofs=[], Client_Cert=OWN.header, **bound(world))
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (400, "untrusted-certificate")
    for path in ("/oauth/token", "/oauth/par"):
        answer = await world.token.http.post(path, data={"client_id": "x"}, headers={"Client-Cert": OWN.header})
        assert answer.status_code == 400
    answer = await forge.release(world.token, Client_Cert=OWN.header)  # also beside a good token and proof
    assert answer.status_code == 400
    assert await world.entries("release.delivered") == before


@pytest.mark.parametrize("header", ["X-Client-Cert", "X-SSL-Client-Cert", "X-Forwarded-Client-Cert", "Client_Cert"])
async def test_certificates_under_other_names(world: World, header: str) -> None:
    """What other proxies call it counts for nothing, listed or not."""
    with behind_a_proxy(world):
        headers = bound(world) | {"Idempotency-Key": "names", header: OWN.header}
        answer = await world.token.http.post("/v1/releases", json={}, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


async def test_two_certificates(world: World) -> None:
    """The right one before or after another: refused, since somebody added one."""
    with behind_a_proxy(world):
        for pair in ((OWN, OTHER), (OTHER, OWN), (OWN, OWN)):
            headers = [(b"Client-Cert", each.header.encode()) for each in pair]
            headers += [(b"Authorization", bound(world)["Authorization"].encode()), (b"Idempotency-Key", b"two")]
            answer = await world.token.http.post("/v1/releases", json={}, headers=headers)
            assert answer.status_code == 400


async def test_a_swapped_confirmation(world: World) -> None:
    """A token of a certificate with a proof instead, a token of a key with a certificate instead: neither opens."""
    url, of_key = f"{world.base}/v1/releases", world.token.access_token
    of_certificate_ = bound(world)["Authorization"].partition(" ")[2]
    instead = forge.proof(world.token, url, of_certificate_)
    with behind_a_proxy(world):
        answers = [
            await forge.release(world.token, token=of_certificate_),
            await forge.release(world.token, proofs=[instead], **bound(world)),
            await forge.release(world.token, proofs=[], Client_Cert=OTHER.header, **bound(world)),
            await forge.release(world.token, proofs=[], Client_Cert=OWN.header, Authorization=f"Bearer {of_key}"),
            await forge.release(world.token, proofs=[], Client_Cert=OWN.header, Authorization=f"DPoP {of_key}"),
        ]
    assert [answer.status_code for answer in answers] == [401] * len(answers)
    assert {answer.json()["error"] for answer in answers} == {"invalid_token", "invalid_dpop_proof"}
