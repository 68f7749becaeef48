"""A request tried on its own: every check with its verdict, not only the first that refuses. Nothing is used up.

For integrators, on their organisation's desk: what they were about to send is pasted, and each check says whether it
would pass and what to mend. Assertions and proofs stay unused, nothing is recorded, no token is made.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from vault import ids
from vault.authserver import assertions, dpop, jose
from vault.authserver.callers import Caller
from vault.authserver.errors import OAuthError
from vault.authserver.mending import address
from vault.authserver.par import CHECKS as REQUEST_CHECKS
from vault.authserver.par import agreed_key, asked_in
from vault.authserver.server import AuthServer, read_form
from vault.consent.terms import OverAsked
from vault.consent.terms import check as check_terms
from vault.profile.catalogue import catalogue
from vault.requesters.declarations import Declaration
from vault.requesters.register import KnownClient

Target = Literal["par", "token"]
Group = Literal["form", "assertion", "proof", "request"]
NOT_YET: Final = "Not looked at: mend what is named above first."


@dataclass(frozen=True)
class Trial:
    """What would be sent: the body of the POST as it is (application/x-www-form-urlencoded), the DPoP header."""

    target: Target
    body: str
    proof: str | None = None


@dataclass(frozen=True)
class Finding:
    """One check. ``complaint`` None: it passes. ``more``: the page about it."""

    group: Group
    check: str
    complaint: str | None
    more: str | None = None


@dataclass(frozen=True)
class Of:
    """Whose request it is meant to be: one of the organisation's clients, and the declaration it belongs to."""

    known: KnownClient
    declaration: Declaration


def examine(server: AuthServer, trial: Trial, of: Of, *, now: datetime) -> list[Finding]:
    """Every check of this request in the order in which the server would make them. Pure."""
    found: list[Finding] = []
    for group, check, complaint in _verdicts(server, trial, of, now):
        found.append(Finding(group, check, complaint, address(server.issuer, check) if complaint else None))
    return found


Verdict = tuple[Group, str, str | None]


def _verdicts(server: AuthServer, trial: Trial, of: Of, now: datetime) -> Iterator[Verdict]:
    try:
        form = read_form(trial.body.strip().encode())
    except OAuthError as refused:
        yield "form", refused.check, refused.description
        return
    yield "form", "form", None
    yield from _assertion(server, form, of, now)
    proof: dpop.Proof | None = None
    if trial.proof is not None or trial.target == "token":
        url = server.par_url if trial.target == "par" else server.token_url
        yield from _proof(trial.proof, url, now)
        proof = _held(trial.proof, url, now)
    if trial.target == "par":
        yield from _request(form, Caller(of.known.view, of.known.lapses, proof, now), of)


def _assertion(server: AuthServer, form: Mapping[str, str], of: Of, now: datetime) -> Iterator[Verdict]:
    try:
        claim = assertions.read_claim(form)
    except OAuthError as refused:
        yield "assertion", refused.check, refused.description
        return
    view = of.known.view
    if claim.client_id != view.client_id:
        public = ids.public(ids.CLIENT, view.client_id)
        yield "assertion", "client-known", f"iss and sub of the assertion are not {public}, the client chosen here."
        return
    yield "assertion", "client-known", None
    expected = assertions.Expected(server.issuer, now.timestamp(), assertions.chosen(claim.signed, view.jwks))
    yield from (("assertion", name, complaint) for name, complaint in _all(assertions.CHECKS, claim.signed, expected))


def _proof(text: str | None, url: str, now: datetime) -> Iterator[Verdict]:
    try:
        signed = jose.read(dpop.check_header([] if text is None else [text.strip()]))
    except OAuthError as refused:
        yield "proof", refused.check, refused.description
        return
    except jose.NotReadable as error:
        yield "proof", "dpop-readable", f"The DPoP proof {error}."
        return
    request = dpop.Expected("POST", url, None, now, None, None)
    yield from (("proof", name, complaint) for name, complaint in _all(dpop.CHECKS, signed, request))


def _held(text: str | None, url: str, now: datetime) -> dpop.Proof | None:
    try:
        return dpop.check_proof((text or "").strip(), method="POST", url=url, now=now)
    except OAuthError:
        return None


def _request(form: Mapping[str, str], caller: Caller, of: Of) -> Iterator[Verdict]:
    yield from (("request", name, complaint) for name, complaint in _all(REQUEST_CHECKS, form, caller))
    try:
        agreed_key(form, caller)
        yield "request", "dpop-jkt", None
        asked = asked_in(form.get("authorization_details", ""))
        yield "request", "details-shape", None
        check_terms(asked, of.declaration, catalogue())
        yield "request", "over-asked", None
    except OAuthError as refused:
        yield "request", refused.check, refused.description
    except OverAsked as refused:
        yield "request", refused.name, refused.public


def _all(checks: Mapping[str, Callable[..., str | None]], *given: Any) -> Iterator[tuple[str, str | None]]:
    """Every check; those that rest on one that failed cannot be looked at."""
    failed = False
    for name, check in checks.items():
        try:
            complaint = check(*given)
        except (LookupError, TypeError, ValueError):
            if not failed:
                raise
            complaint = NOT_YET
        failed = failed or complaint is not None
        yield name, complaint
