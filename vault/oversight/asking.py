"""What a regulator asks, and what of it their mandate lets them see. Pure.

A question that reaches beyond the mandate is refused, never answered in part without saying so: whoever wants what lies
within their mandate of a wider question says so (``within_mandate``).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from vault import ids
from vault.crypto.canonical import canonical
from vault.crypto.keyring import KeyRing
from vault.crypto.sealing import mac
from vault.errors import Invalid
from vault.ledger.catalogue import CATALOGUE
from vault.ledger.searching import Sieve
from vault.registry.mandates import Mandate, OutsideMandate
from vault.requesters.purposes import purposes

_LONGEST: Final = 80
_NOBODY: Final = frozenset({"none"})
_ANY: Final = frozenset({"any"})
"""What no code is: stands for a facet that a question left open."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a regulator asks for; None means any. ``since`` and ``until``: ms since 1970, until excluded.

    ``reference``: a code by which one person is meant (see ``references``). ``within_mandate``: leave out what lies
    beyond the mandate, rather than refuse the question.
    """

    requester: UUID | None = None
    declaration: UUID | None = None
    purpose: str | None = None
    item: str | None = None
    event: str | None = None
    outcome: str | None = None
    reason: str | None = None
    since: int | None = None
    until: int | None = None
    reference: str | None = field(default=None, repr=False)
    within_mandate: bool = False

    def digest(self, ring: KeyRing) -> bytes:
        """What stands in the entry about it, 32 bytes. Under a key of the ring: a reference is short enough to be
        guessed from a plain digest by whoever reads entries."""
        said = {name: _plain(getattr(self, name)) for name in self.__slots__}
        asked = canonical(["question", 2, {name: value for name, value in said.items() if value}])
        return mac(ring.derive("index", b"questions of regulators"), asked)

    def facets(self) -> dict[str, frozenset[str]]:
        """As the index of the ledger knows them. Raises Invalid for what no entry can say."""
        named = {
            "requester": None if self.requester is None else ids.public(ids.REQUESTER, self.requester),
            "declaration": None if self.declaration is None else ids.public(ids.DECLARATION, self.declaration),
            "purpose": self.purpose,
            "item": self.item,
            "event": self.event,
            "outcome": self.outcome,
            "reason": self.reason,
        }
        for name, value in named.items():
            if value is not None and not (1 <= len(value) <= _LONGEST and value.isascii() and value.isprintable()):
                raise Invalid.field(name, "must be a code")
        if self.event is not None and self.event not in CATALOGUE:
            raise Invalid.field("event", "is not in the catalogue of events")
        return {name: frozenset({value}) for name, value in named.items() if value is not None}


def narrowed(question: Question, mandate: Mandate, places: "Places") -> Sieve:
    """What of the ledger answers the question under the mandate. Raises OutsideMandate, Invalid.

    ``places``: where requesters are registered, as far as the mandate's regions make that matter.
    """
    facets = question.facets()
    if mandate.sectors is not None:
        facets["purpose"] = _of_sectors(question, mandate.sectors)
    if mandate.regions is not None:
        facets["requester"] = _of_regions(question, mandate.regions, places)
    return Sieve(facets, question.since, question.until)


def may_see(mandate: Mandate, members: dict[str, Any], places: "Places") -> bool:
    """Whether one entry lies within a mandate."""
    if mandate.sectors is not None and members.get("purpose") not in purposes_of(mandate.sectors):
        return False
    return mandate.regions is None or members.get("requester") in places.within


def check_within(sieve: Sieve, mandate: Mandate, places: "Places") -> None:
    """What was let through once still lies within a mandate that may be narrower now. Raises OutsideMandate."""
    facets = sieve.facets
    if mandate.sectors is not None and not facets.get("purpose", _ANY) <= purposes_of(mandate.sectors):
        raise OutsideMandate("This was asked under a wider mandate than the one you have now.", "other_sector")
    if mandate.regions is not None and not facets.get("requester", _ANY) <= places.within | _NOBODY:
        raise OutsideMandate("This was asked under a wider mandate than the one you have now.", "other_region")


@dataclass(frozen=True)
class Places:
    """The requesters registered in a mandate's regions, by public id. Empty where the mandate names no region."""

    within: frozenset[str] = frozenset()


def purposes_of(sectors: Iterable[str]) -> frozenset[str]:
    """The codes of all purposes in these sectors, retired ones too."""
    wanted = set(sectors)
    return frozenset(code for code, listed in purposes().by_code.items() if listed.category in wanted)


def _of_sectors(question: Question, sectors: frozenset[str]) -> frozenset[str]:
    mine = purposes_of(sectors)
    if question.purpose is not None:
        if question.purpose not in mine:
            raise OutsideMandate("This purpose belongs to no sector of your mandate.", "other_sector")
        return frozenset({question.purpose})
    if not question.within_mandate:
        raise OutsideMandate(
            "Name a purpose of your sectors, or ask for what lies within your mandate.", "wider_than_sector"
        )
    return mine


def _of_regions(question: Question, regions: frozenset[str], places: Places) -> frozenset[str]:
    if question.requester is not None:
        named = ids.public(ids.REQUESTER, question.requester)
        if named not in places.within:
            raise OutsideMandate("This organisation is not registered in a region of your mandate.", "other_region")
        return frozenset({named})
    if not question.within_mandate:
        raise OutsideMandate(
            "Name an organisation of your regions, or ask for what lies within your mandate.", "wider_than_region"
        )
    return places.within or _NOBODY


def _plain(value: object) -> object:
    return value.hex if isinstance(value, UUID) else value
