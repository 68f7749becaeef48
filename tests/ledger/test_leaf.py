"""The leaf's bytes: one form, no surprises from the outbox, nothing lost."""

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault import ids
from vault.crypto.canonical import b64, canonical
from vault.errors import Invalid
from vault.ledger.batch import Drained, grow, readable
from vault.ledger.events import PERSON, REGISTRY, Event, Item, check, requester
from vault.ledger.leaf import MAX_DRAFT, SEARCHED, Unreadable, draft, finish, is_same, read
from vault.ledger.tree import Edge, leaf_hash

AT = 1_795_336_200_000
BANK, SHOP = UUID(int=1), UUID(int=2)


def delivered(who: UUID) -> Event:
    return Event(
        name="release.delivered",
        actor=requester(who),
        requester=who,
        declaration=UUID(int=3),
        declaration_version=1,
        purpose="credit.assessment",
        items=(Item("contact.phone", "masked"), Item("identity")),
        outcome="delivered",
        ref=ids.public(ids.RELEASE, UUID(int=4)),
        consent=b"c" * 32,
        permit=b"p" * 32,
        commit=b"m" * 32,
    )


def drained(event: Event, tag: bytes | None = None) -> Drained:
    entry_id = ids.new_uuid()
    return Drained(entry_id, draft(event, entry_id, AT), tag)


def test_a_leaf_says_what_happened() -> None:
    """Every field of the event is in the finished leaf under its documented name, and nothing else."""
    row = drained(delivered(BANK))
    leaf = finish(read(row.draft, row.id), index=9, seq=4, tag=b"t" * 32)
    members = json.loads(leaf.body)
    assert len(members.pop("nonce")) == 43
    assert members == {
        "v": 1,
        "id": ids.public(ids.ENTRY, row.id),
        "at": AT,
        "event": "release.delivered",
        "actor": {"kind": "requester", "id": ids.public(ids.REQUESTER, BANK)},
        "requester": ids.public(ids.REQUESTER, BANK),
        "seq": 4,
        "declaration": ids.public(ids.DECLARATION, UUID(int=3)),
        "declaration_version": 1,
        "purpose": "credit.assessment",
        "items": [{"item": "contact.phone", "form": "masked"}, {"item": "identity"}],
        "outcome": "delivered",
        "ref": ids.public(ids.RELEASE, UUID(int=4)),
        "consent": b64(b"c" * 32),
        "permit": b64(b"p" * 32),
        "commit": b64(b"m" * 32),
        "tag": b64(b"t" * 32),
        "index": 9,
    }


def test_a_leaf_is_canonical_and_plain() -> None:
    """The finished bytes are the canonical form of their members, in ASCII without backslashes."""
    row = drained(delivered(BANK))
    leaf = finish(read(row.draft, row.id), index=0, seq=0, tag=None)
    assert leaf.body == canonical(json.loads(leaf.body))
    assert leaf.body.isascii()
    assert b"\\" not in leaf.body
    assert leaf.hash == leaf_hash(leaf.body)


def test_a_person_acts_without_a_name() -> None:
    """The actor of a person's act is the word person."""
    row = drained(Event(name="section.written", actor=PERSON, items=(Item("identity"),)))
    assert read(row.draft, row.id)["actor"] == {"kind": "person"}


def test_equal_events_have_different_leaves() -> None:
    """The nonce keeps anybody from guessing what stands behind a public leaf hash."""
    one, other = drained(delivered(BANK)), drained(delivered(BANK))
    assert read(one.draft, one.id)["nonce"] != read(other.draft, other.id)["nonce"]
    assert not is_same(one.draft, other.draft)
    assert is_same(one.draft, one.draft)


def test_a_draft_too_long_for_a_tile_is_refused() -> None:
    """What C2SP's entry bundles could not carry is refused when it is appended."""
    items = tuple(Item("x" * 80, "y" * 80) for _ in range(256))
    many = Event(name="section.written", actor=PERSON, items=items)
    check(many, tagged=True)
    assert len(draft(many, UUID(int=1), AT)) < MAX_DRAFT
    with pytest.raises(Invalid):
        draft(Event(name="section.written", actor=PERSON, items=items * 2), UUID(int=1), AT)


