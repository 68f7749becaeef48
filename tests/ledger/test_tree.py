"""The tree against the published vectors of RFC 6962's reference implementation and against its definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.ledger.tree import EMPTY_ROOT, Edge, fold, leaf_hash, node_hash, peaks, subtree_root

# certificate-transparency, merkletree/merkle_tree_test.cc and python/ct/crypto/merkle_test.py
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(count)]


def definition(hashes: list[bytes]) -> bytes:
    """MTH as RFC 6962 section 2.1 writes it."""
    if len(hashes) < 2:
        return hashes[0] if hashes else EMPTY_ROOT
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash(definition(hashes[:k]), definition(hashes[k:]))


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    """The reference implementation's eight entries give its published roots."""
    edge = Edge()
    edge.extend([leaf_hash(entry) for entry in ENTRIES[:size]])
    assert edge.root().hex() == ROOTS[size]


def test_leaf_and_node_hashes_are_separated() -> None:
    """An entry that looks like a node hashes differently from that node."""
    left, right = leaves(2)
    assert leaf_hash(left + right) != node_hash(left, right)


def test_every_small_tree_follows_the_definition() -> None:
    """Grown one by one, every size from 0 to 600 has the root of the recursive definition."""
    edge, hashes = Edge(), leaves(600)
    for size in range(600):
        assert edge.root() == definition(hashes[:size])
        assert edge.frontier() == [edge.node(*peak) for peak in peaks(size)]
        edge.extend([hashes[size]])


@given(st.lists(st.integers(0, 700), max_size=6))
def test_batches_do_not_matter(batches: list[int]) -> None:
    """However the leaves come, in batches of any size, the tree is the same."""
    hashes = leaves(sum(batches))
    edge, done = Edge(), 0
    for batch in batches:
        edge.extend(hashes[done : done + batch])
        done += batch
    assert (edge.size, edge.root()) == (done, definition(hashes))


@given(st.integers(0, 70_000), st.integers(0, 600))
def test_a_restored_edge_grows_like_the_first(size: int, more: int) -> None:
    """An edge rebuilt from unfinished tiles is the edge that was, and goes on the same way."""
    first = Edge()
    first.extend(_CHEAP[:size])
    stored = first.finished_tiles(0)
    rows = {0: _CHEAP[size >> 8 << 8 : size]}
    for level in range(1, 4):
        start = size >> 8 * (level + 1) << 8
        rows[level] = [tile.root for tile in stored if tile.level == level - 1][start:]
    second = Edge.restored(size, rows)
    assert second.frontier() == first.frontier()
    first.extend(_CHEAP[size : size + more])
    second.extend(_CHEAP[size : size + more])
    assert second.root() == first.root()
    assert second.finished_tiles(size) == first.finished_tiles(size)


def test_a_row_too_short_is_refused() -> None:
    """An edge is not restored from fewer hashes than its size demands."""
    with pytest.raises(ValueError, match="level 0"):
        Edge.restored(300, {0: leaves(43), 1: leaves(1)})
    with pytest.raises(ValueError, match="level 8"):
        Edge.restored(300, {0: leaves(44), 1: []})


def test_tiles_hold_the_row_and_its_root() -> None:
    """Tiles come out once each when they fill, with their 256 hashes and the node above."""
    edge = Edge()
    edge.extend(_CHEAP[:65_535])
    assert [tile.n for tile in edge.finished_tiles(0)] == list(range(255))
    edge.extend(_CHEAP[65_535:65_536])
    low, high = edge.finished_tiles(65_535)
    assert ((low.level, low.n), (high.level, high.n)) == ((0, 255), (1, 0))
    assert low.hashes == b"".join(_CHEAP[65_280:65_536])
    assert low.root == subtree_root(_CHEAP[65_280:65_536]) == high.hashes[-32:]
    assert high.root == edge.root()


@given(st.integers(1, 3000), st.integers(0, 3000), st.integers(0, 600))
def test_forgetting_keeps_what_later_proofs_need(size: int, before: int, more: int) -> None:
    """After forgetting, root, later growth and every node beside the leaves kept are still there."""
    edge = Edge()
    edge.extend(_CHEAP[:size])
    before = min(before, size)
    edge.forget(before)
    edge.extend(_CHEAP[size : size + more])
    assert edge.root() == definition(_CHEAP[: size + more])
    for index in {before, size - 1, size + more - 1}:
        if before <= index < edge.size:
            assert edge.node(0, index) == _CHEAP[index]
            if index ^ 1 < edge.size:
                assert edge.node(0, index ^ 1) == _CHEAP[index ^ 1]


def test_what_was_forgotten_is_not_invented() -> None:
    """A node that was dropped, or is not there yet, is an error."""
    edge = Edge()
    edge.extend(_CHEAP[:600])
    edge.forget(600)
    for level, position in ((0, 0), (0, 511), (0, 600), (9, 1), (20, 0)):
        with pytest.raises(LookupError):
            edge.node(level, position)
    assert edge.node(0, 512) == _CHEAP[512]


def test_nothing_folds_to_the_empty_root() -> None:
    """The tree without leaves has the hash of the empty string."""
    assert fold([]) == Edge().root() == EMPTY_ROOT


_CHEAP = leaves(70_600)
