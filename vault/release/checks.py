"""Steps 2 to 4 of a release, on what was loaded: is everything live, is everything asked for allowed. Pure.

The statement that records the delivery (``recording``) checks the same again under the grant's row lock.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from vault.consent.terms import OverAsked
from vault.crypto.canonical import canonical, digest
from vault.errors import Invalid
from vault.profile.catalogue import catalogue
from vault.release.loaded import Loaded
from vault.release.refusals import ACCOUNT_CLOSED, EXPIRED, STALE_TOKEN, WITHDRAWN, GrantEnded
from vault.requesters.liveness import check_live


class Chosen(NamedTuple):
    """One item of a release and the form it leaves in."""

    item: str
    form: str


def check_live_now(loaded: Loaded, *, epoch: int, now: datetime) -> None:
    """Step 2. Raises GrantEnded or NotLive."""
    grant = loaded.grant
    if grant["status"] != "active":
        raise GrantEnded(WITHDRAWN)
    if now >= grant["expires_at"]:
        raise GrantEnded(EXPIRED)
    if grant["token_epoch"] != epoch:
        raise GrantEnded(STALE_TOKEN)
    if loaded.person["status"] != "active":
        raise GrantEnded(ACCOUNT_CLOSED)
    check_live(loaded.register.standings(), now)


def choose(asked: Sequence[str] | None, token: Iterable[Chosen], loaded: Loaded) -> list[Chosen]:
    """Step 3: what is released. ``asked`` None: all the token covers. Raises OverAsked naming what is too much.

    catalogue ⊇ declaration ⊇ grant ⊇ token ⊇ release: each of the five must know item and form.
    """
    covered = sorted(set(token))
    names = {each.item for each in covered}
    if asked is not None:
        check_asked(asked)
        if beyond := sorted(set(asked) - names):
            raise OverAsked(beyond)
        covered = [each for each in covered if each.item in asked]
    if beyond := sorted({each.item for each in covered if not _is_allowed(each, loaded)}):
        raise OverAsked(beyond)
    return covered


def check_asked(asked: Sequence[str]) -> None:
    """An empty list is no way of saying "all". Raises Invalid."""
    if not asked:
        raise Invalid.field("items", "name at least one item, or leave the member out for all of them")
    if len(set(asked)) != len(asked):
        raise Invalid.field("items", "names an item twice")


def _is_allowed(chosen: Chosen, loaded: Loaded) -> bool:
    declared = loaded.body.item(chosen.item)
    field = catalogue().find(chosen.item)
    return (
        {"item": chosen.item, "form": chosen.form} in loaded.grant["items"]
        and declared is not None
        and chosen.form in declared.forms
        and field is not None
        and chosen.form in field.forms
    )


def needs_officer(chosen: Iterable[Chosen]) -> bool:
    """Step 4: whether any of it is sensitive (PIPL art. 28), so that the standing permit is not enough."""
    return any(catalogue().item(each.item).is_sensitive for each in chosen)


def request_digest(grant: UUID, client: UUID, chosen: Iterable[Chosen]) -> bytes:
    """What makes two requests the same one, and what an officer signs: 32 bytes."""
    items = [[each.item, each.form] for each in chosen]
    return digest(canonical(["release request", 1, grant.hex, client.hex, items]))
