"""The human front: pages for persons, officers and regulators (Jinja, htmx, one stylesheet).

Does: renders what the rooms return and turns forms into acts, in English and in simplified Chinese.
Trusts: the rooms for every rule; a page that is not shown is no protection.
Promises: everything works without JavaScript; nothing inline, nothing from elsewhere (CSP); no value of a
person in an address; consent is asked with yes and no of equal weight and nothing ticked beforehand.
"""

from litestar.datastructures import CacheControlHeader
from litestar.router import Router
from litestar.static_files import create_static_files_router

from vault.edge.cookies import YEAR
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.request import VaultRequest
from vault.portal import (
    activity,
    applicant_case,
    apply_documents,
    apply_parts,
    applying,
    case_desk,
    completeness,
    consent,
    desk,
    entering,
    front,
    grants,
    integrate,
    lawful,
    notice_address,
    organisation,
    organisation_clients,
    organisation_events,
    organisation_members,
    organisations,
    oversight,
    oversight_deletion,
    password,
    person,
    powers,
    purposes,
    relay,
    release_desk,
    requester_desk,
    requests,
    sandbox,
    self_test,
    vetting_rules,
    watching,
)
from vault.portal.failures import error_page
from vault.portal.pages import STATIC, templates

PAGES = [
    front.welcome,
    front.language,
    front.problems,
    front.problem_type,
    *applicant_case.HANDLERS,
    vetting_rules.vetting_rules_page,
    integrate.checks,
    integrate.check_page,
    organisations.organisations_page,
    organisations.statuses_page,
    organisations.organisation_page,
    organisations.declaration_page,
    entering.sign_in_page,
    entering.sign_in,
    entering.desk_door,
    entering.desk_sign_in,
    entering.oversight_door,
    entering.oversight_sign_in,
    entering.organisation_door,
    entering.organisation_sign_in,
    entering.sign_out,
    entering.register_page,
    entering.register,
    activity.home_page,
    activity.activity_page,
    completeness.proof_page,
    completeness.proof_key,
    completeness.proof_file,
    completeness.verify_page,
    activity.entry_page,
    person.section_page,
    person.write_section,
    grants.grants_page,
    grants.grant_page,
    grants.withdraw_page,
    grants.withdraw,
    grants.order_deletion_page,
    *relay.HANDLERS,
    requests.requests_page,
    requests.make_code,
    requests.request_page,
    requests.decide_request,
    notice_address.notice_address_page,
    notice_address.change_notice_address,
    notice_address.outbox_page,
    consent.consent_page,
    consent.decide,
    applying.start_page,
    applying.begin,
    applying.resume,
    applying.leave,
    applying.overview_page,
    applying.submit,
    applying.withdraw,
    applying.status_page,
    apply_parts.part_page,
    apply_parts.write_part,
    apply_documents.documents_page,
    apply_documents.add_document,
    apply_documents.read_document,
    apply_documents.remove_document,
    purposes.purposes_page,
    desk.desk_page,
    *case_desk.HANDLERS,
    release_desk.release_page,
    release_desk.decide_release_page,
    release_desk.end_standing_page,
    organisation.organisation_page,
    organisation.own_declarations_page,
    organisation.held_grants_page,
    organisation.own_releases_page,
    organisation.incidents_page,
    organisation.audit_page,
    organisation_members.join_page,
    organisation_members.join,
    organisation_members.members_page,
    organisation_members.invite_page,
    organisation_members.withdraw_invitation_page,
    organisation_members.standing_page,
    organisation_members.roles_page,
    organisation_members.two_members_page,
    organisation_clients.clients_page,
    *organisation_events.HANDLERS,
    organisation_clients.add_key_page,
    organisation_clients.retire_key_page,
    organisation_clients.redirects_page,
    organisation_clients.changes_page,
    self_test.self_test_page,
    self_test.self_test,
    sandbox.sandbox_page,
    sandbox.open_sandbox_page,
    organisation_clients.decide_change_page,
    organisation_clients.surrender_page,
    organisation_clients.surrender,
    password.password_page,
    password.change_password_page,
    watching.watch_page,
    watching.close_page,
    requester_desk.requesters_page,
    requester_desk.requester_page,
    requester_desk.propose_page,
    requester_desk.decide_measure_page,
    oversight.search_page,
    oversight_deletion.overdue_page,
    oversight.oversight_entry_page,
    powers.powers_page,
    powers.order_page,
    powers.decide_power_page,
    lawful.lawful_at_desk_page,
    lawful.lawful_page,
    lawful.act_at_desk_page,
    lawful.act_page,
]
__all__ = ["error_page", "prefers_page", "routes", "templates"]


def routes() -> list[Router]:
    """Every page, and the static files they need."""
    files = create_static_files_router(
        "/static",
        [STATIC],
        opt=NO_FORM_TOKEN,
        include_in_schema=False,
        cache_control=CacheControlHeader(public=True, max_age=YEAR, immutable=True),
    )
    pages = Router("/", route_handlers=PAGES, include_in_schema=False)
    return [pages, files]


def prefers_page(request: VaultRequest) -> bool:
    """Whether an error is shown as a page: to whoever accepts HTML, outside the machine front."""
    path = request.url.path
    return "text/html" in request.headers.get("accept", "") and not path.startswith(("/v1/", "/health/"))
