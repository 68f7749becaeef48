"""What members may do, and what an organisation cannot do without. No I/O here."""

from collections.abc import Iterable, Sequence
from typing import Final

from vault.errors import Conflict, Invalid

ADMINISTRATOR: Final = "administrator"
KEYS: Final = "keys"
DECLARATIONS: Final = "declarations"
AUDIT: Final = "audit"
ROLES: Final = (ADMINISTRATOR, KEYS, DECLARATIONS, AUDIT)
"""Members and surrender; client keys, redirect URIs and client metadata; new declarations; reading only."""
POWERFUL: Final = frozenset({ADMINISTRATOR, KEYS})
"""Roles whose holders can make or confirm changes: where two are needed, giving these takes two as well."""
LONGEST_NAME: Final = 80


class LastAdministrator(Conflict):
    """An organisation always has an administrator."""

    name, title = "last-administrator", "An organisation needs an administrator"
    advice = "Make somebody else an administrator first."


class TooFewForTwo(Conflict):
    """Where changes take two members, two must be able to make them."""

    name, title = "too-few-for-two", "Two members must be able to confirm changes"
    advice = "Give another member the role administrator or keys first, or let one member be enough again."


class RestoringTakesTwo(Conflict):
    """Where giving a powerful role takes two members, so does giving it back."""

    name, title = "restoring-takes-two", "Two members must agree to give this power back"
    advice = "Take the roles administrator and keys from the member first; then restore them, and propose the roles."


def check_roles(roles: Sequence[str]) -> list[str]:
    """The roles in their order. Raises Invalid unless they are one or more of ROLES, each once."""
    if not roles or len(set(roles)) != len(roles) or not set(roles) <= set(ROLES):
        raise Invalid.field("roles", f"must be one or more of {', '.join(ROLES)}, each once")
    return [role for role in ROLES if role in roles]


def check_name(name: str) -> str:
    """A member's name. Raises Invalid."""
    if not 1 <= len(name) <= LONGEST_NAME or name != name.strip() or not name.isprintable():
        raise Invalid.field("name", f"must be 1 to {LONGEST_NAME} printable characters")
    return name


def check_left(active: Iterable[Iterable[str]], *, two_members: bool) -> None:
    """Whether an organisation can go on with these active members, given by their roles.

    Raises LastAdministrator, TooFewForTwo.
    """
    held = [set(roles) for roles in active]
    if not any(ADMINISTRATOR in roles for roles in held):
        raise LastAdministrator
    if two_members and sum(bool(roles & POWERFUL) for roles in held) < 2:
        raise TooFewForTwo
