"""Where a client may have people sent back to. Pure."""

import re
from typing import Final
from urllib.parse import urlsplit

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
MOST: Final = 10
LONGEST: Final = 512
_PRINTABLE: Final = re.compile(r"[!-~]+")
_NEVER: Final = frozenset('"<>\\^`{|}*')


def why_not_redirect_uri(uri: str) -> str | None:
    """What is wrong with a redirect URI, or None.

    RFC 6749 section 3.1.2, RFC 9700 section 4.1.3 and FAPI 2.0 5.3.2.2-8: absolute, https (http on loopback
    only), no fragment, no user, no wildcard. It is compared as a string: what is registered is what is sent.
    """
    if not 1 <= len(uri) <= LONGEST:
        return f"must have 1 to {LONGEST} characters"
    if not _PRINTABLE.fullmatch(uri) or _NEVER & set(uri):
        return "must be printable ASCII without spaces, quotes, backslashes, braces and wildcards"
    if "#" in uri:
        return "must not have a fragment (#)"
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is not an address"
    if not host or port == 0:
        return "must be an absolute address with a host"
    if "@" in parts.netloc:
        return "must not name a user"
    if parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK):
        return None
    return "must begin with https:// (http:// only for 127.0.0.1, [::1] and localhost)"


def is_loopback(uri: str) -> bool:
    """Whether it leads nowhere but to the machine it is opened on."""
    try:
        return urlsplit(uri).hostname in LOOPBACK
    except ValueError:
        return False


def is_registered(uri: str, registered: list[str]) -> bool:
    """Whether it is one of the registered ones: simple string comparison (RFC 3986 section 6.2.1)."""
    return uri in registered
