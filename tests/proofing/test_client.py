"""The client of a source believes one thing: a fresh, signed answer to the very question it asked."""

import asyncio
import zlib
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from tests.proofing.liar import Liar, Reply, http, listening
from vault.clock import FixedClock, monotonic
from vault.crypto.signing import SigningKey, new_signing_seed
from vault.errors import BadConfiguration
from vault.proofing import Answer, HttpSource, SourceUnavailable
from vault.proofing.source import Question

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
NAME, NUMBER = "王小明", "11010519491231002X"
OTHER_KEY = SigningKey(new_signing_seed())


async def ask(reply: Reply, *, patience: float = 2.0) -> tuple[Answer, Liar]:
    """Ask a source that replies so."""
    liar = Liar(NOW)
    async with listening(liar, reply) as url, httpx.AsyncClient() as client:
        source = HttpSource(url, liar.key.public, client, clock=FixedClock(NOW), patience=patience)
        return await source.check(NAME, "cn-ric", NUMBER), liar


def saying(make: Callable[[Liar, Question], bytes]) -> Reply:
    """A reply of one body with status 200."""

    async def reply(liar: Liar, question: Question, writer: asyncio.StreamWriter) -> None:
        writer.write(http(make(liar, question)))

    return reply


async def refused(reply: Reply, *, patience: float = 2.0) -> str:
    """The private cause with which the answer was refused."""
    with pytest.raises(SourceUnavailable) as caught:
        await ask(reply, patience=patience)
    told = f"{caught.value} {caught.value.public} {caught.value.private} {caught.value.members}"
    assert NAME not in told
    assert NUMBER not in told
    return caught.value.private


@pytest.mark.parametrize("match", [True, False])
async def test_a_true_answer_is_believed(match: bool) -> None:
    """Yes and no come through, with level, source, time and the evidence itself."""
    answer, liar = await ask(saying(lambda liar, q: liar.token(liar.claims(q, match=match))))
    assert (answer.match, answer.level, answer.source, answer.checked_at) == (match, "checked", "liar", NOW)
    assert answer.evidence.count(b".") == 2
    assert [(q.name, q.scheme, q.number) for q in liar.asked] == [(NAME, "cn-ric", NUMBER)]
    assert NUMBER not in repr(answer)


async def test_every_question_has_its_own_nonce() -> None:
    """Sixteen random bytes, never the same."""
    nonces = {(await ask(saying(lambda liar, q: liar.token(liar.claims(q)))))[1].asked[0].nonce for _ in range(3)}
    assert len(nonces) == 3


LIES: dict[str, Callable[[Liar, Question], bytes]] = {
    "signed by another key": lambda liar, q: liar.token(liar.claims(q), key=OTHER_KEY),
    "of another type": lambda liar, q: liar.token(liar.claims(q), typ="at+jwt"),
    "unsigned": lambda liar, q: liar.token(liar.claims(q)).rpartition(b".")[0] + b".",
    "stale": lambda liar, q: liar.token(liar.claims(q, iat=int(NOW.timestamp()) - 61)),
    "from the future": lambda liar, q: liar.token(liar.claims(q, iat=int(NOW.timestamp()) + 11)),
    "from beyond the calendar": lambda liar, q: liar.token(liar.claims(q, iat=2**62)),
    "to another question": lambda liar, q: liar.token(liar.claims(q, nonce="AAAAAAAAAAAAAAAAAAAAAA")),
    "about somebody else": lambda liar, q: liar.token(liar.claims(q, subject_digest="A" * 43)),
    "of an unknown level": lambda liar, q: liar.token(liar.claims(q, level="sworn")),
    "from a nameless issuer": lambda liar, q: liar.token(liar.claims(q, iss="")),
    "from an issuer that is a sentence": lambda liar, q: liar.token(liar.claims(q, iss="The Register of Persons")),
    "with a claim missing": lambda liar, q: liar.token({"iss": "liar", "match": True}),
    "with a truthy match": lambda liar, q: liar.token({**asdict(liar.claims(q)), "match": "yes"}),
    "not an object": lambda liar, q: liar.token([1, 2]),
    "not JSON inside": lambda liar, q: liar.token(liar.claims(q))[:20],
    "plain JSON": lambda liar, q: b'{"match": true}',
    "not ASCII": lambda liar, q: "是".encode(),
    "empty": lambda liar, q: b"",
    "huge": lambda liar, q: b"A" * 20_000,
}


