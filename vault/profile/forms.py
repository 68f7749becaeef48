"""Forms: how a field leaves the vault (design, "form"). Pure: the same value, form and day give the same answer."""

from datetime import date
from typing import Any

from vault.profile import shapes
from vault.profile.catalogue import Field


def render(field: Field, value: Any, form: str, *, today: date) -> Any:
    """The value of a field in one of its forms, as JSON data.

    ``form`` is ``raw``, ``masked``, ``band``, ``predicate:NAME`` or ``label:NAME``; of ``relay`` nothing is shown, and
    who delivers puts the relay's address in its place; ``today`` is the date in the registry's time
    zone. The value has passed the field's schema. Raises WrongForm naming item and form.
    """
    return shapes.show(field.form(form), value, today)


def preview(field: Field, value: Any, form: str, *, today: date, locale: str) -> Any:
    """What would leave, for the person to look at beforehand: as :func:`render`, words of lists in ``locale``."""
    return shapes.said(field.form(form), value, today, locale)


def label(field: Field, form: str, locale: str) -> str:
    """How a field's form is called to people, in ``zh-CN`` or else in English. Raises WrongForm."""
    return shapes.words(form, field.form(form), locale)
