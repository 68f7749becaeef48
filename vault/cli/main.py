"""``pivault``: the commands and their options; the work is done in the modules beside this one."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import click

from vault import settings as configuration
from vault.cli.options import data_option, database_option, kit_option, person_option, plainly, redirect_option
from vault.settings import Settings

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _settings(data: Path | None, database_url: str | None, **more: Any) -> Settings:
    return configuration.load(data=data, database_url=database_url, **more)


@click.group(context_settings=_CONTEXT)
@click.version_option(package_name="pivault")
def main() -> None:
    """A personal-information vault with consent brokering.

    Settings come from defaults, one TOML file (PIVAULT_CONFIG), the environment (PIVAULT_*, DATABASE_URL) and
    these options, in that order. `pivault config` shows what is in force.
    """


@main.command()
@data_option
@database_option
@click.option("--port", type=click.IntRange(1, 65535), help="Exactly this port (default: 8000 or the next free one).")
@click.option("--workers", type=click.IntRange(1, 64), help="Server processes (default 1).")
@click.option("--story", is_flag=True, help="Play the story again although this installation has seen it.")
@click.option("--once", is_flag=True, help="Play the story on a free port, print what held, stop everything.")
@person_option
@kit_option
@redirect_option
@plainly
def run(data: Path | None, database_url: str | None, **options: Any) -> None:
    """Set up, migrate, play the story, and keep serving until Ctrl-C.

    \b
    Example: pivault run --once --person me.json
    """
    from vault.cli.run import RunOptions, run_installation

    workers = options.pop("workers")
    sys.exit(run_installation(_settings(data, database_url, workers=workers), RunOptions(**options)))


@main.command()
@data_option
@database_option
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (default 8000).")
@click.option("--workers", type=click.IntRange(1, 64), help="Server processes (default 1).")
@plainly
def serve(data: Path | None, database_url: str | None, **options: Any) -> None:
    """Serve an installation that is already migrated.

    \b
    Example: DATABASE_URL=postgresql://admin@db/vault pivault serve --workers 4
    """
    from vault.cli.run import serve_installation

    serve_installation(_settings(data, database_url, **options))


@main.command(hidden=True)
@click.option("--fd", type=int, required=True)
@click.option("--parent-fd", type=int, required=True)
@plainly
def worker(fd: int, parent_fd: int) -> None:
    """One server process of `serve --workers N`; started by it, configured by the environment."""
    from vault.cli.run import serve_as_worker

    serve_as_worker(configuration.load(), fd, parent_fd)


@main.command()
@data_option
@database_option
@plainly
def migrate(data: Path | None, database_url: str | None) -> None:
    """Create roles and tables, or bring them to this version. Safe to repeat.

    \b
    Example: DATABASE_URL=postgresql://admin@db/vault pivault migrate
    """
    from vault import schema
    from vault.cli.runtime import installation

    with installation(_settings(data, database_url)) as runtime:
        asyncio.run(runtime.migrate())
        click.echo(f"The database is at revision {schema.head()}.")


@main.command()
@data_option
@database_option
@person_option
@kit_option
@redirect_option
@plainly
def story(data: Path | None, database_url: str | None, **options: Any) -> None:
    """Play the story once through the public HTTP surface and say what held.

    \b
    Example: pivault story --kit kit/
    """
    from vault.cli.run import RunOptions, run_installation

    sys.exit(run_installation(_settings(data, database_url), RunOptions(port=None, story=True, once=True, **options)))


@main.command()
@data_option
@database_option
@plainly
def config(data: Path | None, database_url: str | None) -> None:
    """Print the effective settings, secrets hidden.

    \b
    Example: PIVAULT_PORT=9000 pivault config
    """
    for name, value in configuration.shown(_settings(data, database_url)).items():
        click.echo(f"{name} = {value}")


def _add_groups() -> None:
    """The command groups live in files of their own."""
    from vault.cli.keys import keys
    from vault.cli.ledger import ledger
    from vault.cli.openapi import openapi
    from vault.cli.register import register
    from vault.cli.relay import relay
    from vault.cli.resource_servers import resource_server
    from vault.cli.sandbox import sandbox
    from vault.cli.staff import officer, regulator
    from vault.cli.witnesses import mirror, witness

    staffed = (officer, regulator, resource_server, register, sandbox)
    for command in (*staffed, ledger, keys, openapi, relay, witness, mirror):
        main.add_command(command)


_add_groups()

if __name__ == "__main__":
    main()
