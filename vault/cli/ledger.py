"""``pivault ledger``: checks on the log, with a server, with a database, or with neither."""

import asyncio
import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from vault import settings as configuration
from vault.cli.ledger_answers import verify_answer_
from vault.cli.ledger_offline import audit, mine, verify
from vault.cli.ledger_partitions import partitions, redact
from vault.cli.options import data_option, database_option, plainly
from vault.cli.publishing import auditor, status
from vault.cli.runtime import Runtime, installation
from vault.db import LEDGER
from vault.ledger.checkpoint import log_keys
from vault.ledger.copies import FolderSink, ZipSink
from vault.ledger.exporting import export
from vault.ledger.fsck import Report, fsck


@click.group()
def ledger() -> None:
    """Verify receipts offline, check a whole log from its rows.

    \b
    Example: pivault ledger verify receipt.json --vkey log.vkey
    """


for command in (verify, verify_answer_, audit, mine, partitions, redact, status, auditor):
    ledger.add_command(command)


@ledger.command(name="fsck")
@data_option
@database_option
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for scripts.")
@plainly
def fsck_(data: Path | None, database_url: str | None, *, as_json: bool) -> None:
    """Rebuild the whole log from its rows and compare: leaves, root, checkpoints, tiles, sequence numbers.

    Exit status 0: everything holds; 1: findings, each printed. Changes nothing.

    \b
    Example: pivault ledger fsck
    """
    settings = configuration.load(data=data, database_url=database_url)
    with installation(settings) as runtime:
        report = asyncio.run(check(runtime))
    if as_json:
        findings = [{"what": str(f.kind), "at": f.at, "why": f.why} for f in report.findings]
        told = {"holds": report.holds, "entries": report.entries, "checkpoints": report.checkpoints}
        click.echo(json.dumps(told | {"findings": findings, "more": report.more}))
    else:
        for finding in report.findings:
            click.echo(f"{finding.kind} at {finding.at}: {finding.why}")
        if report.more:
            click.echo(f"… and {report.more} more.")
        verdict = "everything holds" if report.holds else f"{len(report.findings) + report.more} findings"
        click.echo(f"{report.entries} entries, {report.checkpoints} checkpoints: {verdict}.")
    sys.exit(0 if report.holds else 1)


async def check(runtime: Runtime) -> Report:
    """What ``fsck`` finds in an installation, with progress on standard error."""
    await runtime.check_migrated()
    database = runtime.database()
    connection = await database.connect(LEDGER)
    columns = ("checking", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("entries", total=None)
            keys = log_keys(runtime.ring, runtime.settings.origin(runtime.ring.id))
            return await fsck(
                connection, keys, progress=lambda done, total: progress.update(task, completed=done, total=total)
            )
    finally:
        await connection.close()
        await database.close()


@ledger.command(name="export")
@data_option
@database_option
@click.option("--to", "place", required=True, type=click.Path(path_type=Path), help="Folder, or file ending in .zip.")
@plainly
def export_(data: Path | None, database_url: str | None, *, place: Path) -> None:
    """Write the whole log as static files (C2SP tlog-tiles): checkpoint, tiles of hashes, bundles of entries.

    For auditors: `pivault ledger audit` checks the copy without this installation. Bundles hold what entries say;
    give them to authorised readers only.

    \b
    Example: pivault ledger export --to ledger.zip
    """
    settings = configuration.load(data=data, database_url=database_url)
    with installation(settings) as runtime:
        size = asyncio.run(written(runtime, place))
    click.echo(f"{size} entries are in {place}.")


async def written(runtime: Runtime, place: Path) -> int:
    """Export an installation's log, with progress on standard error. Returns how many entries."""
    await runtime.check_migrated()
    database = runtime.database()
    connection = await database.connect(LEDGER)
    columns = ("exporting", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    keys = log_keys(runtime.ring, runtime.settings.origin(runtime.ring.id))
    try:
        with (
            ZipSink(place) if place.suffix == ".zip" else FolderSink(place) as sink,
            Progress(*columns, console=Console(stderr=True), transient=True) as progress,
        ):
            task = progress.add_task("entries", total=None)
            return await export(
                connection, sink, keys, progress=lambda done, total: progress.update(task, completed=done, total=total)
            )
    finally:
        await connection.close()
        await database.close()
