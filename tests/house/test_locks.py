"""The audit passes our locks, and sees each way in which a lock can be bad."""

import pytest

from tests.house.locks import audit, faults, node_faults

HASH = "--hash=sha256:" + "0" * 64
GOOD = f"""\
# by scripts/lock
alpha==1.0 ; python_version < '3.13' \\
    {HASH} \\
    {HASH}
    # via beta
Beta[x]==2 \\
    {HASH}
"""


def test_our_locks_hold() -> None:
    """They are complete, hashed, and name no index."""
    assert audit() == []


def test_a_good_lock_has_no_faults() -> None:
    """Markers, extras, comments and several hashes are what a lock is made of."""
    assert faults(GOOD, ["alpha>=1", "beta[x]"]) == []


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param("alpha==1.0\n", id="no hash"),
        pytest.param(f"alpha>=1.0 {HASH}\n", id="no exact version"),
        pytest.param("alpha==1.0 --hash=md5:00\n", id="weak hash"),
        pytest.param(f"--index-url https://index.example/simple\n{GOOD}", id="index named"),
        pytest.param(f"# --find-links http://index.example\n{GOOD}", id="index named in a comment"),
        pytest.param(f"alpha @ file:///alpha.whl {HASH}\n", id="file"),
        pytest.param(f"-e . {HASH}\n", id="editable"),
    ],
)
def test_a_bad_lock_is_seen(bad: str) -> None:
    """Each of these would let something unchecked in."""
    assert faults(bad, []) != []


@pytest.mark.parametrize("wanted", ["gamma", "alpha>=2"])
def test_a_stale_lock_is_seen(wanted: str) -> None:
    """What is declared must be in the lock, at a version that was asked for."""
    assert faults(GOOD, [wanted]) == [f"{wanted} is not met: run scripts/lock"]


@pytest.mark.parametrize(
    "package",
    [
        pytest.param({"version": "1.0.0"}, id="no hash"),
        pytest.param({"version": "1.0.0", "integrity": "sha1-00"}, id="weak hash"),
        pytest.param({"version": "1.0.0", "integrity": "sha512-00", "resolved": "https://index.example/a"}, id="index"),
        pytest.param({"version": "1.0.1", "integrity": "sha512-00"}, id="stale"),
    ],
)
def test_a_bad_lock_of_node_is_seen(package: dict[str, str]) -> None:
    """The example's packages are held to the same rules."""
    good = {"version": "1.0.0", "integrity": "sha512-00"}
    locked = {"packages": {"": {}, "node_modules/alpha": good}}
    assert node_faults(locked, {"alpha": "1.0.0"}) == []
    assert node_faults({"packages": {"": {}, "node_modules/alpha": package}}, {"alpha": "1.0.0"}) != []
