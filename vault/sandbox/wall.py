"""The wall around sandboxes: made-up persons and sandbox clients of one organisation on one side, everybody else on the
other. One rule, asked where consent is given, where tokens are first issued, and at every release.

Neither half of it ever changes: that a client is a sandbox and whose a made-up person is are guarded columns that no
act writes twice. From outside a violation looks like absence (design, promise 9).
"""

from typing import Final
from uuid import UUID

from vault.accounts import person_keys
from vault.db import Session
from vault.errors import NotFound
from vault.ids import PersonId, RequesterId
from vault.requesters.views import ClientView

SANDBOX: Final = "sandbox"


class OtherSide(NotFound):
    """A sandbox client and a real person, a test person and a client that is no sandbox of its own organisation."""

    name, title = "other-side", "Nothing can be decided here"
    advice = "Sandbox clients see test persons of their own organisation, and nobody else does."


def on_one_side(test_of: UUID | None, sandbox_of: UUID | None, requester: UUID) -> bool:
    """Whether person and client may meet. ``test_of``: of the person, the organisation they were made up for;
    ``sandbox_of`` and ``requester``: of the client, what it is the sandbox of, and whose it is."""
    return test_of == (None if sandbox_of is None else requester)


def mark(sandbox_of: UUID | None) -> str | None:
    """What entries say of an act of this client: ``sandbox``, or nothing in production."""
    return None if sandbox_of is None else SANDBOX


async def check_side(session: Session, person: PersonId, client: ClientView) -> None:
    """Raises OtherSide unless this person and this client may meet; NotFound, Tampered."""
    test_of: RequesterId | None = (await person_keys(session, person)).test_of
    if not on_one_side(test_of, client.sandbox_of, client.requester_id):
        raise OtherSide
