"""The tree as far as it is trusted: hashes that lead to a signed root, and receipts made from them. No I/O here."""

from collections.abc import Sequence

from vault.errors import Tampered, VaultError
from vault.ledger.checkpoint import LogKey, verify
from vault.ledger.paths import Paths
from vault.ledger.proofs import verify_consistency
from vault.ledger.receipt import Receipt, encode, make_receipt
from vault.ledger.tree import Edge, leaf_hash


class TrustedTree:
    """What one log key vouches for so far. Starts empty; grows by ``advance`` or, from afar, by ``jump``.

    Both compare with the signed note and keep what was trusted before when they raise Tampered. After a
    failed ``advance`` the tree is ``lost``: the hashes at hand are worth nothing, only a ``jump`` helps.
    """

    def __init__(self, keys: Sequence[LogKey]) -> None:
        self._keys = keys
        self._edge = Edge()
        self._note = ""
        self._root = self._edge.root()
        self._paths = Paths(0, self._edge.node)
        self.size = 0
        self.lost = False

    def advance(self, hashes: Sequence[bytes], note: str) -> None:
        """Take the leaf hashes that follow, which must lead to the root that the note signs."""
        self._edge.extend(hashes)
        self.lost = True
        self._accept(self._edge, note)

    def jump(self, edge: Edge, note: str, path: Sequence[bytes]) -> None:
        """Take another edge, whose root the note signs and to which ``path`` is the consistency proof from here."""
        try:
            verify_consistency(self.size, edge.size, path=path, old_root=self._root, new_root=edge.root())
        except VaultError as error:
            raise Tampered(private=f"the stored tree does not continue the trusted one: {error.public}") from error
        self._accept(edge, note)

    def forget(self, before: int) -> None:
        """Drop what no receipt for the entry ``before``, or a later one, needs."""
        self._edge.forget(before)

    def receipt(self, body: bytes, index: int) -> Receipt:
        """The receipt of a leaf. Raises LookupError for one that was forgotten, Tampered for one that was altered."""
        if leaf_hash(body) != self._edge.node(0, index):
            raise Tampered(private=f"the body of entry {index} is not what its leaf hash says")
        return Receipt(encode(body), index, self.size, self._paths.of(index), self._note)

    def receipt_with(self, body: bytes, index: int, path: Sequence[bytes]) -> Receipt:
        """The receipt of a leaf whose path came from elsewhere and was verified against ``root``."""
        return make_receipt(body, index, size=self.size, path=path, note=self._note)

    @property
    def root(self) -> bytes:
        """The root that is trusted now."""
        return self._root

    def _accept(self, edge: Edge, note: str) -> None:
        try:
            signed = verify(note, self._keys)
        except VaultError as error:
            raise Tampered(private=f"the newest checkpoint does not verify: {error.public}") from error
        root = edge.root()
        if (signed.size, signed.root) != (edge.size, root):
            raise Tampered(private="the rows do not lead to the root that the newest checkpoint signed")
        self._edge, self._note, self._root, self.size = edge, note, root, edge.size
        self._paths = Paths(self.size, edge.node)
        self.lost = False
