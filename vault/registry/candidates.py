"""Who may become an officer or a regulator, and who may let them in. No I/O here."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from vault.errors import Invalid, Refused
from vault.ids import StaffId
from vault.signin.holders import OFFICER, REGULATOR
from vault.signin.passwords import Prepared

VETTING: Final = "vetting"
RELEASE: Final = "release"
RECOVERY_REGISTRY: Final = "recovery-registry"
OVERSIGHT: Final = "oversight"
RECOVERY_SUPERVISOR: Final = "recovery-supervisor"

ROLES: Final = {
    OFFICER: frozenset({VETTING, RELEASE, RECOVERY_REGISTRY}),
    REGULATOR: frozenset({OVERSIGHT, RECOVERY_SUPERVISOR}),
}
"""Which roles belong to which realm: no role is in both, so that two roles can mean two organisations."""
KEYED: Final = (RECOVERY_REGISTRY, RECOVERY_SUPERVISOR, RELEASE)
"""Roles that have a key, in the order in which rows are written."""
_LONGEST: Final = 100


@dataclass(frozen=True)
class Founder:
    """Somebody about to become an officer or a regulator: who, what for, and their own password, prepared."""

    realm: str
    name: str
    organisation: str
    unit: str
    roles: Sequence[str]
    login: str
    prepared: Prepared


@dataclass(frozen=True)
class StaffMember:
    """An officer or a regulator as other rooms see them."""

    id: StaffId
    realm: str
    name: str
    organisation: str
    unit: str
    roles: tuple[str, ...]
    box_public: bytes
    signing_public: bytes
    status: str


def realm_of(role: str) -> str:
    """The realm a role belongs to. Raises Invalid for one that does not exist."""
    for realm, roles in ROLES.items():
        if role in roles:
            return realm
    raise Invalid.field("role", "is not a role of this registry")


def check_candidate(candidate: Founder) -> None:
    """Raises Invalid unless realm, names and roles make sense together."""
    if candidate.realm not in ROLES:
        raise Invalid.field("realm", "is officer or regulator")
    for field in ("name", "organisation", "unit"):
        text = getattr(candidate, field)
        if not 1 <= len(text) <= _LONGEST or text != text.strip() or not text.isprintable():
            raise Invalid.field(field, f"must be 1 to {_LONGEST} printable characters without spaces around")
    roles = set(candidate.roles)
    if not roles or len(roles) != len(candidate.roles) or not roles <= ROLES[candidate.realm]:
        raise Invalid.field("roles", f"must be one or more of {', '.join(sorted(ROLES[candidate.realm]))}, each once")


def check_founders(founders: Sequence[Founder]) -> None:
    """Raises Invalid unless these can found a registry: nobody twice, two officers, a holder for each role key."""
    for founder in founders:
        check_candidate(founder)
    if sum(founder.realm == OFFICER for founder in founders) < 2:
        raise Invalid.field("founders", "must include two officers: no officer is enough alone")
    if len({_who(founder) for founder in founders}) != len(founders):
        raise Invalid.field("founders", "must be different people")
    held = {role for founder in founders for role in founder.roles}
    if missing := sorted(set(KEYED) - held):
        raise Invalid.field("founders", f"must include holders of {', '.join(missing)}")
    for founder in founders:
        check_separate(founder, [(other.realm, other.organisation) for other in founders])


def check_separate(candidate: Founder, others: Iterable[tuple[str, str]]) -> None:
    """Raises Refused when the candidate's organisation has people in the other realm: supervisors supervise others."""
    if any(realm != candidate.realm and _folded(name) == _folded(candidate.organisation) for realm, name in others):
        raise Refused("Officers and regulators must belong to different organisations.")


def check_sponsors(candidate: Founder, sponsors: tuple[StaffMember, StaffMember]) -> None:
    """Raises Refused unless the two are different people, and neither is the candidate."""
    first, second = sponsors
    if first.id == second.id or _who(first) == _who(second):
        raise Refused("Two different officers must sponsor a new member.")
    if _who(candidate) in {_who(first), _who(second)}:
        raise Refused("Nobody sponsors themselves.")


def _who(person: Founder | StaffMember) -> tuple[str, str]:
    return _folded(person.name), _folded(person.organisation)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
