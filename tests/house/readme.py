"""The README's command help: generated from the commands, so that the two never say different things.

``python -m tests.house.readme`` compares; with ``--write`` it puts the generated text in.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from vault.cli.main import main

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- help -->\n", "<!-- /help -->"


def help_block() -> str:
    """One line for each command that is not hidden, in the order of the alphabet."""
    rows = "\n".join(f"| `{name}` | {text} |" for name, text in sorted(_commands(main, "pivault")))
    return f"\n| command | what it does |\n|---|---|\n{rows}\n\n"


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, str]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", (command.help or "").split("\n\n")[0].replace("\n", " ")


def written() -> str:
    """What stands in the README now."""
    return README.read_text().partition(BEGIN)[2].partition(END)[0]


def write() -> None:
    """Put the generated text into the README."""
    text = README.read_text()
    head, _, rest = text.partition(BEGIN)
    README.write_text(head + BEGIN + help_block() + END + rest.partition(END)[2])


if __name__ == "__main__":
    if "--write" in sys.argv:
        write()
    sys.exit(0 if written() == help_block() else "README.md: run `python -m tests.house.readme --write`.")
