"""Asking together: questions that are waiting at the same time become one round trip.

Nobody waits for company. A question that comes while nothing is under way goes at once and alone; those that come
meanwhile go together as soon as it is back. So a lone caller pays nothing, and many share what a statement costs.
An answer is always of a statement that began after its question was put.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from vault.errors import Unavailable

Q = TypeVar("Q")
A = TypeVar("A")
Serve = Callable[[Sequence[Q]], Awaitable[Sequence[A | Exception]]]


class Together(Generic[Q, A]):
    """``serve`` answers some questions, in their order; an exception among the answers is raised for its question
    alone, one that it raises for all of them. ``most`` questions go together, at most ``at_once`` times at once.

    ``key``: two questions of the same key never go together.
    """

    def __init__(
        self, serve: Serve[Q, A], *, most: int, at_once: int, key: Callable[[Q], Hashable] | None = None
    ) -> None:
        self._serve = serve
        self._most = most
        self._at_once = at_once
        self._key = key
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._serving = 0
        self._is_starting = False

    async def ask(self, question: Q) -> A:
        """The answer. Who is cancelled before the question has gone takes it back."""
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[A] = loop.create_future()
        self._waiting.append((question, mine))
        if not self._is_starting and self._serving < self._at_once:
            self._is_starting = True
            loop.call_soon(self._start)  # after those who are about to ask
        return await mine

    def _start(self) -> None:
        self._is_starting = False
        self._serving += 1
        task = asyncio.create_task(self._keep_serving(), name="together")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_serving(self) -> None:
        try:
            while batch := self._take():
                try:
                    answers = await self._serve([question for question, _ in batch])
                except Exception as error:  # whatever it is, it is the answer to each of them
                    answers = [error] * len(batch)
                except asyncio.CancelledError:
                    _tell(batch, [Unavailable("The server is stopping.")] * len(batch))
                    raise
                _tell(batch, answers)
        finally:
            self._serving -= 1  # before anybody whom it told can ask again

    def _take(self) -> list[tuple[Q, asyncio.Future[A]]]:
        """The next ones to go: the oldest first, none twice of a key."""
        batch: list[tuple[Q, asyncio.Future[A]]] = []
        left: list[tuple[Q, asyncio.Future[A]]] = []
        keys: set[Hashable] = set()
        for each in self._waiting:
            question, mine = each
            if mine.done():  # taken back
                continue
            key = None if self._key is None else self._key(question)
            if len(batch) == self._most or (key is not None and key in keys):
                left.append(each)
                continue
            keys.add(key)
            batch.append(each)
        self._waiting = left
        return batch


def _tell(batch: Sequence[tuple[Q, asyncio.Future[A]]], answers: Sequence[A | Exception]) -> None:
    for (_, mine), answer in zip(batch, answers, strict=True):
        if mine.done():
            continue
        if isinstance(answer, Exception):
            mine.set_exception(answer)
        else:
            mine.set_result(answer)
