"""Applications that are still being written: begun by anybody, read and changed with the token given once.

A draft is nothing but text until it is handed in; then it is an application, which nobody changes any more. Drafts
lapse, and are tidied away with their documents.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa

from vault import ids
from vault.crypto.canonical import b64, digest
from vault.crypto.sealing import same
from vault.db import Session
from vault.errors import Conflict, NotFound, TooLarge
from vault.ids import ApplicationId, RequesterId
from vault.ledger.events import REGISTRY, Actor, Event
from vault.ledger.events import requester as by_requester
from vault.ledger.log import append
from vault.profile.catalogue import item
from vault.requesters.applications import LARGEST, refusal
from vault.requesters.bounding import current
from vault.requesters.missing import Lack, complete, lacks, unknown_members, with_evidence
from vault.vetting import documents, filing, quotas
from vault.vetting.closing import withdraw_case
from vault.vetting.documents import Document, Upload
from vault.vetting.tables import ApplicationDraft, ApplicationRow

LASTS: Final = timedelta(days=30)
"""How long a draft stays after its last change."""
DRAFT: Final = "draft"
WITHDRAWN: Final = "withdrawn"
_OPEN: Final = ("received",)
"""What may still be withdrawn once it was handed in, besides drafts."""
_BATCH: Final = 200


@dataclass(frozen=True)
class Key:
    """What an applicant shows: which application, and the token that was given once."""

    application: ApplicationId
    token: str


@dataclass(frozen=True)
class Begun:
    """The answer to a new draft. The token is shown once: it alone gives access."""

    id: ApplicationId
    token: str
    lapses_at: datetime


@dataclass(frozen=True)
class DraftView:
    """A draft as its writer sees it; what was handed in reads the same, with nothing missing and no end."""

    id: ApplicationId
    status: str
    body: dict[str, Any]
    missing: list[Lack]
    documents: list[Document]
    changed_at: datetime
    lapses_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it may still be changed."""
        return self.status == DRAFT


async def begin(
    session: Session, address: str, body: dict[str, Any] | None = None, *, requester: RequesterId | None = None
) -> Begun:
    """A new draft. Raises TooMany, TooLarge. ``requester``: the registered organisation whose members begin it."""
    held = _bounded(body or {})
    origin = quotas.origin_of(session.ring, address, requester)
    await quotas.check_may_begin(session, origin)
    token = b64(os.urandom(32))
    row = ApplicationDraft(
        id=ApplicationId(ids.new_uuid()),
        token_hash=digest(token.encode()),
        body=held,
        origin=origin,
        requester_id=requester,
        bytes=0,
        begun_at=session.now,
        changed_at=session.now,
        lapses_at=session.now + LASTS,
    )
    session.add(row)
    await session.flush()
    await append(session, _said("application.draft_begun", row.id, row.requester_id))
    return Begun(row.id, token, row.lapses_at)


async def read(session: Session, key: Key) -> DraftView:
    """What was written so far and what it lacks; or what was handed in. NotFound for a wrong token as for none."""
    row = await session.get(ApplicationDraft, key.application)
    if row is not None:
        _check_token(row.token_hash, key)
        _check_lasts(row, session.now)
        return await _view(session, row)
    return await _handed_in(session, await filed(session, key))


async def replace(session: Session, key: Key, body: dict[str, Any]) -> DraftView:
    """Write the whole body anew; any part of it may be absent. Raises Conflict once it was handed in."""
    row = await _locked(session, key)
    row.body = _bounded(body)
    return await _changed(session, row)


