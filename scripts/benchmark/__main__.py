"""``scripts/bench release``: the command line."""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmark import batches as batch_bench
from benchmark import ledger as ledger_bench
from benchmark import scale as scale_bench
from benchmark import searching as search_bench
from benchmark import tokens as token_bench
from benchmark import withdrawing
from benchmark.measuring import Plan, measure
from benchmark.report import table


@click.group()
def main() -> None:
    """Measurements of the vault on this machine."""


@main.command()
@click.option("--seconds", type=click.FloatRange(1, 600), default=10, show_default=True, help="Length of each phase.")
@click.option("--connections", default="1,16,64", show_default=True, help="Numbers of connections, one phase each.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Server processes.")
@click.option(
    "--people", type=click.IntRange(1, 100_000), default=300, show_default=True, help="Persons, a grant each."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def release(seconds: float, connections: str, *, workers: int, people: int, as_json: bool) -> None:
    """Releases per second and their latency, beside the floors measured in the same run.

    \b
    Example: scripts/bench release --seconds 20 --connections 64 --json
    """
    counts = tuple(int(each) for each in connections.split(","))
    with TemporaryDirectory(prefix="pivault-bench-") as folder:
        plan = Plan(Path(folder), seconds, counts, workers, people)
        result = measure(plan, tell=lambda text: None if as_json else click.echo(text, err=True))
    click.echo(json.dumps(result, indent=2) if as_json else table(result))
    sys.exit(0 if result["holds"] else 1)


@main.command()
@click.option(
    "--withdrawals", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="Grants to withdraw."
)
@click.option("--connections", type=click.IntRange(1, 1000), default=64, show_default=True, help="Of the load beside.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Server processes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def withdrawal(withdrawals: int, connections: int, *, workers: int, as_json: bool) -> None:
    """From an acknowledged withdrawal to the first refusal, under load; a release begun later that leaves fails it.

    \b
    Example: scripts/bench withdrawal --withdrawals 200
    """
    with TemporaryDirectory(prefix="pivault-bench-") as folder:
        plan = withdrawing.Plan(Path(folder), withdrawals, connections, workers)
        result = withdrawing.measure(plan, tell=lambda text: None if as_json else click.echo(text, err=True))
    click.echo(json.dumps(result, indent=2) if as_json else withdrawing.table(result))
    sys.exit(0 if result["holds"] else 1)


@main.command()
@click.option("--seconds", type=click.FloatRange(1, 600), default=10, show_default=True, help="Length of each phase.")
@click.option("--streams", default="1,4", show_default=True, help="Numbers of batches at once, one phase each.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Server processes.")
@click.option("--people", type=click.IntRange(10, 100_000), default=500, show_default=True, help="Whose tokens.")
@click.option("--lines", type=click.IntRange(1, 1000), default=500, show_default=True, help="Lines of a batch.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def batch(  # noqa: PLR0913 - an option each
    seconds: float, streams: str, *, workers: int, people: int, lines: int, as_json: bool
) -> None:
    """People per second by batches, receipts included, beside the floors measured in the same run.

    \b
    Example: scripts/bench batch --streams 4 --seconds 20
    """
    counts = tuple(int(each) for each in streams.split(","))
    with TemporaryDirectory(prefix="pivault-bench-") as folder:
        plan = batch_bench.Plan(Path(folder), seconds, counts, workers, people, min(lines, people))
        result = batch_bench.measure(plan, tell=lambda text: None if as_json else click.echo(text, err=True))
    click.echo(json.dumps(result, indent=2) if as_json else batch_bench.table(result))
    sys.exit(0 if result["holds"] else 1)


@main.command()
@click.option("--seconds", type=click.FloatRange(1, 600), default=10, show_default=True, help="Length of each phase.")
@click.option("--connections", type=click.IntRange(1, 1000), default=32, show_default=True, help="Kept connections.")
@click.option("--workers", default="1,2", show_default=True, help="Numbers of server processes, measured in turn.")
@click.option("--people", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Whose tokens.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def tokens(seconds: float, connections: int, *, workers: str, people: int, as_json: bool) -> None:
    """Refresh with private_key_jwt and DPoP, and introspection: per second, and CPU of each, database included.

    \b
    Example: scripts/bench tokens --workers 2 --seconds 20
    """
    with TemporaryDirectory(prefix="pivault-bench-") as folder:
        counts = tuple(int(each) for each in workers.split(","))
        plan = token_bench.Plan(Path(folder), seconds, connections, counts, people)
        result = token_bench.measure(plan, tell=lambda text: None if as_json else click.echo(text, err=True))
    click.echo(json.dumps(result, indent=2) if as_json else token_bench.table(result))
    sys.exit(0 if result["holds"] else 1)


@main.command()
@click.option("--seconds", type=click.FloatRange(1, 60), default=4, show_default=True, help="Length of each phase.")
@click.option("--rounds", type=click.IntRange(1, 50), default=5, show_default=True, help="Rounds before and after.")
@click.option("--declarations", type=click.IntRange(1), default=100_000, show_default=True, help="As many requesters.")
@click.option("--grants", type=click.IntRange(1), default=1_000_000, show_default=True, help="As many tokens, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def scale(seconds: float, rounds: int, *, declarations: int, grants: int, as_json: bool) -> None:
    """Pushing a request, opening its page and refreshing a token, on empty tables and on full ones.

    \b
    Example: scripts/bench scale --rounds 3
    """
    with TemporaryDirectory(prefix="pivault-bench-") as folder:
        plan = scale_bench.Plan(Path(folder), seconds, rounds, declarations, grants)
        result = scale_bench.measure(plan, tell=lambda text: None if as_json else click.echo(text, err=True))
    click.echo(json.dumps(result, indent=2) if as_json else scale_bench.table(result))
    sys.exit(0 if result["holds"] else 1)


@main.command()
@click.option("--seconds", type=click.FloatRange(1, 600), default=10, show_default=True, help="Length of each phase.")
@click.option("--writers", type=click.IntRange(1, 512), default=64, show_default=True, help="Who wait at once.")
@click.option("--entries", type=click.IntRange(0), default=100_000, show_default=True, help="Size the tree grows to.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def ledger(seconds: float, writers: int, *, entries: int, as_json: bool) -> None:
    """Entries per second with receipts, the sequencer alone, and both again in a large tree, beside pgbench.

    \b
    Example: scripts/bench ledger --entries 2000000
    """
    with TemporaryDirectory(prefix="pivault-bench-") as folder:
        plan = ledger_bench.Plan(Path(folder), seconds, writers, entries)
        result = ledger_bench.measure(plan, tell=lambda text: None if as_json else click.echo(text, err=True))
    click.echo(json.dumps(result, indent=2) if as_json else ledger_bench.table(result))
    sys.exit(0 if result["holds"] else 1)


@main.command()
@click.option("--entries", type=click.IntRange(20_000), default=2_000_000, show_default=True, help="In the ledger.")
@click.option("--persons", type=click.IntRange(1), default=100_000, show_default=True, help="In the blast radius.")
@click.option("--tries", type=click.IntRange(20, 10_000), default=60, show_default=True, help="Of each question.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def search(entries: int, persons: int, *, tries: int, as_json: bool) -> None:
    """A regulator's questions by each filter, figures and a blast radius over a large ledger.

    \b
    Example: scripts/bench search --entries 2000000
    """
    with TemporaryDirectory(prefix="pivault-bench-") as folder:
        plan = search_bench.Plan(Path(folder), entries, persons, tries)
        result = search_bench.measure(plan, tell=lambda text: None if as_json else click.echo(text, err=True))
    click.echo(json.dumps(result, indent=2) if as_json else search_bench.table(result))
    sys.exit(0 if result["holds"] else 1)


if __name__ == "__main__":
    main()
