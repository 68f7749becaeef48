"""What ``run`` adds so that a fresh installation can be tried: a simulated source, a founding, a sample person."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from rich.console import Console

from vault.cli.doors import acting
from vault.cli.runtime import Runtime
from vault.cli.story import cast as casting
from vault.db import Database
from vault.errors import BadConfiguration, Invalid
from vault.profile import intake
from vault.registry.founding import Founder, found, is_founded
from vault.settings import Settings
from vault.signin import Doorway, prepare

_LARGEST_FILE = 4 * 1024 * 1024
_ROLES = {
    "officer-1": ("Officer One", "Vetting unit A", ["vetting", "recovery-registry"]),
    "officer-2": ("Officer Two", "Vetting unit B", ["vetting"]),
    "release-officer": ("Release Officer", "Release desk", ["release"]),
    "regulator": ("Regulator", "Supervision", ["oversight", "recovery-supervisor"]),
}


def read_person(path: Path | None) -> dict[str, Any]:
    """The story's person: the file given, or the sample that ships with the product. Raises Invalid by field."""
    if path is None:
        text = (files("vault.cli.story") / "sample_person.json").read_bytes()
    else:
        if path.stat().st_size > _LARGEST_FILE:
            raise Invalid(f"{path} is larger than {_LARGEST_FILE} bytes.")
        text = path.read_bytes()
    return intake.read(text)


def public_texts() -> str:
    """Texts that stand in the database by right: the catalogue and the requester the story registers."""
    catalogue = (files("vault.profile") / "catalogue_v1.json").read_text()
    return catalogue + json.dumps(_ROLES)


@contextmanager
def source(settings: Settings, console: Console) -> Iterator[Callable[[], Settings]]:
    """Sources that confirm names and organisations: those configured, or a simulator of our own in the background.

    Call what is yielded, when it is needed, for the settings with the source in them.
    """
    if settings.source_url:
        yield lambda: settings
        return
    console.print("Starting a simulator of the registers of persons and organisations …")
    state = str(settings.data / "simulator")
    command = [sys.executable, "-m", "vault.proofing.simulator", "--port", "0", "--state", state, "--stop-with-stdin"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    try:
        yield lambda: _told(process, settings)
    finally:
        process.terminate()
        process.wait(10)


def _told(process: "subprocess.Popen[bytes]", settings: Settings) -> Settings:
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise BadConfiguration("The simulator of the registers did not start.")
    told = json.loads(line)
    registers = {"registers_url": told["url"], "registers_key": told["registers_key"]}
    if settings.registers_url:
        registers = {}
    return replace(settings, source_url=told["url"], source_key=told["public_key"], **registers)


async def founded(runtime: Runtime) -> casting.Cast:
    """The cast of this installation; on first use the founding ceremony makes its officers and regulator."""
    folder = runtime.settings.data
    kept = casting.load(folder)

    async def act(database: Database, door: Doorway) -> casting.Cast:
        if await database.run(is_founded):
            if kept is None:
                raise BadConfiguration(
                    f"This database has officers already, but their demo sign-ins ({folder / casting.FILE}) are not "
                    "here: use `pivault serve`, or another database."
                )
            return kept
        made = casting.new_cast()
        casting.save(folder, made)  # first: officers nobody can sign in as would be worse than a file without officers
        founders = [await _founder(door, part, actor) for part, actor in made.actors.items()]
        await database.run(found, founders)
        return made

    return await acting(runtime, act)


async def _founder(door: Doorway, part: str, actor: casting.Actor) -> Founder:
    name, unit, roles = _ROLES[part]
    organisation = "Registry" if actor.realm == "officer" else "Supervisory Authority"
    prepared = await prepare(door, actor.password)
    return Founder(actor.realm, name, organisation, unit, roles, actor.login, prepared)
