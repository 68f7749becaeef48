"""Access tokens, refresh tokens and codes: what is inside, and what opens it. No I/O.

A person's id and share ``g`` travel in them only encrypted: in codes and access tokens under an hourly key, in
refresh tokens under the key ring. Access tokens are JWTs (RFC 9068) signed with EdDSA and bound to what the client
holds (:mod:`vault.authserver.bindings`).
"""

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from vault import ids
from vault.authserver.bindings import Binding
from vault.authserver.errors import InvalidGrant, InvalidToken
from vault.authserver.token_claims import Claims, Confirmation, Reference, Status
from vault.authserver.token_keys import KeyCache, TokenKey
from vault.clock import from_millis
from vault.crypto.canonical import b64, digest, unb64
from vault.crypto.jws import read_jws, sign_jws
from vault.crypto.keyring import KeyRing, ring_open, ring_seal
from vault.crypto.sealing import KEY_BYTES, aead, open_aead, place
from vault.crypto.signing import is_signed
from vault.errors import CannotOpen, Malformed, NotFound
from vault.ids import GrantId, PersonId

SIGNING: Final = "token"
TYP: Final = "at+jwt"
LIFE: Final = timedelta(minutes=10)
AHEAD: Final = 30
"""Seconds that the clocks of two of our own nodes may differ."""
REFRESH_PREFIX: Final = "rt_"
LONGEST: Final = 16 * 1024
_UUID = 16
_KEY_GONE: Final = "The access token's key is not in the JWKS (any more): get a new token."


@dataclass(frozen=True, slots=True)
class Share:
    """Whose data, and the person's share of the grant's secret (32 bytes)."""

    person: PersonId
    g: bytes = field(repr=False)

    def plain(self) -> bytes:
        """48 bytes: the person's id, then ``g``."""
        return self.person.bytes + self.g


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a token is issued for, to which client, bound to what. ``share_number``: which share of the grant it is;
    ``status``: list and index that speak of the token (draft-ietf-oauth-status-list), None without one."""

    client_id: UUID
    binding: Binding
    requester_id: UUID
    grant: GrantId
    epoch: int
    expires_at: datetime
    details: list[dict[str, Any]]
    share: Share
    share_number: int = 1
    status: tuple[UUID, int] | None = None
    needs_nonce: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An access token, opened. ``items``: (item, form) as granted; ``exp`` when it ends; ``g`` the person's share."""

    client_id: UUID
    grant: GrantId
    epoch: int
    binding: Binding
    items: tuple[tuple[str, str], ...]
    sub: str
    person: PersonId
    g: bytes = field(repr=False)
    jti: str
    exp: datetime
    needs_nonce: bool = False
    """Whether proofs with it must hold a nonce (client metadata ``require_dpop_nonce``)."""


_CLAIMS: Final = msgspec.json.Decoder(Claims)


def pairwise(ring: KeyRing, requester: UUID, person: UUID) -> str:
    """The person's name towards one requester: two requesters cannot join their data by it (128 bits, base64url)."""
    return b64(ring.derive("pairwise", requester.bytes + person.bytes, version=ring.versions("pairwise")[0])[:16])


def status_list_url(issuer: str, list_id: UUID) -> str:
    """The address, and so the name, of a token status list."""
    return f"{issuer}/oauth/status-lists/{list_id.hex}"


def audience(issuer: str) -> str:
    """The ``aud`` of access tokens: the API's address."""
    return f"{issuer}/v1"


def key_id(version: int) -> str:
    """The ``kid`` of a version of the token key, as in the JWKS."""
    return f"{SIGNING}.{version}"


