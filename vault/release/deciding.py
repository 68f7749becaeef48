"""Steps 2 to 6 of a release: from what was loaded to what is to be done. Touches nothing but its arguments."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from vault import ids
from vault.clock import millis
from vault.crypto.keyring import KeyRing
from vault.crypto.sealing import new_key, same
from vault.errors import IdempotencyMismatch
from vault.ids import EntryId, ReleaseId
from vault.ledger import subjects
from vault.ledger.log import SHARD
from vault.release import limits
from vault.release.authorising import Approved, approved, check_wait, may_stand_for, share_for_repetition
from vault.release.caller import Caller
from vault.release.checks import Chosen, Selection, check_live_now, choose, request_digest
from vault.release.engine import Ask
from vault.release.entries import Said, delivered
from vault.release.formats import PLAIN, NoEncryptionKey
from vault.release.loaded import Earlier, Loaded
from vault.release.package import Package, Shares, commitment, pack
from vault.release.recording import Delivery, Overtaken
from vault.release.refusals import KEPT, IdempotencyExpired, OutsideHours, OutsideNetworks
from vault.release.rendering import check_format
from vault.release.standing import Stood, stood
from vault.release.tables import DELIVERED, WAITING


class Waits(NamedTuple):
    """An officer must decide first; ``digest`` is of the request."""

    chosen: Sequence[Chosen]
    digest: bytes


class Repeats(NamedTuple):
    """It was delivered already; ``earlier`` says what."""

    earlier: Earlier
    selection: Selection


class Request(NamedTuple):
    """What is asked, by whom, when; the ring that opens; how many of the person's next ledger numbers to prepare."""

    ring: KeyRing
    ask: Ask
    caller: Caller
    now: datetime
    window: int


def decide(request: Request, loaded: Loaded) -> Delivery | Waits | Repeats:
    """What this request comes to. Raises what :func:`vault.release.pipeline.release` raises, and Overtaken."""
    ring, access, now = request.ring, request.caller.access, request.now
    # 2. Is everything live, at this moment?
    check_live_now(loaded, epoch=access.epoch, now=now)
    _check_way(request, loaded)
    # 3. What is asked for, within what the token, the grant and the declaration allow.
    selection = choose(request.ask.items, access.items, loaded)
    digest, earlier = request_digest(loaded.grant_id, access.client_id, selection.named), loaded.earlier
    stands = stood(ring, loaded, selection.chosen, now) if selection.sensitive else None
    if not loaded.is_fresh and (earlier is not None or (selection.sensitive and stands is None)):
        raise Overtaken  # what follows may end without the statement that compares: look at the register itself
    if earlier is not None and not same(earlier.request_digest, digest):
        raise IdempotencyMismatch
    if earlier is not None and earlier.state == DELIVERED:
        if now >= earlier.at + KEPT:
            raise IdempotencyExpired
        return Repeats(earlier, selection)
    limits.check(loaded.limits, loaded.used, now)
    # 4. The standing permit is enough, or an officer approved, or an officer must be asked.
    approval: Approved | Stood | None = None
    if stands is not None and may_stand_for(loaded, now):
        approval = stands
    elif earlier is not None or selection.sensitive:
        if earlier is None or earlier.state == WAITING:
            check_wait(earlier, now)
            return Waits(selection.chosen, digest)
        approval = approved(ring, loaded, earlier, digest, now)
    # 5. Open with all the shares. 6. Keep what was chosen, in its forms.
    package = pack(ring, loaded, selection, Shares(access.g, approval.share if approval else None), now)
    return _delivery(request, loaded, package, digest=digest, approval=approval)


def _check_way(request: Request, loaded: Loaded) -> None:
    """Whether it may leave by this way: at this hour, to this address, sealed to a key there is. A no is no answer of
    what is remembered: keys and declarations change, and nothing that follows a refusal compares them."""
    try:
        limits.check_place(loaded.body, request.ask.address, request.now)
        if request.ask.format is not PLAIN:
            check_format(request.ask, loaded, request.now)
    except (OutsideHours, OutsideNetworks, NoEncryptionKey):
        if loaded.is_fresh:
            raise
        raise Overtaken from None


def pack_again(ring: KeyRing, loaded: Loaded, step: Repeats, g: bytes, *, now: datetime) -> Package:
    """What was delivered, from the versions it was made of. Raises CannotRepeat, CannotOpen, Tampered."""
    share = share_for_repetition(ring, loaded, g, now) if step.selection.sensitive else None
    return pack(ring, loaded, step.selection, Shares(g, share), step.earlier.at)


def _delivery(
    request: Request, loaded: Loaded, package: Package, *, digest: bytes, approval: Approved | Stood | None
) -> Delivery:
    """What step 7 records."""
    ring = request.ring
    release_id = loaded.earlier.id if loaded.earlier else ReleaseId(ids.new_uuid())
    key, entry_id = new_key(), EntryId(ids.new_uuid())
    said = Said(commitment(key, release_id, package.shown), approval.digest if approval else None)
    g, person = request.caller.access.g, loaded.person_id
    k_s = subjects.open_key(ring, loaded.person_id, loaded.subject_key)
    return Delivery(
        loaded=loaded,
        release=release_id,
        idempotency_key=request.ask.idempotency_key,
        request_digest=digest,
        package=package,
        commit_key=key,
        used_share=approval.spent(ring, person, g) if isinstance(approval, Approved) else None,
        spending=approval.spending(ring, person, g, request.window) if isinstance(approval, Stood) else None,
        entry_id=entry_id,
        draft=delivered(loaded, release_id, package.names, said).draft(entry_id, millis(request.now)),
        tags=subjects.tags(k_s, SHARD, loaded.next_n, request.window),
        proof=request.caller.proof,
        now=request.now,
    )
