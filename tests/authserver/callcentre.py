"""A clerk who asks out of band, and the person on the other side. Through public functions."""

from dataclasses import dataclass
from typing import Any

import msgspec

from tests.authserver.bank import ITEMS, Bank
from tests.consent.world import asked
from vault.authserver.announcing import announce
from vault.authserver.backchannel import Started, start
from vault.authserver.errors import OAuthError
from vault.authserver.hints import make_hint
from vault.authserver.issuing import Issued
from vault.authserver.polling import GRANT_TYPE
from vault.authserver.prompts import PromptView, approve, load_asking, prompts, refuse
from vault.consent import Choice, Given
from vault.crypto.canonical import digest
from vault.db import Session
from vault.requesters.client_metadata import ClientMetadata, to_store
from vault.requesters.tables import Client
from vault.signin import Holder

MESSAGE = "Loan 4711"
CHOICE = Choice(frozenset(ITEMS), False, "zh-CN", digest(b"the page as it was shown"))


@dataclass
class CallCentre:
    """A bank whose client may ask out of band."""

    bank: Bank

    @classmethod
    async def registered(cls, bank: Bank, **metadata: Any) -> "CallCentre":
        """Its registration says how it learns of decisions."""
        stored = to_store(ClientMetadata(**({"backchannel_token_delivery_mode": "poll"} | metadata)))

        async def act(session: Session) -> None:
            row = await session.get(Client, bank.decided.client_id)
            assert row is not None
            row.registration = stored

        await bank.db.run(act)
        return cls(bank)

    def request(self, hint: str, **changes: str | None) -> dict[str, str | None]:
        """A good request, or with some parameters changed."""
        return {
            "login_hint": hint,
            "scope": "openid",
            "binding_message": MESSAGE,
            "authorization_details": msgspec.json.encode(asked(ITEMS)).decode(),
            **changes,
        }

    async def hint(self, holder: Holder) -> str:
        """What the person reads out."""
        return (await self.bank.db.run(make_hint, holder)).code

    async def start(self, hint: str, *proofs: str, **changes: str | None) -> Started:
        """Ask."""
        return await start(self.bank.server, self.bank.posted(self.request(hint, **changes), *proofs))

    async def asked(self, holder: Holder, **changes: str | None) -> tuple[Started, PromptView]:
        """Ask this person, who is told; what both have then."""
        started = await self.start(await self.hint(holder), **changes)
        await announce(self.bank.db)
        return started, (await self.bank.db.run(prompts, holder))[0]

    async def poll(self, started: Started | str, **changes: str | None) -> Issued:
        """Ask for tokens."""
        auth_req_id = started if isinstance(started, str) else started.auth_req_id
        return await self.bank.ask({"grant_type": GRANT_TYPE, "auth_req_id": auth_req_id, **changes})

    async def answer(self, started: Started | str) -> dict[str, Any]:
        """The answer to a poll as the client sees it."""
        try:
            return (await self.poll(started)).body()
        except OAuthError as refused:
            return {"status": refused.http_status, **refused.body()}

    async def allow(self, holder: Holder, prompt: PromptView, choice: Choice = CHOICE) -> Given:
        """The person says yes."""

        async def act(session: Session) -> Given:
            return await approve(session, holder, await load_asking(session, holder, prompt.id), choice)

        return await self.bank.db.run(act)

    async def deny(self, holder: Holder, prompt: PromptView, *, reported: bool = False) -> None:
        """The person says no."""
        await self.bank.db.run(refuse, holder, prompt.id, reported=reported)
