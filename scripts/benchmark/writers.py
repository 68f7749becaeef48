"""Writers, in a process of their own: each puts a draft into the outbox in a transaction of its own and waits for its
receipt, again and again. They share a few connections, as the requests of a server do: nobody holds one while waiting.
Arguments: the folder of an installation, how many writers, seconds, and ``leading`` when the sequencer is to run in
the same process, as it does in a server. Tells one JSON object.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop

from benchmark.drafts import Drafts
from benchmark.ledger import Written
from vault.cli.runtime import key_file
from vault.clock import SystemClock
from vault.crypto.keyring import MemoryRing
from vault.db import APP, Database
from vault.embedded import EmbeddedServer
from vault.ledger.checkpoint import log_keys, ring_signer
from vault.ledger.follower import Receipts
from vault.ledger.sequencer import Sequencer
from vault.settings import load

CONNECTIONS: Final = 16
_INSERT: Final = "INSERT INTO ledger_outbox (shard, id, draft, tag) VALUES (0, $1, $2, $3)"


def at_hand(data: Path, *, pool_size: int = 8) -> tuple[Database, str]:
    """The database of an installation whose server is running, and the ledger's name."""
    settings = load(data=data)
    ring: MemoryRing = key_file(settings).load()
    server = EmbeddedServer.start(settings.data / "postgres")
    return Database(server.admin_url, ring, SystemClock(), pool_size=pool_size), settings.origin(ring.id)


async def run(data: Path, writers: int, seconds: float, *, is_leading: bool) -> Written:
    """Write and wait."""
    database, origin = at_hand(data)
    sequencer = Sequencer(database, ring_signer(database.ring, origin)) if is_leading else None
    receipts = Receipts(database, log_keys(database.ring, origin), sequencer=sequencer)
    tasks = [asyncio.create_task(each.run()) for each in (receipts, sequencer) if each is not None]
    # A statement outside a transaction block is a transaction of its own, flushed before its answer comes.
    prepared = [await (await database.connect(APP)).prepare(_INSERT) for _ in range(min(writers, CONNECTIONS))]
    free: asyncio.LifoQueue[Any] = asyncio.LifoQueue()
    for statement in prepared:
        free.put_nowait(statement)
    drafts, latencies, making = Drafts(), [], 0.0
    first = drafts.row()
    await prepared[0].fetch(*first)
    await receipts.wait(first[0], 30)  # from here on somebody leads
    began = time.perf_counter()
    used, until = time.process_time(), began + seconds

    async def write() -> None:
        nonlocal making
        while (started := time.perf_counter()) < until:
            cpu = time.process_time()
            row = drafts.row()
            making += time.process_time() - cpu
            statement = await free.get()
            await statement.fetch(*row)
            free.put_nowait(statement)
            receipts.hint()
            await receipts.wait(row[0], 30)
            latencies.append(time.perf_counter() - started)

    await asyncio.gather(*(write() for _ in range(writers)))
    took, spent = time.perf_counter() - began, time.process_time() - used
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await database.close()
    return Written(len(latencies), took, spent, making, [round(each, 6) for each in sorted(latencies)])


def main(arguments: list[str]) -> None:
    """The command line."""
    written: Any = uvloop.run(
        run(Path(arguments[0]), int(arguments[1]), float(arguments[2]), is_leading="leading" in arguments[3:])
    )
    sys.stdout.write(f"{msgspec.json.encode(written).decode()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
