"""Inclusion and consistency proofs (RFC 6962 section 2.1, verified as in RFC 9162 section 2.1).

A proof is planned first (which perfect nodes it needs), then built from whoever can look nodes up.
Each hash of a proof is one *part*: the perfect nodes, largest first, that fold into it. Every part
is a single node except at most one, the unfinished right end of the tree. No I/O here.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from vault.errors import Invalid, VaultError
from vault.ledger.tree import EMPTY_ROOT, HASH_BYTES, MAX_LEVEL, Node, fold, node_hash

Part: TypeAlias = tuple[Node, ...]
Lookup: TypeAlias = Callable[[int, int], bytes]


class ProofFailed(VaultError):
    """The proof does not connect what it claims to connect."""

    name, status, title = "proof-failed", 422, "The proof does not hold"
    advice = "Fetch the proof again from its source; if it still fails, the log or the copy was altered: report it."


def inclusion_nodes(index: int, size: int) -> list[Part]:
    """What PATH(index, D[size]) needs, nearest the leaf first. Raises Invalid unless 0 <= index < size."""
    _check_size(size)
    if not 0 <= index < size:
        raise Invalid.field("index", f"must be between 0 and {size - 1}, the last entry of the tree")
    parts: list[Part] = []
    level = 0
    while (size - 1) >> level:
        if part := beside(level, index >> level, size):
            parts.append(part)
        level += 1
    return parts


def beside(level: int, position: int, size: int) -> Part | None:
    """What a path needs beside the node it passes at a level below the root; nothing where the tree ends with it."""
    sibling = position ^ 1
    if sibling < size >> level:
        return (Node(level, sibling),)
    if sibling == (size - 1) >> level:  # unfinished: the right end of the tree
        return cover(sibling << level, size)
    return None


def consistency_nodes(old: int, new: int) -> list[Part]:
    """What PROOF(old, D[new]) needs, in order; nothing when ``old`` is 0 or ``new``.

    Raises Invalid unless 0 <= old <= new.
    """
    _check_size(new)
    if not 0 <= old <= new:
        raise Invalid.field("old", f"must be between 0 and {new}, the size of the newer tree")
    if old in (0, new):
        return []
    parts, first, last = [], 0, new
    while old != last:
        middle = first + _split(last - first)
        if old <= middle:
            parts.append(cover(middle, last))
            last = middle
        else:
            parts.append(cover(first, middle))
            first = middle
    if first:
        parts.append(cover(first, last))
    return parts[::-1]


def cover(first: int, last: int) -> Part:
    """The perfect nodes over the leaves ``first`` up to, not including, ``last``; ``first`` must allow the largest."""
    nodes = []
    while first < last:
        level = (last - first).bit_length() - 1
        nodes.append(Node(level, first >> level))
        first += 1 << level
    return tuple(nodes)


def build(parts: Sequence[Part], node: Lookup) -> list[bytes]:
    """The hashes of a planned proof. ``node(level, position)`` gives a perfect node's hash or raises LookupError."""
    return [fold([node(*place) for place in part]) for part in parts]


def verify_inclusion(leaf: bytes, index: int, size: int, *, path: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 section 2.1.3.2. ``leaf`` is the leaf hash. Raises ProofFailed with the reason."""
    _check_hashes(path)
    if not 0 <= index < size < 1 << MAX_LEVEL:
        raise ProofFailed("The index of the entry lies outside the tree.")
    position, end, joined = index, size - 1, leaf
    for sibling in path:
        if end == 0:
            raise ProofFailed("The inclusion path is longer than the tree is high.")
        if position & 1 or position == end:
            joined = node_hash(sibling, joined)
            while not position & 1 and position:
                position, end = position >> 1, end >> 1
        else:
            joined = node_hash(joined, sibling)
        position, end = position >> 1, end >> 1
    if end != 0:
        raise ProofFailed("The inclusion path is shorter than the tree is high.")
    if joined != root:
        raise ProofFailed("The inclusion path does not lead from this entry to the root.")


def verify_consistency(old: int, new: int, *, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """RFC 9162 section 2.1.4.2: the older tree is the beginning of the newer. Raises ProofFailed with the reason."""
    _check_hashes(path)
    if not 0 <= old <= new < 1 << MAX_LEVEL:
        raise ProofFailed("The older tree is larger than the newer one.")
    if old in (0, new):
        if path:
            raise ProofFailed("The consistency path must be empty for these sizes.")
        if old == 0 and old_root != EMPTY_ROOT:
            raise ProofFailed("The root of the older, empty tree is not that of a tree without entries.")
        if old == new and old_root != new_root:
            raise ProofFailed("Two trees of the same size have different roots.")
        return
    if not path:
        raise ProofFailed("The consistency path is empty.")
    _replay_consistency(old, new, path, old_root=old_root, new_root=new_root)


def _replay_consistency(old: int, new: int, path: Sequence[bytes], *, old_root: bytes, new_root: bytes) -> None:
    start, *rest = path if old & (old - 1) else (old_root, *path)
    position, end = old - 1, new - 1
    while position & 1:
        position, end = position >> 1, end >> 1
    left = right = start
    for sibling in rest:
        if end == 0:
            raise ProofFailed("The consistency path is longer than the tree is high.")
        if position & 1 or position == end:
            left, right = node_hash(sibling, left), node_hash(sibling, right)
            while not position & 1 and position:
                position, end = position >> 1, end >> 1
        else:
            right = node_hash(right, sibling)
        position, end = position >> 1, end >> 1
    if end != 0:
        raise ProofFailed("The consistency path is shorter than the tree is high.")
    if left != old_root:
        raise ProofFailed("The consistency path does not lead to the older root.")
    if right != new_root:
        raise ProofFailed("The consistency path does not lead to the newer root.")


def _split(width: int) -> int:
    """The largest power of two smaller than ``width`` (RFC 6962: k < n <= 2k)."""
    return 1 << (width - 1).bit_length() - 1


def _check_size(size: int) -> None:
    if not 0 <= size < 1 << MAX_LEVEL:
        raise Invalid.field("size", "must be a count of entries below 2^62")


def _check_hashes(path: Sequence[bytes]) -> None:
    if len(path) > MAX_LEVEL + 1:
        raise ProofFailed("The path is longer than that of any tree.")
    if any(len(element) != HASH_BYTES for element in path):
        raise ProofFailed("A hash of the path is not 32 bytes long.")
