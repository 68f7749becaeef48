"""What every successful token request ends with: a signed access token and the answer around it. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import msgspec

from vault import ids
from vault.authserver import tokens
from vault.authserver.bindings import Binding
from vault.authserver.callers import Caller
from vault.authserver.errors import InvalidGrant, InvalidProof, OAuthError
from vault.authserver.server import AuthServer
from vault.authserver.token_keys import TokenKey
from vault.consent.standing import GrantStanding
from vault.consent.terms import BadDetails, ItemForm, OverAsked, parse, within
from vault.requesters.standing import Capability


class TokenRequest(NamedTuple):
    """One request at the token endpoint: who asks for what, and the connection it may use."""

    server: AuthServer
    connection: asyncpg.Connection
    caller: Caller
    form: Mapping[str, str]


@dataclass(frozen=True)
class Issued:
    """The answer of the token endpoint (RFC 6749 section 5.1, RFC 9449 section 5, RFC 9396 section 7)."""

    access_token: str = field(repr=False)
    token_type: str
    expires_in: int
    more: Mapping[str, Any] = field(repr=False)
    """Further members: ``refresh_token``, ``authorization_details``, ``grant_id``, ``id_token``."""

    @property
    def refresh_token(self) -> str:
        """The refresh token; KeyError where none was issued."""
        return str(self.more["refresh_token"])

    @property
    def authorization_details(self) -> list[Any]:
        """What the token is for; KeyError where it is for no person's data."""
        details: list[Any] = self.more["authorization_details"]
        return details

    @property
    def grant_id(self) -> str:
        """The grant behind it; KeyError where there is none."""
        return str(self.more["grant_id"])

    def body(self) -> dict[str, Any]:
        """The JSON of the answer; send it with ``Cache-Control: no-store``."""
        return {
            "access_token": self.access_token,
            "token_type": self.token_type,
            "expires_in": self.expires_in,
            **self.more,
        }


def shown_binding(caller: Caller) -> Binding:
    """What a token will be bound to. There are no bearer tokens: who shows nothing gets nothing."""
    if caller.binding is None:
        raise InvalidProof("dpop-present", "Send a DPoP proof in the DPoP header: there are no bearer tokens here.")
    return caller.binding


def check_caller_live(caller: Caller) -> None:
    """Raises InvalidGrant while anything of the client is in a state that gives no tokens."""
    if reasons := caller.lapses.stopping(Capability.TOKENS):
        raise InvalidGrant("client-live", f"This registration is not in force: {', '.join(reasons)}.")


def check_grant(caller: Caller, standing: GrantStanding) -> None:
    """Raises InvalidGrant unless the grant is this client's, under its declaration, and live."""
    client = caller.client
    whose = (standing.client_id, standing.requester_id, standing.declaration_id)
    if whose != (client.client_id, client.requester_id, client.declaration_id):
        raise InvalidGrant("grant-client", "The grant belongs to another client.")
    if standing.lapse is not None:
        raise grant_ended(standing.lapse)


def grant_ended(private: str) -> InvalidGrant:
    """Withdrawn, expired and gone look the same from outside."""
    return InvalidGrant("grant-live", "The grant has ended: start a new authorization.", private=private)


def granted(caller: Caller, standing: GrantStanding, share: tokens.Share, form: Mapping[str, str]) -> tokens.Granted:
    """What the token will be issued for: the grant, or less where the form asks for less (RFC 9396 section 6.1)."""
    return tokens.Granted(
        client_id=caller.client.client_id,
        binding=shown_binding(caller),
        requester_id=standing.requester_id,
        grant=standing.id,
        epoch=standing.token_epoch,
        expires_at=standing.expires_at,
        details=standing.details(_narrowed(form.get("authorization_details"), standing)),
        share=share,
        share_number=standing.share_number,
        status=standing.status,
        needs_nonce=caller.client.metadata.require_dpop_nonce,
    )


def _narrowed(asked: str | None, standing: GrantStanding) -> tuple[ItemForm, ...]:
    """Grant ⊇ token: the items asked for at this request, all of them granted."""
    if asked is None:
        return standing.items
    try:
        items = tuple(ItemForm(each.item, each.form) for each in parse(msgspec.json.decode(asked)).items)
        within(items, standing.items)
    except OverAsked as refused:
        error = OAuthError("invalid_authorization_details", refused.public, check=refused.name)
        error.items = refused.items
        raise error from None
    except (BadDetails, msgspec.MsgspecError, UnicodeError, RecursionError):
        raise OAuthError(
            "invalid_authorization_details",
            "authorization_details must be those of the grant or fewer items of them.",
            check="details-shape",
        ) from None
    return items


def issue(server: AuthServer, key: TokenKey, what: tokens.Granted, refresh_token: str, *, now: datetime) -> Issued:
    """Sign the access token and put the answer together."""
    return Issued(
        access_token=tokens.new_access_token(server.ring, key, what, issuer=server.issuer, now=now),
        token_type=what.binding.token_type,
        expires_in=int((tokens.access_token_end(what, now) - now).total_seconds()),
        more={
            "refresh_token": refresh_token,
            "authorization_details": what.details,
            "grant_id": ids.public(ids.GRANT, what.grant),
        },
    )
