"""README and commands say the same."""

import click
import pytest

from tests.house import readme
from vault.cli.main import main


def test_the_readme_lists_the_commands_as_they_are() -> None:
    """The table of commands is the one the commands generate."""
    assert readme.written() == readme.help_block(), "run `python -m tests.house.readme --write`"


def _all(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name, command in group.commands.items():
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += _all(command, (*path, name))
    return [pair for pair in found if not pair[1].hidden]


@pytest.mark.parametrize(("path", "command"), [pytest.param(*pair, id=" ".join(pair[0])) for pair in _all(main)])
def test_every_command_explains_itself_with_an_example(path: tuple[str, ...], command: click.Command) -> None:
    """--help of each command has a sentence and an example that names the command."""
    text = command.help or ""
    assert "Example:" in text, f"{' '.join(path)} shows no example"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"--{parameter.name} is not explained"
