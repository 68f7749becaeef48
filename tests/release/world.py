"""A person with sections, a bank with a grant and tokens, and a running ledger: made through public acts."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from tests.authserver.keys import Signer, proof
from tests.consent.world import Consents, asked, choice, declaration
from tests.profile.world import Administrator
from tests.requesters.samples import text
from vault.authserver import bindings
from vault.authserver.resource import ResourceGate
from vault.authserver.server import AuthServer
from vault.authserver.tokens import Granted, Share, new_access_token
from vault.clock import FixedClock
from vault.consent import Given
from vault.crypto.canonical import b64, digest
from vault.db import LEDGER
from vault.ids import PersonId, ReleaseId
from vault.ledger.checkpoint import Signer as LogSigner
from vault.ledger.checkpoint import ring_signer
from vault.ledger.follower import Receipts
from vault.ledger.fsck import Report, fsck
from vault.ledger.sequencer import Sequencer
from vault.ledger.verify import VerifiedReceipt, verify_receipt
from vault.release.engine import Answer, Ask, ReleaseEngine
from vault.release.formats import negotiated
from vault.release.pipeline import release, state

ISSUER = "https://vault.example"
URL = f"{ISSUER}/v1/releases"
GENERAL = {"identity.name": "raw", "contact.phone_number": "masked", "identity.birthdate": "predicate:over_18"}
SENSITIVE = {"identity.national_id": "raw"}


DECLARED = {
    **{item: ["raw", "masked"] for item in ("identity.name", "identity.national_id")},
    "contact.phone_number": ["raw", "masked", "relay"],
    "contact.email": ["raw", "relay"],
    "identity.birthdate": ["predicate:over_18", "band"],
    "contact.address": ["raw"],
    "employment.monthly_income": ["band"],
}


def declared(**changes: Any) -> dict[str, Any]:
    """A declaration wide enough for these tests."""
    items = [
        {"item": item, "forms": forms, "required": item == "identity.name", "necessity": text(item)}
        for item, forms in DECLARED.items()
    ]
    limits = {"frequency": {"per": "day", "count": 1000}, "max_uses": 1000}
    return declaration(items=items, **(limits | changes))


@dataclass
class Releases:
    """Everything between one bank and one person that a release touches."""

    consents: Consents
    engine: ReleaseEngine
    server: AuthServer
    clock: FixedClock
    administrator: Administrator
    signer: LogSigner
    key: Signer = field(default_factory=Signer.make)

    @property
    def vkey(self) -> str:
        """The ledger's public key."""
        return self.signer.keys[-1].vkey()

    async def given(self, items: dict[str, str] | None = None, **limits: Any) -> Given:
        """The person allows these items."""
        wanted = items or GENERAL
        return await self.consents.given(choice(*wanted), items=wanted, **limits)

    async def token(self, given: Given, *, items: dict[str, str] | None = None, **changes: Any) -> str:
        """An access token for a grant, or for less of it, or with something about it changed."""
        assert self.consents.bank.client_id is not None
        assert self.consents.bank.requester is not None
        wanted = items or {item.item: item.form for item in given.items}
        granted = {
            "client_id": self.consents.bank.client_id,
            "binding": bindings.key(self.key.thumbprint),
            "requester_id": self.consents.bank.requester,
            "grant": given.grant,
            "epoch": given.token_epoch,
            "expires_at": given.expires_at,
            "details": asked(wanted),
            "share": Share(PersonId(self.consents.person.id), given.g),
        } | changes
        key = await self.server.keys.current(self.consents.db)
        return new_access_token(self.consents.db.ring, key, Granted(**granted), issuer=ISSUER, now=self.clock.now())

    def proof(self, token: str, url: str = URL, **claims: Any) -> str:
        """A fresh DPoP proof for a request with this token."""
        return proof(self.key, url, self.clock.now(), **({"ath": b64(digest(token.encode()))} | claims))

    def ask(self, token: str, *items: str, key: str | None = None, proof: str | None = None, accept: str = "") -> Ask:
        """A request for these items, or for all."""
        return Ask(
            authorization=f"DPoP {token}",
            proofs=[proof or self.proof(token)],
            method="POST",
            url=URL,
            items=items or None,
            idempotency_key=key or os.urandom(8).hex(),
            address="127.0.0.1",
            format=negotiated(accept),
        )

    async def release(self, token: str, *items: str, **how: Any) -> Answer:
        """Ask."""
        return await release(self.engine, self.ask(token, *items, **how))

    async def values(self, token: str, *items: str, **how: Any) -> dict[str, Any]:
        """What is released: {item: value}. The receipt is verified offline."""
        answer = await self.release(token, *items, **how)
        assert answer.status == 200, answer.body
        body = msgspec.json.decode(answer.body)
        self.verified(body)
        return {each["item"]: each["value"] for each in body["items"]}

    def verified(self, body: dict[str, Any]) -> VerifiedReceipt:
        """The receipt of a delivered release, verified with nothing but the log's public key."""
        verified = verify_receipt(msgspec.json.encode(body["receipt"]), self.vkey)
        assert verified.entry["event"] == "release.delivered"
        assert verified.entry["ref"] == body["release"]
        return verified

    async def state(self, token: str, location: str, **claims: Any) -> str:
        """The state a release is in."""
        url = f"{ISSUER}{location}"
        ask = Ask(
            authorization=f"DPoP {token}",
            proofs=[self.proof(token, url, htm="GET", **claims)],
            method="GET",
            url=url,
            items=None,
            idempotency_key="",
            address="127.0.0.1",
        )
        answer = await state(self.engine, ask, release_id(location))
        told = msgspec.json.decode(answer.body)
        assert set(told) == {"release", "state"}
        return str(told["state"])

    async def uses(self, given: Given) -> int:
        """How often the grant counts as used."""
        rows = await self.administrator.rows("SELECT uses FROM grant_uses WHERE grant_id = $1", given.grant)
        return int(rows[0]["uses"])

    async def entries(self, event: str) -> list[dict[str, Any]]:
        """The entries of that name in the tree, oldest first, once the outbox is empty."""
        await self.settled()
        rows = await self.administrator.rows("SELECT body FROM ledger_bodies WHERE event = $1 ORDER BY idx", event)
        return [msgspec.json.decode(row["body"]) for row in rows]

    async def settled(self) -> None:
        """Wait until the outbox is empty."""
        for _ in range(500):
            if not (await self.administrator.rows("SELECT FROM ledger_outbox LIMIT 1")):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the outbox does not empty")

    async def fsck(self) -> Report:
        """Check the whole ledger."""
        await self.settled()
        connection = await self.consents.db.connect(LEDGER)
        try:
            return await fsck(connection, self.signer.keys)
        finally:
            await connection.close()

    def later(self, **by: float) -> None:
        """Time passes."""
        self.clock.move(timedelta(**by))


def release_id(location: str) -> ReleaseId:
    """The release behind a Location."""
    from vault import ids

    return ReleaseId(ids.parse(ids.RELEASE, location.rpartition("/")[2]))


@asynccontextmanager
async def running(consents: Consents, clock: FixedClock, administrator: Administrator) -> AsyncIterator[Releases]:
    """Sequencer and receipts run as in a server process; afterwards the ledger is checked as a whole."""
    db = consents.db
    signer = ring_signer(db.ring, "ledger.example/test")
    sequencer = Sequencer(db, signer)
    receipts = Receipts(db, signer.keys, sequencer=sequencer)
    tasks = [asyncio.create_task(sequencer.run()), asyncio.create_task(receipts.run())]
    server = AuthServer(issuer=ISSUER, database=db)
    engine = await ReleaseEngine.over(db, receipts, ResourceGate(server), issuer=ISSUER)
    made = Releases(consents, engine, server, clock, administrator, signer)
    try:
        yield made
        report = await made.fsck()
        assert report.holds, report.findings
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
