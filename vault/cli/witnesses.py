"""``pivault witness`` and ``pivault mirror``: small programs of other people, beside the log and not of it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
import httpx

from vault.cli.options import plainly
from vault.clock import SystemClock
from vault.crypto.canonical import b64
from vault.errors import BadConfiguration, VaultError
from vault.ledger.checkpoint import LogKey
from vault.ledger.cosignature import parse_key
from vault.ledger.shelf import Shelf
from vault.witness import keys
from vault.witness.columns import connect
from vault.witness.memory import Memory
from vault.witness.mirror import Mirror
from vault.witness.passes import make_pass
from vault.witness.rules import Logbook
from vault.witness.service import Service
from vault.witness.source import FolderSource, HttpSource, Source

OLD_AT_ONCE: Final = 4096
"""Older entries compared with the database in each round."""
_FOLDER: Final = click.Path(file_okay=False, path_type=Path)
_LOG: Final = click.option(
    "--log", "logs", required=True, multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with a log's verifier keys, one a line. Repeatable.",
)  # fmt: skip
_NAME: Final = click.option("--name", required=True, help="Its name in cosignatures, like a web address.")


@click.group()
def witness() -> None:
    """Cosign the checkpoints of logs that only grew (C2SP tlog-witness).

    \b
    Example: pivault witness init /var/lib/witness --name witness.example/w1
    """


@click.group()
def mirror() -> None:
    """Hold a whole log, derive it again from its entries, and cosign only what holds (C2SP tlog-mirror).

    \b
    Example: pivault mirror init /var/lib/mirror --name audit.example/m1
    """


def _init(folder: Path, name: str) -> None:
    made = keys.create(folder, name)
    Memory.create(folder)
    click.echo(f"Verifier keys, for the log's policy (Ed25519, then ML-DSA-44):\n{made.vkeys()}", nl=False)
    click.echo(f"Key for reading entries (pivault ledger auditor add --key):\n{b64(made.reader.public)}")


@witness.command(name="init")
@click.argument("folder", type=_FOLDER)
@_NAME
@plainly
def init_witness(folder: Path, name: str) -> None:
    """Make a witness's key and its empty memory in FOLDER, and print its verifier keys.

    \b
    Example: pivault witness init /var/lib/witness --name witness.example/w1
    """
    _init(folder, name)


@mirror.command(name="init")
@click.argument("folder", type=_FOLDER)
@_NAME
@plainly
def init_mirror(folder: Path, name: str) -> None:
    """Make a mirror's keys and its empty memory in FOLDER, and print the public ones.

    \b
    Example: pivault mirror init /var/lib/mirror --name audit.example/m1
    """
    _init(folder, name)


@witness.command(name="run")
@click.argument("folder", type=_FOLDER)
@_LOG
@click.option("--listen", default="127.0.0.1:8101", show_default=True, metavar="HOST:PORT", help="Where to be asked.")
@plainly
def run_witness(folder: Path, logs: tuple[Path, ...], listen: str) -> None:
    """Answer add-checkpoint until told to stop. One program per FOLDER; TLS belongs in front of it.

    \b
    Example: pivault witness run /var/lib/witness --log log.vkey --listen 127.0.0.1:8101
    """
    with Memory(folder) as memory:
        service = Service(keys.load(folder), memory, read_logs(logs), clock=SystemClock())
        asyncio.run(_serve(service, listen))


@dataclass(frozen=True)
class Following:
    """What the options of ``mirror run`` say."""

    source: str
    listen: str | None
    auditor: str | None
    audience: str | None
    columns_url: str | None
    every: float
    once: bool
    accept_redacted: bool


@mirror.command(name="run")
@click.argument("folder", type=_FOLDER)
@_LOG
@click.option(
    "--source", required=True, metavar="URL|FOLDER", help="The published log, e.g. https://vault.example/log."
)
@click.option("--auditor", metavar="ID", help="The id under which the registry let this mirror read entries (aud_…).")
@click.option("--audience", metavar="URL", help="The registry's issuer (default: scheme and host of --source).")
@click.option("--columns-url", envvar="MIRROR_DATABASE_URL", metavar="URL", help="Compare this database's rows, too.")
@click.option("--listen", metavar="HOST:PORT", help="Also answer add-checkpoint, as a witness does.")
@click.option(
    "--every", default=5.0, show_default=True, type=click.FloatRange(0.1, 3600), help="Seconds between looks."
)
@click.option("--once", is_flag=True, help="Follow to the newest checkpoint, compare everything, say so, and end.")
@click.option("--accept-redacted", is_flag=True, help="Take the hash of entries whose bytes were taken away before.")
@plainly
def run_mirror(folder: Path, logs: tuple[Path, ...], **options: Any) -> None:
    """Follow a published log into FOLDER, deriving everything again; exit status 1 when something does not hold.

    The copy is in FOLDER/copy, itself a static log. Once something was found, nothing more is cosigned until an
    operator has looked and starts it again.

    \b
    Example: pivault mirror run /var/lib/mirror --log log.vkey --source https://vault.example/log \\
               --auditor aud_0190... --listen 127.0.0.1:8102
    """
    from vault.edge.logs import configure

    configure("info", "json")
    following = Following(**options)
    with Memory(folder) as memory:
        sys.exit(asyncio.run(_follow(folder, memory, read_logs(logs), following)))


def read_logs(files: tuple[Path, ...]) -> Logbook:
    """The logs named by files of verifier keys. Raises BadConfiguration."""
    found: dict[str, list[LogKey]] = {}
    for file in files:
        for line in filter(None, file.read_text(errors="replace").splitlines()):
            try:
                key = parse_key(line.strip())
            except VaultError as error:
                raise BadConfiguration(f"{file}: {error.public}") from None
            if isinstance(key, LogKey):  # its ML-DSA-44 key may stand beside it: the Ed25519 one is what is checked
                found.setdefault(key.origin, []).append(key)
    if not found:
        raise BadConfiguration("None of these files holds a log's Ed25519 verifier key.")
    return Logbook(found)


async def _serve(service: Service, listen: str) -> None:
    from vault.cli.serving import Server
    from vault.cli.serving import listen as bound

    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) < 65536:
        raise BadConfiguration(f"--listen must be HOST:PORT, not {listen!r}.")
    (sock,) = bound(host.strip("[]"), int(port), exact=True)
    click.echo(f"Listening on {host}:{sock.getsockname()[1]}. Ctrl-C stops.", err=True)
    await Server(service, sock).serve_until_told()


async def _follow(folder: Path, memory: Memory, book: Logbook, options: Following) -> int:
    own = keys.load(folder)
    shelf = Shelf(folder / "copy")
    if not shelf.lock():
        raise BadConfiguration(f"Another program is writing {shelf.folder}.")
    async with AsyncExitStack() as stack:
        stack.callback(shelf.unlock)
        source = await stack.enter_async_context(_source(options, own))
        columns = None if options.columns_url is None else await connect(options.columns_url)
        mirror_ = Mirror(source, shelf, columns=columns, accepts_holes=options.accept_redacted)
        service = Service(own, memory, book, clock=SystemClock(), examiner=mirror_)
        if options.once:
            return await _once(service, mirror_, source)
        looking = asyncio.create_task(_keep_looking(service, mirror_, source, options.every))
        stack.callback(looking.cancel)
        if options.listen is None:
            await looking
        else:
            await _serve(service, options.listen)
    return 1 if mirror_.findings else 0


async def _once(service: Service, mirror_: Mirror, source: Source) -> int:
    note = await source.checkpoint()
    if note is None:
        raise BadConfiguration("The source has no checkpoint yet.")
    known = await service.follow(note)
    await mirror_.compare_old(known.size, known.size)
    click.echo(f"Holds: {known.size} entries derived again, root {b64(known.root)}.")
    return 0


async def _keep_looking(service: Service, mirror_: Mirror, source: Source, every: float) -> None:
    size = 0
    while True:
        try:
            note = await source.checkpoint()
            if note is not None:
                size = (await service.follow(note)).size
            await mirror_.compare_old(size, OLD_AT_ONCE)
        except (VaultError, OSError) as error:
            click.echo(f"pivault mirror: {error}", err=True)
        await asyncio.sleep(every)


@asynccontextmanager
async def _source(options: Following, own: keys.Keys) -> AsyncIterator[Source]:
    parts = urlsplit(options.source)
    if parts.scheme not in {"http", "https"}:
        yield FolderSource(Path(options.source))
        return
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise BadConfiguration("--source must be an https address (http only on loopback).")
    if options.auditor is None:
        raise BadConfiguration("Over HTTP entries are for auditors: say --auditor, as the registry named this mirror.")
    audience = options.audience or f"{parts.scheme}://{parts.netloc}"
    auditor = options.auditor

    def own_pass() -> str:
        return make_pass(own.reader, auditor, audience, SystemClock().now())

    async with httpx.AsyncClient() as client:
        yield HttpSource(options.source, client, own_pass)
