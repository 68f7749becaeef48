"""The formats of the published log: paths, bundles, cosignatures, verifier keys."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales.reader import Tile as TheirTile
from tlog_scales.signing import MLDSA44CosignatureSigner, Vkey, VkeySet
from tlog_scales.tiles import level_tiles, tile_path
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from tests.ledger.cosigners import LOG, NOTE, ORIGIN, POINT, PQ, W1, W2
from vault.errors import Invalid
from vault.ledger.checkpoint import Checkpoint, CheckpointFailed
from vault.ledger.cosignature import (
    Cosigner,
    cosignatures,
    genuine_lines,
    parse_cosigner,
    parse_key,
)
from vault.ledger.places import Place, hashes_of, parse_path, places
from vault.ledger.tiles import BundleFailed, bundle, unbundle


@given(st.integers(-1, 63), st.integers(0, 10**15), st.integers(1, 256))
def test_paths_are_those_of_the_standard(level: int, n: int, width: int) -> None:
    """Another implementation names the same file, and the path leads back to its place."""
    place = Place(level, n, width)
    assert place.path == "/".join(tile_path(level, n, width % 256))
    assert parse_path(place.path) == place


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/1",
        "tile/00/000",
        "tile/64/000",
        "tile/0/000/001",
        "tile/0/x000/001",
        "tile/0/001/x002",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/-1/000",
        "tile/entries/../../keyring.json",
        "tile/0/../entries/000",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/data/000",
        "checkpoint",
    ],
)
def test_other_paths_are_none(path: str) -> None:
    """What is not exactly a tile's path is refused: nothing of it ever reaches a file system."""
    with pytest.raises(Invalid):
        parse_path(path)


@given(st.integers(0, 20_000_000), st.integers(0, 3_000))
def test_what_a_tree_needs(size: int, more: int) -> None:
    """Exactly the files of the standard's arithmetic, and of a grown tree those that the smaller one lacks."""
    grown = places(size + more, since=size)
    for level in range(-1, 4):
        full, partial = level_tiles(size + more, level)
        there, _ = level_tiles(size, level)
        mine = [place for place in grown if place.level == level]
        wanted = [(n, 256) for n in range(there, full)] + ([(full, partial)] if partial else [])
        if (size >> 8 * max(level, 0)) == ((size + more) >> 8 * max(level, 0)):
            wanted = []
        assert [(place.n, place.width) for place in mine] == wanted


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_come_back(entries: list[bytes]) -> None:
    """A bundle holds its entries in order, as another implementation reads them too."""
    packed = bundle(entries)
    assert unbundle(packed, len(entries)) == entries == TheirTile.from_entries_bytes(packed).entries


@pytest.mark.parametrize(
    ("packed", "width"),
    [(b"\x00", 1), (b"\x00\x02a", 1), (b"\x00\x01a\xff", 1), (b"\x00\x01a", 2), (b"\x00\x01a\x00\x01b", 1), (b"", 1)],
)
def test_broken_bundles_are_refused(packed: bytes, width: int) -> None:
    """A bundle that is cut, or holds more or fewer entries than it should, is refused whole."""
    with pytest.raises(BundleFailed):
        unbundle(packed, width)


def test_a_tile_has_the_hashes_it_says() -> None:
    """A tile of hashes that is cut, or longer than its width, is refused."""
    assert hashes_of(bytes(64), 2) == [bytes(32)] * 2
    for cut in (b"", bytes(33), bytes(96)):
        with pytest.raises(Invalid):
            hashes_of(cut, 2)


@pytest.mark.parametrize("each", [W1, PQ], ids=["ed25519", "ml-dsa-44"])
def test_another_implementation_accepts_our_cosignatures(each: Cosigner) -> None:
    """Both types, under verifier keys in their text form."""
    theirs = TheirCheckpoint.from_text(NOTE + each.line(POINT, 1_700_000_000))
    keys = VkeySet(Vkey.from_string(each.key.vkey()), Vkey.from_string(LOG.keys[-1].vkey()))
    assert len(keys.verify(theirs.signatures, theirs)) == 2


def test_we_accept_its_cosignature() -> None:
    """A signature of type 6 made elsewhere verifies here."""
    theirs = MLDSA44CosignatureSigner("witness.example/theirs", b"t" * 32)
    line = theirs.sign(TheirCheckpoint(ORIGIN, POINT.size, POINT.root, [])).serialize() + "\n"
    key = parse_cosigner(theirs.vkey.serialize())
    assert [found.key for found in cosignatures(NOTE + line, [key])] == [key]


@pytest.mark.parametrize("each", [W1, PQ], ids=["ed25519", "ml-dsa-44"])
def test_a_forged_cosignature_spoils_the_note(each: Cosigner) -> None:
    """Another tree, another time, another name, a flipped bit: each is refused by name, never just left out."""
    line = each.line(POINT, 1_700_000_000)
    blob = bytearray(base64.b64decode(line.split(" ")[2]))
    blob[-1] ^= 1
    later = bytearray(base64.b64decode(line.split(" ")[2]))
    later[11] ^= 1
    wrong = [
        each.line(Checkpoint(ORIGIN, POINT.size + 1, POINT.root), 1_700_000_000),
        f"— {each.key.name} {base64.b64encode(blob).decode()}\n",
        f"— {each.key.name} {base64.b64encode(later).decode()}\n",
        f"— {each.key.name} {base64.b64encode(each.key.id + bytes(8)).decode()}\n",
    ]
    for forged in wrong:
        with pytest.raises(CheckpointFailed, match="not genuine"):
            cosignatures(NOTE + forged, [each.key])
        with pytest.raises(CheckpointFailed, match="not genuine"):
            genuine_lines(POINT, forged, [each.key])


def test_lines_of_strangers_are_left_out() -> None:
    """Of a witness's answer only the lines of the keys asked for are kept; nonsense is refused."""
    mine, other = W1.line(POINT, 5), W2.line(POINT, 5)
    assert genuine_lines(POINT, other + mine, [W1.key]) == [mine]
    assert cosignatures(NOTE + other, [W1.key]) == []
    for nonsense in ("", "hello\n", mine.rstrip("\n"), mine * 300):
        with pytest.raises(CheckpointFailed):
            genuine_lines(POINT, nonsense, [W1.key])


def test_verifier_keys_of_every_type() -> None:
    """Keys read back as what they are; a log's key is no witness's; an altered one is refused."""
    for key in (LOG.keys[-1], W1.key, PQ.key):
        assert parse_key(key.vkey() + "\n") == key
        with pytest.raises(CheckpointFailed):
            parse_key(key.vkey().replace(".example/", ".example/x"))
    for wrong in (LOG.keys[-1].vkey(), W1.key.vkey()[:-4], "x+00000000+AAAA", "", "++"):
        with pytest.raises(CheckpointFailed):
            parse_cosigner(wrong)
