"""Making the postings of full blocks, beside the sequencer and behind it.

Runs in the sequencer's database role. Leaves are checked against the tiles of the tree before they are indexed, and
each posting carries a MAC: what an administrator changes is refused when it is read. Whoever does not trust that
nothing was taken away compares with the dense numbers of a requester, or asks a mirror of the whole ledger.
"""

import asyncio
from typing import Final

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from vault.crypto.canonical import reread
from vault.crypto.rowmac import row_mac
from vault.db import LEDGER, Database, Session
from vault.errors import Tampered, VaultError
from vault.ledger.log import SHARD
from vault.ledger.postings import BLOCK, collect, encode, posting_mac
from vault.ledger.tables import BlockRow, BodyRow, HeadRow, PostingRow, TileRow
from vault.ledger.tree import HASH_BYTES, TILE_WIDTH, leaf_hash

EVERY: Final = 2.0
"""Seconds between two looks for blocks that are full."""
_AT_ONCE: Final = 1_000
_log = structlog.get_logger(__name__)


async def run(database: Database) -> None:
    """Index blocks as they fill, until cancelled; what fails is logged and tried again."""
    while True:
        try:
            while await index_next(database):
                pass
        except (VaultError, SQLAlchemyError, OSError) as error:
            _log.warning("indexing_failed", kind=type(error).__name__)
        await asyncio.sleep(EVERY)


async def index_next(database: Database, *, width: int = BLOCK, shard: int = SHARD) -> bool:
    """Index the oldest full block that is not yet, if there is one. Returns whether there was.

    ``width``: entries in a block, a multiple of a tile's; the same for as long as the ledger lives.
    Raises Tampered when the bodies are not those of the tree.
    """
    async with database.begin(LEDGER) as session:
        block = await next_block(session, shard)
        size = await session.scalar(sa.select(HeadRow.size).where(HeadRow.shard == shard))
        if size is None or (block + 1) * width > size:
            return False
        await _index(session, shard, block, width)
        return True


async def next_block(session: Session, shard: int = SHARD) -> int:
    """The number of the first block without postings."""
    last = await session.scalar(sa.select(sa.func.max(BlockRow.block)).where(BlockRow.shard == shard))
    return 0 if last is None else int(last) + 1


async def _index(session: Session, shard: int, block: int, width: int) -> None:
    first = block * width
    wanted = sa.select(BodyRow.idx, BodyRow.body).where(
        BodyRow.shard == shard, BodyRow.idx >= first, BodyRow.idx < first + width
    )
    bodies = [(idx, body) for idx, body in await session.execute(wanted.order_by(BodyRow.idx))]
    await _check(session, shard, first // TILE_WIDTH, bodies)
    read = await asyncio.to_thread(lambda: [(idx - first, reread(body)) for idx, body in bodies])
    found = collect(read)
    times = [members["at"] for _, members in read] or [0]
    row = {"shard": shard, "block": block, "width": width, "first_at": min(times), "last_at": max(times)}
    row["postings"] = len(found)
    row["mac"] = row_mac(session.ring, "ledger_blocks", row)
    # The block's own row first: of two that index the same block at a time, the second waits for it and then stops.
    made = await session.execute(insert(BlockRow).values(row).on_conflict_do_nothing().returning(BlockRow.block))
    if made.first() is None:
        return
    rows = []
    for (facet, value), at in found.items():
        bits = encode(at, width)
        posting = {"shard": shard, "facet": facet, "value": value, "block": block, "bits": bits}
        made_mac = posting_mac(session.ring, (facet, value), (shard, block), bits)
        rows.append(posting | {"mac": made_mac})
    for start in range(0, len(rows), _AT_ONCE):
        await session.execute(insert(PostingRow).values(rows[start : start + _AT_ONCE]))


async def _check(session: Session, shard: int, first_tile: int, bodies: list[tuple[int, bytes]]) -> None:
    """Each body has the hash that its tile has for it; a body that was taken away by retention is not indexed."""
    numbers = sorted({idx // TILE_WIDTH for idx, _ in bodies})
    wanted = sa.select(TileRow.n, TileRow.hashes).where(
        TileRow.shard == shard, TileRow.level == 0, TileRow.n.in_(numbers), TileRow.n >= first_tile
    )
    tiles: dict[int, bytes] = {row.n: row.hashes for row in await session.execute(wanted)}
    for idx, body in bodies:
        at = idx % TILE_WIDTH * HASH_BYTES
        if tiles.get(idx // TILE_WIDTH, b"")[at : at + HASH_BYTES] != leaf_hash(body):
            raise Tampered(private=f"entry {idx} is not the one in the tree")
