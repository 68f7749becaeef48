"""The message catalogues: complete, and faithful to what they translate."""

import re

import pytest

import vault.app  # noqa: F401 - loads every room, and with it every kind of error
from vault.ledger.catalogue import CATALOGUE
from vault.portal.catalogues import CODES, texts
from vault.portal.events import TO_OTHERS
from vault.portal.languages import choose, languages, read_catalogue

_HOLE = re.compile(r"%\((\w+)\)s")


@pytest.mark.parametrize("code", CODES)
def test_the_catalogue_has_exactly_today_s_texts(code: str) -> None:
    """Otherwise run: scripts/messages"""
    held = {message.id if isinstance(message.id, str) else tuple(message.id) for message in read_catalogue(code)}
    assert held - {""} == texts()


def test_every_text_is_there_in_chinese() -> None:
    """No page falls back to English in the middle of a sentence."""
    missing = [message.id for message in read_catalogue("zh_CN") if message.id and not any(message.string)]
    assert missing == []


def test_every_event_has_a_name_that_is_translated() -> None:
    """No list of the ledger's events falls back to the catalogue's own English."""
    assert set(CATALOGUE) - set(TO_OTHERS) == set()


def test_translations_keep_their_holes() -> None:
    """What is filled in at run time is filled in in both languages."""
    for message in read_catalogue("zh_CN"):
        original = message.id if isinstance(message.id, str) else message.id[-1]
        translated = message.string if isinstance(message.string, str) else message.string[0]
        assert set(_HOLE.findall(translated)) == set(_HOLE.findall(original)), original


@pytest.mark.parametrize(
    ("cookie", "accepted", "tag"),
    [
        (None, "", "zh-CN"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "fr, zh-TW;q=0.5", "zh-CN"),
        (None, "fr, de", "zh-CN"),
        ("en", "zh-CN", "en"),
        ("xx", "en", "en"),
        (None, "x" * 100_000, "zh-CN"),
    ],
)
def test_the_reader_s_language_is_found(cookie: str | None, accepted: str, tag: str) -> None:
    """The one that was chosen, else the first that the browser accepts."""
    assert choose(cookie, accepted).tag == tag


def test_each_language_names_itself() -> None:
    """In its own script, as readers look for it."""
    assert [(each.html, each.own_name) for each in languages().values()] == [
        ("zh-Hans-CN", "简体中文"),
        ("en-GB", "English"),
    ]
