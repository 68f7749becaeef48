"""Where a writer starts: the stored tree, rebuilt from its rows and compared with what was promised."""

from collections.abc import Sequence
from typing import Any

from vault.errors import Tampered, VaultError
from vault.ledger import commit
from vault.ledger.checkpoint import LogKey, verify
from vault.ledger.stored import fetch_edge
from vault.ledger.tree import Edge


async def resume(connection: Any, shard: int, keys: Sequence[LogKey]) -> tuple[Edge, int]:
    """The right edge of the stored tree, and the present epoch.

    Raises Tampered, with the reason in ``private``, unless rows, head and newest checkpoint say the same and
    one of ``keys`` signed it: on anything else nothing may be built.
    """
    head = await connection.fetchrow(commit.HEAD, shard)
    if head is None:
        raise Tampered(private="the head row is gone")
    edge = await fetch_edge(connection.fetch, shard, head["size"])
    if head["beyond"]:
        raise Tampered(private="there are entries beyond the head")
    if head["root"] != edge.root() or head["frontier"] != b"".join(edge.frontier()):
        raise Tampered(private="the rows do not lead to the root in the head")
    if edge.size or head["note"] is not None:
        _compare_with_signed(edge, head["signed_size"], head["note"], keys)
    return edge, head["epoch"]


def _compare_with_signed(edge: Edge, size: int | None, note: str | None, keys: Sequence[LogKey]) -> None:
    if size is None or note is None:
        raise Tampered(private="no checkpoint covers the entries")
    try:
        signed = verify(note, keys)
    except VaultError as error:
        raise Tampered(private=f"the newest checkpoint does not verify: {error.public}") from error
    if (signed.size, signed.root) != (edge.size, edge.root()) or size != signed.size:
        raise Tampered(private="the head is not what the newest checkpoint signed")
