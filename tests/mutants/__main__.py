"""The command line: every check in turn; the result is a list of those that no test misses."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import click

from tests.mutants.finding import ROOT, Check, every_check

_TESTS: Final = ("tests/authserver", "tests/attacks")
_RED, _NONE = 1, 5  # pytest's exit codes: tests failed, no tests were found


@click.command()
@click.option("--only", default="", help="Only checks whose id contains this text.")
@click.option("--list", "as_list", is_flag=True, help="Print the checks and try nothing.")
@click.option("--thorough", is_flag=True, help="Where the tests that name a check stay green, run all.")
def main(only: str, as_list: bool, *, thorough: bool) -> None:
    """Take each named check out in turn; some test must fail. Exit code 1 names those that nothing misses.

    \b
    Example: scripts/mutants --only dpop
    """
    checks = [check for check in every_check() if only in check.id]
    if as_list:
        click.echo("\n".join(check.id for check in checks))
        return
    missed = [check for number, check in enumerate(checks, 1) if not _tell(check, f"{number}/{len(checks)}", thorough)]
    click.echo(f"{len(checks) - len(missed)} of {len(checks)} checks are missed when they are gone.")
    for check in missed:
        click.echo(f"  nobody misses {check.id}")
    sys.exit(1 if missed else 0)


def _tell(check: Check, count: str, thorough: bool) -> bool:
    began = time.monotonic()
    caught = is_missed(check, thorough=thorough)
    click.echo(f"{count} {check.id}: {'red' if caught else 'STILL GREEN'} ({time.monotonic() - began:.0f} s)")
    return caught


def is_missed(check: Check, *, thorough: bool) -> bool:
    """Whether the tests turn red without it: first those that name it, then, if wanted, all of the room's."""
    naming = [str(path) for path in _test_files() if f'"{check.name}"' in path.read_text()]
    if naming and _turns_red(check, naming):
        return True
    return thorough and _turns_red(check, [folder for folder in _TESTS if (ROOT / folder).is_dir()])


def _test_files() -> list[Path]:
    return sorted(path for folder in _TESTS for path in (ROOT / folder).rglob("test_*.py"))


def _turns_red(check: Check, tests: list[str]) -> bool:
    command = [
        *(sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "tests.mutants.loading"),
        *("--without", check.id, *tests),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in {0, _RED, _NONE}:
        raise click.ClickException(f"pytest itself failed for {check.id}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == _RED


if __name__ == "__main__":
    main()
