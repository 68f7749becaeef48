"""Refresh tokens the way they come about: pushed, consented to, redeemed; through the rooms' public acts."""

import os
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec

from benchmark.client import Client
from benchmark.preparing import ITEMS, NOTICE, REDIRECT, fill
from vault import ids
from vault.authserver.authorize import issue_code, load_request
from vault.authserver.par import push
from vault.authserver.pkce import challenge_of
from vault.authserver.server import AuthServer, Posted
from vault.authserver.token_endpoint import token
from vault.clock import unix_millis
from vault.consent import Choice, give
from vault.crypto.canonical import b64
from vault.db import Session
from vault.ids import PersonId
from vault.signin import Holder
from vault.vetting.decisions import Decided

DETAILS = msgspec.json.encode(
    [
        {
            "type": "personal_information.v1",
            "items": [{"item": item, "form": form} for item, form in ITEMS.items()],
            "duration_days": 30,
        }
    ]
).decode()


@dataclass(frozen=True)
class Held:
    """What a client holds of one person."""

    refresh_token: str = field(repr=False)
    access_token: str = field(repr=False)


@dataclass(frozen=True)
class Bank:
    """The client, and the server it talks to without a wire."""

    server: AuthServer
    client: Client

    @classmethod
    def of(cls, server: AuthServer, bank: Decided, seed: bytes) -> "Bank":
        """The bank that two officers let in."""
        assert bank.client_id is not None
        return cls(server, Client(seed, client_id=ids.public(ids.CLIENT, bank.client_id), issuer=server.issuer))

    async def pushed(self, verifier: str) -> str:
        """A request_uri."""
        form = {
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            "authorization_details": DETAILS,
        }
        return (await push(self.server, self._posted(form, self.server.par_url))).request_uri

    async def hold(self, holder: Holder) -> Held:
        """Somebody allows everything that is asked; the bank redeems the code."""
        verifier = b64(os.urandom(32))
        request_uri = await self.pushed(verifier)
        code = await self.server.database.run(self._allow, holder, request_uri)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": verifier}
        body = (await token(self.server, self._posted(form, self.server.token_url))).body()
        return Held(body["refresh_token"], body["access_token"])

    async def own_token(self, scope: str) -> str:
        """An access token of the client for itself."""
        form = {"grant_type": "client_credentials", "scope": scope}
        return (await token(self.server, self._posted(form, self.server.token_url))).access_token

    async def _allow(self, session: Session, holder: Holder, request_uri: str) -> str:
        await fill(session, holder)
        request = await load_request(session, request_uri, self.client.client_id)
        given = await give(session, holder, request.offer, Choice(frozenset(ITEMS), False, "zh-CN", NOTICE))
        return await issue_code(session, given, request, person=PersonId(holder.id))

    def _posted(self, form: dict[str, str], url: str) -> Posted:
        at = unix_millis() // 1000
        return Posted.read(urlencode(form | self.client.assertion(at)).encode(), [self.client.proof(url, at)])
