"""Steps 5 and 6 of a release: open with all the shares, keep what was asked for, turn it into its forms. Pure.

What the person does not have is left out without a word: the requester cannot tell it from what was refused.
"""

import functools
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final, NamedTuple
from uuid import UUID

from vault import ids
from vault.consent import shares
from vault.crypto.canonical import canonical_unchecked
from vault.crypto.keyring import KeyRing
from vault.errors import CannotOpen
from vault.ids import ReleaseId
from vault.profile.catalogue import GENERAL, SENSITIVE, catalogue
from vault.profile.forms import render
from vault.profile.opening import Held, Keys, SealedAttestation, open_parts
from vault.profile.sealed_keys import Part
from vault.profile.shapes import RAW, RELAY
from vault.release.checks import Chosen, Selection
from vault.release.loaded import Loaded

CHINA: Final = timezone(timedelta(hours=8))
"""Ages and lengths of service count by the date in the registry's time zone."""
SELF_ASSERTED: Final = "self_asserted"
"""The level of what nobody but the person says."""
TRUST_FRAMEWORK: Final = "pivault"
"""Under whose rules sources confirm: the registry's own, in docs/releases.md."""


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares that come with a request: ``g`` from the token, ``o`` from the approval (None: none was needed)."""

    g: bytes = field(repr=False)
    o: bytes | None = field(repr=False)


class Package(NamedTuple):
    """What leaves: the items as canonical JSON, (item, form) of each, and which versions and attestations they come
    from."""

    shown: bytes
    names: tuple[tuple[str, str], ...]
    versions: dict[str, Any]


def pack(ring: KeyRing, loaded: Loaded, selection: Selection, held: Shares, at: datetime) -> Package:
    """Open and minimise. ``at`` decides about ages. A repetition packs the pinned versions and attestations.

    Raises CannotOpen when any share or key is missing, wrong or of another grant; Tampered when a version is not
    the person's own.
    """
    keys = _open_keys(ring, loaded, selection, held)
    public = loaded.person["signing_public"]
    values = open_parts(loaded.versions, keys, public, selection.items, known=loaded.signed)
    confirmed = _confirmed(loaded, keys, values) if loaded.attestations else {}
    today = at.astimezone(CHINA).date()
    items, names = [], []
    for item, form, kind in selection.chosen:
        if item in values:
            kept, proof = values[item], confirmed.get(item)
            value = _relayed(loaded, item, at) if form == RELAY else render(kind, kept.value, form, today=today)
            if value is None:  # its address is closed: as if it were not there
                continue
            items.append(shown_item(Chosen(item, form, kind), value, kept, None if proof is None else proof[1]))
            names.append((item, form))
    sections = dict.fromkeys(selection.sections, 0)
    sections |= {version.section: version.number for version in loaded.versions}
    versions = {"sections": sections, "attestations": sorted(str(i) for i, _ in confirmed.values())}
    return Package(canonical_unchecked(items), tuple(names), versions)  # what is sealed holds no floats, nor do forms


def _relayed(loaded: Loaded, item: str, at: datetime) -> str | None:
    """The address of the relay that stood for the item at that moment; None where there was none."""
    standing = (each for each in loaded.relayed if each.item == item and each.stood_at(at))
    return next((each.address(loaded.relay_domain) for each in standing), None)


def shown_item(chosen: Chosen, value: Any, held: Held, proof: SealedAttestation | None) -> dict[str, Any]:
    """One item as the requester receives it. Days, not moments: two requesters cannot join their data by them."""
    item, form, _ = chosen
    shown: dict[str, Any] = {
        "item": item,
        "form": form,
        "value": value,
        "level": SELF_ASSERTED if proof is None else proof.level,
        "written_on": _day(held.written_at),
        "confirmed_on": _day(held.confirmed_at),
    }
    if proof is not None:
        shown["verified_claims"] = verified_claims({claim_name(item, form): value}, proof)
    return shown


def claim_name(item: str, form: str) -> str:
    """What is said about a value derived from an item is not said about the item: ``identity.birthdate#band``."""
    return item if form == RAW else f"{item}#{form}"


