"""What a protected resource does with a request (RFC 9449 section 7): token, proof, and that they belong together.

Pure but for hourly keys that another process made. Remembering ``Proof.seen`` is left to the caller, who does it in
the transaction that delivers.
"""

from vault.authserver.dpop import Proof, check_header, check_proof
from vault.authserver.errors import InvalidProof, InvalidToken
from vault.authserver.server import AuthServer
from vault.authserver.token_keys import NoTokenKey
from vault.authserver.tokens import Access, open_access_token

_SCHEME = "dpop "


async def presented(
    server: AuthServer, authorization: str | None, proofs: list[str], *, method: str, url: str
) -> tuple[Access, Proof]:
    """The opened token and the proof of a request to the API. Raises InvalidToken, or InvalidProof with status 401.

    ``authorization``: the header's value; ``proofs``: every DPoP header; ``url``: the address of this resource as the
    issuer publishes it. Grant, epoch and statuses are for the release to check.
    """
    token = _token(authorization)
    access = await open_token(server, token)
    now = server.database.clock.now()
    try:
        proof = check_proof(check_header(proofs), method=method, url=url, now=now, token=token, jkt=access.jkt)
    except InvalidProof as refused:
        raise InvalidProof(refused.check, refused.description, at_resource=True) from None
    return access, proof


async def open_token(server: AuthServer, token: str) -> Access:
    """As :func:`open_access_token`, fetching the hourly key where this process has not seen it yet."""
    now = server.database.clock.now()
    try:
        return open_access_token(server.keys, server.ring, token, now, issuer=server.issuer)
    except NoTokenKey:
        await server.keys.load(server.database)
    return open_access_token(server.keys, server.ring, token, now, issuer=server.issuer)


def _token(authorization: str | None) -> str:
    """The token of ``Authorization: DPoP …``; in no other scheme and no other place (FAPI 2.0 5.3.4)."""
    if authorization is None:
        raise InvalidToken("token-present", "Send the access token as Authorization: DPoP, with a DPoP proof.")
    if authorization[: len(_SCHEME)].lower() != _SCHEME:
        raise InvalidToken("token-scheme", "Use the scheme DPoP: bearer tokens are not accepted here.")
    return authorization[len(_SCHEME) :].strip()
