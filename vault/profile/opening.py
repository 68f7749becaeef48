"""Opening section versions and their attestations. Pure: used for the person and in a release.

Signatures are checked before anything is decrypted; only the parts asked for are opened.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

import msgspec

from vault.clock import from_millis, millis
from vault.crypto.canonical import b64, canonical, canonical_unchecked, digest, plain, reread
from vault.crypto.remembered import Remembered
from vault.crypto.sealing import aead, mac, open_aead, place, same
from vault.crypto.signing import verify_ed25519
from vault.errors import CannotOpen
from vault.profile.catalogue import COMPARTMENTS, GENERAL, Compartment, catalogue
from vault.profile.sealed_keys import Part

Keys = Mapping[tuple[str, str], Mapping[int, bytes]]
"""(section, compartment) → key number → key."""
_SINCE: Final = "$since"
"""Beside the fields of a sealed part: {field: ms since 1970}, since when each value is so. No field is named so."""


class Held(NamedTuple):
    """A value as its person keeps it. ``written_at``: since when it has been this value; ``confirmed_at``: when the
    person last wrote the section with this value in it."""

    value: Any
    written_at: datetime
    confirmed_at: datetime


class SealedVersion(msgspec.Struct, frozen=True):
    """A section version as it is stored. ``general``/``sensitive`` None: nothing in that compartment."""

    person_id: UUID
    section: str
    number: int
    general: bytes | None
    sensitive: bytes | None
    general_key: int | None
    sensitive_key: int | None
    written_at: datetime
    signature: bytes

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """From a row of ``section_versions`` loaded by plain SQL; more columns do not disturb."""
        return cls(**{name: row[name] for name in cls.__struct_fields__})

    def sealed(self, compartment: str) -> tuple[bytes, int] | None:
        """Ciphertext and key number of a compartment."""
        blob, key = (self.general, self.general_key) if compartment == GENERAL else (self.sensitive, self.sensitive_key)
        return None if blob is None or key is None else (blob, key)

    def signed(self, signature: bytes) -> Self:
        """The same version with its signature."""
        return msgspec.structs.replace(self, signature=signature)

    def message(self) -> bytes:
        """The bytes the person signs (version 1; may grow by members)."""
        body = {
            "person": plain(self.person_id),
            "section": self.section,
            "number": self.number,
            "general": None if self.general is None else b64(digest(self.general)),
            "sensitive": None if self.sensitive is None else b64(digest(self.sensitive)),
            "general_key": self.general_key,
            "sensitive_key": self.sensitive_key,
            "written_at": plain(self.written_at),
        }
        return canonical_unchecked(["section-version", 1, body])  # plain leaves no floats

    def check(self, signing_public: bytes, known: "Signed | None" = None) -> None:
        """Raises Tampered unless the person signed exactly this version.

        ``known``: versions whose signature held, by a digest of every byte of each and of the key; where one differs
        it is another version.
        """
        if known is None:
            verify_ed25519(signing_public, self.message(), self.signature)
            return
        asked = digest(msgspec.msgpack.encode((signing_public, self)))  # no two of them are encoded alike
        if not known.get(asked):
            verify_ed25519(signing_public, self.message(), self.signature)
            known.put(asked, True)


Signed = Remembered[bytes, bool]
"""The versions whose signature held: 32 bytes for each, so that very many of them may be remembered."""


def version_place(person: UUID, part: Part, number: int) -> bytes:
    """What a version's ciphertext is bound to."""
    return place("section_versions", (person, part.section), part.compartment, number)


def seal_values(key: bytes, held: Mapping[str, Held], where: bytes) -> bytes:
    """{field: value} of one compartment, with since when each has been so, encrypted for its place."""
    since = {name: millis(each.written_at) for name, each in held.items()}
    return aead(key, canonical({name: each.value for name, each in held.items()} | {_SINCE: since}), where)


def open_part(version: SealedVersion, compartment: str, keys: Mapping[int, bytes]) -> dict[str, Any]:
    """{field: value} of one compartment; empty when it holds nothing. CannotOpen without the right key.

    Check the signature first (:meth:`SealedVersion.check`).
    """
    return {name: held.value for name, held in open_held(version, compartment, keys).items()}


def open_held(version: SealedVersion, compartment: str, keys: Mapping[int, bytes]) -> dict[str, Held]:
    """As :func:`open_part`, with the age of each value. What was written before ages were kept counts as new in its
    version."""
    return _held(version, compartment, keys, None)


