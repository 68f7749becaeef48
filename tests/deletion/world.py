"""One bank, one person, what the bank holds of them and what it says about it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.authserver.keys import Signer
from tests.consent.world import Consents, choice
from tests.organisations.world import recorded
from tests.profile.world import Administrator
from vault import deletion, ids
from vault.authserver.deletion_statements import hand_in
from vault.consent import Given, withdraw
from vault.db import Database
from vault.deletion import Order
from vault.deletion.answering import TYP
from vault.ids import GrantId, PersonId, RequesterId
from vault.webhooks.events import Told, newest

ISSUER = "https://vault.example"
ITEMS = {"identity.name": "raw"}


@dataclass
class Deletions:
    """Everything a deletion touches."""

    consents: Consents
    key: Signer
    administrator: Administrator

    @property
    def db(self) -> Database:
        return self.consents.db

    @property
    def person(self) -> PersonId:
        return PersonId(self.consents.person.id)

    @property
    def requester(self) -> RequesterId:
        assert self.consents.bank.requester is not None
        return self.consents.bank.requester

    @property
    def client_id(self) -> str:
        assert self.consents.bank.client_id is not None
        return ids.public(ids.CLIENT, self.consents.bank.client_id)

    async def used(self) -> Given:
        """A grant under which something was released just now."""
        given = await self.consents.given(choice(*ITEMS), items=ITEMS)
        await self.administrator.execute(
            "UPDATE grant_uses SET uses = 1, last_used_at = $2 WHERE grant_id = $1", given.grant, self.db.clock.now()
        )
        return given

    async def withdrawn(self, *, delete: bool = True) -> GrantId:
        """A used grant that the person took back."""
        given = await self.used()
        await self.db.run(withdraw, self.consents.person, given.grant, delete=delete)
        return given.grant

    async def ordered(self) -> Order:
        """An order, given by a withdrawal."""
        await self.withdrawn()
        return (await self.orders())[0]

    async def orders(self) -> list[Order]:
        """What the person sees, newest first."""
        return await self.db.run(deletion.for_person, self.person)

    def statement(self, which: UUID, *, key: Signer | None = None, typ: str = TYP, **claims: Any) -> str:
        """That all of it is deleted, or something else."""
        said = {
            "iss": self.client_id,
            "aud": ISSUER,
            "iat": int(self.db.clock.now().timestamp()),
            "order": ids.public(ids.DELETION, which),
            "outcome": "deleted",
        }
        signer = key or self.key
        return signer.sign({"typ": typ, "kid": signer.kid}, said | claims)

    async def say(self, which: UUID, **claims: Any) -> str:
        """Hand in a statement; the outcome."""
        return await hand_in(self.db, which, self.statement(which, **claims), issuer=ISSUER)

    async def told(self) -> list[Told]:
        """Events about deletion orders."""
        events = await self.db.run(newest, self.requester)
        return [each for each in events if each.type == "deletion.ordered"]

    async def entries(self, name: str) -> list[dict[str, object]]:
        """Entries of that name."""
        return await recorded(self.db, name)
