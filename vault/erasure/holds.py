"""What keeps a vault from being erased: the law, while it reaches for what is in it.

Nothing here tells a person what they do not see already: that the law still hides an access is a line of their own
history, with its day (``vault.ledger.hidden``).
"""

from typing import Final

from vault.db import Session
from vault.errors import Conflict
from vault.ids import PersonId
from vault.lawful.erasing import reaches
from vault.ledger.hidden import is_hiding
from vault.powers.erasing import rests_on

LAWFUL_ORDER: Final = "lawful-order"
HIDDEN_ACCESS: Final = "hidden-access"
OPEN_CASE: Final = "open-case"


class Held(Conflict):
    """The law holds the vault. ``holds``: why."""

    name, title = "vault-held", "This vault cannot be erased now"
    advice = (
        "`holds` says what stands in the way: lawful-order (access was ordered by law, and the order is in force), "
        "hidden-access (the law still hides an access, until the day that stands in your history), open-case (a "
        "supervisory authority's open case rests on an entry about you). Ask again when it is over."
    )


async def holds(session: Session, person: PersonId) -> tuple[str, ...]:
    """Everything that holds a vault now, by kind. Empty where nothing does. Raises NotFound for who has none."""
    found = (
        (LAWFUL_ORDER, await reaches(session, person)),
        (HIDDEN_ACCESS, await is_hiding(session, person)),
        (OPEN_CASE, await rests_on(session, person)),
    )
    return tuple(kind for kind, is_so in found if is_so)
