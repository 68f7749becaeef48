"""The relay's addresses of a grant, where it has items that go through it: one more round trip for those alone."""

from msgspec import structs

from vault.profile.shapes import RELAY
from vault.relay import of_grant
from vault.release.engine import ReleaseEngine
from vault.release.loaded import Loaded
from vault.release.recording import database_errors


async def with_relayed(engine: ReleaseEngine, loaded: Loaded) -> Loaded:
    """What was loaded, with the addresses where there are any. Raises Unavailable, Tampered."""
    if all(each["form"] != RELAY for each in loaded.grant["items"]):
        return loaded
    with database_errors():
        async with engine.pool.acquire() as connection:
            found = await of_grant(connection, engine.ring, loaded.person_id, loaded.grant_id)
    return structs.replace(loaded, relayed=found, relay_domain=engine.relay_domain)
