"""A bank with its keys, and what it sends; a person who answers. Everything through the server's public functions."""

import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import sqlalchemy as sa

from tests.authserver.keys import ISSUER, Signer, assertion, proof
from tests.consent.world import asked, declaration
from tests.profile.world import World
from tests.requesters.samples import application
from tests.requesters.world import let_in
from vault.authserver.assertions import TYPE
from vault.authserver.authorize import AuthorizationRequest, issue_code, load_request
from vault.authserver.certificates import Shown
from vault.authserver.issuing import Issued
from vault.authserver.managing import offer_to
from vault.authserver.par import Pushed, push
from vault.authserver.pkce import challenge_of
from vault.authserver.responses import code_answer
from vault.authserver.server import AuthServer, Posted
from vault.authserver.token_endpoint import token
from vault.consent import Choice, give
from vault.crypto.canonical import digest
from vault.db import Database, Session
from vault.ids import CLIENT, PersonId, public
from vault.requesters.client_metadata import ClientMetadata, to_store
from vault.requesters.tables import Client
from vault.signin import Holder
from vault.vetting.decisions import Decided

REDIRECT = "https://harbour.example/back"
ITEMS = {"identity.name": "raw", "contact.phone_number": "masked"}
VERIFIER = secrets.token_urlsafe(48)


@dataclass(frozen=True)
class Presented:
    """One request to the API, as its headers show it."""

    authorization: str
    proofs: list[str] = field(default_factory=list)
    certificate: bytes | None = None
    method: str = "POST"
    url: str = f"{ISSUER}/v1/releases"


@dataclass
class Bank:
    """One client: the key it authenticates with, the key it binds tokens to."""

    server: AuthServer
    world: World
    decided: Decided
    signer: Signer
    dpop: Signer = field(default_factory=Signer.make)
    certificate: Shown | None = None

    @classmethod
    async def let_in(cls, world: World, server: AuthServer, uscc: str = "91350100M000100Y43") -> "Bank":
        """It applies with its own key and two officers approve."""
        signer = Signer.make()
        body = application(
            declaration=declaration(), client__jwks={"keys": [signer.registered]}, organisation__uscc=uscc
        )
        return cls(server, world, await let_in(world.db, world.staff, body), signer)

    @property
    def client_id(self) -> str:
        assert self.decided.client_id is not None
        return public(CLIENT, self.decided.client_id)

    @property
    def db(self) -> Database:
        return self.server.database

    def assertion(self, **claims: Any) -> str:
        """A fresh client assertion."""
        return assertion(self.signer, self.client_id, self.db.clock.now(), **claims)

    def proof(self, url: str, **claims: Any) -> str:
        """A fresh DPoP proof."""
        return proof(self.dpop, url, self.db.clock.now(), **claims)

    def posted(self, form: dict[str, str | None], *proofs: str) -> Posted:
        """A form with the client's authentication, over the wire and back; None leaves a parameter out."""
        full = {"client_assertion_type": TYPE, "client_assertion": self.assertion(), **form}
        body = urlencode({name: value for name, value in full.items() if value is not None})
        return Posted.read(body.encode(), list(proofs), certificate=self.certificate)

    async def registers(self, **members: Any) -> None:
        """Its metadata becomes this; ``jwks`` its keys."""
        jwks = members.pop("jwks", None)

        async def act(session: Session) -> None:
            found = await session.execute(sa.select(Client).where(Client.id == self.decided.client_id))
            row = found.scalar_one()
            row.registration = to_store(ClientMetadata(**members))
            row.jwks = jwks or row.jwks

        await self.db.run(act)

    def request(self, **changes: str | None) -> dict[str, str | None]:
        """A good authorization request, or with some parameters changed."""
        return {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            "state": "af0ifjsldkj",
            "authorization_details": msgspec.json.encode(asked(ITEMS)).decode(),
            **changes,
        }

    async def push(self, *proofs: str, **changes: str | None) -> Pushed:
        """Push it."""
        return await push(self.server, self.posted(self.request(**changes), *proofs))

    async def open(self, pushed: Pushed, client_id: str | None = None) -> AuthorizationRequest:
        """What the browser's arrival gives."""
        return await self.db.run(load_request, pushed.request_uri, client_id or self.client_id)

    async def allow(self, holder: Holder, pushed: Pushed, *ticked: str) -> str:
        """The person approves; the code as the redirect brings it back."""
        choice = Choice(frozenset(ticked or ITEMS), False, "zh-CN", digest(b"the page as it was shown"))

        async def act(session: Session) -> str:
            request = await load_request(session, pushed.request_uri, self.client_id)
            offer = await offer_to(session, PersonId(holder.id), request)
            given = await give(session, holder, offer, choice)
            code = await issue_code(session, given, request, person=PersonId(holder.id))
            return code_answer(self.server, request, code)

        query = parse_qs(urlsplit(await self.db.run(act)).query)
        return query["code"][0]

    async def code(self, holder: Holder, *ticked: str) -> str:
        """A fresh code, all the way from the pushed request."""
        return await self.allow(holder, await self.push(), *ticked)

    def redemption(self, code: str, /, **changes: str | None) -> dict[str, str | None]:
        """The form that redeems a code."""
        return {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            **changes,
        }

    async def ask(self, form: dict[str, str | None], *proofs: str) -> Issued:
        """A token request, with a fresh proof where none is given."""
        return await token(self.server, self.posted(form, *(proofs or (self.proof(self.server.token_url),))))

    async def redeem(self, code: str, /, **changes: str | None) -> Issued:
        """Tokens for a code."""
        return await self.ask(self.redemption(code, **changes))

    async def refresh(self, refresh_token: str, /, **changes: str | None) -> Issued:
        """A new access token."""
        return await self.ask({"grant_type": "refresh_token", "refresh_token": refresh_token, **changes})
