"""The receiver that integrators are given believes what the vault sends, once, and nothing else."""

import importlib.util
import re
from datetime import timedelta
from types import ModuleType

import pytest

from tests.house.code import ROOT
from tests.webhooks.receiving import Message
from tests.webhooks.world import Webhooks, withdrawn
from vault.clock import FixedClock
from vault.webhooks.signatures import jwks


def receiver() -> ModuleType:
    """The example, loaded as the program it is."""
    spec = importlib.util.spec_from_file_location("receiver", ROOT / "examples" / "python" / "webhook_receiver.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def without(message: Message, name: str) -> Message:
    """The same without one header."""
    kept = {each: value for each, value in message.headers.items() if each != name}
    return Message("POST", message.url, kept, message.body)


async def test_the_example_believes_the_vault_alone(webhooks: Webhooks, clock: FixedClock) -> None:
    """What came is an event; again, changed, late, at another address or under no key it is refused."""
    example, keys = receiver(), jwks(webhooks.consents.db.ring)
    await withdrawn(webhooks)
    await webhooks.send()
    (message,) = webhooks.receiver.messages

    def verify(came: Message, *, later: float = 0, known: object = keys) -> dict[str, object]:
        now = (clock.now() + timedelta(seconds=later)).timestamp()
        event: dict[str, object] = example.verify(came.url, came.headers, came.body, known, now)
        return event

    assert verify(message)["type"] == "pivault.grant.withdrawn"
    with pytest.raises(example.SeenBefore):
        verify(message)
    unbounded = {n: re.sub(";expires=[0-9]+", "", v) for n, v in message.headers.items()}
    for act in (
        lambda: verify(message, later=301),
        lambda: verify(message, known={"keys": []}),
        lambda: verify(Message("POST", message.url + "x", message.headers, message.body)),
        lambda: verify(Message("POST", message.url, message.headers, message.body + b" ")),
        lambda: verify(Message("POST", message.url, {}, message.body)),
        *(lambda name=name: verify(without(message, name)) for name in ("signature", "content-digest")),
        lambda: verify(Message("POST", message.url, unbounded, message.body)),
    ):
        with pytest.raises(example.Refused):
            act()