def new_access_token(ring: KeyRing, key: TokenKey, granted: Granted, *, issuer: str, now: datetime) -> str:
    """A signed access token; lives ten minutes, and never longer than the grant."""
    jti = b64(os.urandom(16))
    grant = ids.public(ids.GRANT, granted.grant)
    where = place("access_tokens", granted.grant, "share", [granted.epoch, jti])
    claims = Claims(
        iss=issuer,
        aud=audience(issuer),
        sub=pairwise(ring, granted.requester_id, granted.share.person),
        client_id=ids.public(ids.CLIENT, granted.client_id),
        iat=int(now.timestamp()),
        exp=int(access_token_end(granted, now).timestamp()),
        jti=jti,
        cnf=Confirmation.of(granted.binding),
        grant=grant,
        epoch=granted.epoch,
        authorization_details=granted.details,
        key=key.id.hex,
        share=b64(aead(key.key, granted.share.plain(), where)),
        status=_status(granted.status, issuer),
        nonce=granted.needs_nonce or msgspec.UNSET,
    )
    version = ring.versions(SIGNING)[-1]
    header = {"typ": TYP, "kid": key_id(version)}
    return sign_jws(lambda message: ring.sign(SIGNING, message, version=version), header, msgspec.json.encode(claims))


def _status(named: tuple[UUID, int] | None, issuer: str) -> Status | msgspec.UnsetType:
    return msgspec.UNSET if named is None else Status(Reference(named[1], status_list_url(issuer, named[0])))


def access_token_end(granted: Granted, now: datetime) -> datetime:
    """When a token issued now ends."""
    return min(now + LIFE, granted.expires_at)


def open_access_token(keys: KeyCache, ring: KeyRing, token: str, now: datetime, *, issuer: str) -> Access:
    """The ordered checks of an access token (RFC 9068 section 4), then its share. Raises InvalidToken.

    Its subclass NoTokenKey says that this process has not loaded the hourly key yet (``KeyCache.load``), or that
    it is gone. The caller checks what is shown against ``binding`` and the grant against ``epoch``.
    """
    return open_claims(keys, read_access_token(ring, token, now, issuer=issuer), now)


def open_claims(keys: KeyCache, claims: Claims, now: datetime) -> Access:
    """The share in claims that :func:`read_access_token` gave. Raises InvalidToken, NoTokenKey."""
    try:
        grant = GrantId(ids.parse(ids.GRANT, claims.grant))
        client_id = ids.parse(ids.CLIENT, claims.client_id)
        key = keys.held(UUID(hex=claims.key), now)
        where = place("access_tokens", grant, "share", [claims.epoch, claims.jti])
        share = read_share(open_aead(key.key, unb64(claims.share), where))
        items = tuple((each["item"], each["form"]) for each in claims.authorization_details[0]["items"])
    except (CannotOpen, NotFound, ValueError, LookupError, TypeError):
        raise InvalidToken("token-share", "The access token does not open: get a new one.") from None
    return Access(
        client_id=client_id,
        grant=grant,
        epoch=claims.epoch,
        binding=claims.cnf.binding,
        items=items,
        sub=claims.sub,
        person=share.person,
        g=share.g,
        jti=claims.jti,
        exp=from_millis(claims.exp * 1000),
        needs_nonce=claims.nonce is True,
    )


def read_access_token(ring: KeyRing, token: str, now: datetime, *, issuer: str) -> Claims:
    """The claims of a token of ours that is valid now; its share stays closed. Raises InvalidToken."""
    try:
        jws = read_jws(token)
    except Malformed:
        raise InvalidToken("token-readable", "This is not an access token of this server.") from None
    if jws.header["typ"] != TYP:
        raise InvalidToken("token-typ", "This is not an access token of this server.")
    version = _version(ring, jws.header.get("kid", ""))
    if not is_signed(ring.public_key(SIGNING, version=version), jws.signing_input, jws.signature):
        raise InvalidToken("token-signature", "The access token's signature does not verify.")
    try:
        claims = _CLAIMS.decode(jws.payload)
    except msgspec.MsgspecError:
        raise InvalidToken("token-claims", "This is not an access token of this server.") from None
    if claims.iss != issuer or claims.aud != audience(issuer):
        raise InvalidToken("token-audience", "The access token is for another server.")
    check_time(claims, now)
    return claims


