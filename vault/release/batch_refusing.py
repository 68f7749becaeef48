"""Recording what a chunk refused: each refusal an entry that its person sees, with what was told of the line."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from vault.db import Session
from vault.errors import VaultError
from vault.ledger.events import Event, requester
from vault.ledger.log import append
from vault.release.batch_caller import Sender
from vault.release.batch_deciding import Known
from vault.release.batch_outcomes import Outcome, kept_of
from vault.release.batches import Claimed, keep_told
from vault.release.loaded import Loaded
from vault.release.refusals import reason_of
from vault.release.refusing import record_known

NO_SUCH_TOKEN: Final = "no_such_token"  # noqa: S105 - a reason, no secret


class Refused(NamedTuple):
    """A line that is refused, why, and what is told. ``known`` None: its token opened nothing."""

    outcome: Outcome
    error: VaultError
    known: Known | None


async def record_refusals(session: Session, claimed: Claimed, sender: Sender, refused: Sequence[Refused]) -> None:
    """In one transaction, person by person in the order of their ids; whoever has no person that we know of is counted
    in one entry, by reason, about nobody."""
    counts: dict[str, int] = {}
    for each in sorted(refused, key=_order):
        found = each.known
        if found is not None and found.loaded is not None and found.caller is not None:
            await record_known(session, found.ask, found.caller, found.loaded, reason=reason_of(each.error))
        else:
            reason = NO_SUCH_TOKEN if found is None else reason_of(each.error)
            counts[reason] = counts.get(reason, 0) + 1
    for reason, count in counts.items():
        owner = sender.requester_id
        event = Event(name="release.refused", actor=requester(owner), requester=owner, reason=reason, count=count)
        await append(session, event)
    await keep_told(session, claimed, {each.outcome.number: kept_of(each.outcome) for each in refused})


def _order(each: Refused) -> bytes:
    loaded: Loaded | None = None if each.known is None else each.known.loaded
    return b"" if loaded is None else loaded.person_id.bytes
