"""What verification gave, remembered: the same bytes under the same key hold, or do not, for ever.

Only for results that depend on nothing but what they are remembered under: the key holds every byte that was looked at,
so that another byte is another question. Times and statuses are never a part of it. Bounded; the oldest go first.
"""

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """At most ``most`` results. Remember no failure and no secret in it. Several threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[K, V] = {}
        self._changing = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: K) -> V | None:
        """What was found under exactly this key, if it is still known."""
        return self._known.get(key)

    def put(self, key: K, found: V) -> V:
        """Remember, and give it back."""
        with self._changing:
            while len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            self._known[key] = found
        return found

    def forget(self, key: K) -> None:
        """Drop it, if it is there."""
        with self._changing:
            self._known.pop(key, None)
