"""Pushed authorization requests (RFC 9126): the only way to ask. An ordered list of named checks.

What passes is stored for 90 seconds; what a person is shown later is this and nothing from the browser.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple

import asyncpg
import msgspec

from vault import ids
from vault.authserver import pkce, replay, request_objects
from vault.authserver.bindings import Binding, key
from vault.authserver.callers import Caller, known_caller
from vault.authserver.carried import PARAMETER, check_certificate
from vault.authserver.errors import InvalidProof, InvalidRequest, OAuthError
from vault.authserver.managing import Managed, check_known, managed
from vault.authserver.server import AuthServer, Posted
from vault.authserver.tables import PushedRequest
from vault.authserver.tokens import hash_of
from vault.consent.terms import Asked, BadDetails, OverAsked, Terms, check, parse
from vault.crypto.canonical import b64
from vault.db import Session
from vault.ledger.events import Event, Item
from vault.ledger.events import requester as by_requester
from vault.ledger.log import append
from vault.profile.catalogue import catalogue
from vault.requesters import register
from vault.requesters.redirects import is_registered
from vault.requesters.standing import Capability
from vault.requesters.views import ClientView, DeclarationView

URI_PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
TO_OPEN: Final = timedelta(seconds=90)
"""How long the request_uri may be opened (FAPI 2.0 5.3.2.2-12: less than 600 s)."""
TO_DECIDE: Final = timedelta(minutes=30)
"""How long a person who opened it may sign in, read and decide."""
LONGEST_STATE: Final = 4096
LONGEST_DETAILS: Final = 32 * 1024
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_STATE: Final = re.compile(r"[ -~]*")  # RFC 6749 appendix A.5


@dataclass(frozen=True)
class Pushed:
    """The answer to a pushed request (RFC 9126 section 2.2), status 201."""

    request_uri: str
    expires_in: int

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        return {"request_uri": self.request_uri, "expires_in": self.expires_in}


class Wanted(NamedTuple):
    """What is asked for, and the grant it is to change, if it is about one."""

    asked: Asked
    manages: Managed | None


async def push(server: AuthServer, posted: Posted) -> Pushed:
    """Take in an authorization request. Raises OAuthError naming the check that failed.

    The client's refusals are recorded; asking for too much is recorded as ``consent.refused`` with the items.
    """
    pool = await server.database.pool()
    async with pool.acquire() as connection:
        async with known_caller(server, connection, posted, url=server.par_url, proof_needed=False) as caller:
            form = await _parameters(server, connection, caller, posted.form)
            for name, complain in CHECKS.items():
                if complaint := complain(form, caller):
                    raise _as_error(name, complaint)
            check_certificate(server, form, caller)
            bound_to = agreed_key(form, caller)
            wanted = Wanted(asked_in(form["authorization_details"]), managed(form))
            await check_known(server, connection, caller, wanted.manages)
        try:
            return await server.database.run(_store, caller.client, wanted, form, bound_to)
        except OverAsked as refused:
            await server.database.run(record_over_asked, caller.client, refused)
            raise over_asked(refused) from None


async def _parameters(
    server: AuthServer, connection: asyncpg.Connection, caller: Caller, form: Mapping[str, str]
) -> Mapping[str, str]:
    """The request: what is in the signed object where there is one, else what was posted."""
    if "request" not in form:
        if caller.client.metadata.require_signed_request_object:
            raise InvalidRequest("object-needed", "This client pushes signed request objects only (RFC 9101).")
        return form
    requested = request_objects.read(form, caller.client, issuer=server.issuer, now=caller.now)
    if requested.seen is not None and not await replay.see(connection, [(requested.seen, requested.expires_at)]):
        raise request_objects.replayed()
    return requested.parameters


async def _store(
    session: Session, client: ClientView, wanted: Wanted, form: Mapping[str, str], bound_to: Binding | None
) -> Pushed:
    declared = await register.declaration(session, client.declaration_id)
    terms = check(wanted.asked, declared.body, catalogue())
    uri = URI_PREFIX + b64(os.urandom(32))
    session.add(
        PushedRequest(
            id=ids.new_uuid(),
            client_id=client.client_id,
            uri_hash=hash_of(uri),
            body={
                "details": [msgspec.to_builtins(wanted.asked)],
                "redirect_uri": form["redirect_uri"],
                "state": form.get("state"),
                "challenge": form["code_challenge"],
                "certificate": PARAMETER in form,
                **({} if wanted.manages is None else {"manages": wanted.manages.body()}),
                "response_mode": form.get("response_mode", "query"),
            },
            bound_to=bound_to.text if bound_to else None,
            expires_at=session.now + TO_OPEN,
            decide_by=session.now + TO_DECIDE,
            opened_at=None,
            decided_at=None,
        )
    )
    await append(session, requested(declared, terms))
    return Pushed(uri, int(TO_OPEN.total_seconds()))


def requested(declared: DeclarationView, terms: Terms) -> Event:
    """The entry of a request, whichever way it came."""
    return Event(
        name="consent.requested",
        actor=by_requester(declared.requester_id),
        requester=declared.requester_id,
        declaration=declared.id,
        declaration_version=declared.number,
        purpose=declared.body.purpose.code,
        items=tuple(Item(term.item, term.form) for term in terms.items),
    )


async def record_over_asked(session: Session, client: ClientView, refused: OverAsked) -> None:
    """Only names that the catalogue has go into the entry: the caller chose the others."""
    known = tuple(Item(name) for name in refused.items if catalogue().find(name))
    event = Event(
        name="consent.refused",
        actor=by_requester(client.requester_id),
        requester=client.requester_id,
        declaration=client.declaration_id,
        reason=refused.name,
        items=known or None,
    )
    await append(session, event)


def over_asked(refused: OverAsked) -> OAuthError:
    """The refusal that names every item that is too much."""
    error = OAuthError("invalid_authorization_details", refused.public, check=refused.name)
    error.items = refused.items
    return error


def asked_in(details: str) -> Asked:
    """What ``authorization_details`` ask for. Raises OAuthError."""
    try:
        return parse(msgspec.json.decode(details))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise OAuthError(
            "invalid_authorization_details", "authorization_details must be JSON (RFC 9396).", check="details-json"
        ) from None
    except BadDetails as refused:
        raise OAuthError("invalid_authorization_details", refused.public, check="details-shape") from None


def agreed_key(form: Mapping[str, str], caller: Caller) -> Binding | None:
    """The key the code will be bound to: dpop_jkt and the proof's must be the same (RFC 9449 section 10.1)."""
    named = form.get("dpop_jkt")
    if named is not None and not _THUMBPRINT.fullmatch(named):
        raise InvalidRequest("dpop-jkt", "dpop_jkt must be the base64url SHA-256 thumbprint of your DPoP key.")
    if named is not None and caller.proof is not None and named != caller.proof.jkt:
        raise InvalidProof("dpop-jkt", "dpop_jkt and the key of the DPoP proof must be the same.")
    bound_to = caller.proof.jkt if caller.proof else named
    return key(bound_to) if bound_to else None


