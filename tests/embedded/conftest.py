"""A folder with a cluster that was made once and is copied: making one takes a second, copying it a tenth."""

import shutil
from pathlib import Path

import pytest

from vault.embedded import EmbeddedServer


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose server has run and ended."""
    folder = tmp_path_factory.mktemp("embedded") / "made"
    EmbeddedServer.start(folder).stop()
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A data folder of the test's own."""
    copy = tmp_path / "data"
    shutil.copytree(made, copy)
    return copy
