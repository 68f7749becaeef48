"""The registry's people: officers, regulators, their roles and the keys of the roles.

Does: the founding ceremony, new members by two sponsors, the check that whoever is signed in may act
in a role now, mandates of regulators, role keys sealed to each of their holders.
Trusts: the key ring for the MAC on every row that gives power, the holders' own keys for the secrets
of the roles. Trusts no row whose MAC does not fit.
Promises: nobody makes an officer alone, or themselves; officers and regulators are of different
organisations; what a database administrator changes in roles, statuses or public keys is refused at
the next load; every admission has its entry.

Whoever steals these tables learns the names, units and roles of staff, and no secret.
"""

from vault.registry.candidates import Founder, StaffMember
from vault.registry.founding import add_officer, add_regulator, found, is_founded
from vault.registry.granting import AnotherColleague, Terms, decide_mandate, propose_mandate
from vault.registry.mandates import Mandate, OutsideMandate, mandated, mandates
from vault.registry.roles import hand_on, role_public, role_secret
from vault.registry.staff import officer, regulator, staff_member

__all__ = [
    "AnotherColleague",
    "Founder",
    "Mandate",
    "OutsideMandate",
    "StaffMember",
    "Terms",
    "add_officer",
    "add_regulator",
    "decide_mandate",
    "found",
    "hand_on",
    "is_founded",
    "mandated",
    "mandates",
    "officer",
    "propose_mandate",
    "regulator",
    "role_public",
    "role_secret",
    "staff_member",
]