def _held(
    version: SealedVersion, compartment: str, keys: Mapping[int, bytes], wanted: Iterable[str] | None
) -> dict[str, Held]:
    """Of the ``wanted`` fields only, where some are named."""
    found = version.sealed(compartment)
    if found is None:
        return {}
    blob, number = found
    if number not in keys:
        raise CannotOpen(private=f"no key {number} for this part")
    where = version_place(version.person_id, Part(version.section, compartment), version.number)
    values: dict[str, Any] = reread(open_aead(keys[number], blob, where))
    since: dict[str, int] = values.pop(_SINCE, {})
    at = version.written_at
    return {
        name: Held(values[name], from_millis(since[name]) if name in since else at, at)
        for name in (values if wanted is None else wanted)
        if name in values
    }


def open_parts(
    versions: Iterable[SealedVersion],
    keys: Keys,
    signing_public: bytes,
    wanted: Iterable[str],
    known: Signed | None = None,
) -> dict[str, Held]:
    """What the versions hold of the wanted items, by item name; what they do not hold is left out.

    ``versions``: at most one per section. ``wanted``: item names of the catalogue. Raises Tampered when a signature
    does not fit, CannotOpen when the key of a wanted part is missing or wrong, UnknownItem. ``known``: see
    :meth:`SealedVersion.check`.
    """
    by_part = _by_part(tuple(wanted))
    found: dict[str, Held] = {}
    for version in versions:
        version.check(signing_public, known)
        for compartment in COMPARTMENTS:
            fields = by_part.get((version.section, compartment))
            if fields:
                held = _held(version, compartment, keys.get((version.section, compartment), {}), fields)
                found |= {fields[name]: each for name, each in held.items()}
    return found


@functools.lru_cache(maxsize=1024)
def _by_part(wanted: tuple[str, ...]) -> dict[tuple[str, Compartment], dict[str, str]]:
    """(section, compartment) → field name → item name."""
    parts: dict[tuple[str, Compartment], dict[str, str]] = {}
    for name in wanted:
        field = catalogue().item(name)
        parts.setdefault((field.section, field.compartment), {})[field.name] = name
    return parts


@dataclass(frozen=True)
class Attested:
    """A source confirmed a field's value: which source, how thoroughly, when (ISO/IEC 29115 speaks of levels)."""

    source: str
    level: str
    checked_at: datetime


class SealedAttestation(msgspec.Struct, frozen=True):
    """An attestation as it is stored; ``key_number`` says under which key of the field's part."""

    person_id: UUID
    section: str
    field: str
    level: str
    source: str
    checked_at: datetime
    key_number: int
    value_digest: bytes
    evidence: bytes

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """From a row of ``attestations`` loaded by plain SQL; more columns do not disturb."""
        return cls(**{name: row[name] for name in cls.__struct_fields__})

    def holds_for(self, key: bytes, value: object) -> bool:
        """Whether exactly this value was attested, by this source, at this level and time."""
        return same(self.value_digest, attestation_mac(key, self, value))


def attestation_key(section_key: bytes) -> bytes:
    """The key for attestations that belongs to a section key: one key, one purpose."""
    return mac(section_key, b"attestation", b"1")


def attestation_mac(section_key: bytes, sealed: SealedAttestation, value: object) -> bytes:
    """MAC over the value and everything said about it: 32 bytes."""
    said = [sealed.section, sealed.field, sealed.level, sealed.source, plain(sealed.checked_at), value]
    return mac(attestation_key(section_key), sealed.person_id.bytes, canonical(["attestation", 1, said]))


def attested(rows: Iterable[SealedAttestation], keys: Keys, values: Mapping[str, Any]) -> dict[str, Attested]:
    """{item: newest attestation} for those values that are still the attested ones.

    ``values`` as :func:`open_parts` gives them; attestations under keys that are not at hand are left out.
    """
    found: dict[str, Attested] = {}
    for row in rows:
        item = f"{row.section}.{row.field}"
        if item not in values:
            continue
        compartment = catalogue().item(item).compartment
        key = keys.get((row.section, compartment), {}).get(row.key_number)
        is_newer = item not in found or found[item].checked_at < row.checked_at
        if key is not None and is_newer and row.holds_for(key, values[item]):
            found[item] = Attested(row.source, row.level, row.checked_at)
    return found
