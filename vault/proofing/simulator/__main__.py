"""The command ``pivault-sim``."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Final

import click
import msgspec

from vault.clock import SystemClock
from vault.crypto.canonical import b64, unb64
from vault.crypto.keyfile import write_private
from vault.crypto.signing import SigningKey, new_signing_seed
from vault.proofing.simulator.organisations import OrganisationSimulator
from vault.proofing.simulator.persons import NAME, Simulator
from vault.proofing.simulator.server import Server

_PERSONS_KEY: Final = "simulator.seed"
_REGISTERS_KEY: Final = "registers.seed"
_HELP: Final = """\
SIMULATOR of a population register and of the registers of organisations, for trying the vault.
Never use it to prove anything.

\b
Persons (POST /v1/checks {"name", "scheme", "number", "nonce"}). It confirms every name for every
resident id number that is valid by GB 11643, except by the sequence digits (15th to 17th):
  999  no match
  998  HTTP 503

\b
Organisations (POST /v1/registers {"register": "business"|"credit"|"dishonesty", "uscc", "name",
"persons", "nonce"}). Everything claimed is on record, except by the 15th to 17th character of the
unified social credit code:
  999  not in the business register
  998  HTTP 503
  997  registered under another name
  996  not in business (revoked)
  995  the responsible person is not on record
  994  on the dishonesty list
  993  two entries on the credit list
  992  founded on 2026-10-01

\b
Both answer with a signed JWS, each with a key of its own: GET /v1/key, GET /v1/registers/key.

\b
What the registers hold can be changed while it runs, until it ends:
  curl -X PUT URL/v1/simulator/organisations/USCC -H 'Content-Type: application/json' \\
       -d '{"status": "revoked"}'
Members: registered, name, status, persons, founded_on, credit_listings, dishonesty_listings,
is_broken. GET the same address shows the facts, DELETE puts back what was there at first.

When ready it prints one line of JSON: simulator (true), name, url, public_key and registers_key
(Ed25519, base64url).

\b
Example: pivault-sim --port 8900 --state ./simulator
"""


def load_key(path: Path) -> SigningKey:
    """One simulated authority's own key, made on first use."""
    if not path.exists():
        write_private(path, b64(new_signing_seed()).encode())
    return SigningKey(unb64(path.read_text().strip()))


@click.command(help=_HELP)
@click.option("--port", default=0, show_default="a free one", type=click.IntRange(0, 65535), help="Port on 127.0.0.1.")
@click.option(
    "--state",
    default=".pivault/simulator",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the simulator's own signing keys.",
)
@click.option("--stop-with-stdin", is_flag=True, help="End when standard input is closed: when the parent has gone.")
def main(port: int, state: Path, stop_with_stdin: bool) -> None:
    """Answer until told to stop."""
    clock = SystemClock()
    organisations = OrganisationSimulator(load_key(state / _REGISTERS_KEY), clock)
    server = Server(Simulator(load_key(state / _PERSONS_KEY), clock), port, organisations)
    signal.signal(signal.SIGTERM, _leave)
    if stop_with_stdin:
        threading.Thread(target=_watch_stdin, args=(server,), daemon=True).start()
    keys = {"public_key": b64(server.simulator.key.public), "registers_key": b64(organisations.key.public)}
    click.echo(msgspec.json.encode({"simulator": True, "name": NAME, "url": server.url} | keys).decode())
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return
    finally:
        server.server_close()


def _leave(*_arguments: object) -> None:
    raise SystemExit(0)


def _watch_stdin(server: Server) -> None:
    while os.read(0, 4096):  # not sys.stdin: its lock would be held at the end of the program
        pass
    server.shutdown()


if __name__ == "__main__":
    main()
