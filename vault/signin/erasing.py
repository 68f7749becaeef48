"""Every way in of a person is destroyed, with the bundle that each of them wrapped."""

from uuid import UUID

import sqlalchemy as sa

from vault.db import Session
from vault.signin.sessions import end_all
from vault.signin.tables import Credential, LoginName


async def erase(session: Session, holder_id: UUID) -> None:
    """Destroy a holder's credentials, sign-ins and login name; the name is free again."""
    # Credentials first: a sign-in that is under way holds its row, and is seen by the second statement.
    await session.execute(sa.delete(Credential).where(Credential.holder_id == holder_id))
    await end_all(session, holder_id)
    await session.execute(sa.delete(LoginName).where(LoginName.holder_id == holder_id))
