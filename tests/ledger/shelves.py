"""A folder of a published log in the hands of a test, and an independent reader's word on it."""

import os
from pathlib import Path

from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey, VkeySet

from tests.ledger.world import ORIGIN, Log
from vault.ledger.cosignature import CosignerKey
from vault.ledger.publisher import Publisher, Witnesses
from vault.ledger.shelf import Shelf
from vault.ledger.tree import leaf_hash
from vault.witness.publishing import log_signing


def publisher(log: Log, folder: Path, *, witnesses: Witnesses | None = None) -> Publisher:
    """What publishes the log of a test into a folder."""
    signing = log_signing(log.database.ring, ORIGIN)
    return Publisher(log.database, Shelf(folder), signing, witnesses=witnesses, every=0.01)


def accepted(log: Log, folder: Path, *cosigners: CosignerKey) -> int:
    """The size of the published log, after another implementation found root, entries and every signature genuine."""
    reader = TilesReader(LocalBackend(folder))
    point = reader.get_checkpoint()
    assert reader.calculate_root_hash() == point.root_hash
    for index in {0, point.size // 2, point.size - 1}:
        reader.get_inclusion_proof(index, point.size).check(leaf_hash(reader.get_entry(index)), point.root_hash)
    second = log_signing(log.database.ring, ORIGIN).second
    assert second is not None
    keys = [log.signer.keys[-1].vkey(), second.key.vkey(), *(key.vkey() for key in cosigners)]
    found = VkeySet(*(Vkey.from_string(key) for key in keys)).verify(point.signatures, point)
    assert len(found) == len(point.signatures) == len(keys)
    return int(point.size)


def files(folder: Path) -> dict[str, bytes]:
    """Every published file by its path, without what is the publisher's own."""
    found = (path for path in folder.rglob("*") if path.is_file() and ".tmp" not in path.parts)
    named = {os.fspath(path.relative_to(folder)): path.read_bytes() for path in found}
    return {name: content for name, content in named.items() if name not in {".lock", "status.json"}}
