"""The person's share on its way to who asked out of band. Pure.

``auth_req_id`` leaves once, in the answer to the client that started the request, and is kept nowhere: the database
has its hash and the public half of an X25519 pair whose secret is derived from it. What is sealed to that opens for
its holder alone, not for whoever has the database and the key ring (design section 4).
"""

import os
from typing import Final

from vault.authserver.tokens import Share, hash_of, read_share
from vault.crypto.canonical import b64, digest
from vault.crypto.keyring import KeyRing, ring_open, ring_seal
from vault.crypto.sealing import box_public, mac, place, same, seal, unseal
from vault.errors import CannotOpen
from vault.ids import GrantId

BYTES: Final = 32
"""Random bytes in an ``auth_req_id`` (CIBA core 7.3: 128 bits at least, 160 recommended)."""
_PURPOSE: Final = b"backchannel share v1"
_BINDING: Final = 32


def new_auth_req_id() -> str:
    """43 characters."""
    return b64(os.urandom(BYTES))


def public_of(auth_req_id: str) -> bytes:
    """The public half of its pair, 32 bytes."""
    return box_public(_secret(auth_req_id))


def seal_share(public: bytes, share: Share, *, request_hash: bytes, grant: GrantId) -> bytes:
    """The share, sealed to a request's pair together with the place it belongs to."""
    return seal(public, digest(_place(request_hash, grant)) + share.plain())


def open_share(auth_req_id: str, sealed: bytes, *, grant: GrantId) -> Share:
    """The inverse of :func:`seal_share`. Raises CannotOpen: another request's, another grant's."""
    opened = unseal(_secret(auth_req_id), sealed)
    if not same(opened[:_BINDING], digest(_place(hash_of(auth_req_id), grant))):
        raise CannotOpen(private="a sealed share from another place")
    return read_share(opened[_BINDING:])


def seal_message(ring: KeyRing, request_hash: bytes, message: str) -> bytes:
    """The binding message as its row holds it: it is for the person, and may name something of theirs."""
    return ring_seal(ring, "notice", message.encode(), _message_place(request_hash))


def open_message(ring: KeyRing, request_hash: bytes, sealed: bytes) -> str:
    """The inverse of :func:`seal_message`. Raises CannotOpen."""
    return ring_open(ring, "notice", sealed, _message_place(request_hash)).decode()


def _secret(auth_req_id: str) -> bytes:
    return mac(auth_req_id.encode(), _PURPOSE)


def _place(request_hash: bytes, grant: GrantId) -> bytes:
    return place("backchannel_requests", request_hash, "share", grant.hex)


def _message_place(request_hash: bytes) -> bytes:
    return place("backchannel_requests", request_hash, "message")
