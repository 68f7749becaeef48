"""A declaration that was narrowed: what is left of it. Pure.

What two officers signed stays as it was signed, and so do its digest and its permit. What was cut since stands beside
it, under the row's MAC, and is taken off whenever the declaration is read: items, forms of items, how often, when and
from where. A cut only
adds to the cuts before it; there is no way back but a new declaration.
"""

from typing import Annotated, Any, Final

import msgspec

from vault.errors import Conflict, Invalid
from vault.requesters.declarations import MOST_ITEMS, Declaration, FormName, Frequency, ItemName
from vault.requesters.restrictions import MOST_NETWORKS, Hours, Network, are_within, problems_of

_HOURS_PER_DAY: Final = 24


class Cut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is taken out: ``without`` items by name, ``forms`` of items that stay, how often at most from now on,
    in which ``hours`` of the day and from which ``networks`` alone."""

    without: Annotated[list[ItemName], msgspec.Meta(max_length=MOST_ITEMS)] = []
    forms: dict[ItemName, Annotated[list[FormName], msgspec.Meta(min_length=1, max_length=8)]] = {}
    frequency: Frequency | None = None
    hours: Hours | None = None
    networks: Annotated[list[Network], msgspec.Meta(min_length=1, max_length=MOST_NETWORKS)] | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON data, what it does not say left out."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


def read_cut(stored: object) -> Cut:
    """A cut from JSON data. Raises Invalid."""
    try:
        return msgspec.convert(stored, Cut)
    except msgspec.ValidationError as error:
        raise Invalid.field("cut", str(error)) from None


def narrowed(body: Declaration, stored: object | None) -> Declaration:
    """What is left of a declaration after what was cut from it (None: nothing was)."""
    if stored is None:
        return body
    cut = msgspec.convert(stored, Cut)
    items = [
        msgspec.structs.replace(each, forms=[form for form in each.forms if form not in cut.forms.get(each.item, ())])
        for each in body.items
        if each.item not in cut.without
    ]
    slower = body.frequency if cut.frequency is None else slowest(body.frequency, cut.frequency)
    return msgspec.structs.replace(
        body,
        items=[each for each in items if each.forms],
        frequency=slower,
        hours=cut.hours or body.hours,
        networks=cut.networks or body.networks,
    )


def joined(earlier: object | None, cut: Cut) -> dict[str, Any]:
    """Both cuts as one."""
    if earlier is None:
        return cut.plain()
    before = msgspec.convert(earlier, Cut)
    named = sorted({*before.forms, *cut.forms})
    forms = {item: sorted({*before.forms.get(item, ()), *cut.forms.get(item, ())}) for item in named}
    rates = [each for each in (before.frequency, cut.frequency) if each is not None]
    rate = slowest(rates[0], rates[-1]) if rates else None
    # Hours and networks were checked to lie within those before them: the later ones say it all.
    places = cut.hours or before.hours, cut.networks or before.networks
    return Cut(sorted({*before.without, *cut.without}), forms, rate, *places).plain()


def within(left: Declaration, cut: Cut) -> Cut:
    """As much of a cut as there is in a declaration; an empty one when it has nothing to do with it."""
    declared = {each.item: set(each.forms) for each in left.items}
    forms = {item: [form for form in names if form in declared.get(item, ())] for item, names in cut.forms.items()}
    is_faster = cut.frequency is not None and not is_slower(left.frequency, cut.frequency)
    return Cut(
        [item for item in cut.without if item in declared],
        {item: names for item, names in forms.items() if names},
        cut.frequency if is_faster else None,
        cut.hours if cut.hours is not None and cut.hours.is_within(left.hours or None) else None,
        cut.networks if cut.networks is not None and are_within(cut.networks, left.networks or None) else None,
    )


def check_cut(left: Declaration, cut: Cut) -> None:
    """Raises Invalid naming what is not there to be cut, Conflict when nothing would change or be left.

    ``left``: the declaration as it is now, earlier cuts taken off.
    """
    declared = {each.item: set(each.forms) for each in left.items}
    unknown = sorted({*cut.without, *cut.forms} - declared.keys())
    unknown += [
        f"{item} as {form}"
        for item, forms in cut.forms.items()
        for form in forms
        if item in declared and form not in declared[item]
    ]
    if unknown:
        raise Invalid.field("cut", f"is not in this declaration: {', '.join(unknown)}")
    if cut.frequency is not None and is_slower(left.frequency, cut.frequency):
        raise Invalid.field("cut.frequency", "must be slower than what holds now")
    for member, problem in problems_of(cut.hours, cut.networks):
        raise Invalid.field(f"cut.{member}", problem)
    if cut.hours is not None and not cut.hours.is_within(left.hours or None):
        raise Invalid.field("cut.hours", "must lie within the hours that hold now")
    if cut.networks is not None and not are_within(cut.networks, left.networks or None):
        raise Invalid.field("cut.networks", "must lie within the networks that hold now")
    if cut == Cut():
        raise Conflict("Nothing would change: name items, forms or a frequency.")
    if not narrowed(left, cut.plain()).items:
        raise Conflict("Nothing would be left: suspend the declaration instead.")


def is_slower(asked: Frequency, declared: Frequency) -> bool:
    """Whether whoever keeps to ``asked`` keeps to ``declared``, however the uses fall within their windows."""
    if asked.per == "hour" and declared.per == "day":
        return asked.count * _HOURS_PER_DAY <= declared.count
    return asked.count <= declared.count


def slowest(one: Frequency, other: Frequency) -> Frequency:
    """A frequency that keeps to both: one of the two where one is slower, else the smaller count in a whole day."""
    if is_slower(one, other):
        return one
    if is_slower(other, one):
        return other
    return Frequency(per="day", count=min(one.count, other.count))
