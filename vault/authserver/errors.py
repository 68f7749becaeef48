"""Refusals in the words of OAuth: RFC 6749 section 5.2, RFC 9126, RFC 9396, RFC 9449.

``description`` says which check failed and what to mend, never anything about a person or a secret;
``private`` goes to the log. The HTTP edge answers with :meth:`OAuthError.body` and :meth:`OAuthError.headers`.
"""

from typing import Any, Final

from vault.errors import VaultError

DPOP_ALGORITHMS: Final = "EdDSA Ed25519 ES256 PS256"
_ALLOWED: Final = frozenset(map(chr, (*range(0x20, 0x22), *range(0x23, 0x5C), *range(0x5D, 0x7F))))
"""RFC 6749 section 5.2: what an error_description may hold; also keeps it harmless in a header."""


class OAuthError(VaultError):
    """An OAuth endpoint refuses. ``error`` is the registered code, ``http_status`` the status of the answer,
    ``check`` the name of the check that failed (stable; in metrics, tests and ledger reasons)."""

    name, status, title = "oauth-error", 400, "The authorization server refuses"
    advice = "The error_description names the check that failed and what to mend."

    is_recorded = False
    """Whether whoever raised it has recorded it in the ledger already."""
    items: list[str] | None = None
    """Names of items that are too much: a member of the answer beside RFC 6749's own."""

    def __init__(self, error: str, description: str, status: int = 400, *, check: str = "", private: str = "") -> None:
        plain = "".join(c if c in _ALLOWED else "'" for c in description)
        super().__init__(plain, private=private)
        self.error = error
        self.description = plain
        self.http_status = status
        self.check = check or error.replace("_", "-")

    def body(self) -> dict[str, Any]:
        """The JSON of the answer (RFC 6749 section 5.2)."""
        body: dict[str, Any] = {"error": self.error, "error_description": self.description}
        return body if self.items is None else {**body, "items": self.items}

    def headers(self) -> dict[str, str]:
        """Headers of the answer: never stored; a challenge where the status is 401."""
        headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
        if self.http_status == 401:
            headers["WWW-Authenticate"] = self.challenge()
        return headers

    def challenge(self) -> str:
        """The WWW-Authenticate value of a protected resource (RFC 9449 section 7.1)."""
        return f'DPoP error="{self.error}", error_description="{self.description}", algs="{DPOP_ALGORITHMS}"'


class InvalidClient(OAuthError):
    """The client did not authenticate (RFC 6749 section 5.2)."""

    def __init__(self, check: str, description: str, *, private: str = "") -> None:
        super().__init__("invalid_client", description, 401, check=check, private=private)

    def headers(self) -> dict[str, str]:
        """No challenge: clients authenticate in the body, not by an HTTP scheme."""
        return {"Cache-Control": "no-store", "Pragma": "no-cache"}


class InvalidGrant(OAuthError):
    """A code or refresh token that gives nothing (any more)."""

    def __init__(self, check: str, description: str, *, private: str = "") -> None:
        super().__init__("invalid_grant", description, check=check, private=private)


class InvalidRequest(OAuthError):
    """A parameter is missing, doubled, malformed or wrong."""

    def __init__(self, check: str, description: str, *, private: str = "") -> None:
        super().__init__("invalid_request", description, check=check, private=private)


class InvalidProof(OAuthError):
    """A DPoP proof that proves nothing: 400 at the authorization server, 401 at the API (``at_resource``)."""

    def __init__(self, check: str, description: str, *, private: str = "", at_resource: bool = False) -> None:
        status = 401 if at_resource else 400
        super().__init__("invalid_dpop_proof", description, status, check=check, private=private)

    def resourced(self) -> "InvalidProof":
        """The same refusal at the API."""
        return InvalidProof(self.check, self.description, private=self.private, at_resource=True)


class UseNonce(InvalidProof):
    """A proof without a current nonce of this server (RFC 9449 sections 8 and 9); ``nonce`` is the one to use.

    A step of the protocol and no refusal: nobody writes it down.
    """

    is_recorded = True

    def __init__(self, check: str, description: str, *, nonce: str, at_resource: bool = False) -> None:
        super().__init__(check, description, at_resource=at_resource)
        self.error, self.nonce = "use_dpop_nonce", nonce

    def headers(self) -> dict[str, str]:
        """With the nonce to use."""
        return {**super().headers(), "DPoP-Nonce": self.nonce}

    def resourced(self) -> "UseNonce":
        return UseNonce(self.check, self.description, nonce=self.nonce, at_resource=True)


class InvalidToken(OAuthError):
    """An access token that opens nothing (RFC 6750 section 3.1): malformed, expired, revoked, of another key."""

    def __init__(self, check: str, description: str, *, private: str = "") -> None:
        super().__init__("invalid_token", description, 401, check=check, private=private)


class InsufficientScope(OAuthError):
    """An access token that is not for this (RFC 6750 section 3.1)."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(
            "insufficient_scope", f"This takes an access token of the scope {scope}.", 403, check="insufficient-scope"
        )
