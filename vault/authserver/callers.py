"""Who is calling the back channel: the client by its assertion, and by its DPoP proof what tokens are bound to.

A refusal before the client is known is counted; one after it is recorded in the ledger.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from vault.authserver import assertions, dpop, replay
from vault.authserver.bindings import Binding, key
from vault.authserver.errors import InvalidClient, InvalidProof, OAuthError
from vault.authserver.server import AuthServer, Posted
from vault.db import Session
from vault.errors import NotFound, VaultError
from vault.ids import PersonId
from vault.ledger.events import Event
from vault.ledger.events import requester as by_requester
from vault.ledger.log import append
from vault.requesters.liveness import Lapses
from vault.requesters.register import KnownClient, known_client
from vault.requesters.views import ClientView


@dataclass(frozen=True)
class Caller:
    """An authenticated client. ``lapses``: what of it is not in force, and what that stops; ``proof``: the DPoP proof
    it sent, if any."""

    client: ClientView
    lapses: Lapses
    proof: dpop.Proof | None
    now: datetime

    @property
    def binding(self) -> Binding | None:
        """What it showed that a token can be bound to."""
        return key(self.proof.jkt) if self.proof else None


@asynccontextmanager
async def known_caller(
    server: AuthServer, connection: asyncpg.Connection, posted: Posted, *, url: str, proof_needed: bool
) -> AsyncIterator[Caller]:
    """The authenticated caller; what the block then refuses is recorded as ``token.refused``.

    Order: 1. the assertion holds, 2. the proof is looked at, 3. both are new, 4. the proof holds.
    """
    now = server.database.clock.now()
    try:
        known, claimed = await _authenticate(server, connection, posted, now)
        proof, complaint = _look_at_proof(posted, url, now, needed=proof_needed)
        once = [(claimed.seen, claimed.expires_at), *([(proof.seen, proof.expires_at)] if proof else [])]
        fresh = await replay.see(connection, once)
        if claimed.seen not in fresh:
            raise InvalidClient("assertion-replayed", "This client assertion was used before: make one per request.")
    except OAuthError as refused:
        server.meter.count(refused.check)
        raise
    try:
        if complaint is not None:
            raise complaint
        if proof is not None and proof.seen not in fresh:
            raise InvalidProof("dpop-replayed", "This DPoP proof was used before: make a new one for each request.")
        yield Caller(known.view, known.lapses, proof, now)
    except OAuthError as refused:
        if not refused.is_recorded:
            await server.database.run(record_refused_token, known.view, refused)
        raise


async def _authenticate(
    server: AuthServer, connection: asyncpg.Connection, posted: Posted, now: datetime
) -> tuple[KnownClient, assertions.Authenticated]:
    claim = assertions.read_claim(posted.form, authorization=posted.authorization)
    try:
        known = await known_client(connection, server.ring, claim.client_id, now)
    except NotFound:
        raise assertions.unknown_client() from None
    return known, assertions.authenticate(claim, known.view.jwks, issuer=server.issuer, now=now)


def _look_at_proof(
    posted: Posted, url: str, now: datetime, *, needed: bool
) -> tuple[dpop.Proof | None, InvalidProof | None]:
    if not posted.dpop and not needed:
        return None, None
    try:
        return dpop.check_proof(dpop.check_header(posted.dpop), method="POST", url=url, now=now), None
    except InvalidProof as complaint:
        return None, complaint


async def record_refused_token(
    session: Session, client: ClientView, refused: VaultError, person: PersonId | None = None
) -> None:
    """Write down that a known requester was refused, and by which check. With ``person``, they see it too."""
    reason = refused.check if isinstance(refused, OAuthError) else refused.name
    event = Event(
        name="token.refused",
        actor=by_requester(client.requester_id),
        requester=client.requester_id,
        declaration=client.declaration_id,
        reason=reason,
    )
    await append(session, event, person=person)
