"""Registers of organisations: only a fresh, signed answer to this very question is believed."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from vault.clock import FixedClock
from vault.crypto.jws import sign_jws
from vault.crypto.signing import SigningKey, new_signing_seed
from vault.errors import BadConfiguration
from vault.proofing import RegisterQuestion, SourceUnavailable, Statement
from vault.proofing.registers import ANSWER_TYPE, RegisterClaims
from vault.proofing.simulator import Facts, OrganisationSimulator
from vault.vetting.authorities import HttpRegisters, NoRegisters

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
CLOCK = FixedClock(NOW)
KEY, OTHER = SigningKey(new_signing_seed()), SigningKey(new_signing_seed())
USCC = "91350100M000100Y43"
ASKED: dict[str, Any] = {"uscc": USCC, "name": "海港银行股份有限公司", "persons": ["陈立"]}
Answer = Callable[[RegisterQuestion], str]


def claims(question: RegisterQuestion, **changes: object) -> RegisterClaims:
    true = RegisterClaims(
        iss="liar",
        iat=int(NOW.timestamp()),
        nonce=question.nonce,
        register=question.register,
        subject_digest=question.subject_digest(),
        found=True,
        name_matches=True,
        persons_on_record=True,
        status="in-business",
        founded_on="2011-03-15",
    )
    return msgspec.structs.replace(true, **changes)


def token(said: object, *, key: SigningKey = KEY, typ: str = ANSWER_TYPE) -> str:
    return sign_jws(key.sign, {"typ": typ}, msgspec.json.encode(said))


def http(text: str, status: int = 200) -> httpx.Response:
    """An answer that is still to be read, as one from a socket."""

    async def body() -> AsyncIterator[bytes]:
        yield text.encode()

    return httpx.Response(status, content=body())


async def ask(answer: Answer, register: Any = "business", *, status: int = 200) -> Statement:
    """What a register that answers so is believed to have said."""

    def handle(request: httpx.Request) -> httpx.Response:
        return http(answer(msgspec.json.decode(request.content, type=RegisterQuestion)), status)

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
        registers = HttpRegisters("https://registers.example", KEY.public, client, clock=CLOCK)
        return await registers.ask(register, **ASKED)


async def test_a_true_answer_is_believed() -> None:
    """With the signed answer as evidence."""
    said = await ask(lambda q: token(claims(q)))
    assert (said.found, said.name_matches, said.persons_on_record, said.status) == (True, True, True, "in-business")
    assert str(said.founded_on) == "2011-03-15"
    assert said.evidence.count(".") == 2
    assert "陈立" not in repr(said)


LIES: dict[str, Answer] = {
    "signed by another key": lambda q: token(claims(q), key=OTHER),
    "of another type": lambda q: token(claims(q), typ="source-answer+jwt"),
    "unsigned": lambda q: token(claims(q)).rpartition(".")[0] + ".",
    "stale": lambda q: token(claims(q, iat=int(NOW.timestamp()) - 61)),
    "from the future": lambda q: token(claims(q, iat=int(NOW.timestamp()) + 11)),
    "to another question": lambda q: token(claims(q, nonce="AAAAAAAAAAAAAAAAAAAAAA")),
    "of another register": lambda q: token(claims(q, register="credit")),
    "about somebody else": lambda q: token(claims(q, subject_digest="A" * 43)),
    "with a status that is a sentence": lambda q: token(claims(q, status="In business")),
    "from a nameless issuer": lambda q: token(claims(q, iss="")),
    "with a count below nothing": lambda q: token(claims(q, listings=-1)),
    "founded on no day": lambda q: token(claims(q, founded_on="yesterday")),
    "with a claim missing": lambda q: token({"iss": "liar", "found": True}),
    "plain JSON": lambda q: '{"found": true}',
    "huge": lambda q: "A" * 20_000,
}


@pytest.mark.parametrize("lie", LIES)
async def test_an_answer_that_cannot_be_believed_is_no_answer(lie: str) -> None:
    """Whatever is wrong with it, the check is unavailable: it never passes, nor fails."""
    with pytest.raises(SourceUnavailable) as caught:
        await ask(LIES[lie])
    assert "陈立" not in f"{caught.value.public} {caught.value.private}"


@pytest.mark.parametrize("status", [201, 302, 403, 503])
async def test_other_statuses_are_no_answers(status: int) -> None:
    """However well the body is signed."""
    with pytest.raises(SourceUnavailable):
        await ask(lambda q: token(claims(q)), status=status)


async def test_an_answer_is_good_for_one_question_only() -> None:
    """Replayed to the next question of the very same content it is refused: the nonce is another one."""
    kept: list[str] = []

    def replay(question: RegisterQuestion) -> str:
        kept.append(token(claims(question)))
        return kept[0]

    assert (await ask(replay)).found
    with pytest.raises(SourceUnavailable):
        await ask(replay)


@pytest.mark.parametrize(
    ("pattern", "register", "expected"),
    [
        ("000", "business", {"found": True, "name_matches": True, "persons_on_record": True, "status": "in-business"}),
        ("999", "business", {"found": False}),
        ("997", "business", {"found": True, "name_matches": False}),
        ("996", "business", {"status": "revoked"}),
        ("995", "business", {"persons_on_record": False}),
        ("994", "dishonesty", {"listings": 1}),
        ("994", "credit", {"listings": 0}),
        ("993", "credit", {"listings": 2}),
    ],
)
async def test_the_simulator_answers_as_documented(pattern: str, register: Any, expected: dict[str, object]) -> None:
    """By the 15th to 17th character of the code."""
    simulator = OrganisationSimulator(KEY, CLOCK)

    def handle(request: httpx.Request) -> httpx.Response:
        answered = simulator.answer(msgspec.json.decode(request.content, type=RegisterQuestion))
        return http(answered or "")

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
        registers = HttpRegisters("https://registers.example", KEY.public, client, clock=CLOCK)
        said = await registers.ask(register, **(ASKED | {"uscc": f"91350100M00010{pattern}3"}))
    assert {name: getattr(said, name) for name in expected} == expected


def test_facts_can_be_changed_in_the_simulator() -> None:
    """For one organisation, and put back."""
    simulator = OrganisationSimulator(KEY, CLOCK)
    simulator.change(USCC, Facts(status="revoked"))
    assert simulator.facts(USCC).status == "revoked"
    assert simulator.facts("91350100M00010Y440").status == "in-business"
    simulator.change(USCC, None)
    assert simulator.facts(USCC) == Facts()


async def test_without_registers_nothing_is_confirmed() -> None:
    """An installation without registers lets nobody in, rather than everybody."""
    with pytest.raises(SourceUnavailable):
        await NoRegisters().ask("business", **ASKED)


@pytest.mark.parametrize(("url", "key"), [("http://r.example", b"k" * 32), ("https://r.example", b"k" * 31)])
async def test_an_unsafe_configuration_is_refused(url: str, key: bytes) -> None:
    """Plain http beyond loopback, or no proper key."""
    async with httpx.AsyncClient() as client:
        with pytest.raises(BadConfiguration, match="registers_"):
            HttpRegisters(url, key, client)
