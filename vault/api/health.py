"""Whether the process lives, and whether it can serve: for supervisors and load balancers."""

import msgspec
import sqlalchemy as sa
from litestar import get

from vault.db import Session
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.published import published_size, publishing_status, state
from vault.edge.request import VaultRequest
from vault.errors import Unavailable, VaultError


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str = "live"


class Ready(msgspec.Struct, frozen=True):
    """Every part that serving needs, each ``ok``."""

    database: str
    key_ring: str
    ledger: str
    publishing: str
    """Of the published log: ok, waiting (for witnesses), stopped, or off. Releases go on in each of them."""
    status: str = "ready"


@get("/health/live", opt=NO_FORM_TOKEN, tags=["health"])
async def live() -> Live:
    """The process runs its event loop. Says nothing about what it depends on."""
    return Live()


@get("/health/ready", opt=NO_FORM_TOKEN, tags=["health"])
async def ready(request: VaultRequest) -> Ready:
    """Database, key ring and ledger head can be used; 503 naming the first part that cannot."""
    doors = request.doors
    try:
        doors.ring.derive("row", b"health")
    except VaultError as error:
        raise Unavailable("The key ring cannot be used.", private=error.private) from error
    published = await published_size(doors.settings)  # before the head, which is never behind it
    try:
        head = await doors.database.run(_head)
    except Exception as error:  # whatever it is, traffic belongs elsewhere
        raise Unavailable("The database cannot be used.", private=type(error).__name__) from error
    if head is None:
        raise Unavailable("The ledger has no head yet.")
    if doors.receipts.failure is not None:
        raise Unavailable("The ledger contradicts its checkpoints.", private=doors.receipts.failure)
    if head < published:
        raise Unavailable("The ledger is behind what was published.", private=f"{head} entries, {published} published")
    publishing = state(await publishing_status(doors.settings))
    return Ready(database="ok", key_ring="ok", ledger="ok", publishing=publishing)


async def _head(session: Session) -> int | None:
    head = await session.execute(sa.text("SELECT size FROM ledger_heads WHERE shard = 0"))
    return head.scalar_one_or_none()
