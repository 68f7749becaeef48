"""The shares of a grant's secrets, and what they open. Pure.

A grant has one X25519 pair per compartment; section keys are sealed to the public halves. The secret halves
exist only in two wraps (design, "Keys"):

* general: ``aead(HMAC(derive("release", grant), g), secret)``
* sensitive: ``aead(HMAC(derive("release", grant), g ‖ o), secret)``

``derive`` happens in the key ring (the registry's share), ``g`` is the person's share, 32 bytes, in tokens only;
``o`` is the officers' share, 32 bytes, sealed to the release officers' role. Whichever is missing or of another
grant: CannotOpen. A wrap begins with the version of the ring key, two bytes, then a suite byte.
"""

import hmac
from uuid import UUID

from vault.crypto.keyring import KeyRing
from vault.crypto.sealing import KEY_BYTES, aead, open_aead, place, unseal
from vault.errors import CannotOpen
from vault.profile.catalogue import GENERAL, SENSITIVE
from vault.profile.sealed_keys import Part, bound_key, seal_key

_PURPOSE = "release"


def wrap_general(ring: KeyRing, grant: UUID, g: bytes, secret: bytes) -> bytes:
    """The secret half for general parts, under the person's and the registry's share."""
    return _wrap(ring, grant, GENERAL, share=_share(g), secret=secret)


def wrap_sensitive(ring: KeyRing, grant: UUID, g: bytes, o: bytes, secret: bytes) -> bytes:
    """The secret half for sensitive parts, under the person's, the officers' and the registry's share."""
    return _wrap(ring, grant, SENSITIVE, share=_share(g) + _share(o), secret=secret)


def open_general(ring: KeyRing, grant: UUID, g: bytes, wrapped: bytes) -> bytes:
    """The inverse of :func:`wrap_general`. CannotOpen when a share or the wrap is not of this grant."""
    return _open(ring, grant, GENERAL, share=_share(g), wrapped=wrapped)


def open_sensitive(ring: KeyRing, grant: UUID, g: bytes, o: bytes, wrapped: bytes) -> bytes:
    """The inverse of :func:`wrap_sensitive`. CannotOpen when a share or the wrap is not of this grant."""
    return _open(ring, grant, SENSITIVE, share=_share(g) + _share(o), wrapped=wrapped)


def part_place(grant: UUID, part: Part, number: int) -> bytes:
    """Where a section key sealed to a grant belongs."""
    return place("grant_parts", (grant, part.section, part.compartment), "sealed", number)


def seal_part(public: bytes, key: bytes, where: bytes) -> bytes:
    """A section key sealed to a grant's public half; ``where`` from :func:`part_place`."""
    return seal_key(public, key, where)


def open_part_key(secret: bytes, sealed: bytes, where: bytes, *, public: bytes | None = None) -> bytes:
    """The section key in a row of ``grant_parts``. CannotOpen when it was sealed for another grant, part or number.

    ``public`` (the grant's public half) saves deriving it.
    """
    return bound_key(unseal(secret, sealed, public), where)


def seal_officer_share(role_public: bytes, o: bytes, grant: UUID) -> bytes:
    """The officers' share sealed to the release role's key."""
    return seal_key(role_public, o, _officer_place(grant))


def open_officer_share(role_secret: bytes, sealed: bytes, grant: UUID) -> bytes:
    """The officers' share, for who holds the release role's secret. CannotOpen when it is another grant's."""
    return bound_key(unseal(role_secret, sealed), _officer_place(grant))


def _officer_place(grant: UUID) -> bytes:
    return place("grants", grant, "officer_share")


def _share(share: bytes) -> bytes:
    if len(share) != KEY_BYTES:
        raise CannotOpen(private="a share is missing")
    return share


def _wrap(ring: KeyRing, grant: UUID, compartment: str, *, share: bytes, secret: bytes) -> bytes:
    version = ring.versions(_PURPOSE)[-1]
    key = _key(ring, grant, share, version)
    return version.to_bytes(2) + aead(key, secret, _place(grant, compartment, version))


def _open(ring: KeyRing, grant: UUID, compartment: str, *, share: bytes, wrapped: bytes) -> bytes:
    version = int.from_bytes(wrapped[:2])
    key = _key(ring, grant, share, version)
    return open_aead(key, wrapped[2:], _place(grant, compartment, version))


def _key(ring: KeyRing, grant: UUID, share: bytes, version: int) -> bytes:
    registry = ring.derive(_PURPOSE, grant.bytes, version=version)
    return hmac.digest(registry, share, "sha256")


def _place(grant: UUID, compartment: str, version: int) -> bytes:
    return place("grant_wraps", (grant, compartment), "wrapped", version)
