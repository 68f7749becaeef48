"""The backchannel authentication endpoint: consent asked out of band (CIBA Core 1.0, FAPI-CIBA). Ordered, named checks.

A clerk starts it with the hint a person gave them; the person decides on their own device. The answer is the same
whomever the hint leads to, and so is the work behind it: the person is told afterwards, by the worker.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault.authserver import hints
from vault.authserver.callers import Caller, known_caller, record_refused_token
from vault.authserver.errors import OAuthError
from vault.authserver.par import (
    agreed_key,
    asked_in,
    consent_works,
    details_present,
    over_asked,
    record_over_asked,
    requested,
)
from vault.authserver.pings import Held
from vault.authserver.sealed_share import new_auth_req_id, public_of, seal_message
from vault.authserver.server import AuthServer, Posted
from vault.authserver.tables import BackchannelPace, BackchannelRequest
from vault.authserver.tokens import hash_of
from vault.consent.terms import Asked, OverAsked, check
from vault.db import Session
from vault.ledger.log import append
from vault.profile.catalogue import catalogue
from vault.requesters import register
from vault.requesters.client_metadata import PING
from vault.requesters.views import ClientView

INTERVAL: Final = 5
"""Seconds between two polls (CIBA Core 7.3)."""
LIFE: Final = timedelta(minutes=5)
SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(minutes=15)
"""What ``requested_expiry`` may ask for is brought within these two."""
MOST_WAITING: Final = 200
"""Requests that one client has under way. Refused ones count to their end: a count that fell with each no would
tell."""
MOST_PER_HOUR: Final = 2000
LONGEST_MESSAGE: Final = 64
LONGEST_TOKEN: Final = 1024
_MESSAGE: Final = re.compile(r"[A-Za-z0-9\u4e00-\u9fff](?:[A-Za-z0-9\u4e00-\u9fff .,:#()-]*[A-Za-z0-9\u4e00-\u9fff)])?")
"""Latin letters, digits, Chinese characters and a few signs: nothing that hides, turns round or links."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{16,}=*")  # RFC 6750 section 2.1
_OTHER_HINTS: Final = ("login_hint_token", "id_token_hint")


class TooManyWaiting(OAuthError):
    """The client's own count: says nothing of any person."""

    def __init__(self) -> None:
        super().__init__(
            "temporarily_unavailable",
            f"At most {MOST_WAITING} requests may be under way and {MOST_PER_HOUR} be started in an hour: wait.",
            429,
            check="backchannel-pace",
        )


@dataclass(frozen=True)
class Started:
    """The answer (CIBA Core 7.3)."""

    auth_req_id: str
    expires_in: int

    def body(self) -> dict[str, Any]:
        """The JSON of the answer; send it with ``Cache-Control: no-store``."""
        return {"auth_req_id": self.auth_req_id, "expires_in": self.expires_in, "interval": INTERVAL}


class _Start(NamedTuple):
    """A request whose form holds."""

    auth_req_id: str
    asked: Asked
    bound_to: str | None
    form: Mapping[str, str]


async def start(server: AuthServer, posted: Posted) -> Started:
    """Take in a request for consent out of band. Raises OAuthError naming the check that failed."""
    pool = await server.database.pool()
    async with (
        pool.acquire() as connection,
        known_caller(server, connection, posted, url=server.backchannel_url, proof_needed=False) as caller,
    ):
        for name, complain in CHECKS.items():
            if complaint := complain(posted.form, caller):
                raise OAuthError(_CODES.get(name, "invalid_request"), complaint, check=name)
        bound_to = agreed_key(posted.form, caller)
        asked = asked_in(posted.form["authorization_details"])
    begun = _Start(new_auth_req_id(), asked, bound_to.text if bound_to else None, posted.form)
    try:
        await server.database.run(_store, caller.client, begun)
    except OverAsked as refused:
        await server.database.run(record_over_asked, caller.client, refused)
        raise over_asked(refused) from None
    except TooManyWaiting as refused:
        await server.database.run(record_refused_token, caller.client, refused)
        raise
    life = _life(posted.form)
    if caller.client.metadata.backchannel_token_delivery_mode == PING:
        server.pings.hold(_held(caller.client, begun, caller.now + life))
    return Started(begun.auth_req_id, int(life.total_seconds()))


async def _store(session: Session, client: ClientView, begun: _Start) -> None:
    # 1. Within the declaration
    declared = await register.declaration(session, client.declaration_id)
    terms = check(begun.asked, declared.body, catalogue())
    # 2. Within the client's pace
    await _check_pace(session, client)
    # 3. The hint is used up, wherever it leads
    code = hints.read(begun.form["login_hint"])
    person = None if code is None else await hints.take_hint(session, code)
    # 4. The request, with nothing of auth_req_id but its hash and a public key
    request_hash = hash_of(begun.auth_req_id)
    session.add(
        BackchannelRequest(
            hash=request_hash,
            client_id=client.client_id,
            person_id=person,
            body={"details": [msgspec.to_builtins(begun.asked)], "openid": "scope" in begun.form},
            message=seal_message(session.ring, request_hash, begun.form["binding_message"]),
            bound_to=begun.bound_to,
            public=public_of(begun.auth_req_id),
            ends_at=session.now + _life(begun.form),
            wait=INTERVAL,
        )
    )
    # 5. The entry: untagged, as every request is before somebody is found to be asked
    await append(session, requested(declared, terms))


