"""The authorization endpoint: a pushed request is opened, decided once, and answered by a redirect.

The browser brings ``client_id`` and ``request_uri`` and nothing else that counts. Loading the page decides nothing:
pages are loaded twice, by people and by programs that look ahead (RFC 9126 section 7.3, FAPI 2.0).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.authserver import tokens
from vault.authserver.errors import OAuthError
from vault.authserver.tables import Code, PushedRequest
from vault.authserver.token_keys import current_key
from vault.consent import Given, Offer, Terms, check, parse
from vault.db import Session
from vault.errors import NotFound
from vault.ids import PersonId
from vault.profile.catalogue import catalogue
from vault.requesters import register
from vault.requesters.views import ClientView, DeclarationView

CODE_LIFE: Final = timedelta(seconds=60)
"""FAPI 2.0 5.3.2.1-11."""


@dataclass(frozen=True)
class AuthorizationRequest:
    """An opened request: who asks, under what declaration, for what; all of it live and checked again just now."""

    id: UUID
    client: ClientView
    declaration: DeclarationView
    terms: Terms
    redirect_uri: str
    state: str | None
    challenge: str
    bound_to: str | None
    response_mode: str
    """query, jwt or query.jwt (JARM section 2.3)."""
    decide_by: datetime
    manages: dict[str, Any] | None = None
    """{"how", "grant"}: the grant it would change; None makes a new one."""
    has_certificate: bool = False
    """Whether the request carried the requester's registration certificate."""

    @property
    def offer(self) -> Offer:
        """What the consent room decides about, where it is a new grant (else ``managing.offer_to``)."""
        return Offer(self.client, self.declaration, self.terms)


async def load_request(session: Session, request_uri: str, client_id: str) -> AuthorizationRequest:
    """The request behind a request_uri. May be called again and again until it is decided.

    Raises OAuthError (never to be answered by a redirect), NotLive, OverAsked when the declaration no longer
    allows it.
    """
    row = await _row(session, request_uri, client_id)
    if row.opened_at is None:
        # RFC 9126 section 2.2: expires_in counts until the browser arrives; people need longer to read.
        await session.execute(
            sa.update(PushedRequest)
            .where(PushedRequest.id == row.id, PushedRequest.opened_at.is_(None))
            .values(opened_at=session.now)
            .execution_options(synchronize_session=False)
        )
    client = await register.client(session, row.client_id)
    declared = await register.declaration(session, client.declaration_id)
    body: dict[str, Any] = row.body
    return AuthorizationRequest(
        id=row.id,
        client=client,
        declaration=declared,
        terms=check(parse(body["details"]), declared.body, catalogue()),
        redirect_uri=body["redirect_uri"],
        state=body["state"],
        challenge=body["challenge"],
        bound_to=row.bound_to,
        response_mode=body.get("response_mode", "query"),
        decide_by=row.decide_by,
        manages=body.get("manages"),
        has_certificate=bool(body.get("certificate")),
    )


async def _row(session: Session, request_uri: str, client_id: str) -> PushedRequest:
    found = await session.execute(sa.select(PushedRequest).where(PushedRequest.uri_hash == tokens.hash_of(request_uri)))
    row = found.scalar_one_or_none()
    if row is None:
        raise _unusable("request-known", "There is no such request")
    if _client(client_id) != row.client_id:
        raise _unusable("request-client", "This request was pushed by another client")
    if row.decided_at is not None:
        raise _unusable("request-decided", "This request was decided already")
    if session.now >= (row.expires_at if row.opened_at is None else row.decide_by):
        raise _unusable("request-expired", "This request has expired")
    return row


def _client(client_id: str) -> UUID | None:
    try:
        return ids.parse(ids.CLIENT, client_id)
    except NotFound:
        return None


def _unusable(check_name: str, what: str) -> OAuthError:
    return OAuthError("invalid_request_uri", f"{what}: go back to the organisation and start again.", check=check_name)


async def issue_code(session: Session, given: Given, request: AuthorizationRequest, *, person: PersonId) -> str:
    """Decide the request and make its code, in the transaction that gave the grant.

    Raises OAuthError when the request was decided by somebody else meanwhile: then nothing was given either.
    """
    await _decide(session, request)
    key = await current_key(session)
    code = tokens.new_code(key, given.grant, tokens.Share(person, given.g))
    session.add(
        Code(
            hash=tokens.hash_of(code),
            client_id=request.client.client_id,
            grant_id=given.grant,
            token_epoch=given.token_epoch,
            bound_to=request.bound_to,
            challenge=request.challenge,
            redirect_uri=request.redirect_uri,
            expires_at=session.now + CODE_LIFE,
            consumed_at=None,
        )
    )
    await session.flush()
    return code


async def close_request(session: Session, request: AuthorizationRequest) -> None:
    """Decide the request without a grant: the person said no. Raises OAuthError when it was decided meanwhile."""
    await _decide(session, request)


async def _decide(session: Session, request: AuthorizationRequest) -> None:
    """One decision per request: one statement, so that of two at once one finds it undecided."""
    decided = await session.execute(
        sa.update(PushedRequest)
        .where(
            PushedRequest.id == request.id,
            PushedRequest.decided_at.is_(None),
            PushedRequest.decide_by > session.now,
        )
        .values(decided_at=session.now)
        .returning(PushedRequest.id)
        .execution_options(synchronize_session=False)
    )
    if decided.first() is None:
        raise _unusable("request-decided", "This request was decided already")
