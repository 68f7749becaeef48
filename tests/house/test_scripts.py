"""The scripts start anywhere, and say what a machine lacks."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.code import ROOT

SCRIPTS = [ROOT / "scripts" / name for name in ("run", "test", "lock")] + [ROOT / ".ci" / "run"]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder of programs without any Python."""
    for name in ("bash", "dirname", "readlink", "env"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    return tmp_path


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_script_is_sound(script: Path) -> None:
    """It may be executed, and bash understands all of it."""
    assert script.stat().st_mode & 0o111 == 0o111
    subprocess.run(["bash", "-n", script], check=True)


@pytest.mark.parametrize("name", ["run", "test"])
def test_no_python(bare: Path, name: str) -> None:
    """Without a new enough Python the sentence says which one is needed."""
    old = bare / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # what one that is too old answers to the question for its version
    old.chmod(0o755)
    done = subprocess.run(
        [ROOT / "scripts" / name], env={"PATH": str(bare)}, cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("pivault needs Python 3.11 or later")
