"""Steps 2 to 4 of a release, on what was loaded: is everything live, is everything asked for allowed. Pure.

The statement that records the delivery (``recording``) checks the same again under the grant's row lock.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from vault.consent.states import State, state_of
from vault.consent.terms import OverAsked
from vault.crypto.canonical import canonical_unchecked, digest
from vault.errors import Invalid
from vault.profile.catalogue import COMPARTMENTS, Compartment, Field, catalogue
from vault.release.loaded import Loaded
from vault.release.refusals import ACCOUNT_CLOSED, EXPIRED, OTHER_SIDE, STALE_TOKEN, SUSPENDED, WITHDRAWN, GrantEnded
from vault.sandbox.wall import on_one_side

_ENDED: Final = {State.WITHDRAWN: WITHDRAWN, State.SUSPENDED: SUSPENDED, State.EXPIRED: EXPIRED}


class Chosen(NamedTuple):
    """One item of a release, the form it leaves in, and what the catalogue says of it."""

    item: str
    form: str
    field: Field


def check_live_now(loaded: Loaded, *, epoch: int, now: datetime) -> None:
    """Step 2. Raises GrantEnded or NotLive."""
    grant = loaded.grant
    state = state_of(grant["status"], grant["expires_at"], now, lifted_at=grant["suspended_until"])
    if state is not State.ACTIVE:
        raise GrantEnded(_ENDED[state])
    if grant["token_epoch"] != epoch:
        raise GrantEnded(STALE_TOKEN)
    if loaded.person["status"] != "active":
        raise GrantEnded(ACCOUNT_CLOSED)
    client = loaded.register.client
    if not on_one_side(loaded.person["test_of"], client["sandbox_of"], client["requester_id"]):
        raise GrantEnded(OTHER_SIDE)
    loaded.register.check_live(now)


class Selection(NamedTuple):
    """What is released, and what follows from that alone. ``parts``: compartment → its sections; ``named``: item and
    form of each; ``sensitive``: whether any of it is (PIPL art. 28), so that the standing permit is not enough."""

    chosen: tuple[Chosen, ...]
    items: tuple[str, ...]
    named: list[list[str]]
    sections: tuple[str, ...]
    parts: Mapping[Compartment, frozenset[str]]
    sensitive: bool


def choose(asked: Sequence[str] | None, token: tuple[tuple[str, str], ...], loaded: Loaded) -> Selection:
    """Step 3: what is released. ``asked`` None: all the token covers. Raises OverAsked naming what is too much.

    catalogue ⊇ declaration ⊇ grant ⊇ token ⊇ release: each of the five must know item and form. The answer depends on
    the declaration and on the three that it is remembered under, with it.
    """
    granted = tuple([(each["item"], each["form"]) for each in loaded.grant["items"] if len(each) == 2])
    asked = None if asked is None else tuple(asked)
    question, followed = ("chosen", asked, token, granted), loaded.register.followed
    found: Selection | None = followed.get(question)
    return followed.put(question, _selected(_chosen(asked, token, loaded))) if found is None else found


def _selected(chosen: Sequence[Chosen]) -> Selection:
    fields = [each.field for each in chosen]
    by_part = {each: frozenset(f.section for f in fields if f.compartment == each) for each in COMPARTMENTS}
    return Selection(
        chosen=tuple(chosen),
        items=tuple(each.item for each in chosen),
        named=[[each.item, each.form] for each in chosen],
        sections=tuple(dict.fromkeys(each.section for each in fields)),
        parts={compartment: sections for compartment, sections in by_part.items() if sections},
        sensitive=any(each.is_sensitive for each in fields),
    )


def _chosen(asked: Sequence[str] | None, token: Iterable[tuple[str, str]], loaded: Loaded) -> list[Chosen]:
    covered = sorted(set(token))
    if asked is not None:
        check_asked(asked)
        if beyond := sorted(set(asked) - {item for item, _ in covered}):
            raise OverAsked(beyond)
        covered = [each for each in covered if each[0] in asked]
    chosen = [_allowed(item, form, loaded) for item, form in covered]
    if None in chosen:
        raise OverAsked(item for (item, _), each in zip(covered, chosen, strict=True) if each is None)
    return [each for each in chosen if each is not None]


def check_asked(asked: Sequence[str]) -> None:
    """An empty list is no way of saying "all". Raises Invalid."""
    if not asked:
        raise Invalid.field("items", "name at least one item, or leave the member out for all of them")
    if len(set(asked)) != len(asked):
        raise Invalid.field("items", "names an item twice")


def _allowed(item: str, form: str, loaded: Loaded) -> Chosen | None:
    declared, field = loaded.body.item(item), catalogue().find(item)
    if declared is None or form not in declared.forms or field is None or form not in field.forms:
        return None
    return Chosen(item, form, field) if {"item": item, "form": form} in loaded.grant["items"] else None


def takes_officer(items: Iterable[tuple[str, str]]) -> bool:
    """Whether any of a token's items is one that an officer may have approved for a whole grant."""
    known = ((catalogue().find(item), form) for item, form in items)
    return any(field is not None and field.is_sensitive and field.approval(form) == "grant" for field, form in known)


def kind_of(items: Iterable[tuple[str, str]]) -> str:
    """What an officer is asked to approve: ``grant`` where that is enough for every sensitive item, else ``release``:
    of a mix the stricter."""
    known = ((catalogue().find(item), form) for item, form in items)
    asked = {field.approval(form) for field, form in known if field is not None and field.is_sensitive}
    return "grant" if asked == {"grant"} else "release"


def request_digest(grant: UUID, client: UUID, items: Iterable[Sequence[Any]]) -> bytes:
    """What makes two requests the same one, and what an officer signs: 32 bytes. ``items``: item and form of each."""
    named = [[each[0], each[1]] for each in items]
    return digest(canonical_unchecked(["release request", 1, grant.hex, client.hex, named]))