async def change(session: Session, key: Key, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> DraftView:
    """Write what ``edit`` makes of the body as it is now. Raises as :func:`replace`."""
    row = await _locked(session, key)
    row.body = _bounded(edit(row.body))
    return await _changed(session, row)


async def add_document(session: Session, key: Key, upload: Upload) -> Document:
    """Take a document in. Raises Invalid, TooLarge, TooMany and Conflict."""
    row = await _locked(session, key)
    documents.check_upload(upload)
    await quotas.check_may_add(session, row.origin, len(upload.content))
    added = await documents.add(session, row.id, upload)
    row.bytes += added.size
    await _changed(session, row)
    return added


async def remove_document(session: Session, key: Key, document: UUID) -> None:
    """Take a document away. Raises NotFound, Conflict once it was handed in."""
    row = await _locked(session, key)
    held = await documents.read_row(session, row.id, document)
    await documents.remove(session, row.id, document)
    row.bytes -= held.size
    await _changed(session, row)


async def document(session: Session, key: Key, document_id: UUID) -> tuple[Document, bytes]:
    """One of one's own documents, before and after handing in. Raises NotFound."""
    await check(session, key)
    return await documents.read(session, key.application, document_id)


async def check(session: Session, key: Key) -> None:
    """Raises NotFound unless this is the token of a draft or an application."""
    row = await session.get(ApplicationDraft, key.application)
    if row is None:
        await filed(session, key)
        return
    _check_token(row.token_hash, key)
    _check_lasts(row, session.now)


async def submit(session: Session, key: Key) -> None:
    """Hand it in; from then on it does not change. Raises Invalid naming everything that it lacks, Conflict."""
    row = await _locked(session, key)
    held = await documents.listed(session, row.id)
    found = lacks(row.body, item, await current(session), [each.sha256 for each in held])
    if wrong := [(lack.field, lack.why) for lack in found if lack.blocks]:
        raise refusal(wrong)
    body = with_evidence(row.body, [{"name": each.name, "sha256": each.sha256} for each in held])
    requester, token_hash = row.requester_id, row.token_hash
    await session.delete(row)
    await session.flush()
    await filing.file(session, complete(body), id=key.application, token_hash=token_hash, requester=requester)


async def withdraw(session: Session, key: Key) -> None:
    """Take it back: a draft is gone at once, what was handed in is over. Raises Conflict once somebody decided."""
    row = await session.get(ApplicationDraft, key.application, with_for_update=True)
    if row is not None:
        _check_token(row.token_hash, key)
        await documents.remove_all(session, [row.id])
        await session.delete(row)
        await append(session, _said("application.draft_dropped", row.id, row.requester_id, reason="withdrawn"))
        return
    handed_in = await filed(session, key, lock=True)
    if handed_in.status not in _OPEN:
        raise Conflict(f"This can no longer be withdrawn: it is {handed_in.status}.")
    handed_in.status, handed_in.decided_at = WITHDRAWN, session.now
    await withdraw_case(session, handed_in.id)
    await append(session, _said("application.withdrawn", handed_in.id, handed_in.requester_id))


async def delete_lapsed(session: Session) -> None:
    """Tidy up: drafts that nobody changed for so long, with their documents."""
    chosen = sa.select(ApplicationDraft).where(ApplicationDraft.lapses_at <= session.now)
    rows = list(await session.scalars(chosen.limit(_BATCH).with_for_update(skip_locked=True)))
    await documents.remove_all(session, [row.id for row in rows])
    for row in rows:
        await session.delete(row)
        await append(session, _said("application.draft_dropped", row.id, row.requester_id, reason="lapsed"))


async def filed(session: Session, key: Key, *, lock: bool = False) -> ApplicationRow:
    """What was handed in, for whoever has its token. Raises NotFound."""
    row = await session.get(ApplicationRow, key.application, with_for_update=lock or None)
    _check_token(None if row is None else row.token_hash, key)
    assert row is not None
    return row


def _check_token(token_hash: bytes | None, key: Key) -> None:
    if not same(digest(key.token.encode()), token_hash or b""):
        raise NotFound("There is no such application, or this is not its token.")


def _check_lasts(row: ApplicationDraft, now: datetime) -> None:
    if now >= row.lapses_at:
        raise NotFound("There is no such application, or this is not its token.")


async def _locked(session: Session, key: Key) -> ApplicationDraft:
    row = await session.get(ApplicationDraft, key.application, with_for_update=True)
    if row is None:
        handed_in = await filed(session, key)
        raise Conflict(f"This was handed in and no longer changes: it is {handed_in.status}.")
    _check_token(row.token_hash, key)
    _check_lasts(row, session.now)
    return row


async def _changed(session: Session, row: ApplicationDraft) -> DraftView:
    row.changed_at, row.lapses_at = session.now, session.now + LASTS
    await session.flush()
    return await _view(session, row)


async def _view(session: Session, row: ApplicationDraft) -> DraftView:
    held = await documents.listed(session, row.id)
    missing = lacks(row.body, item, await current(session), [each.sha256 for each in held])
    return DraftView(row.id, DRAFT, row.body, missing, held, row.changed_at, row.lapses_at)


async def _handed_in(session: Session, row: ApplicationRow) -> DraftView:
    held = await documents.listed(session, row.id)
    return DraftView(row.id, row.status, row.body, [], held, row.received_at, None)


def _bounded(body: dict[str, Any]) -> dict[str, Any]:
    if len(msgspec.json.encode(body)) > LARGEST:
        raise TooLarge(f"An application has at most {LARGEST // 1024} KiB.")
    if found := unknown_members(body):
        raise refusal(found)
    return body


def _said(name: str, application: ApplicationId, requester: RequesterId | None, reason: str | None = None) -> Event:
    by: Actor = REGISTRY if requester is None else by_requester(requester)
    return Event(name=name, actor=by, ref=ids.public(ids.APPLICATION, application), requester=requester, reason=reason)