def verified_claims(claims: dict[str, Any], proof: SealedAttestation) -> dict[str, Any]:
    """OpenID Identity Assurance Schema Definition 1.0, section 5: who checked these claims, how well, on which day
    (in the registry's time zone). What was checked is the value in full; a derived claim was made from it."""
    return {
        "verification": {
            "trust_framework": TRUST_FRAMEWORK,
            "assurance_level": proof.level,
            "time": f"{_day(proof.checked_at)}T00:00+08:00",
            "evidence": [
                {
                    "type": "electronic_record",
                    "check_details": [{"check_method": "data", "organization": proof.source}],
                }
            ],
        },
        "claims": claims,
    }


def commitment(key: bytes, release: ReleaseId, shown: bytes) -> bytes:
    """HMAC-SHA-256 over the canonical ``{"items", "release", "v"}`` (RFC 8785): what the entry says of the payload.
    ``shown``: the items, canonical themselves.

    The requester has the key and can show what it was sent; the ledger alone tells nothing.
    """
    message = b'{"items":%b,"release":"%b","v":1}' % (shown, ids.public(ids.RELEASE, release).encode())
    return hmac.digest(key, message, "sha256")


def _open_keys(ring: KeyRing, loaded: Loaded, selection: Selection, held: Shares) -> Keys:
    """The section keys of the parts that are needed, those of attestations about them included."""
    keys: dict[tuple[str, str], dict[int, bytes]] = {}
    for compartment, sections in selection.parts.items():
        secret, public = _secret(ring, loaded, compartment, held)
        for section, number in _needed(loaded, compartment, sections):
            sealed = loaded.parts.get((section, compartment, number))
            if sealed is not None:
                where = shares.part_place(loaded.grant_id, Part(section, compartment), number)
                opened = shares.open_part_key(secret, sealed, where, public=public)
                keys.setdefault((section, compartment), {})[number] = opened
    return keys


def _needed(loaded: Loaded, compartment: str, sections: frozenset[str]) -> set[tuple[str, int]]:
    """(section, key number) of the versions at hand, and of what was attested about fields of the compartment."""
    found = {(v.section, v.sealed(compartment)) for v in loaded.versions if v.section in sections}
    needed = {(section, sealed[1]) for section, sealed in found if sealed is not None}
    for _, row in loaded.attestations:
        field_kind = catalogue().find(f"{row.section}.{row.field}")
        if row.section in sections and field_kind is not None and field_kind.compartment == compartment:
            needed.add((row.section, row.key_number))
    return needed


def _secret(ring: KeyRing, loaded: Loaded, compartment: str, held: Shares) -> tuple[bytes, bytes]:
    """The grant's secret half for a compartment, from the person's, the registry's and the officers' share."""
    wrapped = loaded.wraps.get(compartment)
    if wrapped is None:
        raise CannotOpen(private=f"no {compartment} wrap")
    if compartment == GENERAL:
        return shares.open_general(ring, loaded.grant_id, held.g, wrapped), loaded.grant["general_public"]
    assert compartment == SENSITIVE
    if held.o is None:
        raise CannotOpen(private="no officer share")
    return shares.open_sensitive(ring, loaded.grant_id, held.g, held.o, wrapped), loaded.grant["sensitive_public"]


def _confirmed(loaded: Loaded, keys: Keys, values: Mapping[str, Held]) -> dict[str, tuple[UUID, SealedAttestation]]:
    """The newest attestation of each value that is still the attested one; of a repetition, the pinned ones only."""
    pinned = None
    if loaded.earlier is not None and loaded.earlier.versions:
        pinned = set(loaded.earlier.versions["attestations"])
    found: dict[str, tuple[UUID, SealedAttestation]] = {}
    for row_id, row in loaded.attestations:
        item = f"{row.section}.{row.field}"
        if item not in values or (pinned is not None and str(row_id) not in pinned):
            continue
        key = keys.get((row.section, catalogue().item(item).compartment), {}).get(row.key_number)
        newer = item not in found or found[item][1].checked_at < row.checked_at
        if newer and key is not None and row.holds_for(key, values[item].value):
            found[item] = row_id, row
    return found


@functools.lru_cache(maxsize=4096)
def _day(at: datetime) -> str:
    day: date = at.astimezone(CHINA).date()
    return day.isoformat()
