"""A person decides about what was asked out of band: on their own device, in their own vault.

A yes makes the grant and seals the person's share to the key that only the holder of ``auth_req_id`` can derive. A no
changes nothing that the client can see, now or later: its request ends as if nobody had been there.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from vault import ids
from vault.accounts import the_person
from vault.authserver.sealed_share import open_message, seal_share
from vault.authserver.tables import BackchannelRequest, Prompt
from vault.authserver.tokens import Share
from vault.consent import Choice, Given, Offer, check, give, parse
from vault.db import Session
from vault.errors import Conflict, NotFound
from vault.ids import DeclarationId, PersonId, RequesterId
from vault.ledger.events import PERSON, Event
from vault.ledger.log import append
from vault.profile.catalogue import catalogue
from vault.requesters import register
from vault.signin import Holder


class RequestOver(Conflict):
    """It was decided already, or its time is over."""

    name, title = "request-over", "This request is over"
    advice = "Nothing was shared by it now. If you still want to, let the organisation ask again with a new code."


@dataclass(frozen=True)
class PromptView:
    """A request as it stands in the person's list. ``state``: waiting, ended, approved, refused, reported, withheld."""

    id: UUID
    requester_id: RequesterId
    declaration_id: DeclarationId
    at: datetime
    ends_at: datetime
    state: str


@dataclass(frozen=True)
class Asking:
    """A request that waits for this person's decision; all of it live and checked again just now."""

    id: UUID
    request_hash: bytes
    offer: Offer
    message: str
    ends_at: datetime


async def prompts(session: Session, holder: Holder, *, limit: int = 20) -> list[PromptView]:
    """What this person was asked out of band, newest first."""
    person = await the_person(session, holder)
    found = await session.execute(
        sa.select(Prompt).where(Prompt.person_id == person).order_by(Prompt.at.desc(), Prompt.id.desc()).limit(limit)
    )
    return [_view(row, session.now) for row in found.scalars()]


async def load_asking(session: Session, holder: Holder, prompt: UUID) -> Asking:
    """A request that waits for this person. May be called again and again until it is decided.

    Raises NotFound for anybody else's, RequestOver, NotLive and OverAsked when the declaration no longer allows it.
    """
    person = await the_person(session, holder)
    row = await _waiting(session, person, prompt)
    request = await session.get(BackchannelRequest, row.request_hash)
    if request is None or request.person_id != person or request.grant_id is not None:
        raise RequestOver
    client = await register.client(session, request.client_id)
    declared = await register.declaration(session, client.declaration_id)
    terms = check(parse(request.body["details"]), declared.body, catalogue())
    message = open_message(session.ring, request.hash, request.message)
    return Asking(row.id, request.hash, Offer(client, declared, terms), message, request.ends_at)


async def approve(session: Session, holder: Holder, asking: Asking, choice: Choice) -> Given:
    """Give what was asked, in one transaction with the share for who started it. Of two at once, one gives.

    Raises what :func:`vault.consent.give` does, and RequestOver.
    """
    person = await the_person(session, holder)
    # 1. One decision: whoever comes second waits here and finds it taken
    row = await _waiting(session, person, asking.id, lock=True)
    # 2. The grant
    given = await give(session, holder, asking.offer, choice)
    # 3. Its share, for the holder of auth_req_id alone
    request = await session.get(BackchannelRequest, row.request_hash, with_for_update=True, populate_existing=True)
    if request is None or request.person_id != person or request.grant_id is not None:
        raise RequestOver
    request.share = seal_share(request.public, Share(person, given.g), request_hash=request.hash, grant=given.grant)
    request.grant_id, request.token_epoch = given.grant, given.token_epoch
    row.state, row.decided_at = "approved", session.now
    await session.flush()
    return given


async def refuse(session: Session, holder: Holder, prompt: UUID, *, reported: bool = False) -> None:
    """Say no, or that one did not ask for this at all. Raises NotFound, RequestOver.

    Records ``grant.declined``; a report also ``consent.reported``, for those who watch the organisation.
    """
    person = await the_person(session, holder)
    row = await _waiting(session, person, prompt, lock=True)
    row.state, row.decided_at = "reported" if reported else "refused", session.now
    await session.flush()
    for name in ("grant.declined", "consent.reported")[: 2 if reported else 1]:
        event = Event(name=name, actor=PERSON, requester=row.requester_id, declaration=row.declaration_id)
        await append(session, event, person=person)


async def _waiting(session: Session, person: PersonId, prompt: UUID, *, lock: bool = False) -> Prompt:
    row = await session.get(Prompt, (person, prompt), with_for_update=lock or None, populate_existing=True)
    if row is None or row.state == "withheld":
        raise NotFound("You have no such request.")
    if row.state != "waiting" or session.now >= row.ends_at:
        raise RequestOver
    return row


def _view(row: Prompt, now: datetime) -> PromptView:
    state = "ended" if row.state == "waiting" and now >= row.ends_at else row.state
    return PromptView(row.id, row.requester_id, row.declaration_id, row.at, row.ends_at, state)


def public_id(prompt: UUID) -> str:
    """A request's id as addresses have it."""
    return ids.public(ids.PROMPT, prompt)
