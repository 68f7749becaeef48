"""One stage for the folder, before one database server: what is described does not depend on which."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.stage import Stage, staged
from tests.databases import Cluster

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The second server would only hear the same again."""
    again = [item for item in items if HERE in item.path.parents and "debian15" in item.name]
    if again:
        config.hook.pytest_deselected(items=again)
        items[:] = [item for item in items if item not in again]


@pytest.fixture(scope="session")
def stage(cluster: Cluster) -> Iterator[Stage]:
    """Everybody, before a served installation."""
    with staged(cluster) as made:
        yield made
