"""What a requester declares before it may ask: purpose, items with their necessity, bounds.

A declaration is immutable once approved; what people consent to names its digest. Everything here is
checked without a database: shape and outermost bounds by types, the rest by
:mod:`vault.requesters.applications` against catalogue, purposes and the registry's bounds.
"""

from typing import Annotated, Any, Final, Literal

import msgspec

from vault.crypto.canonical import canonical, digest
from vault.requesters.restrictions import MOST_NETWORKS, Hours, Network

LONGEST_DURATION_DAYS: Final = 1095
LONGEST_RETENTION_DAYS: Final = 3650
MOST_USES: Final = 100_000
MOST_PER_DAY: Final = 1000
MOST_PER_HOUR: Final = 100
MOST_ITEMS: Final = 64
MOST_RECIPIENTS: Final = 16
HOME: Final = "CN"
"""The jurisdiction whose border PIPL art. 38 speaks of."""

Sentence = Annotated[str, msgspec.Meta(min_length=4, max_length=400)]
ItemName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\.[a-z][a-z0-9_]{0,39}\Z")]
FormName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}(:[a-z0-9_]{1,40})?\Z")]
PurposeCode = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]*([._-][a-z0-9]+)*\Z", max_length=64)]
CountryCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}\Z")]
"""ISO 3166-1 alpha-2."""
PartyContact = Annotated[str, msgspec.Meta(min_length=6, max_length=254)]
"""A mail address."""
LegalBasis = Literal["consent", "contract", "statutory_duty", "emergency", "disclosed", "other_law"]
"""PIPL art. 13 (1), (2), (3), (4), (6), (7). Data leaves the vault under a grant, which is consent: the others are
known so that they can be told apart from it, and are refused where a grant is to follow."""
CrossBorderBasis = Literal["security_assessment", "certification", "standard_contract", "other_law"]
"""PIPL art. 38 (1) to (4)."""
ONE_TIME: Final = "one_time"
PERIODIC: Final = "periodic"
Collection = Literal["one_time", "periodic"]
CONSENT: Final = "consent"


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


class PartyName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What another party is called, in the registry's two languages."""

    en: Annotated[str, msgspec.Meta(min_length=2, max_length=120)]
    zh_cn: Annotated[str, msgspec.Meta(min_length=2, max_length=120)] = msgspec.field(name="zh-CN")


class Recipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody the requester passes items on to, and why (PIPL art. 23: name, contact, purpose, kinds of data)."""

    name: PartyName
    contact: PartyContact
    why: Bilingual
    items: Annotated[list[ItemName], msgspec.Meta(min_length=1, max_length=MOST_ITEMS)]


class Storage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the requester keeps what it receives: the country, and the place as people would say it."""

    country: CountryCode
    place: PartyName


class CrossBorder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What leaves the country: to whom and where, on which basis (PIPL art. 38), and why (art. 39)."""

    country: CountryCode
    recipient: PartyName
    contact: PartyContact
    basis: CrossBorderBasis
    why: Bilingual


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be asked for and why. ``collection``: ``one_time`` is one release per grant (``max_uses`` 1);
    ``periodic`` is at most ``frequency``, and ``max_uses`` in all where it is given.

    ``recipients`` empty: nobody else gets anything. ``cross_border`` null: nothing leaves the country.
    May grow by optional members only, or by :func:`upgraded`; what is digested are the members that are present.
    """

    purpose: Purpose
    legal_basis: LegalBasis
    items: Annotated[list[DeclaredItem], msgspec.Meta(min_length=1, max_length=MOST_ITEMS)]
    collection: Collection
    longest_duration_days: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_DURATION_DAYS)]
    frequency: Frequency
    retention_days: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_RETENTION_DAYS)]
    consequence_of_refusal: Bilingual
    recipients: Annotated[list[Recipient], msgspec.Meta(max_length=MOST_RECIPIENTS)]
    storage: Storage
    cross_border: CrossBorder | None
    max_uses: Annotated[int, msgspec.Meta(ge=1, le=MOST_USES)] | None = None
    hours: Hours | msgspec.UnsetType = msgspec.UNSET
    """The hours of the day in which anything is released; absent: all."""
    networks: Annotated[list[Network], msgspec.Meta(min_length=1, max_length=MOST_NETWORKS)] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    """Where the requester's own requests for data come from; absent: anywhere."""

    def item(self, name: str) -> DeclaredItem | None:
        """The declared item of that name, if it is declared."""
        return next((declared for declared in self.items if declared.item == name), None)


def declaration_digest(declaration: Declaration) -> bytes:
    """SHA-256 over the canonical form of ``["declaration", 1, body]``: 32 bytes."""
    return stored_digest(msgspec.to_builtins(declaration))


def stored_digest(body: dict[str, Any]) -> bytes:
    """The digest of a declaration as it is stored, whatever members it had when it was approved."""
    return digest(canonical(["declaration", 1, body]))


def stored_declaration(body: dict[str, Any]) -> Declaration:
    """A declaration from its row. Raises msgspec.ValidationError when it is none."""
    return msgspec.convert(upgraded(body), Declaration)


def upgraded(body: dict[str, Any]) -> dict[str, Any]:
    """A declaration from before recipients, storage and borders were declared, with what it lacks filled in."""
    if "collection" in body:
        return body
    unknown = {"country": HOME, "place": {"en": "Not stated", "zh-CN": "未说明"}}
    return {**body, "collection": PERIODIC, "recipients": [], "storage": unknown, "cross_border": None}
