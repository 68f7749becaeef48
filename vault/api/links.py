"""Which answer leads to which operation (OpenAPI's links): what a program does next with what it was told. Pure."""

from typing import Any, Final

_APPLICATION: Final = {
    "application": "$response.body#/application",
    "header.Application-Token": "$response.body#/status_token",
}
_APPLIED: Final = {"application": "$response.body#/application"}
_FIRST_ENTRY: Final = {"index": "$response.body#/entries/0/index"}
_FIRST_GRANT: Final = {"grant": "$response.body#/grants/0/grant"}
_FIRST_SECTION: Final = {"section": "$response.body#/sections/0/section"}
_FIRST_RELEASE: Final = {"release_id": "$response.body#/releases/0/release"}
_AT_DESK: Final = {"application": "$response.body#/applications/0/application"}
_WRITTEN: Final = {"section": "$response.body#/section", "number": "$response.body#/version"}
_SECTION: Final = {"section": "$response.body#/section"}
_LINKS: Final[dict[str, dict[str, dict[str, dict[str, str]]]]] = {
    # operation: {status: {next operation: {its parameter: where its value stands}}}
    "apply": {"201": {"read_application": _APPLICATION, "read_application_at_desk": _APPLIED}},
    "list_applications": {"200": {"read_application_at_desk": _AT_DESK, "decide_application": _AT_DESK}},
    "list_sections": {"200": {"read_section": _FIRST_SECTION, "list_versions": _FIRST_SECTION}},
    "write_section": {
        status: {"read_section": _SECTION, "list_versions": _SECTION, "read_version": _WRITTEN}
        for status in ("200", "201")
    },
    "list_versions": {
        "200": {"read_version": _SECTION | {"number": "$response.body#/versions/0/version"}},
    },
    "list_grants": {"200": {"read_grant": _FIRST_GRANT, "withdraw_grant": _FIRST_GRANT}},
    "read_grant": {"200": {"withdraw_grant": {"grant": "$response.body#/grant"}}},
    "list_own_entries": {"200": {"read_own_receipt": _FIRST_ENTRY}},
    "search_entries": {"200": {"read_entry": _FIRST_ENTRY, "read_receipt": _FIRST_ENTRY}},
    "list_waiting_releases": {"200": {"read_release_at_desk": _FIRST_RELEASE, "decide_release": _FIRST_RELEASE}},
    "make_release": {status: {"read_release": {"release_id": "$response.body#/release"}} for status in ("200", "202")},
}


def links(operation: str) -> dict[str, dict[str, Any]]:
    """The links of an operation by the status of its answer, each named by where it leads."""
    return {
        status: {target: {"operationId": target, "parameters": taken} for target, taken in leading.items()}
        for status, leading in _LINKS.get(operation, {}).items()
    }
