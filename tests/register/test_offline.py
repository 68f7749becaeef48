"""A declaration verified offline, with the command; and everything that may be wrong with what somebody hands on."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from tests.register.world import Place
from vault.cli.main import main
from vault.crypto.canonical import b64, unb64


def verify(folder: Path, document: str, jwks: str | None = None) -> Result:
    """Run the command on what was saved."""
    (folder / "declaration").write_text(document)
    more = []
    if jwks is not None:
        (folder / "jwks.json").write_text(jwks)
        more = ["--jwks", str(folder / "jwks.json")]
    return CliRunner().invoke(main, ["register", "verify", str(folder / "declaration"), "--json", *more])


async def saved(place: Place, stranger: httpx.AsyncClient, **headers: str) -> str:
    """What the register answers about the revoked bank's declaration: what ended can be verified as well."""
    path = f"/v1/register/declarations/{place.banks['Revoked'].dcl}"
    return (await stranger.get(path, headers=headers)).text


async def test_it_holds(place: Place, stranger: httpx.AsyncClient, tmp_path: Path) -> None:
    """From the JSON alone; and from the signed answer with the register's keys."""
    told = json.loads(verify(tmp_path, await saved(place, stranger)).output)
    assert (told["holds"], told["declaration"]) == (True, place.banks["Revoked"].dcl)
    assert len(told["officers"]) == 2
    token, jwks = (
        await saved(place, stranger, Accept="application/jose"),
        (await stranger.get("/v1/register/jwks")).text,
    )
    assert json.loads(verify(tmp_path, token, jwks).output)["register_said_at"]


BREAKS: dict[str, Any] = {
    "another purpose": lambda d: d["body"]["purpose"].update(code="marketing.offers"),
    "another digest": lambda d: d.update(digest=b64(bytes(32))),
    "another requester": lambda d: d["organisation"].update(requester="req_" + "0" * 32),
    "one signature": lambda d: d["permit"]["signatures"].pop(),
    "one officer twice": lambda d: d["permit"]["signatures"].__setitem__(1, d["permit"]["signatures"][0]),
    "a signature altered": lambda d: d["permit"]["signatures"][0].update(signature=b64(bytes(64))),
    "another key": lambda d: d["permit"]["signatures"][0].update(public_key=b64(bytes(32))),
    "another message": lambda d: d["permit"].update(
        message=b64(unb64(d["permit"]["message"]).replace(b'"valid_until":1', b'"valid_until":2'))
    ),
    "no permit": lambda d: d.pop("permit"),
    "no signatures": lambda d: d["permit"].update(signatures=[]),
    "an id of another kind": lambda d: d.update(declaration="nonsense"),
    "a number for a body": lambda d: d.update(body=7.5),
}


@pytest.mark.parametrize("what", BREAKS)
async def test_it_does_not_hold(place: Place, stranger: httpx.AsyncClient, tmp_path: Path, what: str) -> None:
    """Each break is told, with exit status 1."""
    document = json.loads(await saved(place, stranger))
    BREAKS[what](document)
    result = verify(tmp_path, json.dumps(document))
    assert (result.exit_code, json.loads(result.output)["holds"]) == (1, False), what


async def test_a_signed_answer_needs_its_key(place: Place, stranger: httpx.AsyncClient, tmp_path: Path) -> None:
    """None given, another's, an altered token, a certificate instead."""
    token, jwks = (
        await saved(place, stranger, Accept="application/jose"),
        (await stranger.get("/v1/register/jwks")).text,
    )
    other = json.loads(jwks)
    other["keys"][0]["x"] = b64(bytes(32))
    certificate = await stranger.get(f"/v1/register/declarations/{place.banks['Active'].dcl}/certificate")
    for document, keys in (
        (token, None),
        (token, json.dumps(other)),
        (token, '{"keys": []}'),
        (token[:-4] + "AAAA", jwks),
        (certificate.text, jwks),
        ("", jwks),
        ("[]", jwks),
    ):
        assert verify(tmp_path, document, keys).exit_code == 1
