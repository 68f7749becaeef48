"""``pivault-sim``: a SIMULATOR of an authority that confirms names. It knows nobody and confirms almost everybody.

A process of its own with its own key, so that the vault meets it as it would meet the real thing.
"""

import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from vault.accounts.numbers import CN_RIC, is_valid
from vault.clock import Clock, SystemClock
from vault.crypto.canonical import b64, unb64
from vault.crypto.jws import sign_jws
from vault.crypto.keyfile import write_private
from vault.crypto.signing import SigningKey, new_signing_seed
from vault.proofing.source import ANSWER_TYPE, CHECKED, Claims, Question

NAME: Final = "pivault-simulator"
NO_MATCH: Final = "999"
BROKEN: Final = "998"
_KEY_FILE: Final = "simulator.seed"
_MOST_BYTES: Final = 4096


class Simulator:
    """What the simulator says, apart from how it is asked."""

    def __init__(self, key: SigningKey, clock: Clock) -> None:
        self.key = key
        self._clock = clock

    def answer(self, question: Question) -> str | None:
        """A signed answer; None for numbers on which it plays broken."""
        sequence = question.number[14:17]
        if sequence == BROKEN:
            return None
        known = question.scheme == CN_RIC and is_valid(question.number) and question.name.strip() != ""
        claims = Claims(
            iss=NAME,
            iat=int(self._clock.now().timestamp()),
            nonce=question.nonce,
            match=known and sequence != NO_MATCH,
            level=CHECKED,
            subject_digest=question.subject_digest(),
        )
        return sign_jws(self.key.sign, {"typ": ANSWER_TYPE}, msgspec.json.encode(claims))


class Server(ThreadingHTTPServer):
    """The simulator on a loopback port."""

    daemon_threads = True

    def __init__(self, simulator: Simulator, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.simulator = simulator

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = 10
    server_version = NAME
    sys_version = ""

    def do_GET(self) -> None:
        if self.path == "/v1/key":
            self._send(200, b64(self.server.simulator.key.public).encode(), "text/plain")
        else:
            self._send(404, b"not found", "text/plain")

    def do_POST(self) -> None:
        if self.path != "/v1/checks":
            self._send(404, b"not found", "text/plain")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > _MOST_BYTES:
            self._send(413, b"too large", "text/plain")
            return
        try:
            question = msgspec.json.decode(self.rfile.read(int(length)), type=Question)
            token = self.server.simulator.answer(question)
        except (ValueError, msgspec.MsgspecError):
            self._send(400, b"not a question", "text/plain")
            return
        if token is None:
            self._send(503, b"playing broken", "text/plain")
        else:
            self._send(200, token.encode(), "application/jose")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing: questions are about people."""


def load_key(state: Path) -> SigningKey:
    """The simulator's own key, made on first use."""
    path = state / _KEY_FILE
    if not path.exists():
        write_private(path, b64(new_signing_seed()).encode())
    return SigningKey(unb64(path.read_text().strip()))


@click.command()
@click.option("--port", default=0, show_default="a free one", type=click.IntRange(0, 65535), help="Port on 127.0.0.1.")
@click.option(
    "--state",
    default=".pivault/simulator",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the simulator's own signing key.",
)
@click.option("--stop-with-stdin", is_flag=True, help="End when standard input is closed: when the parent has gone.")
def main(port: int, state: Path, stop_with_stdin: bool) -> None:
    """SIMULATOR of a population register, for trying the vault. Never use it to prove anything.

    It confirms every name for every resident id number that is valid by GB 11643, except: numbers with the
    sequence digits (15th to 17th) 999 are answered "no match", those with 998 with HTTP 503.

    When ready it prints one line of JSON: simulator (true), name, url, public_key (Ed25519, base64url).
    POST /v1/checks {"name", "scheme", "number", "nonce"} answers with a signed JWS; GET /v1/key with the key.

    \b
    Example: pivault-sim --port 8900 --state ./simulator
    """
    server = Server(Simulator(load_key(state), SystemClock()), port)
    signal.signal(signal.SIGTERM, _leave)
    if stop_with_stdin:
        threading.Thread(target=_watch_stdin, args=(server,), daemon=True).start()
    ready = {"simulator": True, "name": NAME, "url": server.url, "public_key": b64(server.simulator.key.public)}
    click.echo(msgspec.json.encode(ready).decode())
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
