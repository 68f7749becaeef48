"""The registration certificate that a request may carry. It gives nothing that the register does not give: a request
without one is as good. One that is there must be right, so that nobody passes on another's or an old one unnoticed."""

from collections.abc import Mapping
from typing import Final

from vault.authserver.callers import Caller
from vault.authserver.errors import InvalidRequest
from vault.authserver.server import AuthServer
from vault.requesters.registration import why_not_certificate

PARAMETER: Final = "registration_certificate"


def check_certificate(server: AuthServer, form: Mapping[str, str], caller: Caller) -> None:
    """Raises InvalidRequest unless the certificate, if there is one, is in time and this client's own."""
    token = form.get(PARAMETER)
    wrong = token and why_not_certificate(server.ring, server.issuer, token, caller.client, caller.now)
    if wrong:
        raise InvalidRequest("registration-certificate", f"registration_certificate: {wrong}")
