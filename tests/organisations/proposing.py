"""Changes as tests make them."""

from typing import Any

from tests.organisations.world import Bank
from tests.requesters.samples import public_key
from vault.db import Database
from vault.organisations.changes import Change, confirm, propose
from vault.requesters.register import client
from vault.signin import Holder


async def kids_of(database: Database, bank: Bank) -> list[str]:
    return [key["kid"] for key in (await database.run(client, bank.client_id)).jwks["keys"]]


async def add_key(database: Database, bank: Bank, by: Holder, kid: str, **times: Any) -> Change:
    body = {"jwk": public_key(kid), **times}
    return await database.run(propose, by, "key.added", bank.client_id, body=body)


async def retire_key(database: Database, bank: Bank, by: Holder, kid: str, at: int = 0) -> Change:
    return await database.run(propose, by, "key.retired", bank.client_id, body={"kid": kid, "until": at})


async def taking_two(database: Database, bank: Bank, *, wanted: bool = True) -> tuple[Holder, Holder]:
    """The organisation chooses that changes take two; two members with the keys."""
    first, second = await bank.member("keys"), await bank.member("keys")
    asked = await database.run(propose, bank.administrator, "two-members", None, body={"two_members": wanted})
    await database.run(confirm, first, asked.id)
    return first, second
