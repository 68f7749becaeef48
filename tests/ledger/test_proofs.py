"""Proofs: published vectors, exhaustion, properties, and every way of breaking one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.errors import Invalid
from vault.ledger.proofs import (
    ProofFailed,
    build,
    consistency_nodes,
    cover,
    inclusion_nodes,
    verify_consistency,
    verify_inclusion,
)
from vault.ledger.tree import EMPTY_ROOT, Edge, leaf_hash, node_hash

# certificate-transparency, merkletree/merkle_tree_test.cc: the tree of eight entries
ENTRIES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
PUBLISHED_PATHS = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
]
PUBLISHED_CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
LARGEST = 130
LEAVES = [leaf_hash(b"%d" % number) for number in range(LARGEST)]
TREE = Edge()
TREE.extend(LEAVES)


def root(size: int) -> bytes:
    edge = Edge()
    edge.extend(LEAVES[:size])
    return edge.root()


ALL_ROOTS = [root(size) for size in range(LARGEST + 1)]


def published_tree() -> Edge:
    edge = Edge()
    edge.extend([leaf_hash(bytes.fromhex(entry)) for entry in ENTRIES])
    return edge


@pytest.mark.parametrize(("index", "size", "path"), PUBLISHED_PATHS)
def test_paths_are_the_published_ones(index: int, size: int, path: list[str]) -> None:
    """The reference implementation's inclusion paths come out hash by hash."""
    assert [step.hex() for step in build(inclusion_nodes(index, size), published_tree().node)] == path


@pytest.mark.parametrize(("old", "new", "path"), PUBLISHED_CONSISTENCY)
def test_consistency_paths_are_the_published_ones(old: int, new: int, path: list[str]) -> None:
    """The reference implementation's consistency proofs come out hash by hash."""
    assert [step.hex() for step in build(consistency_nodes(old, new), published_tree().node)] == path


def test_every_entry_of_every_small_tree() -> None:
    """All entries of all trees up to 130 prove their inclusion."""
    for size in range(1, LARGEST + 1):
        for index in range(size):
            path = build(inclusion_nodes(index, size), TREE.node)
            verify_inclusion(LEAVES[index], index, size, path=path, root=ALL_ROOTS[size])


def test_every_pair_of_small_trees() -> None:
    """All pairs of trees up to 130 prove that the older is the beginning of the newer."""
    for new in range(LARGEST + 1):
        for old in range(new + 1):
            path = build(consistency_nodes(old, new), TREE.node)
            verify_consistency(old, new, path=path, old_root=ALL_ROOTS[old], new_root=ALL_ROOTS[new])


def test_at_most_one_part_is_ragged() -> None:
    """Every hash of a proof is one node, but for the unfinished end of the tree."""
    for size in range(1, LARGEST + 1):
        for index in range(size):
            assert sum(len(part) > 1 for part in inclusion_nodes(index, size)) <= 1


@given(st.integers(1, LARGEST), st.data())
def test_an_inclusion_proof_fits_one_claim_only(size: int, data: st.DataObject) -> None:
    """Another index, size, leaf, root, or one hash more, less, or changed: the proof fails."""
    index = data.draw(st.integers(0, size - 1))
    path = build(inclusion_nodes(index, size), TREE.node)
    good = {"leaf": LEAVES[index], "index": index, "size": size, "path": path, "root": ALL_ROOTS[size]}
    claims = [
        good | {"leaf": node_hash(LEAVES[index], LEAVES[index])},
        good | {"root": ALL_ROOTS[0]},
        good | {"path": [*path, ALL_ROOTS[1]]},
        good | {"index": -1},
        good | {"index": size},
        good | {"size": 0},
        good | {"index": index + (1 << 62), "size": size + (1 << 62)},
    ]
    claims += [good | {"index": other} for other in range(size) if other != index]
    for at in range(len(path)):
        claims.append(good | {"path": path[:at] + path[at + 1 :]})
        claims.append(good | {"path": [*path[:at], bytes(32), *path[at + 1 :]]})
        claims.append(good | {"path": [*path[:at], path[at][:31], *path[at + 1 :]]})
    for claim in claims:
        with pytest.raises(ProofFailed):
            verify_inclusion(claim["leaf"], claim["index"], claim["size"], path=claim["path"], root=claim["root"])


