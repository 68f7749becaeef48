"""Opening a vault, the same for both fronts: one answer whatever the truth about the number is."""

from dataclasses import dataclass, field

from vault.accounts import Claim, Created, NotRegistered, NumberKnown, create_person, tell_holder
from vault.accounts.numbers import normalise
from vault.db import Session
from vault.edge.doors import Doors
from vault.errors import Invalid
from vault.profile import attestations, sections
from vault.proofing import Answer
from vault.signin import prepare

_LONGEST_NAME = 100


@dataclass(frozen=True)
class Registration:
    """What somebody typed who wants a vault."""

    name: str = field(repr=False)
    scheme: str
    number: str = field(repr=False)
    login: str = field(repr=False)
    password: str = field(repr=False)
    locale: str


async def open_vault(doors: Doors, registration: Registration) -> None:
    """Register, or fail without a sign of it: whoever registered finds out by signing in.

    Raises what may be told: Invalid by field, LoginTaken, Unavailable when the source or the queue is.
    """
    # 1. What is wrong with the input itself.
    name = registration.name.strip()
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise Invalid.field("name", f"must be 1 to {_LONGEST_NAME} printable characters")
    number = normalise(registration.scheme, registration.number)
    prepared = await prepare(doors.doorway, registration.password)
    # 2. The source is asked outside any transaction.
    answer = await doors.source.check(name, registration.scheme, number)
    claim = Claim(registration.scheme, number, registration.login, prepared, registration.locale, answer)
    # 3. Vault, identity section and attestation in one transaction.
    try:
        await doors.database.run(_open, claim, name=name, answer=answer)
    except NumberKnown as known:
        await doors.database.run(tell_holder, known.holder)
    except NotRegistered:
        return


async def _open(session: Session, claim: Claim, *, name: str, answer: Answer) -> Created:
    created = await create_person(session, claim)
    proven = {"name": name, "national_id": {"scheme": claim.scheme, "number": claim.number}}
    await sections.write(session, created.holder, "identity", proven, expected=None)
    await attestations.attest(session, created.holder, "identity", sorted(proven), answer)
    return created
