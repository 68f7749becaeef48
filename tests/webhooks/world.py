"""A bank that is told of events, and a sender as the worker runs one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from tests.consent.world import Consents, choice
from tests.webhooks.receiving import Receiver, Verifier
from vault import ids
from vault.consent import withdraw
from vault.ids import RequesterId
from vault.ledger.events import REGISTRY, member
from vault.requesters.changing import By, change_metadata
from vault.requesters.client_metadata import DEFAULT
from vault.vetting.posting import Poster
from vault.webhooks import Happened, announce
from vault.webhooks.events import Told, newest
from vault.webhooks.kinds import GRANT_CHANGED
from vault.webhooks.sending import Sender
from vault.webhooks.signatures import jwks

ISSUER = "https://vault.example"
ITEMS = {"identity.name": "raw", "identity.birthdate": "predicate:over_18", "contact.phone_number": "masked"}


@dataclass
class Webhooks:
    """What happens between the vault and one receiver."""

    consents: Consents
    receiver: Receiver

    @property
    def requester(self) -> RequesterId:
        assert self.consents.bank.requester is not None
        return self.consents.bank.requester

    @property
    def client(self) -> UUID:
        assert self.consents.bank.client_id is not None
        return self.consents.bank.client_id

    @property
    def by(self) -> Any:
        """Some member of the bank, as entries name them."""
        return member(self.client)

    async def registered(self, url: str | None) -> None:
        """The bank's address for events becomes this one."""
        metadata = msgspec.structs.replace(DEFAULT, event_endpoint=url)
        assert REGISTRY.id is None
        await self.consents.db.run(change_metadata, self.client, By(self.requester, self.by), metadata)

    def sender(self, **how: Any) -> Sender:
        """The way out, to loopback too."""
        return Sender(self.consents.db, Poster(**({"on_loopback": True} | how)), ISSUER)

    async def send(self, sender: Sender | None = None) -> int:
        """Send what is due, and wait for how it ends."""
        sender = sender or self.sender()
        begun = await sender.look()
        await sender.idle()
        return begun

    async def told(self) -> list[Told]:
        """What stands in the queue, newest first."""
        return await self.consents.db.run(newest, self.requester)

    def verifier(self) -> Verifier:
        """What the bank checks messages with."""
        return Verifier(jwks(self.consents.db.ring))


async def withdrawn(webhooks: Webhooks) -> str:
    """A grant that the person gave and took back: its public id."""
    given = await webhooks.consents.given(choice(*ITEMS), items=ITEMS)
    await webhooks.consents.db.run(withdraw, webhooks.consents.person, given.grant, "my own words")
    return ids.public(ids.GRANT, given.grant)


async def happen(webhooks: Webhooks, number: int = 1) -> None:
    """Something is told of."""
    for _ in range(number):
        about = {"requester": webhooks.requester, "client": webhooks.client, "grant": ids.new_uuid()}
        await webhooks.consents.db.run(announce, Happened(type=GRANT_CHANGED, **about))  # type: ignore[arg-type]  # ids of this grant, by name
