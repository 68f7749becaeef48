"""ID tokens (OpenID Connect Core section 2): who decided, by the name this organisation alone knows. Nothing else."""

from datetime import datetime, timedelta
from typing import Final

from vault import ids
from vault.authserver.server import AuthServer
from vault.authserver.signed import sign_answer
from vault.authserver.tokens import pairwise
from vault.ids import PersonId
from vault.requesters.views import ClientView

LIFE: Final = timedelta(minutes=5)


def new_id_token(server: AuthServer, client: ClientView, person: PersonId, *, now: datetime) -> str:
    """iss, pairwise sub, aud, iat, exp; signed as the client registered."""
    claims = {
        "iss": server.issuer,
        "sub": pairwise(server.ring, client.requester_id, person),
        "aud": ids.public(ids.CLIENT, client.client_id),
        "iat": int(now.timestamp()),
        "exp": int((now + LIFE).timestamp()),
    }
    alg = client.metadata.id_token_signed_response_alg
    return sign_answer(server.ring, "id-token", alg, typ="JWT", claims=claims)
