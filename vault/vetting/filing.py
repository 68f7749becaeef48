"""Handing in: an application that lacks nothing becomes one that officers look at."""

from typing import Any

import msgspec

from vault import ids
from vault.crypto.canonical import canonical, digest
from vault.db import Session
from vault.errors import Refused
from vault.ids import ApplicationId, RequesterId
from vault.ledger.events import REGISTRY, Event
from vault.ledger.events import requester as by_requester
from vault.ledger.log import append
from vault.profile.catalogue import item
from vault.requesters.applications import Application, check_application
from vault.requesters.bounding import current
from vault.requesters.names import code_of
from vault.vetting.cases import APPLICATION, open_case
from vault.vetting.tables import ApplicationRow

RECEIVED = "received"


async def file(
    session: Session,
    application: Application,
    *,
    id: ApplicationId,
    token_hash: bytes,
    requester: RequesterId | None = None,
) -> ApplicationRow:
    """Take an application in. Raises Invalid with every problem in ``errors``, TooLarge, Refused.

    ``requester``: the registered organisation it is filed for, by its members; its code must be in it.
    """
    check_application(application, item, await current(session))
    if requester is not None and await code_of(session, requester) != application.organisation.uscc:
        raise Refused("The credit code of the application is not the organisation's own.")
    body: dict[str, Any] = msgspec.to_builtins(application)
    row = ApplicationRow(
        id=id,
        token_hash=token_hash,
        body=body,
        status=RECEIVED,
        outcome={},
        received_at=session.now,
        decided_at=None,
        requester_id=requester,
    )
    session.add(row)
    await session.flush()
    await append(
        session,
        Event(
            name="application.received",
            actor=REGISTRY if requester is None else by_requester(requester),
            ref=ids.public(ids.APPLICATION, id),
            requester=requester,
            digest=digest(canonical(body)),
            count=len(application.organisation.security_evidence),
        ),
    )
    await open_case(session, id, APPLICATION)
    return row
