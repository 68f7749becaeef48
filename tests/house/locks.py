"""The audit of the locks: every package pinned and hashed, no index named, nothing declared left out.

python -m tests.house.locks
"""

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[2]
NODE_LOCK: Final = "package-lock.json"
_PIN: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^ ;]+)(?: ;[^\\]*?)?")
_ENTRY: Final = re.compile(_PIN.pattern + r"(?: --hash=sha256:[0-9a-f]{64})+")


def faults(lock: str, declared: list[str]) -> list[str]:
    """What is wrong with the text of a lock, given the requirements that it must meet; empty when nothing is."""
    text = re.sub(r"^\s*#.*\n", "", lock, flags=re.MULTILINE)
    entries = [re.sub(r"\s+", " ", entry).strip() for entry in text.replace("\\\n", " ").splitlines()]
    found = [f"not a pinned package with its hashes: {entry[:60]}" for entry in entries if not _ENTRY.fullmatch(entry)]
    found += [f"an address is named: {line.strip()}" for line in lock.splitlines() if "://" in line]
    pinned: dict[str, list[str]] = {}
    for entry in entries:
        if match := _PIN.match(entry):
            pinned.setdefault(canonicalize_name(match["name"]), []).append(match["version"])
    for requirement in map(Requirement, declared):
        versions = pinned.get(canonicalize_name(requirement.name), [])
        if not any(requirement.specifier.contains(version) for version in versions):
            found.append(f"{requirement} is not met: run scripts/lock")
    return found


def declared(project: dict[str, Any], *groups: str) -> list[str]:
    """The requirements a pyproject.toml declares, those of its build backend among them."""
    extra = [requirement for group in groups for requirement in project["dependency-groups"][group]]
    return [*project["project"]["dependencies"], *project["build-system"]["requires"], *extra]


def node_faults(lock: dict[str, Any], declared: dict[str, str]) -> list[str]:
    """What is wrong with a package-lock.json, given the dependencies of its package.json."""
    packages = {place: of for place, of in lock["packages"].items() if place}
    found = [f"no strong hash: {place}" for place, of in packages.items() if "sha512-" not in of.get("integrity", "")]
    found += [f"an address is named: {place}" for place, of in packages.items() if "resolved" in of]
    pinned = {place.removeprefix("node_modules/"): of["version"] for place, of in packages.items()}
    stale = [name for name, version in declared.items() if pinned.get(name) != version]
    return found + [f"{name} {declared[name]} is not met: run npm install" for name in stale]


def audit() -> list[str]:
    """The faults of the locks of this project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locks = {"requirements.txt": declared(project), "requirements-dev.txt": declared(project, "dev")}
    found = [f"{name}: {fault}" for name, wants in locks.items() for fault in faults((ROOT / name).read_text(), wants)]
    wants, lock = (json.loads((ROOT / "examples/node" / name).read_text()) for name in ("package.json", NODE_LOCK))
    return found + [f"examples/node/{NODE_LOCK}: {fault}" for fault in node_faults(lock, wants["dependencies"])]


if __name__ == "__main__":
    sys.exit("\n".join(audit()) or None)
