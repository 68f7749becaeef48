"""The two page languages: catalogues, which one a request wants, dates as people write them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

FOLDER: Final = Path(__file__).parent / "locale"
CHINA: Final = timezone(timedelta(hours=8), "UTC+8")
"""China Standard Time: one zone, no summer time since 1991, so no zone database is needed."""


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "translate later"
    """Marks a text for the catalogues that is translated where it is shown."""
    return text


@dataclass(frozen=True)
class Language:
    """One page language. ``tag`` names it in the catalogue of sections, ``html`` in ``<html lang>`` (BCP 47)."""

    code: str
    tag: str
    html: str
    own_name: str
    texts: Mapping[str, str] = field(repr=False)
    plurals: Mapping[str, tuple[str, ...]] = field(repr=False)

    def gettext(self, text: str) -> str:
        """The text in this language, or as it is where the catalogue lacks it."""
        return self.texts.get(text) or text

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The form of the text that goes with a count."""
        forms = self.plurals.get(one)
        if not forms:
            return one if count == 1 else many
        return forms[0] if count == 1 else forms[-1]

    def pick(self, texts: Mapping[str, str]) -> str:
        """One of the texts kept per language ({"en": …, "zh-CN": …}); any rather than none."""
        return texts.get(self.tag) or next(iter(texts.values()), "")

    def day(self, at: date | datetime) -> str:
        """A calendar day in words."""
        local = at.astimezone(CHINA).date() if isinstance(at, datetime) else at
        return format_date(local, "d MMMM y" if self.code == "en" else "long", locale=self._locale)

    def moment(self, at: datetime) -> str:
        """Day, time and zone."""
        local = at.astimezone(CHINA).replace(tzinfo=None)
        skeleton = "d MMM y, HH:mm" if self.code == "en" else "y年M月d日 HH:mm"
        return f"{format_datetime(local, skeleton, locale=self._locale)} (UTC+8)"

    @property
    def _locale(self) -> Locale:
        return _locale(self.code)


@cache
def _locale(code: str) -> Locale:
    """Parsed once: it takes a millisecond, and a page shows a hundred moments."""
    return Locale.parse(code, sep="_")


def read_catalogue(code: str) -> Catalog:
    """The committed .po file of a language."""
    with (FOLDER / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=code)


def _language(code: str, tag: str, html: str, own_name: str) -> Language:
    texts: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    for message in read_catalogue(code):
        if not message.id or message.fuzzy:
            continue
        if isinstance(message.id, str):
            texts[message.id] = str(message.string)
        elif isinstance(message.string, list | tuple) and any(message.string):
            plurals[message.id[0]] = tuple(message.string)
    return Language(code, tag, html, own_name, texts, plurals)


@cache
def languages() -> dict[str, Language]:
    """Every page language by its BCP 47 tag; the first is the default."""
    every = [_language("zh_CN", "zh-CN", "zh-Hans-CN", "简体中文"), _language("en", "en", "en-GB", "English")]
    return {language.tag: language for language in every}


def choose(cookie: str | None, accepted: str) -> Language:
    """The language the reader chose, else the first that the browser accepts (RFC 9110 section 12.5.4)."""
    known = languages()
    if cookie in known:
        return known[cookie]
    for wish in accepted[:200].split(","):
        tag = wish.partition(";")[0].strip().lower()
        if tag.startswith("zh"):
            return known["zh-CN"]
        if tag.startswith("en"):
            return known["en"]
    return next(iter(known.values()))


def utc(value: Any) -> str:
    """A moment for ``<time datetime>`` and tables of machines (RFC 3339)."""
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if value else ""
