"""``pivault ledger verify-answer``: no server, no database, nothing but the bundle and the log's public key."""

import json
from pathlib import Path

import click

from vault.cli.ledger_offline import FILE, trusting
from vault.ledger.answers import verify_answer
from vault.ledger.whole import Trust


@click.command(name="verify-answer")
@click.argument("bundle", type=FILE)
@trusting
def verify_answer_(bundle: Path, *, trust: Trust, as_json: bool) -> None:
    """Verify every entry of an exported answer: a bundle that a regulator ordered.

    Exit status 0: all of them are in the ledger; 1: one is not, and the reason is printed; 2: it could not be checked.
    That no entry was left out is proven by a copy of the whole ledger: see `pivault ledger audit`.

    \b
    Example: pivault ledger verify-answer exp_0123.tar --vkey log.vkey
    """
    count = verify_answer(bundle, trust)
    click.echo(json.dumps({"holds": True, "entries": count}) if as_json else f"All {count} entries are in the ledger.")
