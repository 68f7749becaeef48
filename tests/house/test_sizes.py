"""Files and functions stay short enough to be read. (Argument lists: the linter counts them.)"""

from tests.house.code import functions, named, sources

FILE_LINES = 300
FUNCTION_LINES = 50


def test_files_are_short() -> None:
    """A file that grows past the limit holds two subjects."""
    every = sources("vault", "tests", "migrations", "scripts", "examples")
    long = {named(path): len(path.read_text().splitlines()) for path in every}
    assert {name: lines for name, lines in long.items() if lines > FILE_LINES} == {}


def test_functions_are_short() -> None:
    """A function fits on one screen; a migration is exempt, it is a list of statements."""
    every = [function for path in sources("vault", "tests", "scripts", "examples") for function in functions(path)]
    assert [function for function in every if function.lines > FUNCTION_LINES] == []