def check_time(claims: Claims, now: datetime) -> None:
    """That the token lives at this moment. Raises InvalidToken."""
    if now.timestamp() >= claims.exp:
        raise InvalidToken("token-expired", "The access token has expired: use the refresh token.")
    if claims.iat - now.timestamp() > AHEAD:
        raise InvalidToken("token-iat", "The access token is from the future.")


def token_version(ring: KeyRing, token: str) -> int:
    """Which version of the token key a token that was verified names."""
    return _version(ring, read_jws(token).header.get("kid", ""))


def check_version(ring: KeyRing, version: int) -> None:
    """That what this version of the token key signed is still taken. Raises InvalidToken."""
    if version not in ring.published(SIGNING):
        raise InvalidToken("token-kid", _KEY_GONE)


def _version(ring: KeyRing, kid: str) -> int:
    version = {key_id(v): v for v in ring.published(SIGNING)}.get(kid)
    if version is None:
        raise InvalidToken("token-kid", _KEY_GONE)
    return version


def new_refresh_token(ring: KeyRing, granted: Granted) -> str:
    """A refresh token for one client and what it holds."""
    content = granted.share.plain() + granted.grant.bytes + os.urandom(16)
    return REFRESH_PREFIX + b64(
        ring_seal(ring, "refresh", content, refresh_place(granted.client_id, granted.binding.lasting))
    )


def open_refresh_token(ring: KeyRing, token: str, *, client_id: UUID, bound_to: str) -> tuple[GrantId, Share]:
    """Grant and share of a refresh token. Raises InvalidGrant: of another client, of another key, or not ours."""
    try:
        content = ring_open(
            ring, "refresh", unb64(token.removeprefix(REFRESH_PREFIX)), refresh_place(client_id, bound_to)
        )
        end = _UUID + KEY_BYTES
        return GrantId(UUID(bytes=content[end : end + _UUID])), read_share(content[:end])
    except (CannotOpen, ValueError):
        raise InvalidGrant("refresh-open", "The refresh token does not open with this client and key.") from None


def new_code(key: TokenKey, grant: GrantId, share: Share) -> str:
    """An authorization code: the key's id, 16 random bytes, the share under the key."""
    random = os.urandom(16)
    return b64(key.id.bytes + random + aead(key.key, share.plain(), _code_place(grant, random)))


def key_of_code(code: str) -> UUID:
    """Which hourly key a code was made with. Raises InvalidGrant."""
    return UUID(bytes=_code_bytes(code)[:_UUID])


def open_code(key: TokenKey, code: str, grant: GrantId) -> Share:
    """The share in a code of this grant. Raises InvalidGrant."""
    raw = _code_bytes(code)
    try:
        return read_share(open_aead(key.key, raw[2 * _UUID :], _code_place(grant, raw[_UUID : 2 * _UUID])))
    except CannotOpen:
        raise InvalidGrant("code-open", "The code does not open: start a new authorization.") from None


def hash_of(text: str) -> bytes:
    """What the database knows of a code, token or request_uri: SHA-256, 32 bytes."""
    return digest(text.encode())


def read_share(plain: bytes) -> Share:
    if len(plain) != _UUID + KEY_BYTES:
        raise CannotOpen(private="a share of the wrong length")
    return Share(PersonId(UUID(bytes=plain[:_UUID])), plain[_UUID:])


def _code_bytes(code: str) -> bytes:
    try:
        raw = unb64(code)
    except ValueError:
        raw = b""
    if len(raw) < 2 * _UUID:
        raise InvalidGrant("code-known", "There is no such code: start a new authorization.")
    return raw


def refresh_place(client_id: UUID, bound_to: str) -> bytes:
    """What a refresh token is sealed to; ``bound_to`` is :attr:`Binding.lasting`."""
    return place("refresh_tokens", client_id, "token", bound_to)


def _code_place(grant: GrantId, random: bytes) -> bytes:
    return place("codes", grant, "code", random)
