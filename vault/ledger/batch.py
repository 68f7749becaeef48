"""One batch of the sequencer: drafts in, everything one commit writes out. No I/O here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from vault.errors import Tampered
from vault.ledger.checkpoint import Checkpoint
from vault.ledger.leaf import SEARCHED, Leaf, Unreadable, finish, read, refusal
from vault.ledger.tree import Edge, Tile, leaf_hash


class Drained(NamedTuple):
    """A row of the outbox, oldest id first."""

    id: UUID
    draft: bytes
    tag: bytes | None


class Readable(NamedTuple):
    """A draft that will become a leaf: the entry's id, its members, the person's tag."""

    id: UUID
    members: dict[str, Any]
    tag: bytes | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one commit writes: ``leaves`` from ``first`` on, full tiles, the new head, the checkpoint to sign."""

    first: int
    ids: Sequence[UUID]
    leaves: Sequence[Leaf]
    tiles: Sequence[Tile]
    frontier: bytes
    checkpoint: Checkpoint

    def rehash(self) -> None:
        """Hash every leaf once more, where the database does not. Raises Tampered on a bit that flipped."""
        for leaf in self.leaves:
            if leaf_hash(leaf.body) != leaf.hash:
                raise Tampered(private="a leaf does not have the hash it was given a moment ago")

    def columns(self) -> list[list[Any]]:
        """The leaves by column: id, leaf hash, body, then the searched members."""
        searched = [[leaf.members.get(name) for leaf in self.leaves] for name in SEARCHED]
        return [list(self.ids), [leaf.hash for leaf in self.leaves], [leaf.body for leaf in self.leaves], *searched]


def readable(drained: Sequence[Drained], *, taken: frozenset[UUID], at_ms: int) -> list[Readable]:
    """Each draft's members; what cannot become a leaf is replaced by a refusal that names it.

    Nothing drained is lost that way and nothing in the outbox can stop the log. ``taken``: ids that are in
    the tree already, with other contents.
    """
    result = []
    for row in drained:
        try:
            if row.id in taken:
                raise Unreadable("id_taken")
            entry_id, members = row.id, read(row.draft, row.id)
        except Unreadable as why:
            entry_id, body = refusal(row.draft, row.id, str(why), at_ms=at_ms)
            members = read(body, entry_id)
        result.append(Readable(entry_id, members, row.tag))
    return result


def grow(edge: Edge, seqs: dict[str, int], drafts: Sequence[Readable], *, origin: str) -> Batch:
    """Append the drafts to the tree. Changes ``edge`` and ``seqs``: drop both when the commit does not succeed.

    ``seqs`` gives for every requester of the drafts the sequence number that comes next.
    """
    first = edge.size
    leaves = []
    for index, draft in enumerate(drafts, first):
        requester: str | None = draft.members.get("requester")
        seq = None
        if requester is not None:
            seq = seqs[requester]
            seqs[requester] = seq + 1
        leaves.append(finish(draft.members, index=index, seq=seq, tag=draft.tag))
    edge.extend([leaf.hash for leaf in leaves])
    return Batch(
        first=first,
        ids=[draft.id for draft in drafts],
        leaves=leaves,
        tiles=edge.finished_tiles(first),
        frontier=b"".join(edge.frontier()),
        checkpoint=Checkpoint(origin, edge.size, edge.root()),
    )
