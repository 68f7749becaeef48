"""Step 4 of a release for sensitive items: put it before the release officers, and say so."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from vault import ids
from vault.db import Session, constraint
from vault.ids import ReleaseId
from vault.ledger import log
from vault.release.checks import Chosen
from vault.release.entries import requested
from vault.release.loaded import Loaded
from vault.release.recording import Overtaken
from vault.release.tables import WAITING, Release

_ONE_PER_KEY = "uq_releases_person_id_grant_id_idempotency_key"


async def ask_officers(
    session: Session, loaded: Loaded, chosen: Sequence[Chosen], *, idempotency_key: str, request_digest: bytes
) -> ReleaseId:
    """A waiting release and its entry. Raises Overtaken when the same request came in meanwhile.

    Takes no lock on the grant: nothing leaves here, and everything is checked again when it does.
    """
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
