"""A simulated operator's gateway, to try calls with: ``python -m vault.relay.simulator PORT SECRET``.

Speaks the protocol of :mod:`vault.relay.calls` and calls nobody. Numbers that end in 0000 do not exist; with
``is_broken`` it answers 503.
"""

import hmac
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MEMBERS = {"call", "caller", "callee", "shown"}
LARGEST = 4096


class CallGatewaySimulator(ThreadingHTTPServer):
    """``calls``: what it was asked to connect, by the call's id."""

    daemon_threads = True

    def __init__(self, secret: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.secret = secret
        self.calls: dict[str, dict[str, str]] = {}
        self.is_broken = False

    @property
    def url(self) -> str:
        """What ``call_gateway`` is set to."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> "CallGatewaySimulator":
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: CallGatewaySimulator

    def do_POST(self) -> None:
        """One call."""
        wanted = f"Bearer {self.server.secret}".encode()
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), LARGEST))
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), wanted):
            self._say(401)
        elif self.server.is_broken:
            self._say(503)
        else:
            self._take(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: numbers belong in no log."""

    def _take(self, body: bytes) -> None:
        try:
            call = json.loads(body)
        except ValueError:
            call = None
        if self.path != "/calls" or not isinstance(call, dict) or set(call) != MEMBERS:
            self._say(400)
        elif str(call["callee"]).endswith("0000"):
            self._say(404)
        else:
            self.server.calls[call["call"]] = call
            self._say(202)

    def _say(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    with CallGatewaySimulator(sys.argv[2], int(sys.argv[1])) as gateway:
        sys.stdout.write(f"Simulated gateway for calls at {gateway.url}\n")
        threading.Event().wait()
