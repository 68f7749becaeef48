"""Persons: how a vault is opened, and the keys everything else is sealed to."""

import secrets
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault import ids
from vault.accounts.claims import CHECKED, CLAIMED, Claim, NumberKnown, checked_number, level_of
from vault.accounts.notices import notify, notify_once
from vault.accounts.tables import NationalId, Person
from vault.crypto.bundles import Bundle
from vault.crypto.canonical import canonical
from vault.crypto.sealing import new_box_pair, same, seal
from vault.crypto.signing import new_signing_seed
from vault.db import Database, Session
from vault.errors import Conflict, NotFound, Refused, Tampered
from vault.ids import PersonId, RequesterId
from vault.ledger import events, log
from vault.ledger.subjects import create_subject
from vault.signin.blind import BlindIndex, blind
from vault.signin.holders import PERSON, Holder
from vault.signin.passwords import Prepared, enrol

ACTIVE = "active"
TEST = "test"
"""The scheme of made-up persons' numbers, which nobody can register with."""


@dataclass(frozen=True)
class Created:
    """A new person, and their unlocked keys for what else is done in the same transaction."""

    person: PersonId
    holder: Holder


@dataclass(frozen=True)
class PersonKeys:
    """A person's public keys (X25519 and Ed25519, 32 bytes each), level, language and standing. ``test_of``: the
    organisation whose sandboxes this made-up person is for; None for everybody who exists."""

    box_public: bytes
    signing_public: bytes
    level: str
    locale: str
    status: str
    test_of: RequesterId | None = None


async def register(database: Database, claim: Claim) -> Created:
    """:func:`create_person` in a transaction of its own; the holder of a known number is told in another.

    Raises as that does: answer every NotRegistered exactly like a success.
    """
    try:
        return await database.run(create_person, claim)
    except NumberKnown as known:
        await database.run(tell_holder, known.holder)
        raise


async def create_person(session: Session, claim: Claim) -> Created:
    """Open a vault. Of two for the same number at the same time, one commits.

    Raises Invalid, LoginTaken; NumberKnown or NotConfirmed (both NotRegistered), after which the caller
    runs :func:`tell_holder` in a transaction of its own (:func:`register` does). The order keeps the
    answer from telling: a taken login is found out first, whatever is true of the number.
    """
    number = checked_number(claim, session.now)
    # 1. Keys, login name and password.
    holder = await _keyed(session, claim.login, claim.prepared)
    person = PersonId(holder.id)
    # 2. The claim to the number: the primary key of the index settles races.
    level = level_of(claim)
    await _take_number(session, person, blind(session.ring, claim.scheme, number), level=level)
    # 3. The row that gives the keys their power, and the entries.
    session.add(_person(holder, (claim.scheme, number), level=level, locale=claim.locale))
    await session.flush()
    registered = events.Event(name="person.registered", actor=events.PERSON, outcome=level)
    await log.append(session, registered, person=person)
    return Created(person, holder)


async def create_test_person(
    session: Session, organisation: RequesterId, *, login: str, prepared: Prepared, locale: str
) -> Created:
    """Open a vault for nobody: a made-up person for one organisation's sandboxes.

    Their number is of a scheme of its own: it is no national id, is in no index, and no source is asked about it.
    Raises LoginTaken, Invalid.
    """
    holder = await _keyed(session, login, prepared)
    made_up = _person(holder, (TEST, secrets.token_hex(8)), level=CLAIMED, locale=locale)
    made_up.test_of = organisation
    session.add(made_up)
    await session.flush()
    registered = events.Event(name="person.registered", actor=events.PERSON, outcome=TEST)
    await log.append(session, registered, person=PersonId(holder.id))
    return Created(PersonId(holder.id), holder)


async def close_test_person(session: Session, person: PersonId, organisation: RequesterId) -> None:
    """End a made-up person's vault: no sign-in acts in it and no grant of it releases anything. Raises NotFound."""
    row = await session.get(Person, person, with_for_update=True, populate_existing=True)
    if row is None or row.test_of != organisation:
        raise NotFound("There is no such test person.")
    row.status = "suspended"
    await session.flush()


