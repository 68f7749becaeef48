"""How far the audit of a copy has come, as one JSON text: saved after each step, given back to go on. No I/O here."""

from typing import Any

import msgspec

from vault.errors import Invalid
from vault.ledger.places import Place
from vault.ledger.tree import TILE_HEIGHT, TILE_WIDTH, Edge


class Said(msgspec.Struct, frozen=True):
    """What an audit reads of a leaf."""

    index: int
    id: str
    at: int
    event: str
    nonce: str
    requester: str | None = None
    seq: int | None = None
    tag: str | None = None
    first: int | None = None
    count: int | None = None
    digest: str | None = None


class Flaw(msgspec.Struct, frozen=True):
    """One thing wrong: what kind, at which index or size, and a sentence."""

    what: str
    at: int
    why: str


class State(msgspec.Struct):
    """How far an audit has come; JSON in this shape. ``rows``: the unfinished right edge, base64url by level."""

    v: int = 1
    origin: str = ""
    size: int = 0
    rows: list[bytes] = []
    seqs: dict[str, int] = {}
    withheld: list[list[int]] = []
    """Ranges whose bytes are not there: first, until."""
    redacted: list[tuple[int, int, str]] = []
    """What entries say was redacted: first, count, digest."""
    skipped: int = 0
    """Sequence numbers passed over so far: no more than there are withheld entries."""
    flaws: list[Flaw] = []
    more: int = 0
    checkpoints: int = 0
    last: int = 0
    longest: int = 0
    """Milliseconds of the longest silence between two entries, which ended at the entry ``silence``."""
    silence: int = 0

    def gone(self) -> int:
        """How many entries have no bytes here."""
        return sum(until - first for first, until in self.withheld)


def read_state(document: bytes) -> State:
    """A saved state. Raises Invalid."""
    try:
        state = msgspec.json.decode(document, type=State)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid.field("state", str(error)) from None
    if state.v != 1:
        raise Invalid.field("state", "was saved by another version of this program")
    return state


def rows(edge: Edge) -> list[list[bytes]]:
    """The unfinished tiles of a tree of whole tiles, by level of tiles."""
    return [
        [edge.node(TILE_HEIGHT * place.level, place.n * TILE_WIDTH + at) for at in range(place.width)]
        for place in _levels(edge.size)
    ]


def _levels(size: int) -> list[Place]:
    levels = range(max(1, -(-size.bit_length() // TILE_HEIGHT)))
    return [Place(level, *divmod(size >> TILE_HEIGHT * level, TILE_WIDTH)) for level in levels]


def restored(state: State) -> Edge:
    rows: dict[int, Any] = {
        level: [row[at : at + 32] for at in range(0, len(row), 32)] for level, row in enumerate(state.rows)
    }
    try:
        return Edge.restored(state.size, rows)
    except ValueError as error:
        raise Invalid.field("state", str(error)) from None
