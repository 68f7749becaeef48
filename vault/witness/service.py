"""The witness as a service: one address, one question, one answer (C2SP tlog-witness). An ASGI application.

It trusts no caller: who asks is nobody's business, only what the log signed and what it proves. Reads at most a few
kilobytes, for at most a few seconds; one question at a time decides and is on the disk before its answer leaves.
"""

import asyncio
from typing import Any, Final, Protocol

import structlog

from vault.clock import Clock, millis
from vault.errors import Malformed, VaultError
from vault.ledger import add_checkpoint
from vault.ledger.add_checkpoint import MAX_QUESTION, SIZE_TYPE, Question
from vault.ledger.checkpoint import Checkpoint
from vault.witness.keys import Keys
from vault.witness.memory import Known, Memory
from vault.witness.rules import Declined, Logbook, check

READ_WITHIN: Final = 10.0
"""Seconds in which a whole request must have come."""
_TEXT: Final = "text/plain; charset=utf-8"
_log = structlog.get_logger(__name__)


class Examiner(Protocol):
    """What a cosigner looks at besides the proof, before it signs."""

    async def examine(self, checkpoint: Checkpoint, note: str, known: Known) -> Known:
        """What to remember when this is cosigned. Raises Declined."""
        ...


class NoExaminer:
    """A plain witness looks at the proof alone."""

    async def examine(self, checkpoint: Checkpoint, note: str, known: Known) -> Known:
        return Known(checkpoint.size, checkpoint.root, note)


class Service:
    """ASGI: a witness, or a mirror where an examiner looks at more."""

    def __init__(
        self, keys: Keys, memory: Memory, logbook: Logbook, *, clock: Clock, examiner: Examiner | None = None
    ) -> None:
        self._keys = keys
        self._memory = memory
        self._logbook = logbook
        self._clock = clock
        self._examiner = examiner or NoExaminer()
        self._deciding = asyncio.Lock()

    async def cosign(self, question: Question) -> str:
        """The signature lines over a question's checkpoint. Raises Declined, OSError; then nothing was cosigned."""
        checkpoint = self._logbook.origin_of(question)
        async with self._deciding:  # what is compared and what is remembered are one step
            known = self._memory.known(checkpoint.origin)
            check(question, checkpoint, known)
            seen = await self._examiner.examine(checkpoint, question.note, known)
            if seen != known:
                await asyncio.to_thread(self._memory.remember, checkpoint.origin, seen)
            seconds = millis(self._clock.now()) // 1000
            return "".join([each.line(checkpoint, seconds) for each in self._keys.cosigners])

    async def follow(self, note: str) -> Known:
        """Take a published note without being asked to cosign it; what is known then. Raises Declined, OSError."""
        checkpoint = self._logbook.origin_of(Question(0, (), note))
        async with self._deciding:
            known = self._memory.known(checkpoint.origin)
            if checkpoint.size < known.size:  # a reader behind a cache, or a log that was set back: nothing to learn
                return known
            if checkpoint.size == known.size and checkpoint.root != known.root:
                raise Declined(409, "Another tree of this size was cosigned.", size=known.size)
            seen = await self._examiner.examine(checkpoint, note, known)
            if (seen.size, seen.root) != (known.size, known.root):
                await asyncio.to_thread(self._memory.remember, checkpoint.origin, seen)
            return seen

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        status, kind, body = await self._answer(scope, receive)
        headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        headers += [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Any, receive: Any) -> tuple[int, str, bytes]:
        if scope["type"] != "http" or not scope["path"].endswith("/add-checkpoint"):
            return 404, _TEXT, b"There is nothing here but add-checkpoint.\n"
        if scope["method"] != "POST":
            return 405, _TEXT, b"Only POST is answered here.\n"
        try:
            async with asyncio.timeout(READ_WITHIN):
                body = await _body(receive)
            return 200, _TEXT, (await self.cosign(add_checkpoint.read(body))).encode()
        except TimeoutError:
            return 408, _TEXT, b"The request did not come in time.\n"
        except Malformed as error:
            return 413 if error.private else 400, _TEXT, f"{error.public}\n".encode()
        except Declined as error:
            _log.warning("witness.declined", status=error.code, why=error.public)
            if error.size is not None:
                return error.code, SIZE_TYPE, f"{error.size}\n".encode()
            return error.code, _TEXT, f"{error.public}\n".encode()
        except (VaultError, OSError) as error:
            _log.error("witness.failed", kind=type(error).__name__)
            return 503, _TEXT, b"Nothing can be cosigned just now.\n"


async def _body(receive: Any) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_QUESTION:
            raise Malformed("The request is too long.", private="too long")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return bytes(body)


async def _live(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
