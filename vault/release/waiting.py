"""Step 4 of a release for sensitive items: put it before the release officers, and say so."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from vault import ids
from vault.db import Session, constraint
from vault.ids import ReleaseId
from vault.ledger import log
from vault.release.approvals import WAITS
from vault.release.checks import Chosen
from vault.release.entries import requested
from vault.release.loaded import Loaded
from vault.release.recording import Overtaken
from vault.release.refusals import TooManyWaiting
from vault.release.tables import WAITING, Release

MOST_WAITING: Final = 5
"""Per grant: whoever asks again and again fills neither the desk nor the ledger."""
_ONE_PER_KEY = "uq_releases_person_id_grant_id_idempotency_key"


async def ask_officers(
    session: Session, loaded: Loaded, chosen: Sequence[Chosen], *, idempotency_key: str, request_digest: bytes
) -> ReleaseId:
    """A waiting release and its entry. Raises Overtaken when the same request came in meanwhile, TooManyWaiting.

    Takes no lock on the grant: nothing leaves here, and everything is checked again when it does.
    """
    await _check_room(session, loaded)
    release = ReleaseId(ids.new_uuid())
    entry = await log.append(session, requested(loaded, release, chosen), person=loaded.person_id)
    row = {
        "person_id": loaded.person_id,
        "id": release,
        "grant_id": loaded.grant_id,
        "requester_id": loaded.grant["requester_id"],
        "client_id": loaded.grant["client_id"],
        "declaration_id": loaded.grant["declaration_id"],
        "idempotency_key": idempotency_key,
        "request_digest": request_digest,
        "state": WAITING,
        "purpose": loaded.body.purpose.code,
        "items": [{"item": each.item, "form": each.form} for each in chosen],
        "versions": {},
        "entry_id": entry,
        "at": session.now,
    }
    try:
        await session.execute(sa.insert(Release).values(row))
    except IntegrityError as error:
        if constraint(error) == _ONE_PER_KEY:
            raise Overtaken from error
        raise
    return release


async def _check_room(session: Session, loaded: Loaded) -> None:
    waiting = await session.scalar(
        sa.select(sa.func.count()).where(
            Release.person_id == loaded.person_id,
            Release.grant_id == loaded.grant_id,
            Release.state == WAITING,
            Release.at > session.now - WAITS,
        )
    )
    if waiting is not None and waiting >= MOST_WAITING:
        raise TooManyWaiting(retry_after=60)
