"""A requester's signed statement about a deletion order: whose signature is it, and then what does it say.

The statement is its own authentication: nobody signs in to hand one in, and who fails the first two steps is a
stranger, who learns nothing and fills no ledger.
"""

from uuid import UUID

from vault import ids
from vault.authserver.jose import NotReadable, Signed, is_signed_by, read
from vault.db import Database, Session
from vault.deletion.answering import TYP, Said, answer, record_refusal
from vault.errors import NotFound, Unauthenticated, VaultError
from vault.ids import RequesterId
from vault.requesters.endpoints import keys_of


class NotSigned(Unauthenticated):
    """The statement is not signed with a key that its client has registered and that holds now."""

    name, title = "statement-not-signed", "This statement is not signed by the client it names"
    advice = f"Sign a JWS of type {TYP} with a registered key (kid in its header); iss is your client_id."

    def __init__(self) -> None:
        super().__init__(self.advice)


async def hand_in(database: Database, order: UUID, statement: str, *, issuer: str) -> str:
    """Take a statement about an order; returns the outcome. Raises NotSigned (401), BadStatement (422), NotFound for
    another organisation's order, Conflict. What a known requester gets wrong is recorded."""
    # 1. A JWS of the right type, signed with a key of the client it names.
    said = await database.run(_signed_by, statement)
    # 2. What it says, about which order.
    try:
        return await database.run(answer, said, order, issuer=issuer)
    except VaultError as refused:
        await database.run(record_refusal, said, refused)
        raise


async def _signed_by(session: Session, statement: str) -> Said:
    try:
        token = read(statement)
        client = ids.parse(ids.CLIENT, str(token.claims.get("iss")))
    except (NotReadable, NotFound):
        raise NotSigned from None
    found = await keys_of(session, client)
    if token.header.get("typ") != TYP or found is None or not _verifies(token, found[1]):
        raise NotSigned
    return Said(RequesterId(found[0]), client, token.claims, statement)


def _verifies(token: Signed, keys: list[dict[str, object]]) -> bool:
    return any(key.get("kid") == token.header.get("kid") and is_signed_by(token, key) for key in keys)