async def _keyed(session: Session, login: str, prepared: Prepared) -> Holder:
    """Fresh keys under a login name and a password. Raises LoginTaken, Invalid."""
    person = PersonId(ids.new_uuid())
    bundle = Bundle(new_box_pair()[1], new_signing_seed(), await create_subject(session, person))
    # The holder is made for this registration only: no sign-in stands behind it.
    holder = Holder(PERSON, person, bundle, sign_in=person)
    await enrol(session, holder, login=login, prepared=prepared)
    return holder


def _person(holder: Holder, number: tuple[str, str], *, level: str, locale: str) -> Person:
    bundle = holder.bundle
    return Person(
        person_id=PersonId(holder.id),
        box_public=bundle.box_public,
        signing_public=bundle.signing_public,
        level=level,
        locale=locale,
        status=ACTIVE,
        number=seal(bundle.box_public, canonical(list(number))),
    )


async def tell_holder(session: Session, person: PersonId) -> None:
    """Tell the holder of a number that somebody tried to register it: a notice and an entry, once an hour at most.

    The bound keeps a stranger who knows the number from filling the ledger and the holder's notices.
    """
    if await notify_once(session, person, "registration_attempt", hours=1):
        event = events.Event(name="person.registration_refused", actor=events.REGISTRY, reason="number_known")
        await log.append(session, event, person=person)


async def person_keys(session: Session, person: PersonId) -> PersonKeys:
    """The person's public keys and standing. Raises NotFound; Tampered when the row was edited."""
    row = await session.get(Person, person)
    if row is None:
        raise NotFound
    return PersonKeys(row.box_public, row.signing_public, row.level, row.locale, row.status, row.test_of)


async def the_person(session: Session, holder: Holder) -> PersonId:
    """The person behind a sign-in, who may act now.

    Raises Refused when it is no person or not active, Tampered when the row or its keys were swapped.
    """
    if holder.realm != PERSON:
        raise Refused("Only a person may do this.")
    keys = await person_keys(session, PersonId(holder.id))
    if keys.status != ACTIVE:
        raise Refused("This vault is not active.")
    fits = same(keys.box_public, holder.bundle.box_public)
    if not fits or not same(keys.signing_public, holder.bundle.signing_public):
        raise Tampered(private="the keys of a sign-in are not those of the person's row")
    return PersonId(holder.id)


async def renew_index(session: Session, holder: Holder) -> None:
    """Index the person's number under the newest ring key, where it is not yet. Call it after a sign-in.

    Only the person can: the number is sealed to their own key. Does nothing for a number they no longer hold.
    """
    row = await session.get(Person, holder.id)
    if row is None:
        raise NotFound
    scheme, number = msgspec.json.decode(holder.bundle.unseal(row.number), type=tuple[str, str])
    values = blind(session.ring, scheme, number)
    held = {v for v, person in (await _holders(session, values)).items() if person == row.person_id}
    missing = {version: value for version, value in values.items() if value not in held}
    if held and missing:
        await session.execute(insert(NationalId).values(_rows(row.person_id, missing)).on_conflict_do_nothing())


async def _take_number(session: Session, person: PersonId, values: BlindIndex, *, level: str) -> None:
    """Claim a number for a new person, or raise NumberKnown. A mere claim gives way to a checked one."""
    put = insert(NationalId).values(_rows(person, values)).on_conflict_do_nothing().returning(NationalId.value)
    written = {value for (value,) in await session.execute(put)}
    if len(written) == len(values):
        return
    others = set((await _holders(session, values)).values()) - {person}
    if len(others) != 1:
        raise Conflict("Somebody is registering at this moment; try again.", private="the number's index is in motion")
    holder = others.pop()
    row = await session.get(Person, holder, with_for_update=True)
    if row is None or level != CHECKED or row.level != CLAIMED:
        raise NumberKnown(holder)
    await session.execute(
        sa.update(NationalId).where(NationalId.value.in_(list(values.values()))).values(person_id=person)
    )
    await notify(session, holder, "claim_yielded", {})
    event = events.Event(name="person.claim_yielded", actor=events.REGISTRY, reason="better_proof")
    await log.append(session, event, person=holder)


async def _holders(session: Session, values: BlindIndex) -> dict[bytes, PersonId]:
    chosen = sa.select(NationalId.value, NationalId.person_id).where(NationalId.value.in_(list(values.values())))
    return {row.value: row.person_id for row in await session.execute(chosen)}


def _rows(person: PersonId, values: BlindIndex) -> list[dict[str, object]]:
    return [{"value": value, "person_id": person, "ring_version": version} for version, value in values.items()]
