"""Every operation, asked in many ways by every kind of caller, answers as it is described.

``pytest tests/contract --hypothesis-profile=thorough`` asks in many more ways than the checks have time for.
"""

from collections import Counter

from hypothesis import settings
from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation

from tests.attacks.surface import ANY_REALM
from tests.contract.asking import BEYOND_SCHEMAS, DOCUMENT, SCHEMA, THOROUGH, asking
from tests.contract.stage import PLACES, Stage

ALL_OF = 80
"""The cases of one operation that all are sent; of those beyond, one in ten."""
DESCRIBED = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
_asked: Counter[str] = Counter()


@SCHEMA.parametrize()
@asking(6)
def test_it_answers_as_described(case: Case, stage: Stage) -> None:
    """Status, headers and body are described; what the description allows is taken, what it forbids is refused."""
    place = PLACES[case.operation.method.upper(), case.operation.path]
    _asked[place.name] += 1
    number = _asked[place.name]
    if number > ALL_OF and number % 10 and settings.get_current_profile_name() != THOROUGH:
        return
    rightful = stage.rightful(place)
    others = [each for each in stage.callers if each not in rightful]
    for caller in (*rightful, others[number % len(others)]):
        if number % 4:
            _about_what_exists(case, stage)
        response = case.call(**stage.ways(case, caller))
        case.validate_response(response)
        if caller not in rightful and case.operation.definition.raw.get("security") and place.realm != ANY_REALM:
            assert response.status_code >= 400 or case.method == "OPTIONS", f"{caller.name} came in"


def _about_what_exists(case: Case, stage: Stage) -> None:
    """Names in the address that were made up give way to names of things that exist."""
    wrong = [place for place in ParameterLocation if case.meta and case.meta.is_negative_at(place)]
    is_wrong_elsewhere = bool(wrong) and ParameterLocation.PATH not in wrong
    if case.path_parameters and (case.meta.generation.mode.is_positive or is_wrong_elsewhere):
        case.path_parameters = stage.known(case.path_parameters)


def test_every_kind_of_caller_is_there(stage: Stage) -> None:
    """Who else may call some day must be asked about as well: give them credentials in ``tests/contract/stage.py``."""
    realms = {place.realm for place in PLACES.values() if (place.method, place.template) in DESCRIBED}
    assert realms - {ANY_REALM} <= {caller.realm for caller in stage.callers}


def test_what_is_beyond_schemas_is_described() -> None:
    """An exception for an operation that is gone would be one for the next of its name."""
    assert BEYOND_SCHEMAS.keys() <= {f"{method} {path}" for method, path in DESCRIBED}
