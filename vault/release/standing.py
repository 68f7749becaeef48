"""Standing approvals: an officer's authorisation of a grant's releases up to a number and an end. Pure.

The officer signs over the consent's record, the permit, the items, the ceiling and the end. The officers' share lies
under ``derive("approval", …)``, bound to the person, the approval and the number of uses so far: each use puts the
share of the next state in its place, in the statement that records the release. So a count that is set back by hand
opens nothing, and with the last use only a form is left that repeats a recorded release.

It holds for exactly one consent (a merge or replacement makes another), one permit and one vetting of the requester,
and as long as its officer is active in the role.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from vault.clock import millis
from vault.crypto.canonical import b64, canonical, digest
from vault.crypto.keyring import KeyRing, ring_open, ring_seal
from vault.crypto.sealing import place, same
from vault.crypto.signing import is_signed
from vault.errors import Tampered
from vault.ids import PersonId
from vault.release.approvals import keep_used, open_used
from vault.release.checks import Chosen
from vault.release.loaded import Loaded, Stands

MOST: Final = 1000
"""The highest ceiling."""
LONGEST: Final = timedelta(days=180)
ROLE: Final = "release"
_PURPOSE: Final = "approval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an officer allows, as it is signed. ``items``: (item, form) of the sensitive items it covers."""

    id: UUID
    record_digest: bytes
    permit_digest: bytes
    items: tuple[tuple[str, str], ...]
    ceiling: int
    reason: str
    at: datetime
    expires_at: datetime

    def message(self) -> bytes:
        """The canonical bytes under the signature (version 1; may grow by members)."""
        return canonical(
            {
                "v": 1,
                "kind": "standing approval",
                "id": self.id.hex,
                "record": b64(self.record_digest),
                "permit": b64(self.permit_digest),
                "items": [list(each) for each in self.items],
                "ceiling": self.ceiling,
                "reason": self.reason,
                "at": millis(self.at),
                "expires_at": millis(self.expires_at),
            }
        )

    def digest(self, signature: bytes) -> bytes:
        """What entries cite: SHA-256 over message and signature."""
        return digest(self.message() + signature)


@dataclass(frozen=True, slots=True)
class Spending:
    """What the recording statement does to a standing approval: only as it was when it was loaded, or with fewer uses
    left, takes one use, and puts in the share's place the one of ``shares`` whose turn it is."""

    id: UUID
    version: int
    uses: int
    shares: list[bytes]
    officer: UUID
    officer_revision: int


@dataclass(frozen=True, slots=True)
class Stood:
    """A standing approval that covers a request: the share ``o``, the digest by which the entry cites it."""

    stands: Stands
    share: bytes = field(repr=False)
    digest: bytes

    def spending(self, ring: KeyRing, person: PersonId, g: bytes, window: int) -> Spending:
        """For the next ``window`` uses: others may be faster."""
        row = self.stands.approval
        uses, ceiling = row["uses"], row["ceiling"]
        following = range(uses + 1, min(uses + window, ceiling) + 1)
        shares = [
            keep(ring, person, row["id"], used, self.share)
            if used < ceiling
            else keep_used(ring, person, row["id"], g=g, share=self.share)
            for used in following
        ]
        return Spending(row["id"], row["version"], uses, shares, row["officer_id"], self.stands.officer_revision)


def keep(ring: KeyRing, person: PersonId, approval: UUID, uses: int, share: bytes) -> bytes:
    """The officers' share (32 bytes), for an approval that was used so often."""
    return ring_seal(ring, _PURPOSE, share, _place(person, approval, uses))


def open_kept(ring: KeyRing, person: PersonId, approval: UUID, uses: int, blob: bytes) -> bytes:
    """The inverse of :func:`keep`. CannotOpen for another approval or another number of uses."""
    return ring_open(ring, _PURPOSE, blob, _place(person, approval, uses))


def stood(ring: KeyRing, loaded: Loaded, chosen: Sequence[Chosen], now: datetime) -> Stood | None:
    """The standing approval that covers this request; None where there is none that holds.

    Raises Tampered when its signature is not its officer's, CannotOpen when the share is not its own.
    """
    stands = loaded.standing
    if stands is None or not holds(loaded, stands, now) or not covers(stands.approval, chosen):
        return None
    row = stands.approval
    if row["uses"] >= row["ceiling"] or row["share"] is None:
        return None
    signed = read(row)
    if not is_signed(stands.officer["signing_public"], signed.message(), row["signature"]):
        raise Tampered(private="a standing approval is not signed by its officer")
    share = open_kept(ring, loaded.person_id, row["id"], row["uses"], row["share"])
    return Stood(stands, share, signed.digest(row["signature"]))


def share_to_repeat(ring: KeyRing, loaded: Loaded, g: bytes, now: datetime) -> bytes | None:
    """``o`` for a release that was recorded under a standing approval that still stands; None where none does.

    Raises CannotOpen with another grant's ``g``.
    """
    stands = loaded.standing
    if stands is None or not holds(loaded, stands, now) or stands.approval["share"] is None:
        return None
    row = stands.approval
    if row["uses"] >= row["ceiling"]:
        return open_used(ring, loaded.person_id, row["id"], g=g, blob=row["share"])
    return open_kept(ring, loaded.person_id, row["id"], row["uses"], row["share"])


def holds(loaded: Loaded, stands: Stands, now: datetime) -> bool:
    """Whether it is in force: for this very consent, permit and vetting, in time, by an officer who still may."""
    row, officer, register = stands.approval, stands.officer, loaded.register
    vetted_at = register.requester["vetted_at"]
    return (
        row["ended_at"] is None
        and now < row["expires_at"]
        and same(row["record_digest"], loaded.grant["record_digest"])
        and same(row["permit_digest"], register.permit_digest)
        and (vetted_at is None or vetted_at <= row["at"])
        and officer["status"] == "active"
        and ROLE in officer["roles"]
    )


def covers(row: Mapping[str, Any], chosen: Iterable[Chosen]) -> bool:
    """Whether every sensitive item asked for is one of those approved, in that form; and still of the kind that an
    officer approves for a whole grant."""
    allowed = {(each["item"], each["form"]) for each in row["items"]}
    sensitive = [each for each in chosen if each.field.is_sensitive]
    return all((each.item, each.form) in allowed and each.field.approval(each.form) == "grant" for each in sensitive)


def read(row: Mapping[str, Any]) -> Standing:
    """What was signed, from its row."""
    return Standing(
        id=row["id"],
        record_digest=row["record_digest"],
        permit_digest=row["permit_digest"],
        items=tuple((each["item"], each["form"]) for each in row["items"]),
        ceiling=row["ceiling"],
        reason=row["reason"],
        at=row["at"],
        expires_at=row["expires_at"],
    )


def _place(person: PersonId, approval: UUID, uses: int) -> bytes:
    return place("standing_approvals", (person, approval), "share", uses)
