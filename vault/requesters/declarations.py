"""What a requester declares before it may ask: purpose, items with their necessity, bounds.

A declaration is immutable once approved; what people consent to names its digest. Everything here is
checked without a database: shape and bounds by types, items and forms against the catalogue.
"""

from typing import Annotated, Final, Literal

import msgspec

from vault.crypto.canonical import canonical, digest

LONGEST_DURATION_DAYS: Final = 1095
LONGEST_RETENTION_DAYS: Final = 3650
MOST_USES: Final = 100_000
MOST_PER_DAY: Final = 1000
MOST_PER_HOUR: Final = 100
MOST_ITEMS: Final = 64

Sentence = Annotated[str, msgspec.Meta(min_length=4, max_length=400)]
ItemName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\.[a-z][a-z0-9_]{0,39}\Z")]
FormName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}(:[a-z0-9_]{1,40})?\Z")]
PurposeCode = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]*([._-][a-z0-9]+)*\Z", max_length=64)]


class Bilingual(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sentence in the registry's two languages."""

    en: Sentence
    zh_cn: Sentence = msgspec.field(name="zh-CN")

    def text(self, locale: str) -> str:
        """The sentence in ``zh-CN``, or else in English."""
        return self.zh_cn if locale.lower().startswith("zh") else self.en


class Purpose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the data is for: PIPL art. 6 asks that it be explicit and reasonable."""

    code: PurposeCode
    text: Bilingual


class DeclaredItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One catalogue item, the forms it may leave in, and why the purpose needs it (PIPL art. 6 and 19)."""

    item: ItemName
    forms: Annotated[list[FormName], msgspec.Meta(min_length=1, max_length=8)]
    required: bool
    necessity: Bilingual


class Frequency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most ``count`` releases per calendar-independent window of an hour or a day."""

    per: Literal["hour", "day"]
    count: Annotated[int, msgspec.Meta(ge=1, le=MOST_PER_DAY)]


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be asked for and why. ``max_uses`` None: as often as ``frequency`` lets.

    May grow by optional members only; what is digested are the members that are present.
    """

    purpose: Purpose
    legal_basis: Literal["consent"]
    items: Annotated[list[DeclaredItem], msgspec.Meta(min_length=1, max_length=MOST_ITEMS)]
    longest_duration_days: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_DURATION_DAYS)]
    frequency: Frequency
    retention_days: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_RETENTION_DAYS)]
    consequence_of_refusal: Bilingual
    max_uses: Annotated[int, msgspec.Meta(ge=1, le=MOST_USES)] | None = None

    def item(self, name: str) -> DeclaredItem | None:
        """The declared item of that name, if it is declared."""
        return next((declared for declared in self.items if declared.item == name), None)


def declaration_digest(declaration: Declaration) -> bytes:
    """SHA-256 over the canonical form of ``["declaration", 1, body]``: 32 bytes."""
    return digest(canonical(["declaration", 1, msgspec.to_builtins(declaration)]))
