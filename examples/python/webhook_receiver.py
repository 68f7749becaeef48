"""A receiver of the vault's events: verifies the signature (RFC 9421) and the digest (RFC 9530), and prints what came.

    python webhook_receiver.py https://vault.example https://bank.example/events [port]

The second address is the one that is registered: it is under the signature. Put TLS in front of the port.
"""

import base64
import hashlib
import json
import re
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

INPUT = re.compile(r'pivault=(\(((?:"[a-z@-]+" ?)+)\);(.+))')
MUST = {"@method", "@target-uri", "content-digest"}
SEEN = set()


class Refused(Exception):
    """Not to be believed; the text says why."""


class SeenBefore(Exception):
    """An event that was taken already: the vault did not get the answer, or somebody had it sent again."""


def verify(url, headers, body, keys, now):
    """The event in a POST to this address. ``headers``: names in lower case; ``keys``: the vault's JWK set."""
    found = INPUT.fullmatch(headers.get("signature-input", ""))
    if found is None:
        raise Refused("no signature of the vault")
    signed, covered = found[1], re.findall(r'"([a-z@-]+)"', found[2])
    said = dict(re.findall(r'(\w+)="?([^;"]*)"?', found[3]))
    if not set(covered) >= MUST or said.get("tag") != "pivault-event":
        raise Refused("the signature covers too little, or is for something else")
    values = headers | {"@method": "POST", "@target-uri": url}
    missing = ({"created", "expires", "keyid"} - set(said)) | ({*covered, "signature"} - set(values))
    if missing:
        raise Refused(f"{', '.join(sorted(missing))} missing")
    if not int(said["created"]) - 60 <= now < int(said["expires"]):
        raise Refused("not of now")
    base = "\n".join([*(f'"{name}": {values[name]}' for name in covered), f'"@signature-params": {signed}'])
    key = next((each for each in keys["keys"] if each["kid"] == said["keyid"]), None)
    if key is None:
        raise Refused("an unknown key: read the keys anew")
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "=="))
    try:
        public.verify(base64.b64decode(headers["signature"][len("pivault=:") : -1]), base.encode())
    except (InvalidSignature, ValueError):
        raise Refused("the signature does not verify") from None
    if headers["content-digest"] != f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:":
        raise Refused("another body")
    event = json.loads(body)
    if event["id"] in SEEN:
        raise SeenBefore(event["id"])
    SEEN.add(event["id"])  # in your own receiver: in the transaction that stores the event
    return event


def main(vault, url, port=8080):
    with urllib.request.urlopen(f"{vault}/v1/webhooks/jwks") as answer:  # noqa: S310 - the address is yours
        keys = json.load(answer)

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(min(int(self.headers["Content-Length"]), 65536))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                event = verify(url, headers, body, keys, time.time())
            except Refused as why:
                print("refused:", why)
                self.send_response(400)
            except SeenBefore as which:  # a 2xx: otherwise it would come again for three days
                print("again:", which)
                self.send_response(204)
            else:
                print(event["type"], event.get("subject", ""))
                self.send_response(204)
            self.end_headers()

    ThreadingHTTPServer(("127.0.0.1", int(port)), Receiver).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
