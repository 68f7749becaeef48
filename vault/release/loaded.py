"""What a release rests on, as values: checked rows, the person's sealed parts, the registry's side. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from vault.crypto.remembered import Remembered
from vault.ids import GrantId, PersonId, ReleaseId
from vault.profile.opening import SealedAttestation, SealedVersion, Signed
from vault.relay import Relayed
from vault.release.limits import WINDOWS, Limits, Used
from vault.requesters.declarations import Declaration, Frequency
from vault.requesters.liveness import Span, Standing, check_live, in_force
from vault.requesters.narrowing import slowest

Row = Mapping[str, Any]
MOST_FOLLOWED: Final = 512


class Wanted(NamedTuple):
    """What to load. ``sections``: those the token's items are in."""

    person: PersonId
    grant: GrantId
    client: UUID
    sections: list[str]
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """What stands under this idempotency key already."""

    id: ReleaseId
    request_digest: bytes
    state: str
    items: list[dict[str, str]]
    versions: dict[str, Any]
    commit_key: bytes | None
    entry_id: UUID
    at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class Registered:
    """The registry's side of a client's grants, checked. Mappings are rows by column name.

    ``revisions`` names the physical rows that were checked (``xmin`` of client, requester, declaration, permit): any
    change to any of them, also one made by hand, makes another revision.
    """

    client: Row
    requester: Row
    declaration: Row
    body: Declaration
    permit: Row
    permit_digest: bytes
    revisions: tuple[int, int, int, int]
    followed: "Remembered[Any, Any]" = field(default_factory=lambda: Remembered(MOST_FOLLOWED), compare=False)
    """What follows from these rows and from what it is kept under alone: see ``checks``, ``entries``."""
    span: Span | None = field(init=False, compare=False)
    """When all of it is in force, where its rows name such a time."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "span", in_force(self.standings()))

    def check_live(self, now: datetime) -> None:
        """Raises NotLive with every reason why nothing is released at this moment."""
        if self.span is None or not self.span.holds(now):
            check_live(self.standings(), now)

    def standings(self) -> list[Standing]:
        """What must be live for any release."""
        owner, declaration = self.requester, self.declaration
        since, until = declaration["valid_from"], declaration["valid_until"]
        return [
            Standing("client", self.client["status"]),
            Standing("requester", owner["status"], None, owner["valid_until"], owner["suspended_until"]),
            Standing("declaration", declaration["status"], since, until, declaration["suspended_until"]),
            Standing("permit", self.permit["status"], None, self.permit["valid_until"]),
        ]


@dataclass(frozen=True, slots=True)
class Stands:
    """The newest standing approval of a grant and its officer, checked rows; ``officer_revision``: the physical row."""

    approval: Row
    officer: Row
    officer_revision: int


class Loaded(msgspec.Struct, frozen=True):
    """Everything a release rests on. Mappings are checked rows by column name.

    ``is_fresh``: the register was loaded with the rest; otherwise it is remembered, and only the statement that
    records may rely on it. ``signed``: the versions whose signature this process has verified.
    """

    grant: Row
    person: Row
    used: Used
    next_n: int
    subject_key: bytes
    wraps: dict[str, bytes]
    parts: dict[tuple[str, str, int], bytes]
    versions: list[SealedVersion]
    attestations: list[tuple[UUID, SealedAttestation]]
    earlier: Earlier | None
    approval: Row | None
    register: Registered
    is_fresh: bool
    signed: Signed
    standing: Stands | None = None
    relayed: Sequence[Relayed] = ()
    """The relay's addresses of the grant, where the token has items that go through it."""
    relay_domain: str = ""

    @property
    def person_id(self) -> PersonId:
        """Whose data it is."""
        return PersonId(self.grant["person_id"])

    @property
    def grant_id(self) -> GrantId:
        """Under which consent."""
        return GrantId(self.grant["id"])

    @property
    def body(self) -> Declaration:
        """The declaration it was given under."""
        return self.register.body

    @property
    def limits(self) -> Limits:
        """How often the person allowed it, or less where the declaration was narrowed since."""
        frequency = self.grant["frequency"]
        if self.register.declaration["narrowed"] is not None:
            allowed = slowest(Frequency(**frequency), self.body.frequency)
            return Limits(self.grant["max_uses"], allowed.count, WINDOWS[allowed.per])
        return Limits(self.grant["max_uses"], frequency["count"], WINDOWS[frequency["per"]])
