"""Finding a person by their national id: for what a court ordered, and for nothing else."""

from collections.abc import Iterable, Mapping
from typing import Final

import sqlalchemy as sa

from vault.accounts.numbers import normalise
from vault.accounts.tables import NationalId
from vault.crypto.canonical import b64, unb64
from vault.crypto.keyring import KeyRing
from vault.db import Session
from vault.ids import PersonId
from vault.signin.blind import blind

_BYTES: Final = 32


async def holder_of_number(session: Session, scheme: str, number: str) -> PersonId | None:
    """Who holds this number; None: nobody here. Raises Invalid naming the field when it is none by its form."""
    values = blind(session.ring, scheme, normalise(scheme, number)).values()
    wanted = sa.select(NationalId.person_id).where(NationalId.value.in_(list(values))).limit(1)
    found: PersonId | None = await session.scalar(wanted)
    return found


def index_of(ring: KeyRing, scheme: str, number: str) -> dict[str, str]:
    """What stands for a number in an order that is not signed yet: {ring version: index value}. Raises Invalid."""
    values = blind(ring, scheme, normalise(scheme, number))
    return {str(version): b64(value) for version, value in values.items()}


async def vault_of(session: Session, index: Mapping[str, str]) -> PersonId | None:
    """The person whose vault holds the number behind :func:`index_of`; None where there is none."""
    values = _values(index.values())
    found = await session.scalars(sa.select(NationalId.person_id).where(NationalId.value.in_(values)).distinct())
    return found.one_or_none()


def _values(given: Iterable[str]) -> list[bytes]:
    return [value for value in map(unb64, given) if len(value) == _BYTES]
