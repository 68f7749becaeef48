"""The inclusion paths of one tree, as receipts write them; entries that came together share most of theirs. No I/O."""

from collections.abc import Container, Iterator
from uuid import UUID

from vault.ledger.batch import Batch
from vault.ledger.proofs import Lookup, beside, build
from vault.ledger.receipt import Receipt, encode


class Paths:
    """Paths in the tree of ``size`` leaves, whose perfect nodes ``node`` gives or raises LookupError."""

    def __init__(self, size: int, node: Lookup) -> None:
        self._size = size
        self._node = node
        self._known: dict[tuple[int, int], list[str]] = {}

    def of(self, index: int) -> list[str]:
        """The hashes from a leaf up to the root, base64, nearest the leaf first (RFC 6962 section 2.1.1)."""
        return self._above(0, index)

    def _above(self, level: int, position: int) -> list[str]:
        known = self._known.get((level, position))
        if known is None:
            known = []
            if (self._size - 1) >> level:
                if part := beside(level, position, self._size):
                    known += map(encode, build([part], self._node))
                known += self._above(level + 1, position >> 1)
            self._known[level, position] = known
        return known


def receipts_of(batch: Batch, note: str, node: Lookup, wanted: Container[UUID]) -> Iterator[tuple[UUID, Receipt]]:
    """The receipts of those entries of a batch that are wanted, from what the sequencer wrote and signed."""
    size = batch.checkpoint.size
    paths = Paths(size, node)
    for index, (entry_id, leaf) in enumerate(zip(batch.ids, batch.leaves, strict=True), batch.first):
        if entry_id in wanted:
            yield entry_id, Receipt(encode(leaf.body), index, size, paths.of(index), note)
