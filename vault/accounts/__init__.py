"""Persons: registration, public keys, standing, notices.

Does: opens one vault per national id, keeps the person's public keys, leaves them notices.
Trusts: the key ring for blind indexes and row MACs; whoever calls ``create_person`` for having asked
a source about this very name and number.
Promises: one person, one vault, also when two register at once; nobody learns from a registration
whether a number is known, but its holder does; a mere claim to a number gives way to a checked one;
public keys, level and status that were changed in SQL are refused at the next load.

Whoever steals these tables counts persons and sees levels and times; with the key ring too, can test
guessed numbers against the index.
"""

from vault.accounts.active import is_active
from vault.accounts.claims import Claim, NotConfirmed, NotRegistered, NumberKnown
from vault.accounts.notices import NoticeView, mark_seen, notices, notify
from vault.accounts.people import (
    Created,
    PersonKeys,
    close_test_person,
    create_person,
    create_test_person,
    person_keys,
    register,
    renew_index,
    tell_holder,
    the_person,
)

__all__ = [
    "Claim",
    "Created",
    "NotConfirmed",
    "NotRegistered",
    "NoticeView",
    "NumberKnown",
    "PersonKeys",
    "close_test_person",
    "create_person",
    "create_test_person",
    "is_active",
    "mark_seen",
    "notices",
    "notify",
    "person_keys",
    "register",
    "renew_index",
    "tell_holder",
    "the_person",
]
