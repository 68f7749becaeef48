"""A bank's OAuth client as an integrator would write it: private_key_jwt, PAR, PKCE, DPoP."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import OKPKey

from vault.cli.story.browser import expect
from vault.clock import unix_millis

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
RAR_TYPE = "personal_information.v1"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def new_key(kid: str) -> OKPKey:
    """A fresh Ed25519 key with a key id."""
    return OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig"}, private=True)


@dataclass
class Pushed:
    """A pushed authorization request on its way."""

    request_uri: str
    verifier: str
    state: str


@dataclass
class Bank:
    """One registered client. ``client_id`` and ``issuer`` are filled in once it is registered."""

    base: str
    redirect_uri: str
    key: OKPKey = field(default_factory=lambda: new_key("bank-1"))
    dpop_key: OKPKey = field(default_factory=lambda: new_key("dpop-1"))
    client_id: str = ""
    issuer: str = ""
    access_token: str = ""
    refresh_token: str = ""

    def __post_init__(self) -> None:
        self.http = httpx.AsyncClient(base_url=self.base, timeout=40)

    async def __aenter__(self) -> "Bank":
        metadata = expect(await self.http.get("/.well-known/oauth-authorization-server"), 200).json()
        self.issuer = metadata["issuer"]
        self.metadata = metadata
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    def public_jwks(self) -> dict[str, Any]:
        """What is registered: the public half of the client's key."""
        return {"keys": [self.key.as_dict(private=False)]}

    def _assertion(self) -> dict[str, str]:
        now = unix_millis() // 1000
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": self.issuer, "iat": now, "exp": now + 60}
        claims["jti"] = secrets.token_urlsafe(16)
        header = {"alg": "Ed25519", "kid": self.key.kid}
        token = jwt.encode(header, claims, self.key, algorithms=["Ed25519"])
        return {"client_id": self.client_id, "client_assertion_type": ASSERTION, "client_assertion": token}

    def proof(self, method: str, url: str, token: str | None = None, **more: str) -> str:
        """A DPoP proof (RFC 9449) for one request; ``more``: other claims."""
        claims: dict[str, Any] = {"htm": method, "htu": url, "iat": unix_millis() // 1000, **more}
        claims["jti"] = secrets.token_urlsafe(16)
        if token:
            claims["ath"] = _b64(hashlib.sha256(token.encode()).digest())
        jwk = {k: v for k, v in self.dpop_key.as_dict(private=False).items() if k in {"kty", "crv", "x"}}
        return jwt.encode(
            {"typ": "dpop+jwt", "alg": "Ed25519", "jwk": jwk}, claims, self.dpop_key, algorithms=["Ed25519"]
        )

    async def push(
        self, items: list[dict[str, str]], *, manage: dict[str, str] | None = None, **limits: object
    ) -> tuple[httpx.Response, Pushed]:
        """Push an authorization request (RFC 9126) for these items; ``manage``: parameters of Grant Management."""
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        detail = {"type": RAR_TYPE, "items": items, **limits}
        form = {
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "state": state,
            "code_challenge": _b64(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
            "authorization_details": json.dumps([detail]),
            **(manage or {}),
        } | self._assertion()
        url = self.metadata["pushed_authorization_request_endpoint"]
        answer = await self.http.post(url, data=form, headers={"DPoP": self.proof("POST", url)})
        uri = answer.json().get("request_uri", "") if answer.status_code == 201 else ""
        return answer, Pushed(uri, verifier, state)

    def authorize_url(self, pushed: Pushed) -> str:
        """Where the person is sent."""
        query = urlencode({"client_id": self.client_id, "request_uri": pushed.request_uri})
        return f"{self.metadata['authorization_endpoint']}?{query}"

    async def redeem(self, location: str, pushed: Pushed) -> httpx.Response:
        """Turn the code in the redirect into tokens."""
        values = {k: v[0] for k, v in parse_qs(urlsplit(location).query).items()}
        if values.get("state") != pushed.state or values.get("iss") != self.issuer:
            raise ValueError("the authorization response is not the answer to this request")
        form = {
            "grant_type": "authorization_code",
            "code": values.get("code", ""),
            "redirect_uri": self.redirect_uri,
            "code_verifier": pushed.verifier,
        }
        return await self._token(form)

    async def refresh(self) -> httpx.Response:
        """A new access token for the refresh token."""
        return await self._token({"grant_type": "refresh_token", "refresh_token": self.refresh_token})

    async def _token(self, form: dict[str, str]) -> httpx.Response:
        url = self.metadata["token_endpoint"]
        answer = await self.http.post(url, data=form | self._assertion(), headers={"DPoP": self.proof("POST", url)})
        if answer.status_code == 200:
            self.access_token = answer.json()["access_token"]
            self.refresh_token = answer.json().get("refresh_token", self.refresh_token)
        return answer

    async def release(
        self, items: list[str] | None = None, *, key: str | None = None, accept: str = "application/json"
    ) -> httpx.Response:
        """Ask for a release of all granted items or of some of them, in this format."""
        url = f"{self.base}/v1/releases"
        headers = {
            "Authorization": f"DPoP {self.access_token}",
            "DPoP": self.proof("POST", url, self.access_token),
            "Idempotency-Key": key or secrets.token_urlsafe(16),
            "Accept": accept,
        }
        return await self.http.post(url, json={} if items is None else {"items": items}, headers=headers)

    async def about_token(self, endpoint: str, token: str, **headers: str) -> httpx.Response:
        """Ask or say something about a token at an endpoint that the metadata names."""
        form = {"token": token} | self._assertion()
        return await self.http.post(self.metadata[endpoint], data=form, headers=headers)

    async def manage(self, method: str, grant: str, scope: str) -> httpx.Response:
        """Look at a grant (GET) or give it back (DELETE), with a token of client_credentials for it."""
        form = {"grant_type": "client_credentials", "scope": scope} | self._assertion()
        url = self.metadata["token_endpoint"]
        issued = await self.http.post(url, data=form, headers={"DPoP": self.proof("POST", url)})
        if issued.status_code != 200:
            return issued
        token = issued.json()["access_token"]
        url = f"{self.metadata['grant_management_endpoint']}/{grant}"
        headers = {"Authorization": f"DPoP {token}", "DPoP": self.proof(method, url, token)}
        return await self.http.request(method, url, headers=headers)

    async def relay(self, what: str, body: dict[str, str], *, scope: str = "relay", key: str = "") -> httpx.Response:
        """Send something through the relay (``messages`` or ``calls``), with a token of client_credentials for it."""
        form = {"grant_type": "client_credentials", "scope": scope} | self._assertion()
        url = self.metadata["token_endpoint"]
        issued = await self.http.post(url, data=form, headers={"DPoP": self.proof("POST", url)})
        if issued.status_code != 200:
            return issued
        token, url = issued.json()["access_token"], f"{self.base}/v1/relay/{what}"
        headers = {
            "Authorization": f"DPoP {token}",
            "DPoP": self.proof("POST", url, token),
            "Idempotency-Key": key or secrets.token_urlsafe(16),
        }
        return await self.http.post(url, json=body, headers=headers)

    async def release_state(self, path: str) -> httpx.Response:
        """The state of a waiting release."""
        url = path if path.startswith("http") else self.base + path
        headers = {"Authorization": f"DPoP {self.access_token}", "DPoP": self.proof("GET", url, self.access_token)}
        return await self.http.get(url, headers=headers)
