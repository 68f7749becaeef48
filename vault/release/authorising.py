"""Step 4 of a release: the officer's approval and the share it holds. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from vault.crypto.keyring import KeyRing
from vault.crypto.sealing import same
from vault.errors import Tampered
from vault.ids import PersonId
from vault.release.approvals import APPROVE, SKEW, WAITS, Verdict, keep_used, open_share, open_used
from vault.release.loaded import Earlier, Loaded
from vault.release.refusals import ApprovalLapsed, CannotRepeat, ReleaseDenied, WaitLapsed
from vault.release.standing import share_to_repeat
from vault.release.tables import APPROVED, DENIED, WAITING


@dataclass(frozen=True, slots=True)
class Approved:
    """An approval that holds: the officers' share ``o``, and the digest by which the entry cites it."""

    id: UUID
    share: bytes = field(repr=False)
    digest: bytes

    def spent(self, ring: KeyRing, person: PersonId, g: bytes) -> bytes:
        """What takes the share's place once it is used."""
        return keep_used(ring, person, self.id, g=g, share=self.share)


def approved(ring: KeyRing, loaded: Loaded, earlier: Earlier, request_digest: bytes, now: datetime) -> Approved:
    """The approval of exactly this request, if it is there, unused and no older than an hour.

    Raises ReleaseDenied, ApprovalLapsed, Tampered when it is of another request, CannotOpen when the share is not its
    own.
    """
    approval = loaded.approval
    if earlier.state == DENIED:
        raise ReleaseDenied(**({} if earlier.reason is None else {"reason": earlier.reason}))
    if approval is None and loaded.standing is not None:
        raise ApprovalLapsed  # it was approved with the grant, and that approval has ended
    if approval is None or approval["decision"] != APPROVE:
        raise Tampered(private="a release is marked approved without an approval")
    if approval["release_id"] != earlier.id or not same(approval["request_digest"], request_digest):
        raise Tampered(private="an approval is of another request")
    if now >= approval["expires_at"] or approval["used_at"] is not None or approval["share"] is None:
        raise ApprovalLapsed
    if approval["at"] < loaded.grant["given_at"]:  # of a consent that another one has taken the place of
        raise ApprovalLapsed
    if approval["at"] > now + SKEW:  # the clock was set back: how old it is nobody knows
        raise ApprovalLapsed
    verdict = Verdict(
        release=earlier.id,
        request_digest=request_digest,
        decision=APPROVE,
        reason=approval["reason"],
        at=approval["at"],
        expires_at=approval["expires_at"],
    )
    share = open_share(ring, loaded.person_id, approval["id"], approval["share"])
    return Approved(approval["id"], share, verdict.digest(approval["signature"]))


def may_stand_for(loaded: Loaded, now: datetime) -> bool:
    """Whether a standing approval may take the place of a decision about this release: there is none of its own, and
    it did not wait too long."""
    earlier = loaded.earlier
    if earlier is None:
        return True
    if earlier.state == WAITING:
        check_wait(earlier, now)
    return earlier.state in {WAITING, APPROVED} and loaded.approval is None


def check_wait(earlier: Earlier | None, now: datetime) -> None:
    """Raises WaitLapsed for a release that nobody decided in time."""
    if earlier is not None and now >= earlier.at + WAITS:
        raise WaitLapsed


def share_for_repetition(ring: KeyRing, loaded: Loaded, g: bytes, now: datetime) -> bytes:
    """``o`` once more, for a release that was recorded and whose answer was lost.

    Raises CannotRepeat after the approval's hour, CannotOpen with another grant's ``g``.
    """
    approval = loaded.approval
    if approval is None and (standing := share_to_repeat(ring, loaded, g, now)) is not None:
        return standing
    if approval is None or approval["used_at"] is None or approval["share"] is None or now >= approval["expires_at"]:
        raise CannotRepeat
    if approval["at"] < loaded.grant["given_at"]:
        raise CannotRepeat
    return open_used(ring, loaded.person_id, approval["id"], g=g, blob=approval["share"])
