"""A code becomes tokens, once. What survives a crash: before the commit an unused code, after it a used one.

The checks are in the order in which they tell: whose code, whether used, then what it is bound to; last the one
statement that uses it up. A code presented a second time kills every token of its grant (RFC 9700 section 4.5).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

import sqlalchemy as sa

from vault.authserver import pkce, tokens
from vault.authserver.bindings import Binding
from vault.authserver.callers import Caller, record_refused_token
from vault.authserver.errors import InvalidGrant, InvalidRequest
from vault.authserver.issuing import (
    Issued,
    TokenRequest,
    check_caller_live,
    check_grant,
    grant_ended,
    granted,
    issue,
    shown_binding,
)
from vault.authserver.server import AuthServer
from vault.authserver.tables import Code, RefreshToken
from vault.authserver.token_keys import NoTokenKey, TokenKey
from vault.consent.standing import end_tokens, standing
from vault.db import Session
from vault.errors import NotFound
from vault.ids import GrantId
from vault.sandbox.wall import check_side


class CodeReused(InvalidGrant):
    """A code was presented a second time; recorded where its tokens are killed."""

    is_recorded = True

    def __init__(self) -> None:
        super().__init__("code-reused", "This code was used before: every token of its grant is revoked.")


class _Keys(NamedTuple):
    """The hourly keys of one redemption: the one of the code, if it is still there, and the one for the token."""

    opening: TokenKey | None
    signing: TokenKey


async def redeem(asked: TokenRequest) -> Issued:
    """Tokens for a code. Raises OAuthError naming the check that failed."""
    server, caller, form = asked.server, asked.caller, asked.form
    shown_binding(caller)
    check_caller_live(caller)
    if "code" not in form:
        raise InvalidRequest("code-present", "Send the code.")
    keys = _Keys(await _key_of(server, form["code"]), await server.keys.current(server.database))
    try:
        return await server.database.run(_redeem, server, caller, form, keys)
    except CodeReused as refused:
        await server.database.run(_kill, caller, form["code"], keys.opening, refused)
        raise


async def _redeem(session: Session, server: AuthServer, caller: Caller, form: Mapping[str, str], keys: _Keys) -> Issued:
    # 1. The code, and whether it is used up
    row = await _of_caller(session, caller, form["code"])
    if row.consumed_at is not None:
        raise CodeReused
    # 2. Everything it is bound to
    for name, complain in CHECKS.items():
        if complaint := complain(_Redemption(form, caller.binding, row, session.now)):
            raise InvalidGrant(name, complaint)
    # 3. Use it up: of two at once, the second waits here and finds it used
    await _consume(session, row)
    # 4. The share in it, and the grant as it stands now
    if keys.opening is None:
        raise InvalidGrant("code-key", "The code's key is gone: start a new authorization.")
    share = tokens.open_code(keys.opening, form["code"], row.grant_id)
    try:
        held = await standing(session, share.person, row.grant_id)
    except NotFound:
        raise grant_ended("gone") from None
    check_grant(caller, held)
    try:
        await check_side(session, share.person, caller.client)
    except NotFound:
        raise grant_ended("other side") from None
    if held.token_epoch != row.token_epoch:
        raise InvalidGrant("grant-epoch", "The grant has changed since: start a new authorization.")
    # 5. The tokens
    what = granted(caller, held, share, form)
    refresh_token = tokens.new_refresh_token(server.ring, what)
    session.add(refresh_row(what, refresh_token, session.now))
    return issue(server, keys.signing, what, refresh_token, now=session.now)


async def _key_of(server: AuthServer, code: str) -> TokenKey | None:
    key_id = tokens.key_of_code(code)
    try:
        return await server.keys.get(server.database, key_id)
    except NoTokenKey:
        return None


async def _of_caller(session: Session, caller: Caller, code: str) -> Code:
    row = await session.get(Code, tokens.hash_of(code))
    if row is None or row.client_id != caller.client.client_id:
        raise InvalidGrant("code-known", "There is no such code for this client: start a new authorization.")
    return row


async def _consume(session: Session, row: Code) -> None:
    used = await session.execute(
        sa.update(Code)
        .where(Code.hash == row.hash, Code.consumed_at.is_(None))
        .values(consumed_at=session.now)
        .returning(Code.hash)
        .execution_options(synchronize_session=False)
    )
    if used.first() is None:
        raise CodeReused


def refresh_row(what: tokens.Granted, refresh_token: str, now: datetime) -> RefreshToken:
    """The row of a fresh refresh token."""
    return RefreshToken(
        hash=tokens.hash_of(refresh_token),
        client_id=what.client_id,
        grant_id=what.grant,
        bound_to=what.binding.lasting,
        status="active",
        issued_at=now,
        expires_at=what.expires_at,
        share_number=what.share_number,
    )


async def _kill(session: Session, caller: Caller, code: str, key: TokenKey | None, refused: CodeReused) -> None:
    """Revoke what the code's grant gave, and record it where the person sees it.

    Once the code's hourly key is gone nobody knows whose it was: its access tokens are dead by then, its refresh
    tokens are found by the grant.
    """
    row = await _of_caller(session, caller, code)
    await revoke_refresh_tokens(session, row.grant_id)
    person = None if key is None else tokens.open_code(key, code, row.grant_id).person
    if person is not None:
        await end_tokens(session, person, row.grant_id)
    await record_refused_token(session, caller.client, refused, person)


async def revoke_refresh_tokens(session: Session, grant: GrantId) -> int:
    """Revoke every refresh token of a grant. Returns how many."""
    found = await session.execute(
        sa.select(RefreshToken)
        .where(RefreshToken.grant_id == grant, RefreshToken.status == "active")
        .order_by(RefreshToken.hash)
        .with_for_update()
    )
    rows = list(found.scalars())
    for row in rows:
        row.status = "revoked"
    await session.flush()
    return len(rows)


class _Redemption(NamedTuple):
    """One attempt: what was sent, with which key, for which code, when."""

    form: Mapping[str, str]
    binding: Binding | None
    code: Code
    now: datetime


def _expiry(attempt: _Redemption) -> str | None:
    return None if attempt.now < attempt.code.expires_at else "The code has expired: redeem it within 60 seconds."


def _redirect_uri(attempt: _Redemption) -> str | None:
    if attempt.form.get("redirect_uri") == attempt.code.redirect_uri:
        return None
    return "redirect_uri must be the one you pushed (RFC 6749 section 4.1.3)."


def _verifier(attempt: _Redemption) -> str | None:
    if pkce.fits(attempt.form.get("code_verifier", ""), attempt.code.challenge):
        return None
    return "code_verifier must be the one whose SHA-256 you pushed as code_challenge (RFC 7636)."


def _bound_key(attempt: _Redemption) -> str | None:
    bound_to = attempt.code.bound_to
    if bound_to is None or Binding.read(bound_to).holds(attempt.binding):
        return None
    return "The code is bound to another key: use the one you named or showed when pushing (RFC 9449 section 10)."


CHECKS: Final[dict[str, Callable[[_Redemption], str | None]]] = {
    "code-expiry": _expiry,
    "code-redirect-uri": _redirect_uri,
    "code-verifier": _verifier,
    "code-dpop-key": _bound_key,
}
"""In this order. Each gives None, or says what to mend."""
