"""At the door of a batch: a client's own token, a proof that covers the body, and the refresh tokens in it.

A batch is sent by a client for itself (``client_credentials``, scope ``release_batch``); the people's shares come out
of its refresh tokens, each of which must be bound to what the client's own token is bound to. What fits
:class:`vault.release.batch_caller.BatchGate`; the rooms do not know each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import asyncpg

from vault.authserver import tokens
from vault.authserver.content_digests import check_content
from vault.authserver.errors import InsufficientScope, InvalidGrant, InvalidProof, InvalidToken, OAuthError
from vault.authserver.replay import see
from vault.authserver.resource import ResourceGate, Shown, read_authorization
from vault.authserver.server import AuthServer
from vault.authserver.service_tokens import BATCH, Service, read_service_token
from vault.authserver.standing import REFRESH_COLUMNS
from vault.authserver.tables import RefreshToken
from vault.errors import NotFound
from vault.ids import GrantId, PersonId, RequesterId
from vault.requesters.liveness import Lapses
from vault.requesters.register import KnownClient

_ROWS = f"SELECT {REFRESH_COLUMNS} FROM refresh_tokens WHERE hash = ANY ($1)"  # noqa: S608 - the model's own columns


@dataclass(frozen=True, slots=True)
class Sender:
    """A client that was let in with a batch. ``lasting``: what its refresh tokens must be bound to; ``lapses``: what of
    its registration is not in force."""

    client_id: UUID
    requester_id: RequesterId
    lasting: str
    lapses: Lapses


@dataclass(frozen=True, slots=True)
class Held:
    """One refresh token, opened: whose, under which grant, which of the grant's shares, and the share."""

    person: PersonId
    grant: GrantId
    share_number: int
    sub: str
    g: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class BatchGate:
    """Admits batches. Strangers are counted."""

    server: AuthServer

    async def admit(self, shown: Shown, digests: Sequence[str], body: bytes, *, now: datetime) -> Sender:
        """Whose batch it is, its proof used up. Raises InvalidToken, InvalidProof (401), InvalidRequest (400, the body
        is not what Content-Digest says), InsufficientScope (403)."""
        gate = ResourceGate(self.server)
        async with (await self.server.database.pool()).acquire() as connection:
            try:
                scheme, token = read_authorization(shown.authorization)
                url = self.server.batch_url
                service = read_service_token(self.server.ring, token, now, issuer=self.server.issuer, audience=url)
                known = await self._client(connection, service.client_id, now)
                bound = replace(service, needs_nonce=known.view.metadata.require_dpop_nonce)
                content = check_content(digests, body)
                proof = gate.proven(shown, scheme, token, bound=bound, now=now, content=content)
            except InvalidProof as refused:
                self.server.meter.count(refused.check)
                raise refused.resourced() from None
            except OAuthError as refused:
                self.server.meter.count(refused.check)
                raise
            if not await see(connection, [(proof.seen, proof.expires_at)]):
                raise gate.replayed()
        return _sender(service, known)

    async def held(self, connection: asyncpg.Connection, sender: Sender, sent: Sequence[str]) -> list[Held | None]:
        """What each token opens, in one round trip. None for whatever is not an active refresh token of this client
        and this key: unknown, revoked, another client's, another key's, malformed. Raises Tampered."""
        opened = [self._opened(sender, token) for token in sent]
        hashes = [None if found is None else tokens.hash_of(token) for token, found in zip(sent, opened, strict=True)]
        asked = [each for each in hashes if each is not None]
        rows = {row["hash"]: row for row in await connection.fetch(_ROWS, asked)} if asked else {}
        ring, result = self.server.ring, list[Held | None]()
        for token_hash, found in zip(hashes, opened, strict=True):
            row = None if token_hash is None else rows.get(token_hash)
            if found is None or row is None:
                result.append(None)
                continue
            RefreshToken.check(ring, row)
            grant, share = found
            whose = (row["client_id"], row["bound_to"], row["grant_id"], row["status"])
            if whose != (sender.client_id, sender.lasting, grant, "active"):
                result.append(None)
                continue
            sub = tokens.pairwise(ring, sender.requester_id, share.person)
            result.append(Held(share.person, grant, row["share_number"] or 1, sub, share.g))
        return result

    def _opened(self, sender: Sender, token: str) -> tuple[GrantId, tokens.Share] | None:
        if len(token) > tokens.LONGEST or not token.startswith(tokens.REFRESH_PREFIX):
            return None
        try:
            return tokens.open_refresh_token(
                self.server.ring, token, client_id=sender.client_id, bound_to=sender.lasting
            )
        except InvalidGrant:
            return None

    async def _client(self, connection: asyncpg.Connection, client_id: UUID, now: datetime) -> KnownClient:
        try:
            return await self.server.clients.client(connection, client_id, now)
        except NotFound:
            raise InvalidToken("token-client", "The client of this access token is gone.") from None


def _sender(service: Service, known: KnownClient) -> Sender:
    if BATCH not in service.scopes:
        raise InsufficientScope(BATCH)
    return Sender(service.client_id, known.view.requester_id, service.binding.lasting, known.lapses)
