"""Signing in: credentials, sign-ins and throttling, the same for persons, officers, regulators
and members of organisations.

Does: stretches passwords in a bounded queue, unlocks a holder's keys with them, keeps a sign-in
whose secret only the browser has, slows guessing down.
Trusts: the key ring (without its ``login`` key a stolen table cannot be guessed at), the browser for
its cookie. Trusts no row: a credential or sign-in that was edited or moved does not open.
Promises: an unknown login and a wrong password look and last the same; nobody is locked out for more
than a minute, and a known device has a bucket of its own; a sign-in ends when it should, decided
when it is read; no table holds a login name, a password or a cookie's secret.

Whoever steals the tables can count holders and sign-ins and see their times; with the key ring too,
can guess weak passwords at the price of Argon2id each. A database administrator can undo the idle
end of a sign-in (``seen_at``) but not its absolute end, and gains nothing without the cookie.
"""

from vault.signin.attempts import Attempt, SignedIn, sign_in
from vault.signin.changing import change_password
from vault.signin.confirming import confirm_password
from vault.signin.holders import MEMBER, OFFICER, PERSON, REALMS, REGULATOR, Holder
from vault.signin.passwords import Doorway, LoginTaken, Prepared, enrol, prepare
from vault.signin.sessions import resume, sign_out

__all__ = [
    "MEMBER",
    "OFFICER",
    "PERSON",
    "REALMS",
    "REGULATOR",
    "Attempt",
    "Doorway",
    "Holder",
    "LoginTaken",
    "Prepared",
    "SignedIn",
    "change_password",
    "confirm_password",
    "enrol",
    "prepare",
    "resume",
    "sign_in",
    "sign_out",
]
