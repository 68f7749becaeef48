"""What to mend when a request out of band is refused. Texts for integrators, by the check's name."""

from typing import Final

BACKCHANNEL: Final[dict[str, str]] = {
    "backchannel-registered": "Register backchannel_token_delivery_mode (poll or ping) for this client first.",
    "backchannel-request-object": "Send plain parameters: signed requests are not taken out of band.",
    "backchannel-scope": "Leave scope out, or set it to openid to get an ID token as well.",
    "backchannel-grant-management": "Leave grant_id and grant_management_action out: out of band, grants are new.",
    "backchannel-one-hint": "Send login_hint, and neither login_hint_token nor id_token_hint.",
    "backchannel-hint-shape": (
        "login_hint is the code of twelve letters and digits that the person made in their vault and read out. Never "
        "send a telephone number, a name or an id number; ask for the code again when it is refused."
    ),
    "backchannel-binding-message": (
        "Send binding_message: at most 64 letters (Latin, Chinese), digits, spaces and .,:#()-; say it to the person."
    ),
    "backchannel-expiry": "requested_expiry is a whole number of seconds, greater than zero.",
    "backchannel-notification-token": (
        "With ping, send client_notification_token: a fresh bearer token of 16 to 1024 characters (RFC 6750)."
    ),
    "backchannel-pace": "Wait until requests under way have ended; start fewer at a time.",
    "auth-req-present": "Send the auth_req_id from the answer that started the request.",
    "auth-req-known": "The auth_req_id is not one of this client's, or long gone: start a new request.",
    "auth-req-key": "Redeem with the DPoP key you named or showed when you started the request.",
    "auth-req-used": "An auth_req_id gives tokens once: use the refresh token afterwards.",
}
