"""What a bank does with its tokens afterwards, and a server that asks about them."""

from dataclasses import dataclass
from typing import Any

from tests.authserver.bank import Bank
from tests.authserver.keys import Signer, assertion, proof
from tests.profile.world import World
from vault import ids
from vault.authserver import grants
from vault.authserver.assertions import TYPE
from vault.authserver.introspecting import Answer, introspect
from vault.authserver.issuing import Issued
from vault.authserver.resource_servers import Described, add
from vault.authserver.revoking import revoke
from vault.authserver.server import AuthServer, Posted
from vault.authserver.service_tokens import QUERY, REVOKE
from vault.crypto.canonical import b64, digest
from vault.ids import GRANT, GrantId, parse

AUDIENCE = "https://vault.example/v1"


async def give_up(bank: Bank, token: str, **more: str) -> None:
    """The bank revokes a token."""
    await revoke(bank.server, bank.posted({"token": token, **more}))


async def ask(bank: Bank, token: str) -> dict[str, Any]:
    """What the bank hears about a token."""
    return (await introspect(bank.server, bank.posted({"token": token}))).told


async def service_token(bank: Bank, *scopes: str) -> Issued:
    """A token for managing grants."""
    return await bank.ask({"grant_type": "client_credentials", "scope": " ".join(scopes or (QUERY, REVOKE))})


@dataclass
class Request:
    """A request to the grants endpoint, as the API hands it on."""

    authorization: str
    proofs: list[str]
    method: str
    url: str
    certificate: bytes | None = None


def shown(bank: Bank, token: Issued, grant: str, method: str = "GET", **claims: Any) -> Request:
    """A good request with this token, or with a proof that has some claims changed."""
    url = f"{bank.server.grants_url}/{grant}"
    ath = b64(digest(token.access_token.encode()))
    held = proof(bank.dpop, url, bank.db.clock.now(), **({"htm": method, "ath": ath} | claims))
    return Request(f"DPoP {token.access_token}", [held], method, url)


def id_of(grant: str) -> GrantId:
    return GrantId(parse(GRANT, grant))


async def query(bank: Bank, token: Issued, grant: str) -> dict[str, Any]:
    """What the bank hears about a grant."""
    return await grants.query(bank.server, shown(bank, token, grant), id_of(grant))


async def give_back(bank: Bank, token: Issued, grant: str) -> None:
    """The bank gives a grant back."""
    await grants.give_up(bank.server, shown(bank, token, grant, "DELETE"), id_of(grant))


@dataclass
class Gateway:
    """A resource server with a key of its own."""

    server: AuthServer
    id: str
    signer: Signer

    @classmethod
    async def let_in(cls, world: World, server: AuthServer, audience: str = AUDIENCE) -> "Gateway":
        """Two officers let it in."""
        signer = Signer.make()
        described = Described("Gateway", audience, {"keys": [signer.registered]})
        by = (world.staff.first, world.staff.second)
        return cls(server, ids.public(ids.RESOURCE_SERVER, await world.db.run(add, described, by=by)), signer)

    def posted(self, token: str, **claims: Any) -> Posted:
        """A good request, or one whose assertion has some claims changed."""
        now = self.server.database.clock.now()
        made = assertion(self.signer, self.id, now, **claims)
        return Posted({"client_assertion_type": TYPE, "client_assertion": made, "token": token}, [])

    async def answer(self, token: str) -> Answer:
        """What it hears about a token."""
        return await introspect(self.server, self.posted(token))

    async def ask(self, token: str) -> dict[str, Any]:
        """The same, unsigned."""
        return (await self.answer(token)).told
