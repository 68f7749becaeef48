"""Who test persons are: made-up names, and a value for every item of the catalogue. No I/O but the file beside this."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

_FILE = Path(__file__).with_name("people_v1.json")


class MadeUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who does not exist. ``sections``: {section: {field: value}}, every field of the catalogue.

    The national id in them is well formed and nobody's: it says that its holder was born in 1850, in no district.
    """

    name: str
    sections: dict[str, dict[str, Any]]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``v`` 1: a list of persons."""

    v: int
    people: list[MadeUp]


@cache
def made_up() -> list[MadeUp]:
    """Those there are: one for each place of an organisation, in their order."""
    return msgspec.json.decode(_FILE.read_bytes(), type=_File).people