def _as_error(check_name: str, complaint: str) -> OAuthError:
    return OAuthError(_CODES.get(check_name, "invalid_request"), complaint, check=check_name)


def consent_works(_: Mapping[str, str], caller: Caller) -> str | None:
    """Check: nothing of the registration stops it from asking."""
    reasons = caller.lapses.stopping(Capability.CONSENT)
    return f"This registration is not in force: {', '.join(reasons)}." if reasons else None


def _no_request_uri(form: Mapping[str, str], _: Caller) -> str | None:
    return "request_uri cannot be pushed (RFC 9126 section 2.1)." if "request_uri" in form else None


def _response_type(form: Mapping[str, str], _: Caller) -> str | None:
    return None if form.get("response_type") == "code" else "response_type must be code."


def _response_mode(form: Mapping[str, str], caller: Caller) -> str | None:
    """JARM section 2.3; a client that registered no ``query`` gets signed answers only."""
    allowed = caller.client.metadata.response_modes
    if form.get("response_mode", "query") in allowed:
        return None
    return f"response_mode must be one of those this client may use: {', '.join(allowed)}; absent means query."


def _redirect_uri(form: Mapping[str, str], caller: Caller) -> str | None:
    if is_registered(form.get("redirect_uri", ""), caller.client.redirect_uris):
        return None
    return "redirect_uri must be one of those you registered, character by character."


def _challenge(form: Mapping[str, str], _: Caller) -> str | None:
    if form.get("code_challenge_method") != "S256":
        return "code_challenge_method must be S256: PKCE is required (RFC 7636)."
    if not pkce.is_challenge(form.get("code_challenge", "")):
        return "code_challenge must be the base64url SHA-256 of your code_verifier, 43 characters."
    return None


def _state(form: Mapping[str, str], _: Caller) -> str | None:
    state = form.get("state", "")
    if len(state) <= LONGEST_STATE and _STATE.fullmatch(state):
        return None
    return f"state must be printable ASCII of at most {LONGEST_STATE} characters."


def _scope(form: Mapping[str, str], _: Caller) -> str | None:
    return "Scopes are not used here: say what you ask for in authorization_details." if "scope" in form else None


def details_present(form: Mapping[str, str], _: Caller) -> str | None:
    """Check: there is something to read, and not too much of it."""
    if 0 < len(form.get("authorization_details", "")) <= LONGEST_DETAILS:
        return None
    return f"authorization_details is required (RFC 9396): at most {LONGEST_DETAILS // 1024} KiB of JSON."


CHECKS: Final[dict[str, Callable[[Mapping[str, str], Caller], str | None]]] = {
    "client-live": consent_works,
    "request-uri-absent": _no_request_uri,
    "response-type": _response_type,
    "response-mode": _response_mode,
    "redirect-uri": _redirect_uri,
    "pkce": _challenge,
    "state": _state,
    "scope-absent": _scope,
    "details-present": details_present,
}
"""In this order. Each gives None, or says what to mend."""
_CODES: Final = {
    "client-live": "unauthorized_client",
    "response-type": "unsupported_response_type",
    "scope-absent": "invalid_scope",
    "details-present": "invalid_authorization_details",
}
"""Error codes other than invalid_request."""
