"""The leaf: the exact bytes that go into the tree.

Canonical JSON (``vault.crypto.canonical``), ASCII only, at most 64 KiB. Made in two steps: a *draft*
by whoever acts, inside the act's transaction; *finished* by the sequencer, which alone knows the
index, the requester's sequence number and, where it was chosen in SQL, the person's tag.

Members, absent ones left out: ``v`` 1 · ``id`` ent_… · ``at`` ms since 1970 · ``event`` · ``actor``
{kind, id} · ``requester`` req_… · ``seq`` from 0 without gaps per requester · ``declaration`` dcl_… ·
``declaration_version`` · ``purpose`` · ``items`` [{item, form}] · ``outcome`` · ``reason`` · ``ref`` ·
``second`` ofc_…, beside a member mbr_…, beside a regulator reg_… · ``roles`` · ``source`` · ``key`` · ``count`` ·
``until`` in ms · ``first`` index · and base64url of 32 bytes each: ``consent``, ``permit``, ``approval``, ``commit``,
``digest``, ``tag``, ``nonce`` (random: it makes the leaf's hash a commitment, so that hashes may be public) ·
``index``. A later version may add members; a member never changes its meaning. No I/O here.
"""

import os
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from vault import ids
from vault.crypto.canonical import b64, canonical_unchecked, digest, reread
from vault.errors import Invalid
from vault.ledger.catalogue import ActorKind
from vault.ledger.events import REGISTRY, Event, Item
from vault.ledger.tree import leaf_hash

VERSION: Final = 1
MAX_DRAFT: Final = 60_000
"""Bytes: leaves room below C2SP tlog-tiles' 65,535 for what the sequencer adds."""
SEARCHED: Final = ("at", "event", "requester", "declaration", "purpose", "outcome", "tag", "seq")
"""The members that are also columns beside the stored leaf."""
_SECOND: Final = {ActorKind.MEMBER: ids.MEMBER, ActorKind.REGULATOR: ids.REGULATOR}
"""Whose id ``second`` is, by who acts; else an officer's."""
_ADDED: Final = ("index", "seq", "tag")
_SEARCHED_TEXTS: Final = ("event", "requester", "declaration", "purpose", "outcome")


class Unreadable(ValueError):
    """A stored draft cannot become a leaf; the argument says why, as a code."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A finished leaf: its bytes, its hash, and the searched members by name."""

    body: bytes
    hash: bytes
    members: dict[str, Any]


def draft(event: Event, entry_id: UUID, at_ms: int) -> bytes:
    """The leaf as far as the actor can write it. The event must have passed :func:`vault.ledger.events.check`."""
    own = {"id": ids.public(ids.ENTRY, entry_id), "at": at_ms, "nonce": b64(os.urandom(32))}
    return encoded(said_of(event) | own)


def encoded(whole: dict[str, Any]) -> bytes:
    """The bytes of a draft's members. Raises Invalid when they are too long."""
    body = canonical_unchecked(whole)
    if len(body) > MAX_DRAFT:
        raise Invalid.field("items", "the entry is too long")
    return body


def read(body: bytes, entry_id: UUID) -> dict[str, Any]:
    """The members of a stored draft. Raises Unreadable when it cannot become a leaf."""
    if len(body) > MAX_DRAFT:
        raise Unreadable("too_long")
    if not body.isascii() or b"\\" in body:
        raise Unreadable("not_plain")
    try:
        members: dict[str, Any] = reread(body)
        same = canonical_unchecked(members) == body
    except (ValueError, RecursionError, OverflowError):
        raise Unreadable("not_json") from None
    if not same:
        raise Unreadable("not_canonical")
    if not isinstance(members, dict) or members.get("id") != ids.public(ids.ENTRY, entry_id):
        raise Unreadable("other_id")
    if not all(isinstance(members.get(name), str) for name in ("event", "nonce")) or not _is_moment(members.get("at")):
        raise Unreadable("incomplete")
    if not all(isinstance(text := members.get(name, ""), str) and len(text) < 200 for name in _SEARCHED_TEXTS):
        raise Unreadable("ill_typed")
    if not members.keys().isdisjoint(_ADDED):
        raise Unreadable("already_finished")
    return members


def finish(members: dict[str, Any], *, index: int, seq: int | None, tag: bytes | None) -> Leaf:
    """The leaf of a draft's members at its place in the tree."""
    members["index"] = index
    if seq is not None:
        members["seq"] = seq
    if tag is not None:
        members["tag"] = b64(tag)
    body = canonical_unchecked(members)
    return Leaf(body, leaf_hash(body), members)


def is_same(draft_body: bytes, leaf_body: bytes) -> bool:
    """Whether the leaf was made from the draft: nonces do not repeat."""
    try:
        return bool(reread(draft_body)["nonce"] == reread(leaf_body)["nonce"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def refusal(body: bytes, entry_id: UUID, why: str, *, at_ms: int) -> tuple[UUID, bytes]:
    """What is recorded in place of a draft that cannot become a leaf: a new id and a draft that names the old."""
    event = Event(
        name="draft.refused", actor=REGISTRY, ref=ids.public(ids.ENTRY, entry_id), reason=why, digest=digest(body)
    )
    new_id = ids.new_uuid()
    return new_id, draft(event, new_id, at_ms)


def said_of(event: Event) -> dict[str, Any]:
    """What the event says, without the members that are each entry's own (``id``, ``at``, ``nonce``)."""
    said: dict[str, Any] = {
        "v": VERSION,
        "event": event.name,
        "actor": _present(kind=event.actor.kind.value, id=event.actor.public()),
    }
    said |= _present(
        requester=_public(ids.REQUESTER, event.requester),
        declaration=_public(ids.DECLARATION, event.declaration),
        declaration_version=event.declaration_version,
        purpose=event.purpose,
        items=None if event.items is None else [_item(item) for item in event.items],
        outcome=event.outcome,
        reason=event.reason,
        ref=event.ref,
        second=_public(_SECOND.get(event.actor.kind, ids.STAFF), event.second),
        roles=None if event.roles is None else list(event.roles),
        source=event.source,
        key=event.key,
        count=event.count,
        until=event.until,
        first=event.first,
    )
    digests = {name: getattr(event, name) for name in ("consent", "permit", "approval", "commit", "digest")}
    return said | {name: b64(value) for name, value in digests.items() if value is not None}


def _item(item: Item) -> dict[str, Any]:
    return _present(item=item.item, form=item.form)


def _public(prefix: str, value: UUID | None) -> str | None:
    return None if value is None else ids.public(prefix, value)


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _is_moment(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53
