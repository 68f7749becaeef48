"""Coming in and going out, the same for both fronts: attempts become cookies, cookies end."""

from litestar.datastructures import Cookie

from vault.accounts import renew_index
from vault.consent import rotate_after_withdrawal
from vault.db import Session
from vault.edge.cookies import YEAR
from vault.edge.request import VaultRequest
from vault.errors import Unauthenticated
from vault.signin import PERSON, Attempt, Holder, SignedIn, sign_in, sign_out


async def enter(request: VaultRequest, realm: str, login: str, password: str) -> tuple[SignedIn, list[Cookie]]:
    """Sign in. Returns who, and the cookies to set. Raises Unauthenticated, TooMany, Unavailable.

    The sign-in this browser had before ends: nobody can plant one that survives (session fixation).
    """
    doors = request.doors
    attempt = Attempt(realm, login, password, request.address, request.device_cookie)
    signed_in = await sign_in(doors.database, doors.doorway, attempt)
    await leave(request)
    if realm == PERSON:
        await doors.database.run(_upkeep, signed_in.holder)
    return signed_in, [
        doors.jar.make("session", signed_in.cookie),
        doors.jar.make("device", signed_in.device, seconds=YEAR),
    ]


async def _upkeep(session: Session, holder: Holder) -> None:
    """What only the person's own keys can do, and so waits for them to come."""
    await renew_index(session, holder)
    await rotate_after_withdrawal(session, holder)


async def leave(request: VaultRequest) -> list[Cookie]:
    """End the sign-in of this browser, if it has one. Returns the cookies to set."""
    try:
        cookie = request.session_cookie
    except Unauthenticated:
        return []
    await request.doors.database.run(sign_out, cookie)
    return [request.doors.jar.end("session")]
