"""Another implementation of the same formats (tlog-scales) agrees with ours about everything it knows."""

import base64

import pytest
from tlog_scales.reader import TilesReader
from tlog_scales.signing import PlainEd25519Signer, Vkey, VkeySet
from tlog_scales.tiles import tile_path
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from vault.crypto.keyring import MemoryRing
from vault.ledger.checkpoint import Checkpoint, Signer, ring_signer, verify
from vault.ledger.proofs import build, consistency_nodes, inclusion_nodes
from vault.ledger.tree import Edge, leaf_hash

SIZE = 70_000
LEAVES = [leaf_hash(b"%d" % number) for number in range(SIZE)]


class Shelf:
    """A log exported as tiles, in memory."""

    def __init__(self, edge: Edge) -> None:
        self.files: dict[tuple[str, ...], bytes] = {}
        for tile in edge.finished_tiles(0):
            self.files[tuple(tile_path(tile.level, tile.n))] = tile.hashes
        for level in range(3):
            count = edge.size >> 8 * level
            full, rest = divmod(count, 256)
            if rest:
                partial = b"".join(edge.node(8 * level, full * 256 + at) for at in range(rest))
                self.files[tuple(tile_path(level, full, rest))] = partial

    def get(self, *path: str) -> bytes | None:
        return self.files.get(path)


@pytest.fixture(scope="module")
def edge() -> Edge:
    made = Edge()
    made.extend(LEAVES)
    return made


@pytest.fixture(scope="module")
def reader(edge: Edge) -> TilesReader:
    made = TilesReader(Shelf(edge))
    made.set_size(SIZE)
    return made


def test_it_computes_the_same_root_from_our_tiles(edge: Edge, reader: TilesReader) -> None:
    """From our tiles the other implementation reaches our root."""
    assert reader.calculate_root_hash() == edge.root()


@pytest.mark.parametrize("index", [0, 1, 255, 256, 65_535, 65_536, 69_998, 69_999])
def test_it_makes_and_accepts_the_same_inclusion_proofs(edge: Edge, reader: TilesReader, index: int) -> None:
    """Its inclusion proofs are ours, and it verifies them."""
    theirs = reader.get_inclusion_proof(index, SIZE)
    assert theirs.node_hashes == build(inclusion_nodes(index, SIZE), edge.node)
    theirs.check(LEAVES[index], edge.root())


@pytest.mark.parametrize("old", [1, 2, 255, 256, 257, 65_536, 65_537, 69_999, 70_000])
def test_it_makes_the_same_consistency_proofs(edge: Edge, reader: TilesReader, old: int) -> None:
    """Its consistency proofs are ours."""
    assert reader.get_consistency_proof(old, SIZE).node_hashes == build(consistency_nodes(old, SIZE), edge.node)


def test_it_accepts_our_checkpoints(memory_ring: MemoryRing, edge: Edge) -> None:
    """Our signed note, under our verifier key, verifies there."""
    signer = ring_signer(memory_ring, "ledger.example/test")
    note = signer.note(Checkpoint("ledger.example/test", SIZE, edge.root()))
    theirs = TheirCheckpoint.from_text(note)
    assert (theirs.origin, theirs.size, theirs.root_hash) == ("ledger.example/test", SIZE, edge.root())
    assert len(VkeySet(Vkey.from_string(signer.keys[-1].vkey())).verify(theirs.signatures, theirs)) == 1


def test_we_accept_its_checkpoints(signer: Signer, edge: Edge) -> None:
    """A checkpoint it signs with our key verifies here."""
    theirs = PlainEd25519Signer("log", b"k" * 32)
    unsigned = TheirCheckpoint("log", SIZE, edge.root(), [])
    note = TheirCheckpoint("log", SIZE, edge.root(), [theirs.sign(unsigned)]).serialize()
    key = MemoryRing("00000000", {"ledger": {1: b"k" * 32}})
    assert verify(note, ring_signer(key, "log").keys).root == edge.root()
    assert base64.b64encode(edge.root()).decode() in note
    assert signer.keys[-1].origin != "log"
