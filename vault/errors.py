"""One family of errors.

Raise the one that names the failure. ``public`` tells the caller what to do next and never holds
a person's data; ``private`` goes to the log only. One file at the edge turns these into RFC 9457
problem documents; OAuth endpoints use RFC 6749 error responses instead.
"""

from typing import ClassVar


class VaultError(Exception):
    """Base of every error the product raises on purpose.

    ``name`` is the slug of the problem type (documented at ``/problems/{name}``), ``status`` the
    HTTP status it maps to, ``members`` the extension members of the problem document.
    """

    name: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"
    advice: ClassVar[str] = "Try again later; if it stays, report the request id to the registry."

    def __init__(self, public: str = "", *, private: str = "", **members: object) -> None:
        super().__init__(public or self.title)
        self.public = public or self.title
        self.private = private
        self.members = members


class Invalid(VaultError):
    """Input that cannot be accepted. ``errors``: list of {field, why}."""

    name, status, title = "invalid-input", 422, "The input is not valid"
    advice = "Correct the fields named in `errors` and send the request again."

    @classmethod
    def field(cls, field: str, why: str) -> "Invalid":
        """One wrong field, named."""
        return cls(f"{field}: {why}", errors=[{"field": field, "why": why}])


class Malformed(VaultError):
    """The request cannot be parsed at all."""

    name, status, title = "malformed-request", 400, "The request cannot be read"
    advice = "Send well-formed JSON of the documented shape, encoded as UTF-8."


class Unauthenticated(VaultError):
    """Nobody, or nobody we know, is asking."""

    name, status, title = "unauthenticated", 401, "Sign in first"
    advice = "Sign in (people, officers, regulators) or present a valid DPoP-bound access token (requesters)."


class Refused(VaultError):
    """The caller is known and may not do this."""

    name, status, title = "refused", 403, "This is not allowed"
    advice = "The detail says which rule refused it."


class NotFound(VaultError):
    """Absent, or not the caller's to see: the two look the same."""

    name, status, title = "not-found", 404, "There is no such thing here"
    advice = "Check the identifier. Things that belong to somebody else look the same as things that do not exist."


class Conflict(VaultError):
    """The state has moved on."""

    name, status, title = "conflict", 409, "This conflicts with the present state"
    advice = "Load the present state and decide again."


class PreconditionFailed(VaultError):
    """RFC 9110 section 13: the ETag given is no longer current."""

    name, status, title = "precondition-failed", 412, "It was changed since you loaded it"
    advice = "Load it again, merge your change, and send it with the new ETag in If-Match."


class PreconditionRequired(VaultError):
    """RFC 6585 section 3."""

    name, status, title = "precondition-required", 428, "Say which version you are changing"
    advice = "Send If-Match with the ETag you loaded (or If-None-Match: * to create)."


class IdempotencyMismatch(VaultError):
    """The same key came with another request."""

    name, status, title = "idempotency-mismatch", 422, "This Idempotency-Key belongs to another request"
    advice = "Send the request as it was sent first, or choose a new Idempotency-Key."


class TooLarge(VaultError):
    """RFC 9110 section 15.5.14."""

    name, status, title = "too-large", 413, "The request is too large"
    advice = "Send a smaller body: of 1 MiB at most, unless the detail names another limit or the operator chose one."


class TooMany(VaultError):
    """RFC 6585 section 4. ``retry_after`` in seconds."""

    name, status, title = "too-many-requests", 429, "Too many attempts"
    advice = "Wait as long as Retry-After says, then try again."

    def __init__(self, public: str = "", *, retry_after: int = 1, private: str = "", **members: object) -> None:
        super().__init__(public, private=private, **members)
        self.retry_after = retry_after


class Unavailable(VaultError):
    """Something we depend on does not answer; nothing was done unless the detail says so."""

    name, status, title = "unavailable", 503, "Not available just now"
    advice = "Retry after the time in Retry-After, with the same Idempotency-Key where you sent one."

    def __init__(self, public: str = "", *, retry_after: int = 1, private: str = "", **members: object) -> None:
        super().__init__(public, private=private, **members)
        self.retry_after = retry_after


class Tampered(VaultError):
    """A row, signature or ciphertext does not match what was written. Always logged loudly."""

    name, status, title = "tampered", 500, "A stored record failed its integrity check"
    advice = "Nothing was released. The registry has been alerted; report the request id."


class CannotOpen(VaultError):
    """A ciphertext does not open: a share is missing, wrong, expired or from elsewhere."""

    name, status, title = "cannot-open", 403, "The data cannot be opened with the keys presented"
    advice = "Check that the token is current and belongs to this grant; start a new authorization if it stays."


class BadConfiguration(VaultError):
    """A setting is missing, unknown or contradictory; raised at start, before anything is served."""

    name, status, title = "bad-configuration", 500, "The configuration is not usable"
