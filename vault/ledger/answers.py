"""Verifying an exported answer: every receipt in the bundle, all against the checkpoint that came with it.

No server, no database. What it proves is that each entry in the bundle is in the ledger; that no entry was left out of
the answer it cannot prove: for that, audit a copy of the whole ledger.
"""

import tarfile
from pathlib import Path
from typing import Final

from vault.ledger.offline import verify_document
from vault.ledger.receipt import ReceiptFailed
from vault.ledger.whole import Trust

CHECKPOINT: Final = "checkpoint"
_FOLDER: Final = "receipts/"
_LONGEST: Final = 256 * 1024
"""Bytes of one receipt: several times the largest leaf, path and note."""


def verify_answer(bundle: Path, trust: Trust) -> int:
    """Verify every receipt of a bundle. Returns how many entries it holds.

    Raises ReceiptFailed with a sentence when the file is no bundle, and what ``verify_document`` raises.
    """
    seen: set[int] = set()
    try:
        with tarfile.open(bundle, "r:") as tar:
            for member in tar:
                if not member.isfile() or not member.name.startswith(_FOLDER):
                    continue
                file = tar.extractfile(member)
                while file is not None and (line := file.readline(_LONGEST)):
                    index = int(verify_document(line, trust).told["index"])
                    if index in seen:
                        raise ReceiptFailed(f"The bundle holds entry {index} twice.")
                    seen.add(index)
    except (tarfile.TarError, KeyError, OSError) as error:
        raise ReceiptFailed(f"This is not a bundle of receipts: {type(error).__name__}.") from None
    if not seen:
        raise ReceiptFailed("The bundle holds no receipt.")
    return len(seen)
