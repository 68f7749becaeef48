"""What one answer leads to: chains of operations, each with what the one before it told."""

from collections import Counter
from typing import Any

from schemathesis import Case
from schemathesis.generation.stateful.state_machine import StepInput, StepOutput

from tests.contract.asking import DOCUMENT, SCHEMA, asking
from tests.contract.stage import PLACES, Stage


def test_links_lead_somewhere() -> None:
    """Each names an operation that exists, and parameters that it takes."""
    operations = {each["operationId"]: each for methods in DOCUMENT["paths"].values() for each in methods.values()}
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                for link in answer.get("links", {}).values():
                    taken = {parameter["name"] for parameter in operations[link["operationId"]]["parameters"]}
                    assert {name.removeprefix("header.") for name in link["parameters"]} <= taken, link


def test_chains_answer_as_described(stage: Stage) -> None:
    """From the beginnings on, whoever an operation is for goes on with what the answer before it said."""
    followed: Counter[str] = Counter()

    class Chains(SCHEMA.as_state_machine()):  # type: ignore[misc]  # made at run time
        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            callers = stage.rightful(PLACES[case.operation.method.upper(), case.operation.path])
            at_release_desk = "/desk/releases" in case.operation.path
            return stage.ways(case, callers[-1] if at_release_desk else callers[0])

        def step(self, input: StepInput) -> StepOutput:
            output = super().step(input)
            if input.transition is not None and input.is_applied and output.response.status_code < 300:
                followed[input.transition.id] += 1
            return output

    Chains.run(settings=asking(10))
    assert len(followed) > 5, followed
