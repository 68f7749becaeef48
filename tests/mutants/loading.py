"""A pytest plugin that takes one check out of the code before anything of it is imported: ``--without CHECK``."""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from tests.mutants.finding import Check, every_check, path_of, without


class _Finder(MetaPathFinder, Loader):
    """Finds one module: the one with the check taken out."""

    def __init__(self, check: Check) -> None:
        self._check = check

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._check.module:
            return None
        return importlib.util.spec_from_file_location(fullname, path_of(fullname), loader=self)

    def exec_module(self, module: ModuleType) -> None:
        path = path_of(self._check.module)
        code = compile(without(path.read_text(), self._check), str(path), "exec")
        exec(code, module.__dict__)  # noqa: S102 - our own source, less one check


def pytest_addoption(parser: pytest.Parser) -> None:
    """The one option."""
    parser.addoption("--without", metavar="CHECK", help="Take this named check out of the code.")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Before any conftest is imported, and with it what is to be changed."""
    wanted = early_config.known_args_namespace.without
    if wanted is None:
        return
    check = next((each for each in every_check() if each.id == wanted), None)
    if check is None:
        raise pytest.UsageError(f"There is no check {wanted}; scripts/mutants --list shows them.")
    if check.module in sys.modules:
        raise pytest.UsageError(f"{check.module} is imported already: nothing would be taken out.")
    sys.meta_path.insert(0, _Finder(check))
