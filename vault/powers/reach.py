"""How far a mandate reaches: the sectors of what was declared, the regions in which the organisation is registered."""

from vault.db import Session
from vault.ids import DeclarationId, RequesterId
from vault.oversight.asking import purposes_of
from vault.registry.mandates import Mandate, OutsideMandate
from vault.requesters.names import registered_in
from vault.requesters.supervising import purposes_declared


async def check_reach(
    session: Session, mandate: Mandate, requester: RequesterId, *, declaration: DeclarationId | None = None
) -> None:
    """Raises OutsideMandate unless all that an order touches lies within. What is about a whole organisation touches
    everything that it declared."""
    if mandate.sectors is not None:
        touched = await purposes_declared(session, requester, declaration=declaration)
        if not touched <= purposes_of(mandate.sectors):
            raise OutsideMandate("What was declared there belongs to no sector of your mandate.", "other_sector")
    if mandate.regions is not None and requester not in await registered_in(session, mandate.regions):
        raise OutsideMandate("This organisation is not registered in a region of your mandate.", "other_region")
