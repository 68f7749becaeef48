"""A log in memory that a test can grow and fork, and witnesses of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.conftest import NOW
from vault.clock import Clock, FixedClock
from vault.crypto.signing import SigningKey
from vault.ledger import add_checkpoint
from vault.ledger.checkpoint import Checkpoint, LogKey, Signer
from vault.ledger.proofs import build, consistency_nodes
from vault.ledger.tree import Edge, leaf_hash
from vault.witness import keys
from vault.witness.memory import Memory
from vault.witness.rules import Logbook
from vault.witness.service import Examiner, Service

ORIGIN = "ledger.example/watched"
SECRET = SigningKey(b"o" * 32)
LOG = Signer([LogKey(ORIGIN, SECRET.public)], SECRET.sign)
BOOK = Logbook({ORIGIN: LOG.keys})


class Branch:
    """A log whose leaves a test chooses: two branches with other leaves are a fork."""

    def __init__(self, size: int, *, mark: bytes = b"", since: int = 0) -> None:
        """Leaves from ``since`` on carry the mark."""
        self.edge = Edge()
        self.edge.extend(leaf_hash(b"%d" % n + (mark if n >= since else b"")) for n in range(size))

    @property
    def point(self) -> Checkpoint:
        return Checkpoint(ORIGIN, self.edge.size, self.edge.root())

    @property
    def note(self) -> str:
        return LOG.note(self.point)

    def path(self, old: int) -> list[bytes]:
        return build(consistency_nodes(old, self.edge.size), self.edge.node)

    def question(self, old: int) -> bytes:
        """What an honest log would send a witness that knows ``old``."""
        return add_checkpoint.encode(old, self.path(old), self.note)


@contextmanager
def witness(
    folder: Path, name: str = "witness.example/w", *, clock: Clock | None = None, examiner: Examiner | None = None
) -> Iterator[Service]:
    """A witness with keys and memory of its own; both are made when they are not there."""
    if not (folder / keys.FILE).exists():
        keys.create(folder, name)
        Memory.create(folder)
    with Memory(folder) as memory:
        yield Service(keys.load(folder), memory, BOOK, clock=clock or FixedClock(NOW), examiner=examiner)


async def post(service: Service, body: bytes, *, path: str = "/add-checkpoint") -> httpx.Response:
    """A request as it comes over the wire."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=service), base_url="https://w.example") as client:
        return await client.post(path, content=body)
