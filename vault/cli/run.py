"""``pivault run``, ``story`` and ``serve``: from nothing to a serving installation, and down again."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import httpx
from msgspec.structs import replace
from rich.console import Console

from vault.cli import demo
from vault.cli.runtime import Runtime, installation, without_credentials
from vault.cli.serving import Server, Workers, end_with_parent, listen
from vault.cli.story import cast as casting
from vault.cli.story import kit, play
from vault.cli.story.scene import Scene
from vault.cli.story.thief import Thief
from vault.edge.logs import configure
from vault.errors import VaultError
from vault.settings import Settings

LOG: Final = "server.log"


@dataclass(frozen=True)
class RunOptions:
    """What the command line of ``run`` asked for."""

    port: int | None
    story: bool
    once: bool
    person: Path | None
    kit: Path | None
    redirect_port: int


def run_installation(settings: Settings, options: RunOptions) -> int:
    """Set up, play the story when due, serve. Returns the exit status."""
    console = Console()
    person = demo.read_person(options.person)  # a bad file is reported before anything is started
    with ExitStack() as stack:
        sockets = _sockets(settings, options)
        for sock in sockets:
            stack.callback(sock.close)
        settings = replace(settings, port=sockets[0].getsockname()[1])
        console.print(f"Data folder: {settings.data}", highlight=False, soft_wrap=True)
        sourced = stack.enter_context(demo.source(settings, console))
        console.print("Connecting to the database …" if settings.database_url else "Starting the database …")
        runtime = stack.enter_context(installation(settings))
        if not asyncio.run(runtime.is_migrated()):
            console.print("Bringing the schema up to date …")
            asyncio.run(runtime.migrate())
        runtime = runtime.under(sourced())
        cast = asyncio.run(demo.founded(runtime))
        log = stack.enter_context((settings.data / LOG).open("ab"))
        workers = stack.enter_context(_serving(runtime, sockets, log.fileno()))
        workers.wait_until_ready(lambda: _is_ready(_base(settings)))
        status = 0
        if options.story or options.once or options.kit or options.person or cast.person is None:
            status = _tell(runtime, cast, person, options)
        if not options.once and not workers.told_to_stop:
            _announce(console, _base(settings), cast)
            if not settings.registers_url:
                simulator = f"  {'simulator':<15} {runtime.settings.registers_url}  (pivault-sim --help)"
                console.print(simulator, highlight=False, soft_wrap=True)
            workers.watch()
            console.print("Stopping …")
        return status


def _base(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def serve_installation(settings: Settings) -> None:
    """Serve until told to stop; the database must be migrated."""
    with ExitStack() as stack:
        sockets = listen(settings.host, settings.port, exact=True, count=settings.workers)
        for sock in sockets:
            stack.callback(sock.close)
        runtime = stack.enter_context(installation(settings))
        asyncio.run(runtime.check_migrated())
        workers = stack.enter_context(_serving(runtime, sockets))
        workers.wait_until_ready(lambda: _is_ready(_base(settings)))
        click.echo(f"Serving {settings.issuer_url} with {settings.workers} process(es). Ctrl-C stops.", err=True)
        workers.watch()


def serve_as_worker(settings: Settings, fd: int, parent_fd: int) -> None:
    """One server process: the socket and the parent's pipe come as file descriptors."""
    import uvloop

    configure(settings.log_level, settings.log_format)
    end_with_parent(parent_fd)
    sock = socket.socket(fileno=fd)
    with installation(settings) as runtime:
        uvloop.run(_work(runtime, sock))


async def _work(runtime: Runtime, sock: socket.socket) -> None:
    from vault.app import build
    from vault.worker import Follower, running

    database = runtime.database()
    follower = Follower(runtime.ring, runtime.file, database.clock)
    try:
        async with running(runtime.settings, database, follower):
            server = Server(build(runtime.settings, runtime.admin_url, runtime.ring), sock)
            await server.serve_until_told()
    finally:
        await database.close()


def _sockets(settings: Settings, options: RunOptions) -> list[socket.socket]:
    if options.once and options.port is None:
        return listen(settings.host, 0, exact=True, count=settings.workers)
    port = options.port or settings.port
    return listen(settings.host, port, exact=options.port is not None, count=settings.workers)


@contextmanager
def _serving(runtime: Runtime, sockets: list[socket.socket], log: int | None = None) -> Iterator[Workers]:
    settings = replace(runtime.settings, database_url=without_credentials(runtime.admin_url))
    with Workers(settings, sockets, log) as workers:
        yield workers


def _is_ready(base: str) -> bool:
    try:
        return httpx.get(f"{base}/health/ready", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _tell(runtime: Runtime, cast: casting.Cast, person: dict[str, Any], options: RunOptions) -> int:
    console = Console()
    console.print("Playing the story through the public HTTP surface …")
    scene, outcomes = asyncio.run(_play(runtime, cast, person, options.redirect_port))
    console.print(play.table(outcomes))
    held = len(outcomes) == len(play.STEPS) and all(outcome.held for outcome in outcomes)
    if held:
        cast.person = casting.Actor("person", person["login"], person["password"])
        casting.save(runtime.settings.data, cast)
        _write_kit(options.kit, scene, console)
    console.print(play.closing(outcomes), highlight=False)
    return 0 if held else 1


async def _play(
    runtime: Runtime, cast: casting.Cast, person: dict[str, Any], redirect_port: int
) -> tuple[Scene, list[play.Outcome]]:
    database = runtime.database()
    try:
        thief = Thief(runtime.admin_url, database, demo.public_texts())
        stage = play.Stage(_base(runtime.settings), thief, Console(), redirect_port)
        return await play.play(stage, cast, person)
    finally:
        await database.close()


def _write_kit(folder: Path | None, scene: Scene, console: Console) -> None:
    if folder is None:
        return
    try:
        names = kit.write(folder.absolute(), scene)
    except OSError as error:
        raise VaultError(f"Cannot write the kit to {folder}: {error.strerror}.") from None
    console.print(f"Kit in {folder}: {', '.join(names)}", highlight=False, soft_wrap=True)


def _announce(console: Console, base: str, cast: casting.Cast) -> None:
    console.print(f"\nServing on {base}", highlight=False)
    for what, path in (("portal", "/"), ("officers' desk", "/desk"), ("regulators", "/oversight")):
        console.print(f"  {what:<15} {base}{path}", highlight=False)
    console.print("Demo sign-ins (this installation only):")
    for part, login, password in casting.shown(cast):
        console.print(f"  {part:<16} {login:<22} {password}", highlight=False, markup=False)
    console.print(f"The log is in {LOG} in the data folder. Ctrl-C stops everything.", highlight=False)
