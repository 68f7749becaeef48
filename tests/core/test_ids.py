"""Identifiers: version 7, ordered by time, of one kind only."""

import pytest

from vault import ids
from vault.errors import NotFound


def test_ids_are_uuid7_and_grow() -> None:
    """RFC 9562: version 7, variant 10, later ids sort after earlier ones, to a quarter of a microsecond."""
    made = [ids.new_uuid() for _ in range(1000)]
    assert {value.version for value in made} == {7}
    assert {value.variant for value in made} == {"specified in RFC 4122"}
    assert len(set(made)) == 1000
    stamps = [value.int >> 64 for value in made]
    assert stamps == sorted(stamps)


def test_public_form_round_trips() -> None:
    """The public form names the kind and leads back."""
    value = ids.new_uuid()
    assert ids.parse(ids.GRANT, ids.public(ids.GRANT, value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gnt_",
        "rel_" + "0" * 32,
        "gnt_" + "0" * 31,
        "gnt_" + "G" * 32,
        "gnt_" + "0" * 33,
        "gnt_\x00" + "0" * 31,
    ],
)
def test_ids_of_another_kind_or_shape_are_absent_things(text: str) -> None:
    """A wrong id looks like something that does not exist."""
    with pytest.raises(NotFound):
        ids.parse(ids.GRANT, text)
