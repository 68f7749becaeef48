"""What one row of the catalogue of events is. No I/O here."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ActorKind(StrEnum):
    """Who acts. A person is never named in an entry: only the tag, which the person can recompute, tells whom."""

    PERSON = "person"
    OFFICER = "officer"
    REGULATOR = "regulator"
    REQUESTER = "requester"
    MEMBER = "member"
    REGISTRY = "registry"


class About(StrEnum):
    """Whether an entry is tagged for a person."""

    SOMEBODY = "always tagged"
    PERHAPS = "tagged where the person is known"
    NOBODY = "never tagged"


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the catalogue."""

    meaning: str
    actors: frozenset[ActorKind]
    about: About
    must: frozenset[str]
    may: frozenset[str]


def kind(meaning: str, *, by: str, about: About = About.NOBODY, must: str = "", may: str = "") -> Kind:
    return Kind(
        meaning,
        actors=frozenset(ActorKind(kind) for kind in by.split()),
        about=about,
        must=frozenset(must.split()),
        may=frozenset(may.split()),
    )


TERMS: Final = "requester declaration declaration_version purpose items"
"""What every entry about an exchange names."""
SOME_TERMS: Final = "declaration declaration_version purpose items"
