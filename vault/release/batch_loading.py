"""The load of a chunk: for each of its lines what a release rests on, in one round trip, every guarded row checked."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from vault.crypto.keyring import KeyRing
from vault.errors import Tampered
from vault.release.batch_caller import Held
from vault.release.guarded import Before
from vault.release.loaded import Loaded, Registered, Wanted
from vault.release.loading import Found, checked


def wanted(register: Registered, held: Held, key: str) -> Wanted:
    """What to load for one line: every section that is declared, since what is granted is not known yet."""
    declared = sorted({each.item.partition(".")[0] for each in register.body.items})
    return Wanted(held.person, held.grant, register.client["id"], declared, key)


def read(
    ring: KeyRing, found: Found | None, register: Registered, *, client: UUID, before: Before
) -> Loaded | Tampered | None:
    """What one line's rows say; None where there is no such grant of this client.

    ``before``: what verified before, by digests, for who sends the same people every day.
    """
    if found is None:
        return None
    try:
        loaded = checked(ring, found, register, is_fresh=True, before=before)
    except Tampered as error:
        return error
    return loaded if loaded.grant["client_id"] == client else None


def only(loaded: Loaded, items: Sequence[str]) -> Loaded:
    """Without the sections that none of the items is in: what is not asked for is neither verified nor cited."""
    sections = {item.partition(".")[0] for item in items}
    if sections.issuperset(each.section for each in loaded.versions):
        return loaded
    return msgspec.structs.replace(
        loaded,
        versions=[each for each in loaded.versions if each.section in sections],
        attestations=[each for each in loaded.attestations if each[1].section in sections],
    )
