"""Whether the process lives, and whether it can serve: for supervisors and load balancers."""

import msgspec
import sqlalchemy as sa
from litestar import get

from vault.db import Session
from vault.edge.csrf import NO_FORM_TOKEN
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
    await doors.database.run(_head)
    return Ready(database="ok", key_ring="ok", ledger="ok")


async def _head(session: Session) -> None:
    await session.execute(sa.text("SELECT 1"))