@given(st.integers(2, LARGEST), st.data())
def test_a_consistency_proof_fits_one_claim_only(new: int, data: st.DataObject) -> None:
    """Another size, root, or one hash more, less, or changed: the proof fails."""
    old = data.draw(st.integers(1, new - 1))
    path = build(consistency_nodes(old, new), TREE.node)
    good = {"old": old, "new": new, "path": path, "old_root": ALL_ROOTS[old], "new_root": ALL_ROOTS[new]}
    claims = [
        good | {"old_root": ALL_ROOTS[new]},
        good | {"new_root": ALL_ROOTS[old]},
        good | {"path": [*path, ALL_ROOTS[1]]},
        good | {"path": []},
        good | {"old": new, "new": old},
        good | {"old": -1},
        good | {"old": 0},
        good | {"old": new},
    ]
    for at in range(len(path)):
        claims.append(good | {"path": path[:at] + path[at + 1 :]})
        claims.append(good | {"path": [*path[:at], bytes(32), *path[at + 1 :]]})
    for claim in claims:
        with pytest.raises(ProofFailed):
            verify_consistency(
                claim["old"],
                claim["new"],
                path=claim["path"],
                old_root=claim["old_root"],
                new_root=claim["new_root"],
            )


def test_equal_and_empty_trees_need_no_path() -> None:
    """A tree is consistent with itself and with the empty one by an empty path, and only if the roots fit."""
    verify_consistency(0, 9, path=[], old_root=EMPTY_ROOT, new_root=ALL_ROOTS[9])
    verify_consistency(9, 9, path=[], old_root=ALL_ROOTS[9], new_root=ALL_ROOTS[9])
    for old, path, old_root in (
        (0, [ALL_ROOTS[9]], EMPTY_ROOT),
        (9, [ALL_ROOTS[9]], ALL_ROOTS[9]),
        (0, [], ALL_ROOTS[9]),
        (9, [], ALL_ROOTS[8]),
    ):
        with pytest.raises(ProofFailed):
            verify_consistency(old, 9, path=path, old_root=old_root, new_root=ALL_ROOTS[9])


def test_the_empty_tree_includes_nothing() -> None:
    """There is no entry 0 in a tree without entries."""
    with pytest.raises(ProofFailed):
        verify_inclusion(LEAVES[0], 0, 0, path=[], root=EMPTY_ROOT)


def test_a_path_longer_than_any_tree_is_refused_before_hashing() -> None:
    """Sixty-four hashes are more than the largest tree needs."""
    with pytest.raises(ProofFailed, match="any tree"):
        verify_inclusion(LEAVES[0], 0, 1, path=[bytes(32)] * 64, root=bytes(32))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (0, 1 << 62), (0, -1)])
def test_a_path_outside_the_tree_is_not_planned(index: int, size: int) -> None:
    """Asking for the path of an entry that the tree does not have is the caller's mistake."""
    with pytest.raises(Invalid):
        inclusion_nodes(index, size)


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5), (0, 1 << 62)])
def test_a_proof_backwards_is_not_planned(old: int, new: int) -> None:
    """A newer tree is never the beginning of an older one."""
    with pytest.raises(Invalid):
        consistency_nodes(old, new)


@given(st.integers(0, 1 << 40))
def test_a_cover_is_the_leaves_and_nothing_else(size: int) -> None:
    """The perfect nodes over a range touch each other and end where the range ends."""
    at = 0
    for level, position in cover(0, size):
        assert position << level == at
        at += 1 << level
    assert at == size
