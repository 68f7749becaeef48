"""What a load costs does not grow with what was released before."""

import re
from uuid import UUID

import pytest

from tests.release.world import Releases
from vault.release.loading import LOAD, LOAD_MANY

ONE = (UUID(int=1), UUID(int=2), ["identity"], "key")
MANY = ([UUID(int=1)], [UUID(int=2)], ["identity"], ["key"])


@pytest.mark.parametrize(("statement", "arguments"), [(LOAD, ONE), (LOAD_MANY, MANY)], ids=["one", "many"])
async def test_a_load_finds_the_earlier_release_by_its_whole_key(
    releases: Releases, statement: str, arguments: tuple[object, ...]
) -> None:
    """Of all releases of a grant it reads the one under this idempotency key, by person, grant and key together."""
    async with releases.engine.pool.acquire() as connection:
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN (COSTS OFF) {statement}", *arguments))
    (found,) = re.findall(r"Index Scan using \w+ on releases e\n\s+Index Cond: (.+)", plan)
    assert all(f"({column} = " in found for column in ("person_id", "grant_id", "idempotency_key")), plan
