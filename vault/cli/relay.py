"""``pivault relay``: takes mail for the relay over SMTP, beside the server."""

import asyncio
import signal
from contextlib import AsyncExitStack

import click

from vault.cli.options import data_option, database_option, plainly
from vault.cli.runtime import Runtime


@click.command()
@data_option
@database_option
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (default 2525).")
@plainly
def relay(data: object, database_url: str | None, port: int | None) -> None:
    """Take mail of organisations for people who gave them an address of the relay, until Ctrl-C.

    Listens on loopback: put a mail server or a TLS tunnel in front. Senders sign in with their client id and a
    client assertion (docs/relay.md). Mail leaves by the notifier of this installation. Give it the settings that the
    server has: assertions are for its issuer (PIVAULT_ISSUER, or on this machine PIVAULT_PORT).

    \b
    Example: DATABASE_URL=postgresql://admin@db/vault pivault relay --port 2525
    """
    from vault import settings as configuration
    from vault.cli.runtime import installation

    settings = configuration.load(data=data, database_url=database_url, relay_port=port)
    with installation(settings) as runtime:
        asyncio.run(runtime.check_migrated())
        asyncio.run(_listen(runtime))


async def _listen(runtime: Runtime) -> None:
    from vault.edge.exchange import submission_of
    from vault.relay.submission import listening

    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    settings, database = runtime.settings, runtime.database()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        submission = submission_of(settings, database)
        port = await stack.enter_async_context(listening(submission, settings.relay_host, settings.relay_port))
        at = f"{settings.relay_host}:{port}"
        click.echo(f"Taking mail for {settings.relay} at {at}; sign-ins are for {settings.issuer_url}.", err=True)
        click.echo("Ctrl-C stops.", err=True)
        await told.wait()
