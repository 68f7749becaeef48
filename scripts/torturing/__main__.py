"""``scripts/torture``: the command line."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from torturing.rounds import Plan, torture


@click.command()
@click.option("--kills", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many in all.")
@click.option("--every", type=click.FloatRange(3, 60), default=4, show_default=True, help="Seconds between two kills.")
@click.option("--connections", type=click.IntRange(1, 200), default=16, show_default=True, help="Callers at once.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep everything here; the same folder goes on.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def main(kills: int, every: float, *, connections: int, folder: Path | None, as_json: bool) -> None:
    """Kill -9 a server process, the process that sequences, and PostgreSQL, in turn, while releases are made.

    Afterwards every receipt that anybody was given is verified and looked up, every delivered release must have its
    entry, and the whole ledger is rebuilt from its rows. Exit status 0: nothing lost, nothing wrong.

    \b
    Example: scripts/torture --kills 30 --folder /tmp/torture
    """
    with nullcontext(folder) if folder else TemporaryDirectory(prefix="pivault-torture-") as place:
        plan = Plan(Path(place).absolute(), kills, every, connections)
        found = torture(plan, tell=lambda text: None if as_json else click.echo(text, err=True))
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(f"{k:<28}{v}" for k, v in found.items()))
    sys.exit(0 if found["holds"] else 1)


if __name__ == "__main__":
    main()
