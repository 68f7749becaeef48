"""Playing the story: the order of its steps, and the table of what held."""

import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from vault.cli.story import REDIRECT_PORT, business, checking, people
from vault.cli.story.bank import Bank
from vault.cli.story.browser import Browser
from vault.cli.story.cast import Cast
from vault.cli.story.scene import BackDoor, Scene
from vault.errors import VaultError
from vault.requesters.uscc import check_character

Step = tuple[str, Callable[[Scene], Awaitable[str]]]
STEPS: tuple[Step, ...] = (
    ("officers and a regulator exist", people.officers_and_regulator_exist),
    ("a person registers and fills sections", people.person_registers),
    ("a bank is vetted by two different officers", business.bank_is_vetted),
    ("asking beyond the declaration is refused by name", business.bank_asks_too_much),
    ("the person reviews and approves a request", people.person_consents),
    ("general items are released with a receipt", business.general_items_released),
    ("a sensitive item waits for the release officer", business.sensitive_item_released),
    ("the person sees both uses and withdraws", people.person_sees_and_withdraws),
    ("the next release and the refresh token fail", business.next_ones_fail),
    ("the regulator finds and proves all of it", checking.regulator_checks),
    ("a database dump shows nothing of the person", checking.dump_holds_no_value),
    ("without the grant share nothing opens", checking.share_is_needed),
)

_WISHES = (  # (item, form, may be left out), in the order a bank would want them
    ("identity.name", "raw", False),
    ("identity.birthdate", "predicate:over_18", False),
    ("contact.phone_number", "masked", False),
    ("employment.monthly_income", "band", False),
    ("contact.address", "raw", True),
    ("contact.email", "raw", True),
    ("identity.nationality", "raw", True),
)
_EMPTY = "contact.email"
"""The optional item for a person who has none: to leave out what is not there must work as well."""
_SENSITIVE = ("identity.national_id", "masked")


@dataclass(frozen=True)
class Stage:
    """Where the story is played: the server, the thief's way in, where progress is told, and on which port of this
    machine the bank takes people back."""

    base: str
    back_door: BackDoor
    console: Console
    redirect_port: int = REDIRECT_PORT


@dataclass(frozen=True)
class Outcome:
    """One step: did it hold, and in which words."""

    name: str
    held: bool
    words: str


def facts_from(person: dict[str, Any]) -> dict[str, Any]:
    """What the bank will ask this person for: only what the file has, one optional item, one sensitive item."""
    sections = person.setdefault("sections", {})
    sections.setdefault("identity", {}).setdefault("name", person["name"])
    sections["identity"].setdefault("national_id", person["national_id"])

    def present(item: str) -> bool:
        section, field = item.split(".", 1)
        return field in sections.get(section, {})

    wished = [wish for wish in _WISHES if present(wish[0])]
    optional = next((item for item, _, may in wished if may), _EMPTY)
    ask = [(item, form) for item, form, may in _WISHES if item == optional or (not may and present(item))]
    return {
        "ask": [*ask, _SENSITIVE],
        "optional": optional,
        "unrequired": {optional, _SENSITIVE[0]},
        "sensitive": _SENSITIVE[0],
        "shown_value": person["name"],
        "uscc": _new_uscc(),
        "releases": [],
    }


@dataclass(frozen=True)
class Watchers:
    """Told of every request and answer of the story, for whoever wants to follow it closely."""

    on_request: Callable[[httpx.Request], Awaitable[None]]
    on_answer: Callable[[httpx.Response], Awaitable[None]]

    def follow(self, client: httpx.AsyncClient) -> None:
        """Be told of what this client does."""
        client.event_hooks = {"request": [self.on_request], "response": [self.on_answer]}


def _new_uscc() -> str:
    """A well-formed unified social credit code (GB 32100): each telling of the story has a bank of its own."""
    # Never one of the codes by which the simulated registers say something else (15th to 17th character).
    first = "91310000" + "".join(secrets.choice("0123456789") for _ in range(6)) + "100"
    return first + check_character(first)


async def play(
    stage: Stage, cast: Cast, person: dict[str, Any], watchers: Watchers | None = None
) -> tuple[Scene, list[Outcome]]:
    """Play every step in order; after one that fails the rest are not tried."""
    base, console, facts = stage.base, stage.console, facts_from(person)
    officers = {part: Browser(base) for part in cast.actors if part != "regulator"}
    browsers = [Browser(base), Browser(base), *officers.values()]
    async with Bank(base, f"http://127.0.0.1:{stage.redirect_port}/callback") as bank:
        for client in (bank.http, *(browser.http for browser in browsers)):
            if watchers:
                watchers.follow(client)
        scene = Scene(base, cast, person, stage.back_door, bank, browsers[0], officers, browsers[1], facts)
        outcomes: list[Outcome] = []
        try:
            for number, (name, step) in enumerate(STEPS, 1):
                outcomes.append(await _one(scene, name, step))
                mark = "[green]held[/]" if outcomes[-1].held else "[red]failed[/]"
                console.print(f"  {number:>2}/{len(STEPS)} {name}: {mark}", highlight=False)
                if not outcomes[-1].held:
                    break
        finally:
            for browser in browsers:
                await browser.http.aclose()
    return scene, outcomes


async def _one(scene: Scene, name: str, step: Callable[[Scene], Awaitable[str]]) -> Outcome:
    try:
        return Outcome(name, True, await step(scene))
    except VaultError as error:
        return Outcome(name, False, error.public)
    except (httpx.HTTPError, KeyError, IndexError, ValueError, TypeError, json.JSONDecodeError) as error:
        return Outcome(name, False, f"{error.__class__.__name__}: {error}")


def table(outcomes: list[Outcome]) -> Table:
    """What held, as a table; steps that were not reached are shown as such."""
    made = Table(title="The story", title_justify="left", show_lines=False)
    for column in ("", "step", "held", "what was seen"):
        made.add_column(column, overflow="fold")
    for number, (name, _) in enumerate(STEPS, 1):
        if number <= len(outcomes):
            outcome = outcomes[number - 1]
            made.add_row(str(number), name, "yes" if outcome.held else "NO", outcome.words)
        else:
            made.add_row(str(number), name, "not tried", "")
    return made


def closing(outcomes: list[Outcome]) -> str:
    """The last line: how many steps held."""
    return f"story: {sum(outcome.held for outcome in outcomes)} of {len(STEPS)} steps held"
