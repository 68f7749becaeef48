"""The token grant of CIBA: the client asks how its request stands, again and again, and gets tokens once.

Until the request's end every answer but a yes is ``authorization_pending``, and after it ``access_denied``: unknown
hint, refused, reported, kept from the person, unanswered are one row that nothing happened to, found by one statement.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import sqlalchemy as sa

from vault.authserver.bindings import Binding
from vault.authserver.errors import InvalidGrant, InvalidRequest, OAuthError
from vault.authserver.id_tokens import new_id_token
from vault.authserver.issuing import (
    Issued,
    TokenRequest,
    check_caller_live,
    check_grant,
    granted,
    issue,
    shown_binding,
)
from vault.authserver.redeeming import refresh_row
from vault.authserver.sealed_share import open_share
from vault.authserver.tables import BackchannelRequest
from vault.authserver.token_keys import TokenKey
from vault.authserver.tokens import hash_of, new_refresh_token
from vault.consent.standing import standing
from vault.db import Session
from vault.errors import NotFound
from vault.sandbox.wall import check_side

GRANT_TYPE: Final = "urn:openid:params:grant-type:ciba"
GRACE: Final = timedelta(seconds=60)
"""A yes at the last moment may still be fetched for so long."""
SLOWER: Final = 5
SLOWEST: Final = 60
_COLUMNS: Final = ", ".join(f"r.{name}" for name in (*BackchannelRequest.guarded_columns(), "mac", "redeemed_at"))
_PACED: Final = f"CASE WHEN before.due > $3 THEN least(r.wait + {SLOWER}, {SLOWEST}) ELSE r.wait END"
_POLL: Final = f"""
UPDATE backchannel_requests r
SET wait = {_PACED}, next_poll_at = $3::timestamptz + ({_PACED}) * interval '1 second'
FROM (SELECT hash, next_poll_at AS due FROM backchannel_requests WHERE hash = $1 AND client_id = $2 FOR UPDATE) before
WHERE r.hash = before.hash
RETURNING {_COLUMNS}, coalesce(before.due > $3, false) AS early
"""  # noqa: S608 - our own column names
"""One poll: what stands, and whether it came too early; exact, whichever worker it comes to."""


class StillPending(OAuthError):
    """Nobody has said yes so far. No refusal, so no entry."""

    is_recorded = True

    def __init__(self) -> None:
        super().__init__("authorization_pending", "The person has not decided yet: ask again after interval seconds.")


class SlowDown(OAuthError):
    """RFC 8628 section 3.5: from now on five seconds more must lie between two polls."""

    is_recorded = True

    def __init__(self) -> None:
        super().__init__("slow_down", f"Too early: wait {SLOWER} seconds longer between two requests from now on.")


class Denied(OAuthError):
    """The request has ended without a yes; nothing says why (design, promise 9)."""

    is_recorded = True

    def __init__(self) -> None:
        super().__init__("access_denied", "")

    def body(self) -> dict[str, Any]:
        """The error alone."""
        return {"error": self.error}


async def redeem_backchannel(asked: TokenRequest) -> Issued:
    """Tokens for a request that the person allowed. Raises OAuthError."""
    server, caller, now = asked.server, asked.caller, asked.caller.now
    # 1. The caller
    binding = shown_binding(caller)
    check_caller_live(caller)
    auth_req_id = asked.form.get("auth_req_id", "")
    if not auth_req_id:
        raise InvalidRequest("auth-req-present", "Send the auth_req_id.")
    # 2. The request: this client's, this key's, not asked for too often
    row = await _poll(asked.connection, auth_req_id, asked)
    if row is None:
        raise InvalidGrant("auth-req-known", "There is no such auth_req_id for this client: start a new request.")
    BackchannelRequest.check(server.ring, row)
    for name, complain in CHECKS.items():
        if complaint := complain(row, binding):
            raise InvalidGrant(name, complaint)
    if row["early"]:
        raise SlowDown
    # 3. Was it allowed?
    if row["grant_id"] is None or now >= row["ends_at"] + GRACE:
        raise not_yet(row["ends_at"], now)
    # 4. Once
    key = await server.keys.current(server.database)
    return await server.database.run(_redeem, asked, row, key)


def not_yet(ends_at: datetime, now: datetime) -> OAuthError:
    """The answer wherever there is no yes, by the clock alone."""
    return StillPending() if now < ends_at else Denied()


async def _poll(connection: asyncpg.Connection, auth_req_id: str, asked: TokenRequest) -> Mapping[str, Any] | None:
    row = await connection.fetchrow(_POLL, hash_of(auth_req_id), asked.caller.client.client_id, asked.caller.now)
    return None if row is None else dict(row)


async def _redeem(session: Session, asked: TokenRequest, row: Mapping[str, Any], key: TokenKey) -> Issued:
    server, caller = asked.server, asked.caller
    # 1. The share, for the holder of auth_req_id; the grant as it stands now
    share = open_share(asked.form["auth_req_id"], row["share"], grant=row["grant_id"])
    try:
        held = await standing(session, share.person, row["grant_id"])
        await check_side(session, share.person, caller.client)
    except NotFound:
        raise not_yet(row["ends_at"], session.now) from None
    if held.lapse is not None or held.token_epoch != row["token_epoch"]:
        # Taken back before it was fetched: as if it had never been given.
        raise not_yet(row["ends_at"], session.now)
    check_grant(caller, held)
    # 2. Use it up: of two at once, the second waits here and finds it used
    await _consume(session, row["hash"])
    # 3. The tokens
    what = granted(caller, held, share, asked.form)
    refresh_token = new_refresh_token(server.ring, what)
    session.add(refresh_row(what, refresh_token, session.now))
    issued = issue(server, key, what, refresh_token, now=session.now)
    if not row["body"]["openid"]:
        return issued
    id_token = new_id_token(server, caller.client, share.person, now=session.now)
    return replace(issued, more={**issued.more, "id_token": id_token})


async def _consume(session: Session, request_hash: bytes) -> None:
    used = await session.execute(
        sa.update(BackchannelRequest)
        .where(BackchannelRequest.hash == request_hash, BackchannelRequest.redeemed_at.is_(None))
        .values(redeemed_at=session.now)
        .returning(BackchannelRequest.hash)
        .execution_options(synchronize_session=False)
    )
    if used.first() is None:
        raise InvalidGrant("auth-req-used", _USED)


_USED: Final = "This auth_req_id was redeemed before: use the refresh token, or start a new request."


def _bound_key(row: Mapping[str, Any], binding: Binding) -> str | None:
    bound_to = row["bound_to"]
    if bound_to is None or Binding.read(bound_to).holds(binding):
        return None
    return "The request is bound to another key: use the one you named or showed when you started it."


CHECKS: Final = {"auth-req-key": _bound_key}
"""Each gives None, or says what to mend. Whether it was redeemed before is settled by the statement that uses it up."""
