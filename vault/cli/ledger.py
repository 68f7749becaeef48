"""``pivault ledger``: checks on the log, with a server, with a database, or with neither."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from vault import settings as configuration
from vault.cli.options import data_option, database_option, plainly
from vault.cli.runtime import Runtime, installation
from vault.clock import from_millis
from vault.db import LEDGER
from vault.errors import VaultError
from vault.ledger.checkpoint import log_keys
from vault.ledger.fsck import Report, fsck
from vault.ledger.verify import verify_consistency_proof, verify_receipt

_LARGEST = 1_048_576
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def ledger() -> None:
    """Verify receipts offline, check a whole log from its rows.

    \b
    Example: pivault ledger verify receipt.json --vkey log.vkey
    """


@ledger.command()
@click.argument("document", type=_FILE)
@click.option("--vkey", required=True, type=_FILE, help="The log's public key (C2SP signed-note form).")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for scripts.")
@plainly
def verify(document: Path, vkey: Path, *, as_json: bool) -> None:
    """Verify a receipt, or a proof of consistency, without server and database.

    DOCUMENT is the `receipt` of a release or the answer of /v1/ledger/consistency. Exit status 0: it holds; 1: it
    does not, and the reason is printed.

    \b
    Example: pivault ledger verify receipt.json --vkey log.vkey
    """
    if document.stat().st_size > _LARGEST:
        raise VaultError(f"{document} is larger than {_LARGEST} bytes: this is no receipt.")
    try:
        told = _verified(document.read_bytes(), vkey.read_text())
    except UnicodeDecodeError:
        raise VaultError(f"{vkey} is not a verifier key.") from None
    except VaultError as error:
        if as_json:
            click.echo(json.dumps({"holds": False, "why": error.public}))
            sys.exit(1)
        raise
    click.echo(json.dumps({"holds": True} | told) if as_json else _sentence(told))


def _verified(document: bytes, vkey: str) -> dict[str, Any]:
    if b'"old_checkpoint"' in document:
        proof = verify_consistency_proof(document, vkey)
        return {"log": proof.new.origin, "old_size": proof.old.size, "new_size": proof.new.size}
    receipt = verify_receipt(document, vkey)
    size = receipt.checkpoint.size
    return {"log": receipt.checkpoint.origin, "index": receipt.index, "size": size, "entry": receipt.entry}


def _sentence(told: dict[str, Any]) -> str:
    if "entry" not in told:
        return f"Holds: the log {told['log']} grew from {told['old_size']} to {told['new_size']} without rewriting."
    entry = told["entry"]
    lines = [f"Holds: entry {told['index']} of the log {told['log']} (checkpoint over {told['size']} entries)."]
    lines.append(f"  event      {entry['event']}")
    lines.append(f"  at         {from_millis(entry['at']).isoformat(timespec='milliseconds')}")
    for name in ("requester", "purpose", "outcome", "reason", "ref"):
        if name in entry:
            lines.append(f"  {name:<10} {entry[name]}")
    if "items" in entry:
        items = ", ".join(f"{i['item']} ({i['form']})" if i.get("form") else i["item"] for i in entry["items"])
        lines.append(f"  items      {items}")
    return "\n".join(lines)


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
