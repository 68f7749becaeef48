"""Whole HTTP requests, signed before the clock starts: each with an assertion, a proof and a key of its own."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from typing import Final
from urllib.parse import urlencode

import msgspec

from benchmark.client import Client
from benchmark.preparing import REDIRECT
from vault.clock import unix_millis
from vault.crypto.canonical import b64, unb64


class Job(msgspec.Struct):
    """One phase: ``most`` requests at most, spread over all tokens. ``kind``: which request."""

    kind: str
    host: str
    port: int
    issuer: str
    client_id: str
    tokens: list[str]
    seed: str
    connections: int
    seconds: float
    most: int
    keep_every: int
    expected: int = 200
    is_traced: bool = False
    """Requests are made one by one, without end, and each answer's moment and status are kept."""

    def client(self) -> Client:
        """Whoever sends them."""
        return Client(unb64(self.seed), client_id=self.client_id, issuer=self.issuer)


def endless(job: Job) -> Iterator[tuple[int, bytes]]:
    """Requests without end, each signed when it is sent, with the number of its token."""
    client, make = job.client(), KINDS[job.kind]
    for number in count():
        token = number % len(job.tokens)
        yield token, make(job, client, job.tokens[token], unix_millis() // 1000)


def requests_of(job: Job) -> list[bytes]:
    """Every request of the phase."""
    client, at, make = job.client(), unix_millis() // 1000, KINDS[job.kind]
    return [make(job, client, job.tokens[number % len(job.tokens)], at) for number in range(job.most)]


def _release(job: Job, client: Client, token: str, at: int) -> bytes:
    proof = client.proof(f"{job.issuer}/v1/releases", at, token=token)
    head = [f"Authorization: DPoP {token}", f"DPoP: {proof}", f"Idempotency-Key: {b64(os.urandom(12))}"]
    return _post(job, "/v1/releases", head, b"")


def _refresh(job: Job, client: Client, token: str, at: int) -> bytes:
    form = {"grant_type": "refresh_token", "refresh_token": token, **client.assertion(at)}
    return _form(job, "/oauth/token", [f"DPoP: {client.proof(f'{job.issuer}/oauth/token', at)}"], form)


def _introspect(job: Job, client: Client, token: str, at: int) -> bytes:
    return _form(job, "/oauth/introspect", [], {"token": token, **client.assertion(at)})


def _push(job: Job, client: Client, details: str, at: int) -> bytes:
    form = {
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "code_challenge": b64(os.urandom(32)),
        "code_challenge_method": "S256",
        "authorization_details": details,
        **client.assertion(at),
    }
    return _form(job, "/oauth/par", [f"DPoP: {client.proof(f'{job.issuer}/oauth/par', at)}"], form)


def _open(job: Job, _client: Client, page: str, _at: int) -> bytes:
    """``page``: the cookie of somebody signed in and the address of their pushed request, one line each."""
    cookie, path = page.split("\n")
    return f"GET {path} HTTP/1.1\r\nHost: {job.host}:{job.port}\r\nCookie: {cookie}\r\n\r\n".encode()


def _form(job: Job, path: str, head: list[str], form: dict[str, str]) -> bytes:
    return _post(job, path, [*head, "Content-Type: application/x-www-form-urlencoded"], urlencode(form).encode())


def _post(job: Job, path: str, head: list[str], body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"Host: {job.host}:{job.port}", *head, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


KINDS: Final[dict[str, Callable[[Job, Client, str, int], bytes]]] = {
    "release": _release,
    "refresh": _refresh,
    "introspect": _introspect,
    "push": _push,
    "open": _open,
}
