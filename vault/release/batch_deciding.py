"""Steps 2 to 6 for each line of a chunk. Touches nothing but its arguments, so that it may run in a thread.

A line is decided as a release of its own would be: the same rules, the same shares as key material, the same limits.
What is added is what a refresh token brings: all that its grant allows now, under the share that is in it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from vault.crypto.keyring import KeyRing
from vault.errors import IdempotencyMismatch, VaultError
from vault.release.batch_caller import Held, Line, LineAccess, LineProof
from vault.release.batch_loading import only, read
from vault.release.caller import Caller
from vault.release.checks import takes_officer
from vault.release.deciding import Repeats, Request, Waits, decide, pack_again
from vault.release.engine import Ask
from vault.release.guarded import Before
from vault.release.loaded import Loaded, Registered
from vault.release.package import Package
from vault.release.recording import Delivery, Overtaken
from vault.release.refusals import STALE_TOKEN, CannotRepeat, GrantEnded

FIRST_SHARE: Final = 1


class Repeated(NamedTuple):
    """A line that was delivered before, rendered again."""

    step: Repeats
    package: Package


class AsksStanding:
    """Whether an officer approved the grant's releases as a whole must be looked up first."""


Step = Delivery | Waits | Repeated | VaultError | Overtaken | AsksStanding


class Known(NamedTuple):
    """A line whose token opened, with what its rows say. ``loaded`` None: there is no grant, or a row of it is not as
    it was written; then ``step`` says which."""

    line: Line
    ask: Ask
    caller: Caller | None
    loaded: Loaded | None
    share_number: int
    step: Step


class Chunk(NamedTuple):
    """What the lines of a chunk have in common."""

    ring: KeyRing
    client: UUID
    register: Registered
    now: datetime
    window: int
    address: str
    before: Before


Opened = tuple[Line, str, Held, tuple[Any, ...] | None]
"""A line, its idempotency key, what its token opened, and its rows."""


def decide_all(chunk: Chunk, opened: Sequence[Opened]) -> list[Known]:
    """Each line's step, in their order."""
    return [_decide(chunk, *each) for each in opened]


def _decide(chunk: Chunk, line: Line, key: str, held: Held, found: tuple[Any, ...] | None) -> Known:
    ask = Ask(
        authorization="",
        proofs=(),
        method="POST",
        url="",
        items=line.items,
        idempotency_key=key,
        address=chunk.address,
    )
    loaded = read(chunk.ring, found, chunk.register, client=chunk.client, before=chunk.before)
    if not isinstance(loaded, Loaded):
        gone = GrantEnded(STALE_TOKEN) if loaded is None else loaded
        return Known(line=line, ask=ask, caller=None, loaded=None, share_number=held.share_number, step=gone)
    access = _access(chunk.client, held, loaded)
    caller = Caller(access, LineProof(b"", chunk.now))
    loaded = only(loaded, line.items or [item for item, _ in access.items])
    known = Known(line=line, ask=ask, caller=caller, loaded=loaded, share_number=held.share_number, step=AsksStanding())
    asked = [each for each in access.items if line.items is None or each[0] in line.items]
    return known if takes_officer(asked) else decided(chunk, known, loaded)


def decided(chunk: Chunk, known: Known, loaded: Loaded) -> Known:
    """The line with its step, on what was loaded of it."""
    assert known.caller is not None
    request = Request(chunk.ring, known.ask, known.caller, chunk.now, chunk.window)
    return known._replace(loaded=loaded, step=_step(request, loaded, known.share_number))


def _access(client: UUID, held: Held, loaded: Loaded) -> LineAccess:
    items = tuple((each["item"], each["form"]) for each in loaded.grant["items"])
    return LineAccess(client, held.grant, loaded.grant["token_epoch"], items, held.sub, held.person, held.g)


def _step(request: Request, loaded: Loaded, share_number: int) -> Step:
    try:
        if (loaded.grant["share_number"] or FIRST_SHARE) != share_number:
            raise GrantEnded(STALE_TOKEN)  # merged or replaced since: another authorization's token holds
        step = decide(request, loaded)
        if isinstance(step, Repeats):
            return Repeated(step, pack_again(request.ring, loaded, step, request.caller.access.g, now=request.now))
    except IdempotencyMismatch:
        return CannotRepeat()  # the grant allows other items than when the line was delivered
    except (VaultError, Overtaken) as error:
        return error
    return step
