"""Asking witnesses, from the log's side: all at once, each within a bound, none of them believed unverified."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import httpx
import structlog

from vault.clock import Clock, millis
from vault.errors import BadConfiguration, Malformed, Tampered, VaultError
from vault.ledger import add_checkpoint
from vault.ledger.checkpoint import MAX_NOTE, Checkpoint, parse
from vault.ledger.cosignature import genuine_lines
from vault.ledger.outside import Promise
from vault.ledger.policy import Policy, Witness
from vault.ledger.publisher import Answers
from vault.ledger.shelf import Told

TIMEOUT: Final = 5.0
"""Seconds for one witness's answer."""
TRIES: Final = 3
"""A witness that knows another size than we thought is asked again."""
Path: TypeAlias = Callable[[int], Awaitable[list[bytes]]]
_log = structlog.get_logger(__name__)


class WitnessFailed(Exception):
    """A witness did not cosign; the argument says why, in a few words."""


@dataclass(frozen=True, slots=True)
class _Subject:
    """What they are asked about."""

    checkpoint: Checkpoint
    note: str
    path: Path


class AskedWitnesses:
    """The witnesses of a policy that have an address. Keeps in mind which size each of them knows."""

    def __init__(self, policy: Policy, client: httpx.AsyncClient, clock: Clock) -> None:
        """Raises BadConfiguration for an address that is neither https nor on loopback."""
        self._policy = policy
        self._client = client
        self._clock = clock
        self._asked = [witness for witness in policy.witnesses if witness.url]
        self._known: dict[str, int] = {}
        self._told: dict[str, Told] = {each.name: Told(each.name, 0, 0) for each in self._asked}
        for witness in self._asked:
            _check_address(witness.url or "")

    async def ask(self, checkpoint: Checkpoint, note: str, path: Path) -> Answers:
        """What a publisher calls: everybody's lines, and whether they are a quorum of the policy."""
        subject = _Subject(checkpoint, note, path)
        answers = await asyncio.gather(*(self._one(witness, subject) for witness in self._asked))
        by = {witness.key for witness, lines in zip(self._asked, answers, strict=True) if lines}
        lines = [line for each in answers for line in each]
        return Answers(lines, self._policy.is_met(by), tuple(self._told.values()))

    async def promised(self, note: str | None) -> Sequence[Promise]:
        """What they remember, for a sequencer that is about to lead: those that know of more than the note covers.

        Who does not answer is passed over: the folder of the published log remembers too.
        """
        if note is None:
            return []
        size = parse(note)[0].size
        found = await asyncio.gather(*(self._knows(witness, note) for witness in self._asked))
        pairs = zip(self._asked, found, strict=True)
        return [Promise(f"the witness {witness.name}", known) for witness, known in pairs if known > size]

    async def _knows(self, witness: Witness, note: str) -> int:
        """The size a witness remembers. Asked under an old size of the note's own, which a new witness refuses."""
        try:
            answer = await self._post(witness, add_checkpoint.encode(parse(note)[0].size, [], note))
        except (WitnessFailed, httpx.HTTPError) as error:
            _log.warning("witness.not_asked", witness=witness.name, kind=type(error).__name__)
            return 0
        known = _size(answer) if answer.status_code == 409 else 0
        if answer.status_code == 409 and known == parse(note)[0].size:  # asked under this very size
            raise Tampered(private=f"the witness {witness.name} has cosigned another tree of {known} entries")
        return known

    async def _one(self, witness: Witness, subject: _Subject) -> list[str]:
        problem = ""
        try:
            return await self._cosigned(witness, subject)
        except WitnessFailed as error:
            problem = str(error)
        except httpx.HTTPError as error:
            problem = f"no answer ({type(error).__name__})"
        except VaultError as error:
            problem = error.public
        before = self._told[witness.name]
        if before.problem != problem:
            _log.warning("witness.refused", witness=witness.name, why=problem)
        self._told[witness.name] = Told(witness.name, before.size, before.at, problem)
        return []

    async def _cosigned(self, witness: Witness, subject: _Subject) -> list[str]:
        size = subject.checkpoint.size
        for _ in range(TRIES):
            old = self._known.get(witness.name, 0)
            if old > size:
                raise WitnessFailed(f"it has seen {old} entries of this log, there are {size}")
            path = await subject.path(old) if old else []
            answer = await self._post(witness, add_checkpoint.encode(old, path, subject.note))
            if answer.status_code == 409 and _size(answer) != old:
                self._known[witness.name] = _size(answer)
                continue
            if answer.status_code != 200:
                raise WitnessFailed(f"it answered {answer.status_code}")
            lines = genuine_lines(subject.checkpoint, answer.text, [witness.key])
            if not lines:
                raise WitnessFailed("it answered without a cosignature of its key")
            self._known[witness.name] = size
            self._told[witness.name] = Told(witness.name, size, millis(self._clock.now()))
            return lines
        raise WitnessFailed("it is asked by somebody else as well")

    async def _post(self, witness: Witness, body: bytes) -> httpx.Response:
        url = f"{(witness.url or '').rstrip('/')}/add-checkpoint"
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        request = self._client.build_request("POST", url, content=body, headers=headers, timeout=TIMEOUT)
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._read(request)
        except TimeoutError:
            raise WitnessFailed("no answer in time") from None

    async def _read(self, request: httpx.Request) -> httpx.Response:
        answer = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            content = b""
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > MAX_NOTE:
                    raise WitnessFailed("its answer is too long")
        finally:
            await answer.aclose()
        return httpx.Response(
            answer.status_code, content=content, headers={"Content-Type": "text/plain; charset=utf-8"}
        )


def _size(answer: httpx.Response) -> int:
    try:
        return add_checkpoint.read_size(answer.text.removesuffix("\n"))
    except Malformed:
        raise WitnessFailed("it answered 409 without the size it knows") from None


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    loopback = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise BadConfiguration(f"The witness at {url} must have an https address (http only on loopback).")
