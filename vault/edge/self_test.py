"""A member tries a request of one of the organisation's clients, the same for both fronts."""

from vault import ids
from vault.authserver.selftest import Finding, Of, Trial, examine
from vault.authserver.server import AuthServer
from vault.db import Session
from vault.errors import NotFound
from vault.organisations.members import member
from vault.requesters import register
from vault.requesters.owned import OwnClient, clients_of, declarations_of
from vault.signin import Holder


async def own_clients(session: Session, holder: Holder) -> list[OwnClient]:
    """The clients that a request may be tried for."""
    return await clients_of(session, (await member(session, holder)).organisation)


async def try_request(session: Session, holder: Holder, server: AuthServer, client: str, trial: Trial) -> list[Finding]:
    """Every check of the request of a client (public id). Raises NotFound for another organisation's client."""
    who = await member(session, holder)
    wanted = ids.parse(ids.CLIENT, client)
    own = next((each for each in await clients_of(session, who.organisation) if each.id == wanted), None)
    if own is None:
        raise NotFound("There is no such client.")
    known = await register.any_client(session, own.id)
    declared = next(d for d in await declarations_of(session, who.organisation) if d.id == own.declaration_id)
    return examine(server, trial, Of(known, declared.body), now=session.now)
