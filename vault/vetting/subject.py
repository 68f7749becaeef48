"""What the checks of a case are about: facts of an organisation and of its clients. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from vault.proofing.registers import MOST_PERSONS
from vault.requesters.applications import Application
from vault.requesters.redirects import LOOPBACK

MOST_HOSTS: Final = 30
_UNDECLARED: Final = "0" * 64


@dataclass(frozen=True)
class Page:
    """A policy page and the SHA-256 (hexadecimal) that its content was declared to have; None: not declared."""

    url: str
    sha256: str | None


@dataclass(frozen=True)
class Subject:
    """Everything the checks need to know, so that they can run without a database.

    ``tokens``: any of them, on a host, shows that the applicant controls it. ``hosts``: of return addresses over the
    internet; ``loopback``: return addresses that are on the person's own machine.
    """

    uscc: str
    name: str
    persons: tuple[str, ...]
    tokens: tuple[str, ...]
    hosts: tuple[str, ...]
    loopback: tuple[str, ...]
    keys: tuple[dict[str, Any], ...]
    pages: tuple[Page, ...]


def subject_of(
    application: Application,
    tokens: Iterable[str],
    *,
    redirect_uris: Iterable[str] | None = None,
    keys: Iterable[dict[str, Any]] | None = None,
) -> Subject:
    """The subject of an application's case; the last two replace the application's own, for clients in force."""
    organisation = application.organisation
    uris = list(application.client.redirect_uris if redirect_uris is None else redirect_uris)
    hosts = list(dict.fromkeys(urlsplit(uri).hostname or "" for uri in uris))
    return Subject(
        uscc=organisation.uscc,
        name=organisation.name.zh_cn,
        persons=tuple(person.name for person in organisation.responsible_persons)[:MOST_PERSONS],
        tokens=tuple(tokens),
        hosts=tuple(host for host in hosts if host not in LOOPBACK)[:MOST_HOSTS],
        loopback=tuple(host for host in hosts if host in LOOPBACK),
        keys=tuple(application.client.jwks["keys"] if keys is None else keys),
        pages=tuple(
            Page(policy.url, None if policy.sha256 == _UNDECLARED else policy.sha256)
            for policy in organisation.policies
        ),
    )
