"""Keeping the message catalogues: every text that pages show, found in templates, code and the family of errors.

``scripts/messages`` brings the committed .po files up to date: new texts are added without a
translation, texts nobody shows any more are dropped. The tests compare and refuse gaps.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from vault.authserver.mending import MENDING
from vault.edge.problems import family
from vault.portal.languages import FOLDER, read_catalogue
from vault.portal.pages import HERE
from vault.requesters.missing import WHAT_TO_DO

CODES: Final = ("en", "zh_CN")
_NO_DATE: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""The same whenever it is written: only texts make a difference."""
_METHODS: Final = [("**/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
_OPTIONS: Final[dict[str, Any]] = {
    "**/templates/**.html": {"extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true"}
}
_KEYWORDS: Final[dict[str, Any]] = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}

_WITH_ERRORS_OF_THEIR_OWN: Final = ("vault.ledger.copies", "vault.witness.rules")
"""Errors of programs that the server does not load: known by name at /problems all the same."""
Text = str | tuple[str, str]


def texts() -> set[Text]:
    """Every text that a page may show; a pair where it has a plural."""
    return {*_in_pages(), *_in_errors(), *MENDING.values(), *WHAT_TO_DO.values()}


def _in_pages() -> Iterator[Text]:
    found = extract_from_dir(HERE, _METHODS, _OPTIONS, _KEYWORDS)
    for _file, _line, message, _comments, _context in found:
        yield message if isinstance(message, str) else (message[0], message[1])


def _in_errors() -> Iterator[Text]:
    for room in _WITH_ERRORS_OF_THEIR_OWN:
        import_module(room)
    for kind in family().values():
        yield kind.title
        yield kind.advice


def updated(code: str) -> Catalog:
    """The catalogue of a language with exactly today's texts and the translations it has."""
    old = read_catalogue(code)
    new = Catalog(
        locale=code,
        header_comment=f"# pivault: what pages say, {code}. Apache-2.0. Kept by python -m vault.portal.catalogues.",
        project="pivault",
        charset="utf-8",
        fuzzy=False,
        creation_date=_NO_DATE,
        revision_date=_NO_DATE,
        last_translator="pivault contributors",
        language_team=code,
        msgid_bugs_address="see SECURITY.md and CONTRIBUTING.md",
    )
    for text in sorted(texts(), key=str):
        known = old.get(text if isinstance(text, str) else text[0])
        new.add(text, known.string if known else None, flags=known.flags - {"fuzzy"} if known else ())
    return new


def write(code: str) -> int:
    """Write the .po file of a language. Returns how many texts lack a translation."""
    catalogue = updated(code)
    with (FOLDER / code / "LC_MESSAGES" / "messages.po").open("wb") as file:
        write_po(file, catalogue, width=110, omit_header=False, ignore_obsolete=True, include_lineno=False)
    return sum(1 for message in catalogue if message.id and not message.string)
