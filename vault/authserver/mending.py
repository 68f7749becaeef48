"""Every check that may refuse a request, and what to mend then: the integrator's page, and where errors point.

A check without a text here fails the house's tests; pages show the texts in the reader's language.
"""

from typing import Final

from vault.authserver.mending_backchannel import BACKCHANNEL
from vault.authserver.mending_callers import CALLERS
from vault.authserver.mending_requests import REQUESTS

MENDING: Final[dict[str, str]] = CALLERS | REQUESTS | BACKCHANNEL
PATH: Final = "/integrate/errors"


def address(issuer: str, check: str) -> str | None:
    """The page about a check (``error_uri``, RFC 6749 section 5.2); None for what is no check of a request."""
    return f"{issuer}{PATH}/{check}" if check in MENDING else None
