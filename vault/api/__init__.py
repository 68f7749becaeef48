"""The machine front: JSON over HTTP for people's programs, requesters, officers and regulators.

Does: parses, opens one transaction, calls one act, renders. Described by /openapi.json.
Trusts: the rooms for every rule. Session cookies with a token in X-CSRF-Token for people and staff; access
tokens bound by DPoP for requesters; private_key_jwt at the OAuth back channel.
Promises: problem documents (RFC 9457) for every refusal, OAuth's own errors (RFC 6749) under /oauth;
unknown fields are refused; no value of a person in any address.
"""

from functools import cache
from typing import Any, Final

from litestar import Response, get
from litestar.router import Router

from vault.api import (
    applications,
    bounds_desk,
    cases,
    deletions,
    desk,
    documents,
    drafts,
    entries,
    erasure,
    grants,
    health,
    inquiries,
    issued,
    lawful,
    mandates_desk,
    notices,
    oauth,
    organisation,
    organisation_changes,
    organisation_events,
    organisation_members,
    organisation_sandbox,
    organisation_software,
    oversight,
    oversight_figures,
    powers,
    public_register,
    published_log,
    purposes,
    quota_desk,
    references,
    registration,
    relay,
    release_batches,
    release_desk,
    release_types,
    releases,
    requester_desk,
    sections,
    sessions,
    watching,
)
from vault.api.description import as_text, describe
from vault.api.oauth import is_back_channel, oauth_failure
from vault.edge.csrf import NO_FORM_TOKEN

__all__ = ["HOT", "TOKENS_ONLY", "is_back_channel", "oauth_failure", "openapi_document", "routes"]


HOT: Final = ("/oauth/token", "/oauth/introspect", "/v1/releases")
"""What machines call all day."""
TOKENS_ONLY: Final = "/v1/releases"
"""Where callers are requesters with access tokens, and nobody else."""


def routes() -> list[Router]:
    """Every endpoint."""
    handlers = [*_for_people(), *_for_staff(), *_for_organisations(), *_for_clients()]
    return [
        Router("/", route_handlers=handlers),
        Router("/", route_handlers=[read_openapi], include_in_schema=False),
        published_log.router(),
    ]


def _for_people() -> list[Any]:
    return [
        health.live,
        health.ready,
        sessions.register,
        sessions.begin_session,
        sessions.end_session,
        sessions.read_me,
        sessions.replace_password,
        sections.read_catalogue,
        sections.list_sections,
        sections.read_section,
        sections.write_section,
        sections.list_versions,
        sections.read_version,
        grants.list_grants,
        grants.read_grant,
        grants.withdraw_grant,
        *deletions.HANDLERS,
        notices.read_notice_address,
        notices.give_notice_address,
        notices.confirm_notice_address,
        notices.remove_notice_address,
        erasure.read_erasure,
        erasure.ask_erasure,
        erasure.call_erasure_off,
        notices.create_hint,
        *references.HANDLERS,
        notices.list_requests,
        entries.list_own_entries,
        entries.read_own_proof,
        entries.read_own_receipt,
        entries.read_checkpoint,
        entries.read_log_key,
        entries.read_log_keys,
        entries.read_consistency,
    ]


def _for_staff() -> list[Any]:
    return [
        *bounds_desk.HANDLERS,
        *quota_desk.HANDLERS,
        desk.list_applications,
        desk.read_application_at_desk,
        desk.decide_application,
        *cases.HANDLERS,
        *watching.HANDLERS,
        *release_desk.HANDLERS,
        *mandates_desk.HANDLERS,
        *oversight.HANDLERS,
        *oversight_figures.HANDLERS,
        *powers.HANDLERS,
        *inquiries.HANDLERS,
        *lawful.HANDLERS,
    ]


def _for_organisations() -> list[Any]:
    return [
        applications.apply,
        applications.read_application,
        *drafts.HANDLERS,
        *documents.HANDLERS,
        *purposes.HANDLERS,
        *organisation.HANDLERS,
        *organisation_members.HANDLERS,
        *organisation_changes.HANDLERS,
        *organisation_events.HANDLERS,
        *organisation_software.HANDLERS,
        *organisation_sandbox.HANDLERS,
        *public_register.HANDLERS,
        *requester_desk.HANDLERS,
        *issued.HANDLERS,
    ]


def _for_clients() -> list[Any]:
    return [
        oauth.read_metadata,
        oauth.read_jwks,
        oauth.push_request,
        oauth.start_backchannel,
        oauth.issue_token,
        registration.register_client,
        registration.read_client,
        registration.replace_client,
        registration.remove_client,
        release_batches.release_many,
        releases.make_release,
        releases.read_release,
        *release_types.HANDLERS,
        *relay.HANDLERS,
    ]


@cache
def openapi_document() -> str:
    """The OpenAPI 3.1 description as text."""
    return as_text(describe(routes()))


@get("/openapi.json", opt=NO_FORM_TOKEN)
async def read_openapi() -> Response[bytes]:
    """This description."""
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(openapi_document().encode(), media_type="application/json", headers=headers)
