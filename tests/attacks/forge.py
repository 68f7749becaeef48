"""What an attacker who is a client can put together: proofs, assertions, forms and tokens with something wrong."""

import os
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import msgspec

from tests.attacks.world import GENERAL, Bank, World
from tests.authserver import keys
from tests.authserver.keys import Signer
from vault.authserver.pkce import challenge_of
from vault.authserver.tokens import Granted, Share, new_access_token, open_access_token
from vault.cli.story.bank import ASSERTION, Pushed
from vault.clock import SystemClock
from vault.crypto.canonical import b64, digest, unb64
from vault.ids import RequesterId, new_uuid

VERIFIER = "a-code-verifier-of-at-least-forty-three-characters"


def now() -> datetime:
    """The real time: the server under attack keeps it."""
    return SystemClock().now()


def proof(bank: Bank, url: str, token: str | None = None, *, key: Signer | None = None, **claims: Any) -> str:
    """A good DPoP proof for a POST there, or with another key or other claims; None leaves a claim out."""
    if token is not None:
        claims = {"ath": b64(digest(token.encode()))} | claims
    return keys.proof(key or Signer("EdDSA", bank.dpop_key), url, now(), **claims)


def authentication(bank: Bank, **claims: Any) -> dict[str, str]:
    """The client's assertion as form fields."""
    made = keys.assertion(
        Signer("EdDSA", bank.key, str(bank.key.kid)), bank.client_id, now(), **({"aud": bank.issuer} | claims)
    )
    return {"client_assertion_type": ASSERTION, "client_assertion": made}


async def post(bank: Bank, path: str, form: dict[str, Any], *proofs: str) -> httpx.Response:
    """A form to the back channel, authenticated unless the form says otherwise; None leaves a field out."""
    url = f"{bank.base}{path}"
    full = {name: value for name, value in (authentication(bank) | form).items() if value is not None}
    headers = [("DPoP", each) for each in (proofs or (proof(bank, url),)) if each]
    return await bank.http.post(url, data=full, headers=headers)


async def push(bank: Bank, *proofs: str, **changes: Any) -> httpx.Response:
    """A good pushed request, or with some parameters changed."""
    items = [{"item": item, "form": form} for item, form in GENERAL.items()]
    detail = {"type": "personal_information.v1", "items": items, "duration_days": 30, "max_uses": 500}
    good = {
        "response_type": "code",
        "redirect_uri": bank.redirect_uri,
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        "state": "xyz",
        "authorization_details": msgspec.json.encode([detail]).decode(),
    }
    return await post(bank, "/oauth/par", good | changes, *proofs)


def redemption(bank: Bank, location: str, pushed: Pushed, **changes: Any) -> dict[str, Any]:
    """The form that redeems the code in a redirect, or one with something wrong."""
    good = {
        "grant_type": "authorization_code",
        "code": code_in(location),
        "redirect_uri": bank.redirect_uri,
        "code_verifier": pushed.verifier,
    }
    return good | changes


def code_in(location: str) -> str:
    """The code that a redirect brings back."""
    return parse_qs(urlsplit(location).query)["code"][0]


async def release(
    bank: Bank, *, token: str | None = None, proofs: list[str] | None = None, **headers: str
) -> httpx.Response:
    """Ask for everything granted, with another token or proof, or with headers put differently."""
    url, shown = f"{bank.base}/v1/releases", bank.access_token if token is None else token
    sent = {"Authorization": f"DPoP {shown}", "Idempotency-Key": os.urandom(9).hex()} | headers
    shown_proofs = [proof(bank, url, shown)] if proofs is None else proofs
    pairs = [*sent.items(), *(("DPoP", each) for each in shown_proofs)]
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in pairs]
    return await bank.http.post("/v1/releases", json={}, headers=encoded)


def minted(world: World, bank: Bank, *, ago: timedelta = timedelta(0), issuer: str = "", **changes: Any) -> str:
    """A token as the server itself would sign it for this bank's grant, but at another time, for another client …"""
    server = world.at.app.state.doors.authserver
    opened = open_access_token(server.keys, server.ring, bank.access_token, now(), issuer=bank.issuer)
    key = server.keys.held(UUID(hex=claims_of(bank.access_token)["key"]), now())
    granted = {
        "client_id": opened.client_id,
        "binding": opened.binding,
        "requester_id": RequesterId(new_uuid()),
        "grant": opened.grant,
        "epoch": opened.epoch,
        "expires_at": now() + timedelta(days=30),
        "details": claims_of(bank.access_token)["authorization_details"],
        "share": Share(opened.person, opened.g),
    }
    what = Granted(**(granted | changes))
    return new_access_token(server.ring, key, what, issuer=issuer or bank.issuer, now=now() - ago)


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, read without checking anything."""
    claims: dict[str, Any] = msgspec.json.decode(unb64(token.split(".")[1]))
    return claims


def resigned(token: str, signer: Signer, **changes: Any) -> str:
    """The same claims, some changed, under another key but with the same header."""
    header = msgspec.json.decode(unb64(token.partition(".")[0]))
    return signer.sign({**header, "alg": signer.alg}, claims_of(token) | changes)


def with_header(token: str, **header: Any) -> str:
    """The same token under another header, its signature kept."""
    _, payload, signature = token.split(".")
    return f"{b64(msgspec.json.encode(header))}.{payload}.{signature}"
