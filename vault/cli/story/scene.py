"""What the steps of the story share: the players, and what has happened so far."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from vault.cli.story.bank import Bank
from vault.cli.story.browser import Browser, StoryFailed
from vault.cli.story.cast import Cast
from vault.cli.story.thief import Loot


@dataclass
class Scene:
    """The stage. ``person_file`` is the parsed --person JSON; ``back_door`` reads the database as a thief would."""

    base: str
    cast: Cast
    person_file: dict[str, Any]
    back_door: "BackDoor"
    bank: Bank
    person: Browser
    officers: dict[str, Browser]
    regulator: Browser
    facts: dict[str, Any] = field(default_factory=dict)


class BackDoor(Protocol):
    """What a thief of the dump, or of the dump and the key ring, can do."""

    async def find(self, values: dict[str, str]) -> list[str]:
        """Paths of the values that can be read in a dump."""
        ...

    async def take(self) -> None:
        """Copy every row there is now."""
        ...

    async def open_sections(self, token: str, issuer: str) -> Loot:
        """Try dump and key ring on every ciphertext, then the same with the grant's token."""
        ...


def hold(condition: object, words: str) -> None:
    """The step fails with these words unless the condition holds."""
    if not condition:
        raise StoryFailed(words)
