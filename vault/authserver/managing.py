"""Requests that are about a grant of before: Grant Management for OAuth 2.0 (FAPI WG draft 02), sections 5.1 to 5.4.

``grant_management_action`` is ``create``, ``merge`` or ``replace``; the latter two name the grant by ``grant_id``. That
the grant is this client's is checked when it is pushed; that it is this person's when they have signed in, and a grant
of somebody else is then no grant: to the client it looks like a no.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import asyncpg

from vault import ids
from vault.authserver.authorize import AuthorizationRequest
from vault.authserver.callers import Caller
from vault.authserver.errors import InvalidRequest, OAuthError
from vault.authserver.server import AuthServer
from vault.consent import MERGE, REPLACE, Change, Offer, in_force, terms_of
from vault.consent.changes import How
from vault.consent.standing import standing_by_id
from vault.db import Session
from vault.errors import NotFound
from vault.ids import GrantId, PersonId
from vault.profile.catalogue import catalogue
from vault.sandbox.wall import check_side

CREATE: Final = "create"
ACTIONS: Final = (CREATE, MERGE, REPLACE)
_HOWS: Final[Mapping[str, How]] = {MERGE: "merge", REPLACE: "replace"}


@dataclass(frozen=True)
class Managed:
    """Which grant is to be changed, and how."""

    how: How
    grant: GrantId

    def body(self) -> dict[str, Any]:
        """As a pushed request keeps it."""
        return {"how": self.how, "grant": self.grant.hex}


class NotTheirs(NotFound):
    """The grant that a request is about is not this person's, or has ended meanwhile. The client sees a no."""

    name, title = "no-such-permission", "This request is about a permission that you have not given, or that has ended"
    advice = "Go back to the organisation; it can ask you anew."


def managed(form: Mapping[str, str]) -> Managed | None:
    """What a request says about a grant of before; None when it makes a new one. Raises OAuthError."""
    action, named = form.get("grant_management_action"), form.get("grant_id")
    if action is None and named is None:
        return None
    if action not in ACTIONS:
        why = f"grant_management_action must be one of {', '.join(ACTIONS)}; grant_id needs one."
        raise InvalidRequest("grant-action", why)
    if (action == CREATE) != (named is None):
        raise InvalidRequest("grant-action-id", "Send grant_id with merge and replace, and not with create.")
    if named is None:
        return None
    try:
        return Managed(_HOWS[action], GrantId(ids.parse(ids.GRANT, named)))
    except NotFound:
        raise unknown_grant() from None


async def check_known(
    server: AuthServer, connection: asyncpg.Connection, caller: Caller, wanted: Managed | None
) -> None:
    """Raises OAuthError ``invalid_grant_id`` unless the grant is this client's and in force."""
    if wanted is None:
        return
    try:
        _, held = await standing_by_id(connection, server.ring, wanted.grant, now=caller.now)
    except NotFound:
        raise unknown_grant() from None
    client = caller.client
    if (held.requester_id, held.client_id) != (client.requester_id, client.client_id) or held.lapse is not None:
        raise unknown_grant()


def unknown_grant() -> OAuthError:
    """Unknown, another client's, ended: the same words."""
    why = "There is no such grant of this client: use the grant_id of a token response whose grant is in force."
    return OAuthError("invalid_grant_id", why, check="grant-known")


async def offer_to(session: Session, person: PersonId, request: AuthorizationRequest) -> Offer:
    """What is put before this person. Raises NotTheirs, OtherSide; OverAsked when the declaration no longer allows what
    a merge would keep."""
    await check_side(session, person, request.client)
    if request.manages is None:
        return request.offer
    how, grant = request.manages["how"], GrantId(UUID(hex=request.manages["grant"]))
    try:
        change = Change(how, await in_force(session, person, grant, request.client))
    except NotFound:
        raise NotTheirs from None
    terms = terms_of(change, request.terms, request.declaration.body, catalogue(), session.now)
    return replace(request.offer, terms=terms, change=change)