async def _check_pace(session: Session, client: ClientView) -> None:
    """Count one more in this hour, under the client's lock; then what is under way. Exact across workers."""
    is_over = BackchannelPace.since <= session.now - timedelta(hours=1)
    fresh = insert(BackchannelPace).values(client_id=client.client_id, since=session.now, asked=1)
    counted = fresh.on_conflict_do_update(
        index_elements=["client_id"],
        set_={
            "asked": sa.case((is_over, 1), else_=BackchannelPace.asked + 1),
            "since": sa.case((is_over, session.now), else_=BackchannelPace.since),
        },
    )
    in_this_hour = (await session.execute(counted.returning(BackchannelPace.asked))).scalar_one()
    under_way = await session.execute(
        sa.select(sa.func.count()).where(
            BackchannelRequest.client_id == client.client_id,
            BackchannelRequest.ends_at > session.now,
            BackchannelRequest.redeemed_at.is_(None),
        )
    )
    if in_this_hour > MOST_PER_HOUR or under_way.scalar_one() >= MOST_WAITING:
        raise TooManyWaiting


def _held(client: ClientView, begun: _Start, ends_at: Any) -> Held:
    return Held(
        auth_req_id=begun.auth_req_id,
        token=begun.form["client_notification_token"],
        endpoint=client.metadata.backchannel_client_notification_endpoint or "",
        ends_at=ends_at,
    )


def _life(form: Mapping[str, str]) -> timedelta:
    wanted = form.get("requested_expiry")
    return LIFE if wanted is None else min(LONGEST, max(SHORTEST, timedelta(seconds=int(wanted))))


def _registered(_: Mapping[str, str], caller: Caller) -> str | None:
    if caller.client.metadata.backchannel_token_delivery_mode is not None:
        return None
    return "This client has not registered backchannel_token_delivery_mode (poll or ping): it may not ask out of band."


def _no_request_object(form: Mapping[str, str], _: Caller) -> str | None:
    return "Signed requests are not supported here: send plain parameters." if "request" in form else None


def _scope(form: Mapping[str, str], _: Caller) -> str | None:
    if form.get("scope", "openid") == "openid":
        return None
    return "scope may be openid, for an ID token: say what you ask for in authorization_details."


def _no_grant_management(form: Mapping[str, str], _: Caller) -> str | None:
    if {"grant_id", "grant_management_action"}.isdisjoint(form):
        return None
    return "Grants are not managed out of band: leave grant_id and grant_management_action out."


def _one_hint(form: Mapping[str, str], _: Caller) -> str | None:
    if "login_hint" in form and not any(name in form for name in _OTHER_HINTS):
        return None
    return "Send login_hint, and neither login_hint_token nor id_token_hint."


def _hint_shape(form: Mapping[str, str], _: Caller) -> str | None:
    if hints.read(form["login_hint"]) is not None:
        return None
    return (
        "login_hint must be the code that the person made in their vault and read out: twelve letters and digits, "
        "the first a letter. Never a telephone number, name or id; a mistyped code is told by its last character."
    )


def _binding_message(form: Mapping[str, str], _: Caller) -> str | None:
    message = form.get("binding_message", "")
    if len(message) <= LONGEST_MESSAGE and _MESSAGE.fullmatch(message):
        return None
    return (
        f"binding_message is required: at most {LONGEST_MESSAGE} letters (Latin, Chinese), digits, spaces and .,:#()-, "
        "by which the person recognises what they are in the middle of."
    )


def _expiry(form: Mapping[str, str], _: Caller) -> str | None:
    wanted = form.get("requested_expiry", "1")
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= 9 and int(wanted) > 0:
        return None
    return "requested_expiry must be a number of seconds, greater than zero."


def _notification_token(form: Mapping[str, str], caller: Caller) -> str | None:
    if caller.client.metadata.backchannel_token_delivery_mode != PING:
        return None
    token = form.get("client_notification_token", "")
    if len(token) <= LONGEST_TOKEN and _TOKEN.fullmatch(token):
        return None
    return f"client_notification_token is required for ping: a bearer token of 16 to {LONGEST_TOKEN} characters."


CHECKS: Final[dict[str, Callable[[Mapping[str, str], Caller], str | None]]] = {
    "client-live": consent_works,
    "backchannel-registered": _registered,
    "backchannel-request-object": _no_request_object,
    "backchannel-scope": _scope,
    "backchannel-grant-management": _no_grant_management,
    "backchannel-one-hint": _one_hint,
    "backchannel-hint-shape": _hint_shape,
    "backchannel-binding-message": _binding_message,
    "backchannel-expiry": _expiry,
    "backchannel-notification-token": _notification_token,
    "details-present": details_present,
}
"""In this order. Each gives None, or says what to mend."""
_CODES: Final = {
    "client-live": "unauthorized_client",
    "backchannel-registered": "unauthorized_client",
    "backchannel-request-object": "request_not_supported",
    "backchannel-scope": "invalid_scope",
    "backchannel-binding-message": "invalid_binding_message",
    "details-present": "invalid_authorization_details",
}
"""Error codes other than invalid_request (CIBA Core 13)."""
