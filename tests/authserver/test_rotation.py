"""A signing key changes under two running servers: no restart, no refused token."""

from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from tests.authserver.bank import Bank
from tests.authserver.keys import ISSUER
from tests.profile.world import World
from vault.app import create_app
from vault.authserver.errors import InvalidToken
from vault.authserver.server import AuthServer
from vault.authserver.signed import ALGORITHMS, ANSWERS, Algorithm, jwks, sign_answer
from vault.authserver.tokens import open_access_token
from vault.clock import FixedClock
from vault.crypto.keyfile import KeyFile
from vault.crypto.keyring import AHEAD, KEPT, MemoryRing
from vault.db import Database
from vault.settings import Settings
from vault.signin import Holder
from vault.worker import Follower

JWKS = "/oauth/jwks"
PASSPHRASE = "a passphrase for tests only"


@pytest.fixture
def file(tmp_path: Path, clock: FixedClock, ring: MemoryRing) -> KeyFile:
    """A file that holds the ring of the tests' databases."""
    made = KeyFile(tmp_path / "ring.json", PASSPHRASE, clock)
    made.keep(ring)
    return made


class Node:
    """One server process: its own ring in memory, its own application."""

    def __init__(self, url: str, file: KeyFile, clock: FixedClock) -> None:
        mine = KeyFile(file.path, PASSPHRASE, clock)
        self.ring = mine.load()
        self.database = Database(url, self.ring, clock)
        self.server = AuthServer(issuer=ISSUER, database=self.database)
        self.follower = Follower(self.ring, mine, clock)
        self.app = create_app(Settings(issuer=ISSUER), self.database)

    async def kids(self) -> list[str]:
        """What its JWKS says of access tokens, over HTTP."""
        transport = httpx.ASGITransport(app=self.app)  # type: ignore[arg-type]  # litestar's scope types are narrower
        async with self.app.lifespan(), httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
            keys = (await http.get(JWKS)).json()["keys"]
        return [key["kid"] for key in keys if key["kid"].startswith("token.")]

    def opens(self, token: str) -> str:
        """The client of a token that holds."""
        now = self.database.clock.now()
        return open_access_token(self.server.keys, self.ring, token, now, issuer=ISSUER).client_id.hex


async def test_two_servers_and_a_new_key(
    world: World, person: Holder, database_url: str, file: KeyFile, clock: FixedClock
) -> None:
    """Published by both before either signs with it; tokens of the old key hold to their end."""
    one, two = Node(database_url, file, clock), Node(database_url, file, clock)
    bank = await Bank.let_in(world, one.server)
    first = await bank.redeem(await bank.code(person))
    await two.server.keys.load(two.database)
    file.rotate("token")
    await one.follower.look()
    assert (await one.kids(), await two.kids()) == (["token.2", "token.1"], ["token.1"])
    await two.follower.look()
    assert await two.kids() == ["token.2", "token.1"]
    before = await bank.refresh(first.refresh_token)
    clock.move(AHEAD)
    await one.follower.look()  # only this one: the other looks seconds later
    after = await bank.refresh(first.refresh_token)
    headers = [one.server.ring.versions("token")[-1], two.ring.versions("token")[-1]]
    assert headers == [2, 1]
    await two.server.keys.load(two.database)
    assert two.opens(after.access_token) == one.opens(after.access_token)
    with pytest.raises(InvalidToken) as caught:
        two.opens(before.access_token)
    assert caught.value.check == "token-expired"  # its own end, not the key's
    clock.move(KEPT)
    await one.follower.look()
    assert await one.kids() == ["token.2"]
    with pytest.raises(InvalidToken) as caught:
        one.opens(before.access_token)
    assert caught.value.check == "token-kid"
    for node in (one, two):
        await node.database.close()


async def test_a_file_that_cannot_be_read_stops_nothing(file: KeyFile, clock: FixedClock) -> None:
    """The server keeps what it has."""
    ring = file.load()
    follower = Follower(ring, file, clock)
    await follower.look()
    file.path.write_bytes(b"rubbish")
    await follower.look()
    file.path.unlink()
    await follower.look()
    assert ring.versions("token") == [1]


def test_the_published_keys(ring: MemoryRing) -> None:
    """Tokens, status lists, each kind of answer and releases in EdDSA and in ES256: each kid once, nothing private."""
    keys = jwks(ring)["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) == 2 + (len(ANSWERS) + 1) * len(ALGORITHMS)
    assert {key["alg"] for key in keys} == {"EdDSA", "ES256"}
    assert not any(name in key for key in keys for name in ("d", "k", "p"))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_signed_answers_verify_elsewhere(ring: MemoryRing, alg: Algorithm) -> None:
    """With the published key of that kid, by another library; by the key of another kind of answer they do not."""
    text = sign_answer(ring, "authorization", alg, typ="JWT", claims={"iss": ISSUER})
    keys = KeySet.import_key_set(jwks(ring))
    token = jwt.decode(text, keys, algorithms=[alg])
    assert token.claims == {"iss": ISSUER}
    other = next(key for key in keys.keys if key.kid and key.kid.startswith("id-token") and key.get("alg") == alg)
    with pytest.raises(BadSignatureError):
        jwt.decode(text, other, algorithms=[alg])