def asdict(claims: object) -> dict[str, object]:
    import msgspec

    return dict(msgspec.structs.asdict(claims))


@pytest.mark.parametrize("lie", LIES)
async def test_an_answer_that_cannot_be_believed_is_no_answer(lie: str) -> None:
    """Whatever is wrong with it, the caller learns only that the source is not available."""
    assert await refused(saying(LIES[lie]))


@pytest.mark.parametrize("status", ["500 Broken", "204 No Content", "302 Found", "101 Switching Protocols", "429 Busy"])
async def test_other_statuses_are_refused(status: str) -> None:
    """Only 200 is an answer; a redirect is not followed."""

    async def reply(liar: Liar, question: Question, writer: asyncio.StreamWriter) -> None:
        writer.write(http(liar.token(liar.claims(question)), status, "Location: http://127.0.0.1:1/"))

    assert await refused(reply)


async def test_a_hanging_source_is_given_up() -> None:
    """Silence ends after the source's patience, not the server's."""

    async def reply(_liar: Liar, _question: Question, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    began = monotonic()
    assert "Timeout" in await refused(reply, patience=0.3)
    assert monotonic() - began < 3


async def test_a_dripping_source_is_given_up() -> None:
    """Each byte in time is not enough: the whole exchange has one bound."""

    async def reply(liar: Liar, question: Question, writer: asyncio.StreamWriter) -> None:
        for byte in http(liar.token(liar.claims(question))):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.1)

    began = monotonic()
    assert "Timeout" in await refused(reply, patience=0.5)
    assert monotonic() - began < 3


async def test_an_endless_answer_is_cut() -> None:
    """A flood without a length stops at the bound."""

    async def reply(_liar: Liar, _question: Question, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(10_000):
            writer.write(b"A" * 65_536)
            await writer.drain()

    assert "too long" in await refused(reply)


async def test_a_compressed_answer_is_not_unpacked() -> None:
    """A small answer cannot grow: nothing is decompressed."""

    async def reply(liar: Liar, question: Question, writer: asyncio.StreamWriter) -> None:
        body = zlib.compress(liar.token(liar.claims(question)))
        writer.write(http(body, "200 OK", "Content-Encoding: deflate"))

    assert await refused(reply)


@pytest.mark.parametrize("rubbish", [b"\0" * 100, b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b""])
async def test_what_is_no_http_is_refused(rubbish: bytes) -> None:
    """Another protocol, or nothing before the connection closes."""

    async def reply(_liar: Liar, _question: Question, writer: asyncio.StreamWriter) -> None:
        writer.write(rubbish)

    assert await refused(reply)


async def test_nobody_there() -> None:
    """A closed port is an unavailable source."""
    liar = Liar(NOW)
    async with listening(liar, saying(lambda *_: b"")) as url:
        pass
    async with httpx.AsyncClient() as client:
        with pytest.raises(SourceUnavailable):
            await HttpSource(url, liar.key.public, client).check(NAME, "cn-ric", NUMBER)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://source.example", b"k" * 32),
        ("ftp://127.0.0.1", b"k" * 32),
        ("127.0.0.1:80", b"k" * 32),
        ("https://source.example", b"k" * 31),
        ("https://source.example", b""),
    ],
)
async def test_an_unsafe_configuration_is_refused(url: str, key: bytes) -> None:
    """Plain http beyond loopback, or no proper key: an error at start, not at the first question."""
    async with httpx.AsyncClient() as client:
        with pytest.raises(BadConfiguration):
            HttpSource(url, key, client)
