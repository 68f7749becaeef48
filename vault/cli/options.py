"""Options and error handling that the commands share."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from vault.cli.story import REDIRECT_PORT
from vault.errors import VaultError

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data folder of the embedded database and the key ring (default .pivault).",
)
database_option = click.option("--database-url", metavar="URL", help="Use this PostgreSQL, not the embedded one.")
person_option = click.option(
    "--person", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The story's person (JSON file)."
)
kit_option = click.option(
    "--kit", type=click.Path(file_okay=False, path_type=Path), help="Write what an outside client needs here."
)
redirect_option = click.option(
    "--redirect-port",
    type=click.IntRange(1, 65535),
    default=REDIRECT_PORT,
    show_default=True,
    help="Port of this machine at which the kit's client takes people back.",
)


def plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the product's own errors into one line and exit status 1."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except VaultError as error:
            wrong = error.members.get("errors")
            click.echo(f"pivault: {error.title if wrong else error.public}", err=True)
            for one in wrong if isinstance(wrong, list) else ():
                click.echo(f"  {one['field']}: {one['why']}", err=True)
            sys.exit(1)

    return run
