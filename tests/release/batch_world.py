"""A bank with refresh tokens of several people, and the batches it sends."""

import os
from base64 import b64encode
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tests.authserver.keys import Signer, proof
from tests.consent.world import asked, choice
from tests.profile.world import CONTACT, IDENTITY
from tests.release.world import GENERAL, ISSUER, Releases
from vault.authserver import bindings
from vault.authserver.batches import BatchGate
from vault.authserver.callers import Caller
from vault.authserver.dpop import Proof
from vault.authserver.issuing import TokenRequest
from vault.authserver.redeeming import refresh_row
from vault.authserver.service_tokens import BATCH, serve
from vault.authserver.tokens import Granted, Share, new_refresh_token
from vault.consent import Given
from vault.crypto.canonical import b64, digest
from vault.db import Session
from vault.ids import PersonId
from vault.release.batch_caller import BatchAsk, Line
from vault.release.batch_outcomes import Outcome
from vault.release.batching import Batching, admit, release_batch
from vault.release.engine import Ask
from vault.requesters import register
from vault.requesters.liveness import Lapses
from vault.signin import Holder

URL = f"{ISSUER}/v1/releases/batch"


@dataclass
class Consent:
    """One person, what they allowed, and the bank's refresh token for it."""

    holder: Holder
    given: Given
    token: str = field(repr=False)


@dataclass
class Batches:
    """The bank's side of a batch."""

    releases: Releases
    consents: list[Consent] = field(default_factory=list)

    @property
    def tokens(self) -> list[str]:
        return [each.token for each in self.consents]

    async def with_people(self, count: int, items: dict[str, str] | None = None, **limits: Any) -> "Batches":
        """So many new people with filled sections allow these items."""
        for _ in range(count):
            holder = await self.releases.consents.world.person()
            await self.releases.consents.world.write(holder, "identity", IDENTITY)
            await self.releases.consents.world.write(holder, "contact", CONTACT)
            await self.allows(holder, items, **limits)
        return self

    async def allows(self, holder: Holder, items: dict[str, str] | None = None, **limits: Any) -> Consent:
        """Somebody allows these items."""
        wanted = items or GENERAL
        given = await self.releases.consents.given(choice(*wanted), holder, items=wanted, **limits)
        made = Consent(holder, given, await self.refresh_token(holder, given))
        self.consents.append(made)
        return made

    async def refresh_token(self, holder: Holder, given: Given, **changes: Any) -> str:
        """A refresh token of a grant, as redeeming a code gives it; or with something about it changed."""
        bank = self.releases.consents.bank
        granted: dict[str, Any] = {
            "client_id": bank.client_id,
            "binding": bindings.key(self.releases.key.thumbprint),
            "requester_id": bank.requester,
            "grant": given.grant,
            "epoch": given.token_epoch,
            "expires_at": given.expires_at,
            "details": asked(),
            "share": Share(PersonId(holder.id), given.g),
        } | changes
        what = Granted(**granted)
        token = new_refresh_token(self.releases.consents.db.ring, what)

        async def act(session: Session) -> None:
            session.add(refresh_row(what, token, session.now))

        await self.releases.consents.db.run(act)
        return token

    async def service_token(self, scope: str = BATCH, key: Signer | None = None) -> str:
        """A client's token for itself, as the token endpoint gives it once the client has authenticated."""
        db, now = self.releases.consents.db, self.releases.clock.now()
        assert self.releases.consents.bank.client_id is not None
        client = await db.run(register.client, self.releases.consents.bank.client_id)
        caller = Caller(client, Lapses(), Proof((key or self.releases.key).thumbprint, b"", now), now)
        async with (await db.pool()).acquire() as connection:
            return (await serve(TokenRequest(self.releases.server, connection, caller, {"scope": scope}))).access_token

    async def ask(self, lines: Sequence[Line], *, key: str | None = None, **how: Any) -> BatchAsk:
        """A good batch of these lines; or with its ``token``, ``digests``, ``claims`` of the proof or ``body``
        changed."""
        body = how.get("body", msgspec.json.encode([[each.token, each.items] for each in lines]))
        digests = how.get("digests", [content_digest(body)])
        token = how.get("token") or await self.service_token()
        claims = {"ath": b64(digest(token.encode())), "content_digest": digests[0] if digests else None}
        signer, now = how.get("signer", self.releases.key), self.releases.clock.now()
        made = proof(signer, URL, now, **claims | how.get("claims", {}))
        shown = Ask(
            authorization=f"DPoP {token}",
            proofs=how.get("proofs", [made]),
            method="POST",
            url=URL,
            items=None,
            idempotency_key="",
            address="127.0.0.1",
        )
        key = key or os.urandom(8).hex()
        return BatchAsk(shown=shown, digests=digests, body=body, idempotency_key=key, address="127.0.0.1")

    def batching(self, chunk: int = 200) -> Batching:
        """As a server process has it."""
        return Batching(self.releases.engine, BatchGate(self.releases.server), chunk)

    async def send(
        self, tokens: Sequence[str], *, items: tuple[str, ...] | None = None, chunk: int = 200, **how: Any
    ) -> list[Outcome]:
        """Send a batch of these tokens and read it to its end."""
        lines = [Line(number, token, items) for number, token in enumerate(tokens)]
        ask, batching = await self.ask(lines, **how), self.batching(chunk)
        sender = await admit(batching, ask)
        found: list[Outcome] = []
        async with aclosing(await release_batch(batching, sender, ask=ask, lines=lines)) as chunks:
            async for each in chunks:
                found += each
        assert [each.number for each in found] == list(range(len(tokens)))
        return found

    def values(self, outcome: Outcome) -> dict[str, Any]:
        """What one line delivers; its receipt is verified offline."""
        assert outcome.answer is not None, outcome
        body = msgspec.json.decode(outcome.answer.body)
        self.releases.verified(body)
        return {each["item"]: each["value"] for each in body["items"]}

    async def uses(self) -> list[int]:
        """How often each grant counts as used."""
        return [await self.releases.uses(each.given) for each in self.consents]

    async def delivered(self) -> int:
        """Entries of deliveries."""
        return len(await self.releases.entries("release.delivered"))


def content_digest(body: bytes) -> str:
    """The header's value (RFC 9530)."""
    return f"sha-256=:{b64encode(digest(body)).decode()}:"


def kinds(outcomes: Sequence[Outcome]) -> list[str]:
    """What came of each line."""
    return [each.outcome for each in outcomes]


def reasons(outcomes: Sequence[Outcome]) -> list[str | None]:
    """The problem type of each line that was not delivered."""
    return [None if each.told is None else each.told["name"] for each in outcomes]
