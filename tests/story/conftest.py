"""One installation for all tests of this folder: each leaves it whole, and none needs it to be fresh."""

from pathlib import Path

import pytest

from tests.story.installation import pivault


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation in which the story has been told once, all of it."""
    data = tmp_path_factory.mktemp("installed") / "data"
    told = pivault("run", "--once", "--data", str(data), "--kit", str(data.parent / "a kit"))
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.splitlines()[-1] == "story: 12 of 12 steps held"
    return data
