"""Moments as messages write them: in China Standard Time, as the portal does."""

from datetime import datetime, timedelta, timezone
from typing import Final

from babel.dates import format_datetime

_CHINA: Final = timezone(timedelta(hours=8))


def moment(at: datetime, locale: str) -> str:
    """Day, time and zone in the reader's language."""
    local = at.astimezone(_CHINA).replace(tzinfo=None)
    if locale.lower().startswith("zh"):
        return f"{format_datetime(local, 'y年M月d日 HH:mm', locale='zh_CN')} (UTC+8)"
    return f"{format_datetime(local, 'd MMM y, HH:mm', locale='en')} (UTC+8)"
