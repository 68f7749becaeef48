"""Who test persons are: complete, well formed, and nobody."""

from vault.accounts.numbers import birth_date
from vault.profile import documents
from vault.profile.catalogue import catalogue
from vault.sandbox.people import made_up
from vault.sandbox.persons import MOST


def test_every_item_of_the_catalogue_is_there() -> None:
    """Whatever a declaration may ask for, each test person has it, in a shape the vault accepts."""
    wanted = {name: set(section.fields) for name, section in catalogue().sections.items()}
    assert len(made_up()) == MOST
    for person in made_up():
        assert {section: set(document) for section, document in person.sections.items()} == wanted
        for section, document in person.sections.items():
            assert documents.problems(section, document) == []


def test_their_numbers_are_nobodys() -> None:
    """Each says that its holder was born in 1850, long before there were such numbers, and in no district."""
    numbers = [person.sections["identity"]["national_id"]["number"] for person in made_up()]
    assert len(set(numbers)) == MOST
    assert all(birth_date(number).year == 1850 and number[2:6] == "0000" for number in numbers)
