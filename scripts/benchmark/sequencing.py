"""A process that does nothing but sequence: the folder of an installation is its only argument."""

import sys
from pathlib import Path

import uvloop

from benchmark.writers import at_hand
from vault.ledger.checkpoint import ring_signer
from vault.ledger.sequencer import Sequencer


async def run(data: Path) -> None:
    """Lead until ended."""
    database, origin = at_hand(data)
    await Sequencer(database, ring_signer(database.ring, origin)).run()


if __name__ == "__main__":
    uvloop.run(run(Path(sys.argv[1])))
