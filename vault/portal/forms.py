"""What was typed into a form: read whole, bounded, ready to be shown again."""

import re
from typing import Final

from litestar.datastructures import FormMultiDict

from vault.edge.request import VaultRequest
from vault.errors import Invalid
from vault.portal.languages import N_, Language, languages

_NO_SHA256: Final = N_("must be the SHA-256 of the document: 64 hexadecimal characters")
MAX_FIELDS: Final = 2_000
MAX_TEXT: Final = 70_000
"""Characters: the longest text a section may hold, and room for a note beside it."""


class Form:
    """Fields by name; a field that was not sent is empty."""

    def __init__(self, fields: FormMultiDict) -> None:
        if len(fields) > MAX_FIELDS:
            raise Invalid.field("form", f"has more than {MAX_FIELDS} fields")
        for name in fields:
            for value in fields.getall(name):
                _check(name, value)
        self._fields = fields

    def text(self, name: str) -> str:
        """The field's text without white space around it."""
        return self.exact(name).strip()

    def exact(self, name: str) -> str:
        """The field's text as it was typed: for passwords."""
        return str(self._fields.get(name, ""))

    def every(self, name: str) -> list[str]:
        """Every value of a field that may be sent more than once."""
        return [str(value) for value in self._fields.getall(name, [])]

    def names(self) -> list[str]:
        """The names of the fields that were sent."""
        return list(self._fields)

    @property
    def language(self) -> Language | None:
        """The language the reader switched to instead of sending the form off."""
        return languages().get(self.text("language"))


def sha256_of(text: str, field: str = "digest") -> bytes:
    """The digest of a document as ``sha256sum`` prints it. Raises Invalid."""
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise Invalid.field(field, _NO_SHA256)
    return bytes.fromhex(text)


def _check(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise Invalid.field("form", "holds a file where a text belongs")
    if len(value) > MAX_TEXT:
        raise Invalid.field("form", f"holds a text of more than {MAX_TEXT} characters")
    if "\x00" in name or "\x00" in value:
        raise Invalid.field("form", "holds a NUL character")


async def read_form(request: VaultRequest) -> Form:
    """The submitted form. Raises Invalid when it is beyond the bounds of this module."""
    return Form(await request.form())


def wrong_fields(error: Invalid) -> dict[str, str]:
    """The fields an error names, with the reason: to be shown beside them."""
    errors = error.members.get("errors")
    if not isinstance(errors, list):
        return {}
    return {str(each["field"]): str(each["why"]) for each in errors if isinstance(each, dict)}
