"""Who is calling the back channel: the client by its assertion, and by its DPoP proof what tokens are bound to.

A refusal before the client is known is counted; one after it is recorded in the ledger.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from vault.authserver import ahead, assertions, certificates, dpop, replay
from vault.authserver.ahead import Ahead
from vault.authserver.bindings import Binding, key, of_certificate
from vault.authserver.errors import InvalidClient, InvalidProof, OAuthError
from vault.authserver.server import AuthServer, Posted
from vault.crypto.keyring import KeyRing
from vault.db import Session
from vault.errors import NotFound, VaultError
from vault.ids import PersonId
from vault.ledger.events import Event
from vault.ledger.events import requester as by_requester
from vault.ledger.log import append
from vault.requesters.client_metadata import PRIVATE_KEY_JWT
from vault.requesters.liveness import Lapses
from vault.requesters.register import KnownClient
from vault.requesters.views import ClientView


@dataclass(frozen=True)
class Caller:
    """An authenticated client. ``lapses``: what of it is not in force, and what that stops; ``proof``: the DPoP proof
    it sent, if any; ``certificate``: its TLS certificate (DER), where its tokens are bound to it."""

    client: ClientView
    lapses: Lapses
    proof: dpop.Proof | None
    now: datetime
    certificate: bytes | None = None
    ahead: Ahead | None = None
    """What was read ahead of the checks, with ``grant_type=refresh_token``."""

    @property
    def binding(self) -> Binding | None:
        """What it showed that a token can be bound to."""
        if self.proof is not None:
            return key(self.proof.jkt)
        return None if self.certificate is None else of_certificate(self.certificate)


@asynccontextmanager
async def known_caller(
    server: AuthServer, connection: asyncpg.Connection, posted: Posted, *, url: str, proof_needed: bool
) -> AsyncIterator[Caller]:
    """The authenticated caller; what the block then refuses is recorded as ``token.refused``.

    Order: 1. the assertion holds, 2. the proof is looked at, 3. both are new, 4. the proof holds.
    """
    now = server.database.clock.now()
    try:
        known, read, claimed = await _authenticate(server, connection, posted, now)
        certificate = _bindable(known.view, posted)
        needed = proof_needed and (certificate is None or known.view.metadata.dpop_bound_access_tokens)
        nonces = server.ring if server.dpop_nonces or known.view.metadata.require_dpop_nonce else None
        proof, complaint = _look_at_proof(posted, url, now, needed=needed, nonces=nonces)
        once = [(each.seen, each.expires_at) for each in (claimed, proof) if each is not None]
        fresh = await replay.see(connection, once) if once else set()
        if claimed is not None and claimed.seen not in fresh:
            raise InvalidClient("assertion-replayed", "This client assertion was used before: make one per request.")
    except OAuthError as refused:
        server.meter.count(refused.check)
        raise
    try:
        if complaint is not None:
            raise complaint
        if proof is not None and proof.seen not in fresh:
            raise InvalidProof("dpop-replayed", "This DPoP proof was used before: make a new one for each request.")
        yield Caller(known.view, known.lapses, proof, now, certificate, read)
    except OAuthError as refused:
        if not refused.is_recorded:
            await server.database.run(record_refused_token, known.view, refused)
        raise


async def _authenticate(
    server: AuthServer, connection: asyncpg.Connection, posted: Posted, now: datetime
) -> tuple[KnownClient, Ahead | None, assertions.Authenticated | None]:
    """By certificate where one comes without an assertion or secret, else by assertion; as the client registered."""
    shown = posted.certificate
    if posted.authorization is not None or not {"client_assertion", "client_secret"}.isdisjoint(posted.form):
        shown = None
    claim = None if shown else assertions.read_claim(posted.form, authorization=posted.authorization)
    try:
        client_id = claim.client_id if claim else certificates.claimed_client(posted.form)
        known, read = await _look_up(server, connection, posted, client_id, now)
    except NotFound:
        raise certificates.unknown_client() from None
    metadata = known.view.metadata
    if (metadata.token_endpoint_auth_method == PRIVATE_KEY_JWT) != (claim is not None):
        raise InvalidClient("client-registered", f"This client authenticates by {metadata.token_endpoint_auth_method}.")
    if claim is not None:
        return known, read, assertions.authenticate(claim, known.view.jwks, issuer=server.issuer, now=now)
    if shown is not None:
        certificates.authenticate(shown, metadata, known.view.jwks, authorities=server.authorities, now=now)
    return known, read, None


async def _look_up(
    server: AuthServer, connection: asyncpg.Connection, posted: Posted, client_id: UUID, now: datetime
) -> tuple[KnownClient, Ahead | None]:
    """One round trip: the client, and beside it what a refresh will need. Raises NotFound."""
    if posted.form.get("grant_type") != ahead.GRANT_TYPE:
        return await server.clients.client(connection, client_id, now), None
    opened = ahead.opened(server.ring, posted, client_id)
    found = await connection.fetchrow(ahead.STATEMENT, client_id, *ahead.values(posted, opened))
    known = await server.clients.at(found, connection, client_id, now)
    return known, None if found is None else ahead.read(found, opened)


def _bindable(client: ClientView, posted: Posted) -> bytes | None:
    """The certificate of the connection, where this client's tokens are bound to it (RFC 8705 section 3)."""
    if posted.certificate is None or not client.metadata.tls_client_certificate_bound_access_tokens:
        return None
    return posted.certificate.certificate


def _look_at_proof(
    posted: Posted, url: str, now: datetime, *, needed: bool, nonces: KeyRing | None
) -> tuple[dpop.Proof | None, InvalidProof | None]:
    if not posted.dpop and not needed:
        return None, None
    try:
        return dpop.check_proof(dpop.check_header(posted.dpop), method="POST", url=url, now=now, nonces=nonces), None
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
