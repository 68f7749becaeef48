"""The published list of purposes: a declaration names one of its codes. Pure.

The list is versioned data. A code keeps its meaning for ever, since declarations, consents and entries name it; a
code that is no longer given stays in the list as ``retired``.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Final

import msgspec

from vault.errors import BadConfiguration, Invalid
from vault.requesters.declarations import PurposeCode

LANGUAGES: Final = frozenset({"en", "zh-CN"})


class ListedPurpose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One purpose: ``name`` and ``description`` by language. ``retired``: no new declaration may name it."""

    code: PurposeCode
    category: PurposeCode
    name: dict[str, str]
    description: dict[str, str]
    retired: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    categories: dict[str, dict[str, str]]
    purposes: tuple[ListedPurpose, ...]


@dataclass(frozen=True)
class Purposes:
    """One version of the list. ``categories``: their names by code."""

    version: int
    categories: Mapping[str, Mapping[str, str]]
    by_code: Mapping[str, ListedPurpose]

    def find(self, code: str) -> ListedPurpose | None:
        """The purpose of that code, if it is listed."""
        return self.by_code.get(code)

    def why_not(self, code: str) -> str | None:
        """Why a new declaration may not name this code, or None."""
        listed = self.by_code.get(code)
        if listed is None:
            return f"is not in version {self.version} of the list of purposes: see /v1/purposes"
        return "is no longer given to new declarations: see /v1/purposes" if listed.retired else None


@functools.cache
def purposes() -> Purposes:
    """The list that ships with the product, read and checked once."""
    return parse(resources.files("vault.requesters").joinpath("purposes_v1.json").read_bytes())


def parse(data: bytes) -> Purposes:
    """A list from its JSON. Raises BadConfiguration naming what is wrong."""
    try:
        file = msgspec.json.decode(data, type=_File)
    except msgspec.MsgspecError as error:
        raise BadConfiguration(f"The list of purposes is not usable: {error}.") from None
    by_code: dict[str, ListedPurpose] = {}
    for purpose in file.purposes:
        if purpose.code in by_code:
            raise BadConfiguration(f"The list of purposes has {purpose.code} twice.")
        if purpose.category not in file.categories or not purpose.code.startswith(f"{purpose.category}."):
            raise BadConfiguration(f"The list of purposes: {purpose.code} is not in a category of its own list.")
        by_code[purpose.code] = purpose
    texts = [*file.categories.values(), *(text for each in file.purposes for text in (each.name, each.description))]
    if not all(set(text) == LANGUAGES and all(text.values()) for text in texts):
        raise BadConfiguration("The list of purposes needs every text in English and Chinese.")
    return Purposes(file.version, MappingProxyType(file.categories), MappingProxyType(by_code))


def known_sectors(codes: Sequence[str]) -> Sequence[str]:
    """The same codes, each a category of the list. Raises Invalid naming the first that is none."""
    for code in codes:
        if code not in purposes().categories:
            raise Invalid.field("sectors", f"has no {code!r}: see the categories in /v1/purposes")
    return codes
