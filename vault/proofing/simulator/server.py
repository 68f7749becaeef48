"""How the simulator is asked: HTTP on a loopback port."""

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import msgspec

from vault.crypto.canonical import b64
from vault.proofing.registers import RegisterQuestion
from vault.proofing.simulator.organisations import Facts, OrganisationSimulator
from vault.proofing.simulator.persons import NAME, Simulator
from vault.proofing.source import Question

_MOST_BYTES: Final = 4096
_FACTS: Final = re.compile(r"/v1/simulator/organisations/([0-9A-Z]{18})")


class Server(ThreadingHTTPServer):
    """The simulated authorities on one loopback port, each with a key of its own."""

    daemon_threads = True

    def __init__(self, simulator: Simulator, port: int, organisations: OrganisationSimulator | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.simulator = simulator
        self.organisations = organisations

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
        organisations = self.server.organisations
        if self.path == "/v1/key":
            self._say(200, b64(self.server.simulator.key.public))
        elif self.path == "/v1/registers/key" and organisations:
            self._say(200, b64(organisations.key.public))
        elif organisations and (found := _FACTS.fullmatch(self.path)):
            self._send(200, msgspec.json.encode(organisations.facts(found[1])), "application/json")
        else:
            self._say(404, "not found")

    def do_POST(self) -> None:
        organisations = self.server.organisations
        if self.path == "/v1/checks":
            self._answer(Question, self.server.simulator.answer)
        elif self.path == "/v1/registers" and organisations:
            self._answer(RegisterQuestion, organisations.answer)
        else:
            self._say(404, "not found")

    def do_PUT(self) -> None:
        self._change(Facts)

    def do_DELETE(self) -> None:
        self._change(None)

    def _answer(self, kind: Any, answer: Any) -> None:
        body = self._body()
        if body is None:
            return
        try:
            token = answer(msgspec.json.decode(body, type=kind))
        except (ValueError, msgspec.MsgspecError):
            self._say(400, "not a question")
            return
        if token is None:
            self._say(503, "playing broken")
        else:
            self._send(200, token.encode(), "application/jose")

    def _change(self, kind: type[Facts] | None) -> None:
        """Change what the registers hold. JSON by name, so that no web page can make a browser do it unasked."""
        found, organisations = _FACTS.fullmatch(self.path), self.server.organisations
        if not found or organisations is None:
            self._say(404, "not found")
            return
        if kind is None:
            organisations.change(found[1], None)
            self._send(200, msgspec.json.encode(organisations.facts(found[1])), "application/json")
            return
        if self.headers.get("Content-Type") != "application/json":
            self._say(415, "must be application/json")
            return
        body = self._body()
        if body is None:
            return
        try:
            kept = organisations.change(found[1], msgspec.json.decode(body, type=kind))
        except (ValueError, msgspec.MsgspecError) as error:
            self._say(400, f"not facts: {error}")
            return
        if not kept:
            self._say(507, "too many changed organisations")
            return
        self._send(200, msgspec.json.encode(organisations.facts(found[1])), "application/json")

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > _MOST_BYTES:
            self._say(413, "too large")
            return None
        return self.rfile.read(int(length))

    def _say(self, status: int, text: str) -> None:
        self._send(status, text.encode(), "text/plain")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing: questions are about people."""
