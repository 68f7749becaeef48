"""Section keys as they are stored: sealed, bound to their place, signed by the person. Pure.

A sealed box says nothing about what it is for and anybody can make one. So the key's place is sealed in
with it, and the row is signed: a key moved elsewhere does not open, a key brought in by someone else is refused.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from vault.crypto.canonical import b64, canonical, digest, plain
from vault.crypto.sealing import KEY_BYTES, place, same, seal
from vault.crypto.signing import verify_ed25519
from vault.errors import CannotOpen

_BINDING: Final = 32


class Part(NamedTuple):
    """One compartment of one section: what has a key of its own."""

    section: str
    compartment: str


def key_place(person: UUID, part: Part, number: int) -> bytes:
    """Where a section key belongs."""
    return place("section_keys", (person, part.section, part.compartment), "key", number)


def seal_key(public: bytes, key: bytes, where: bytes) -> bytes:
    """Seal a 32-byte key together with its place to an X25519 public key."""
    return seal(public, digest(where) + key)


def bound_key(opened: bytes, where: bytes) -> bytes:
    """The key in what :func:`seal_key` sealed, once unsealed. CannotOpen when it belongs elsewhere."""
    if len(opened) != _BINDING + KEY_BYTES or not same(opened[:_BINDING], digest(where)):
        raise CannotOpen(private="a sealed key from another place")
    return opened[_BINDING:]


@dataclass(frozen=True)
class RolePublic:
    """The public half of a role key: its number and 32 bytes."""

    number: int
    public: bytes


@dataclass(frozen=True)
class Escrow:
    """The two recovery roles, of different organisations. Neither opens an escrow without the other."""

    registry: RolePublic
    supervisor: RolePublic

    def seal(self, key: bytes, where: bytes) -> bytes:
        """The key sealed to the supervisor's role, and that sealed to the registry's."""
        return seal(self.registry.public, seal_key(self.supervisor.public, key, where))


@dataclass(frozen=True)
class SealedKey:
    """What the person signs of a section key."""

    person: UUID
    part: Part
    number: int
    sealed: bytes
    escrow: bytes
    escrow_registry: int
    escrow_supervisor: int

    def message(self) -> bytes:
        """The bytes under the signature (version 1; may grow by members)."""
        body = {
            "person": plain(self.person),
            "section": self.part.section,
            "compartment": self.part.compartment,
            "number": self.number,
            "sealed": b64(digest(self.sealed)),
            "escrow": b64(digest(self.escrow)),
            "escrow_registry": self.escrow_registry,
            "escrow_supervisor": self.escrow_supervisor,
        }
        return canonical(["section-key", 1, body])

    def check(self, signing_public: bytes, signature: bytes) -> None:
        """Raises Tampered unless the person signed this key."""
        verify_ed25519(signing_public, self.message(), signature)
