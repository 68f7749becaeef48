"""The catalogue: what fits is accepted, everything else is refused with the field's name."""

import dataclasses
from uuid import UUID

import pytest

from vault import ids
from vault.errors import Invalid
from vault.ledger import events
from vault.ledger.catalogue import CATALOGUE, About, ActorKind
from vault.ledger.events import PERSON, REGISTRY, Actor, Event, Item, check, officer, requester

SOMEBODY = UUID(int=5)
ACTORS = {
    ActorKind.PERSON: PERSON,
    ActorKind.REGISTRY: REGISTRY,
    ActorKind.OFFICER: officer(SOMEBODY),
    ActorKind.REGULATOR: events.regulator(SOMEBODY),
    ActorKind.MEMBER: events.member(SOMEBODY),
    ActorKind.REQUESTER: requester(SOMEBODY),
}
EXAMPLES: dict[str, object] = {
    "requester": SOMEBODY,
    "declaration": SOMEBODY,
    "declaration_version": 2,
    "purpose": "credit.assessment",
    "items": (Item("contact.phone", "masked"), Item("finance")),
    "outcome": "delivered",
    "reason": "over_asked",
    "ref": ids.public(ids.RELEASE, SOMEBODY),
    "second": SOMEBODY,
    "roles": ("vetting", "release"),
    "source": "police",
    "key": "release.2",
    "count": 3,
    "until": 1_800_000_000_000,
    "first": 100,
    "consent": bytes(32),
    "permit": bytes(32),
    "approval": bytes(32),
    "commit": bytes(32),
    "digest": bytes(32),
}


def example(name: str, **changes: object) -> Event:
    """An event that fits its row, with every field it may carry, but for the changes."""
    kind = CATALOGUE[name]
    fields = {field: EXAMPLES[field] for field in kind.must | kind.may} | changes
    return Event(**{"name": name, "actor": ACTORS[min(kind.actors)]} | fields)  # type: ignore[arg-type]  # by name


def is_tagged(name: str) -> bool:
    return CATALOGUE[name].about is not About.NOBODY


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_full_event_fits(name: str) -> None:
    """With all it must and may carry, by each of its actors, an event is accepted."""
    for actor in CATALOGUE[name].actors:
        check(example(name, actor=ACTORS[actor]), tagged=is_tagged(name))


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_missing_field_is_named(name: str) -> None:
    """Without a field it must carry, an event is refused by that field's name."""
    for field in CATALOGUE[name].must:
        with pytest.raises(Invalid, match=field):
            check(example(name, **{field: None}), tagged=is_tagged(name))


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_extra_field_is_named(name: str) -> None:
    """With a field that is not in its row, an event is refused by that field's name."""
    kind = CATALOGUE[name]
    for field in EXAMPLES.keys() - kind.must - kind.may:
        with pytest.raises(Invalid, match=field):
            check(example(name, **{field: EXAMPLES[field]}), tagged=is_tagged(name))


@pytest.mark.parametrize("name", CATALOGUE)
def test_only_its_actors_can_do_it(name: str) -> None:
    """An event by anybody who is not in its row is refused."""
    for actor in ACTORS.keys() - CATALOGUE[name].actors:
        with pytest.raises(Invalid, match="actor"):
            check(example(name, actor=ACTORS[actor]), tagged=is_tagged(name))


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_tag_follows_the_catalogue(name: str) -> None:
    """What is about a person needs a tag, what is about nobody must not have one."""
    about = CATALOGUE[name].about
    for tagged in (True, False, None):
        refused = (about is About.SOMEBODY and tagged is False) or (about is About.NOBODY and tagged is True)
        if refused:
            with pytest.raises(Invalid, match="person"):
                check(example(name), tagged=tagged)
        else:
            check(example(name), tagged=tagged)


def test_the_catalogue_names_only_fields_that_exist() -> None:
    """Every field of every row is a field of Event, and every meaning is a sentence."""
    known = {field.name for field in dataclasses.fields(Event)}
    for kind in CATALOGUE.values():
        assert kind.must | kind.may <= known
        assert not kind.must & kind.may
        assert kind.actors
        assert kind.meaning.endswith(".")


def test_an_unknown_event_is_refused() -> None:
    """The catalogue is closed."""
    with pytest.raises(Invalid, match="catalogue"):
        check(Event(name="person.signed_in", actor=PERSON), tagged=True)


@pytest.mark.parametrize("actor", [Actor(ActorKind.PERSON, SOMEBODY), Actor(ActorKind.REGISTRY, SOMEBODY)])
def test_a_person_is_never_named(actor: Actor) -> None:
    """A person, and the registry, act without an id."""
    with pytest.raises(Invalid, match="actor"):
        check(example("person.proofed", actor=actor), tagged=True)


def test_an_officer_is_always_named() -> None:
    """Every act of staff has a name."""
    with pytest.raises(Invalid, match="actor"):
        check(example("release.denied", actor=Actor(ActorKind.OFFICER)), tagged=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reason", "Mr Li said no"),
        ("reason", "李"),
        ("reason", "x" * 81),
        ("reason", ""),
        ("reason", "a\nb"),
        ("reason", 'a"b'),
        ("purpose", "credit\\assessment"),
        ("items", (Item("contact phone"),)),
        ("items", (Item("contact.phone", "138****0013"),)),
        ("items", (Item("a"),) * 257),
        ("ref", ids.public(ids.PERSON, SOMEBODY)),
        ("ref", ids.public(ids.GRANT, SOMEBODY)),
        ("ref", "rel_5"),
        ("ref", ids.public(ids.RELEASE, SOMEBODY) + "\n"),
        ("declaration_version", -1),
        ("declaration_version", 1 << 53),
    ],
)
def test_content_does_not_fit_into_a_field(field: str, value: object) -> None:
    """Sentences, names, values, and ids of persons and grants are refused by shape."""
    with pytest.raises(Invalid, match=field):
        check(example("release.refused", **{field: value}), tagged=True)


@pytest.mark.parametrize("value", [b"", bytes(31), bytes(33), "A" * 32])
def test_a_digest_is_32_bytes(value: object) -> None:
    """A digest of another length, or as text, is refused."""
    with pytest.raises(Invalid, match="commit"):
        check(example("release.delivered", commit=value), tagged=True)
