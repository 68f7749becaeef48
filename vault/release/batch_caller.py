"""A batch: who sends it, and what its lines ask for. Tokens and proofs are another room's: a :class:`BatchGate` is
handed in where the application is wired."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from vault.ids import GrantId, PersonId, RequesterId
from vault.release.caller import Shown
from vault.requesters.liveness import Lapses

MOST_LINES: Final = 1000


class Sender(Protocol):
    """A client with a batch. ``lapses``: what of its registration is not in force."""

    @property
    def client_id(self) -> UUID: ...
    @property
    def requester_id(self) -> RequesterId: ...
    @property
    def lapses(self) -> Lapses: ...


class Held(Protocol):
    """A refresh token, opened. ``share_number``: which of the grant's shares ``g`` is; ``sub``: the pairwise name."""

    @property
    def person(self) -> PersonId: ...
    @property
    def grant(self) -> GrantId: ...
    @property
    def share_number(self) -> int: ...
    @property
    def sub(self) -> str: ...
    @property
    def g(self) -> bytes: ...


class BatchGate(Protocol):
    """Admits batches and opens the tokens in them."""

    async def admit(self, shown: Shown, digests: Sequence[str], body: bytes, *, now: datetime) -> Any:
        """A :class:`Sender`; its proof, which covers the body, is used up. ``digests``: the Content-Digest headers."""
        ...

    async def held(self, connection: Any, sender: Any, sent: Sequence[str]) -> Sequence[Held | None]:
        """What each token opens; None for all that is not this client's and this key's, now."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """One person: by a refresh token of theirs; ``items`` None: everything the grant allows."""

    number: int
    token: str = field(repr=False)
    items: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAsk:
    """A batch, as it came. ``digests``: its Content-Digest headers; ``body``: the bytes they are about."""

    shown: Shown
    digests: Sequence[str]
    body: bytes = field(repr=False)
    idempotency_key: str
    address: str


@dataclass(frozen=True, slots=True)
class LineAccess:
    """What a refresh token gives for one line: an access to everything its grant allows now."""

    client_id: UUID
    grant: GrantId
    epoch: int
    items: tuple[tuple[str, str], ...]
    sub: str
    person: PersonId
    g: bytes = field(repr=False)


class LineProof(NamedTuple):
    """The batch's proof was used up with the batch; a line has none of its own that could be replayed."""

    seen: bytes
    expires_at: datetime
