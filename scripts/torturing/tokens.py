"""Access tokens for what the client holds, as the token endpoint would issue them."""

from datetime import datetime
from uuid import UUID

import msgspec
from benchmark.preparing import public_jwk

from vault.authserver import bindings
from vault.authserver.jose import thumbprint
from vault.authserver.server import AuthServer
from vault.authserver.tokens import Granted, Share, new_access_token
from vault.db import Database
from vault.ids import GrantId, PersonId, RequesterId


class Held(msgspec.Struct):
    """What the client holds of one person, so that a later run can go on."""

    person: str
    grant: str
    g: bytes
    epoch: int
    expires_at: datetime
    items: dict[str, str]


class Bank(msgspec.Struct):
    """The client: its key's seed, its number, its organisation's."""

    seed: bytes
    client: str
    requester: str


async def issued(database: Database, issuer: str, bank: Bank, held: list[Held]) -> list[str]:
    """A token for each grant, good for ten minutes."""
    key = await AuthServer(issuer=issuer, database=database).keys.current(database)
    return [
        new_access_token(database.ring, key, _granted(bank, each), issuer=issuer, now=database.clock.now())
        for each in held
    ]


def _granted(bank: Bank, held: Held) -> Granted:
    items = [{"item": item, "form": form} for item, form in held.items.items()]
    return Granted(
        client_id=UUID(hex=bank.client),
        binding=bindings.key(thumbprint(public_jwk(bank.seed))),
        requester_id=RequesterId(UUID(hex=bank.requester)),
        grant=GrantId(UUID(hex=held.grant)),
        epoch=held.epoch,
        expires_at=held.expires_at,
        details=[{"type": "personal_information.v1", "items": items, "duration_days": 30}],
        share=Share(PersonId(UUID(hex=held.person)), held.g),
    )
