"""In which format a release is answered, by the Accept header (RFC 9110 section 12.5.1). Pure.

JSON unless another is asked for; a selective-disclosure JWT (RFC 9901); either of them sealed to the key that the
requester registered with ``use`` enc (RFC 7516). What is released, its entry and its pinned versions are the same in
every format, so a request repeated under its Idempotency-Key may ask for another one.
"""

from dataclasses import dataclass
from typing import Final

from vault.errors import VaultError

JSON: Final = "application/json"
SD_JWT: Final = "application/dc+sd-jwt"
JOSE: Final = "application/jose"
OFFERED: Final = (JSON, SD_JWT, JOSE)
_CONTENT: Final = {"": JSON, "json": JSON, JSON: JSON, "dc+sd-jwt": SD_JWT, SD_JWT: SD_JWT}
"""What may stand in the parameter ``cty`` of application/jose."""
_ANY: Final = frozenset({"*/*", "application/*"})
_LONGEST: Final = 1000
_MOST: Final = 16


class NotAcceptable(VaultError):
    """RFC 9110 section 15.5.7. ``formats`` lists what there is."""

    name, status, title = "not-acceptable", 406, "A release is not given in this format"
    advice = "Send Accept with one of the media types in `formats`, or none for JSON."


class NoEncryptionKey(VaultError):
    """A sealed answer was asked for and there is no key to seal it to."""

    name, status, title = "no-encryption-key", 406, "You have no key that an answer could be sealed to"
    advice = "Register a public key with use enc (X25519 or P-256) for this client, or ask without application/jose."

    def __init__(self) -> None:
        super().__init__(self.advice)


@dataclass(frozen=True, slots=True)
class Format:
    """``content``: the media type of what is released; ``is_sealed``: whether it comes inside a JWE."""

    content: str
    is_sealed: bool = False

    @property
    def media_type(self) -> str:
        """The Content-Type of the answer."""
        return JOSE if self.is_sealed else self.content


PLAIN: Final = Format(JSON)
_SELECTIVE: Final = Format(SD_JWT)


def negotiated(accept: str) -> Format:
    """The format that is wanted most of those offered; what is named first, of those wanted equally.

    Raises NotAcceptable when none is.
    """
    if not accept or accept in {"*/*", JSON}:
        return PLAIN
    wanted = [] if len(accept) > _LONGEST else [_read(each) for each in accept.split(",")[:_MOST]]
    found = [(quality, each) for each, quality in wanted if each is not None and quality > 0]
    if not found:
        raise NotAcceptable(formats=list(OFFERED))
    best = max(quality for quality, _ in found)
    return next(each for quality, each in found if quality == best)


def _read(text: str) -> tuple[Format | None, float]:
    """One member of an Accept header: the format it stands for, and how much it is wanted."""
    name, *parameters = (part.strip() for part in text.lower().split(";"))
    given = dict(parameter.partition("=")[::2] for parameter in parameters)
    quality = _quality(given.get("q", "1"))
    if name == JOSE:
        content = _CONTENT.get(given.get("cty", "").strip('"'))
        return (None if content is None else Format(content, is_sealed=True)), quality
    return (PLAIN if name == JSON or name in _ANY else _SELECTIVE if name == SD_JWT else None), quality


def _quality(text: str) -> float:
    try:
        return min(1.0, float(text)) if len(text) <= 5 else 0.0
    except ValueError:
        return 0.0