GOOD_ID = ids.new_uuid()
GOOD = {"v": 1, "id": ids.public(ids.ENTRY, GOOD_ID), "at": AT, "event": "registry.founded", "nonce": b64(bytes(32))}
UNREADABLE = {
    "nothing": (b"", "not_json"),
    "no object": (b"[]", "other_id"),
    "half an object": (canonical(GOOD)[:-1], "not_json"),
    "a float": (canonical(GOOD)[:-1] + b',"x":1.5}', "not_json"),
    "the same key twice": (canonical(GOOD)[:-1] + b',"v":1}', "not_canonical"),
    "white space": (canonical(GOOD) + b" ", "not_canonical"),
    "Chinese text": (canonical(GOOD | {"event": "人"}), "not_plain"),
    "an escape": (canonical(GOOD | {"event": 'a"b'}), "not_plain"),
    "a NUL": (canonical(GOOD | {"event": "a\x00"}), "not_plain"),
    "another id": (canonical(GOOD | {"id": ids.public(ids.ENTRY, BANK)}), "other_id"),
    "no id": (canonical({**GOOD, "id": None}), "other_id"),
    "an index of its own": (canonical(GOOD | {"index": 0}), "already_finished"),
    "a tag of its own": (canonical(GOOD | {"tag": "t"}), "already_finished"),
    "a sequence of its own": (canonical(GOOD | {"seq": 7}), "already_finished"),
    "no event": (canonical({**GOOD, "event": None}), "incomplete"),
    "no nonce": (canonical({**GOOD, "nonce": 1}), "incomplete"),
    "no moment": (canonical({**GOOD, "at": "now"}), "incomplete"),
    "a moment out of range": (canonical(GOOD | {"at": 1 << 60}), "incomplete"),
    "a truth for a moment": (canonical(GOOD | {"at": True}), "incomplete"),
    "a requester that is a number": (canonical(GOOD | {"requester": 1}), "ill_typed"),
    "a purpose too long to index": (canonical(GOOD | {"purpose": "x" * 3000}), "ill_typed"),
    "too deep": (b'{"x":' + b"[" * 2000 + b"]" * 2000 + b"}", "not_json"),
    "too long": (canonical(GOOD | {"x": "x" * MAX_DRAFT}), "too_long"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_draft_is_said_to_be_none(name: str) -> None:
    """Whatever bytes the outbox holds, reading them gives members or a code, never another error."""
    body, why = UNREADABLE[name]
    with pytest.raises(Unreadable, match=f"^{why}$"):
        read(body, GOOD_ID)


@given(st.binary(max_size=200))
def test_any_bytes_become_an_entry(body: bytes) -> None:
    """What cannot become a leaf is recorded by its digest, with the tag it came with, and stops nothing."""
    row = Drained(ids.new_uuid(), body, b"t" * 32)
    (made,) = readable([row], taken=frozenset(), at_ms=AT)
    assert made.id != row.id
    assert made.tag == row.tag
    assert made.members["event"] == "draft.refused"
    assert made.members["ref"] == ids.public(ids.ENTRY, row.id)


def test_a_taken_id_is_refused_by_name() -> None:
    """A second, different draft under an id that is in the tree is recorded as refused."""
    row = drained(delivered(BANK))
    (made,) = readable([row], taken=frozenset({row.id}), at_ms=AT)
    assert (made.members["event"], made.members["reason"]) == ("draft.refused", "id_taken")


def test_a_batch_counts_per_requester() -> None:
    """Sequence numbers go on per requester without a gap; entries of nobody have none."""
    founded = Event(name="registry.founded", actor=REGISTRY)
    rows = [drained(event) for event in (delivered(BANK), delivered(SHOP), founded, delivered(BANK))]
    seqs = {ids.public(ids.REQUESTER, BANK): 5, ids.public(ids.REQUESTER, SHOP): 0}
    edge = Edge()
    batch = grow(edge, seqs, readable(rows, taken=frozenset(), at_ms=AT), origin="log")
    assert [leaf.members.get("seq") for leaf in batch.leaves] == [5, 0, None, 6]
    assert [leaf.members["index"] for leaf in batch.leaves] == [0, 1, 2, 3]
    assert sorted(seqs.values()) == [1, 7]
    assert (batch.checkpoint.size, batch.checkpoint.root) == (4, edge.root())


def test_the_columns_are_the_searched_members() -> None:
    """What goes into the search columns is what stands in the leaf."""
    rows = [drained(delivered(BANK), b"t" * 32)]
    seqs = {ids.public(ids.REQUESTER, BANK): 0}
    batch = grow(Edge(), seqs, readable(rows, taken=frozenset(), at_ms=AT), origin="log")
    _, _, (body,), *searched = batch.columns()
    members = json.loads(body)
    assert [column[0] for column in searched] == [members[name] for name in SEARCHED]
