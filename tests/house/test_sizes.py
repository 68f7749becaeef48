"""Files, functions and argument lists stay short enough to be read."""

from tests.house.code import functions, named, sources

FILE_LINES = 300
FUNCTION_LINES = 50
ARGUMENTS = 5


def test_files_are_short() -> None:
    """A file that grows past the limit holds two subjects."""
    long = {
        named(path): len(path.read_text().splitlines()) for path in sources("vault", "tests", "migrations", "scripts")
    }
    assert {name: lines for name, lines in long.items() if lines > FILE_LINES} == {}


def test_functions_are_short() -> None:
    """A function fits on one screen; a migration is exempt, it is a list of statements."""
    every = [function for path in sources("vault", "tests", "scripts") for function in functions(path)]
    assert [function for function in every if function.lines > FUNCTION_LINES] == []


def test_argument_lists_are_short() -> None:
    """More than five arguments belong together in a value of their own."""
    every = [function for path in sources("vault", "scripts") for function in functions(path)]
    assert [function for function in every if function.arguments > ARGUMENTS] == []
