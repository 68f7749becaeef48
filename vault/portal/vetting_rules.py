"""How organisations are vetted, for anybody to read: the same tables that decide it."""

from litestar import get
from litestar.response import Template

from vault.edge.request import VaultRequest
from vault.portal.pages import language_of, page
from vault.requesters.renewal import VETTED_DAYS
from vault.vetting.appeals import TERM
from vault.vetting.findings import CHECKS, WELL_KNOWN
from vault.vetting.risk import FACTORS
from vault.vetting.rounds import RENEW_BEFORE


@get("/vetting")
async def vetting_rules_page(request: VaultRequest) -> Template:
    """What is checked, what the risk score is made of, what happens when."""
    pick = language_of(request).pick
    checks = [
        {
            "title": pick(each.title),
            "explanation": pick(each.explanation),
            "blocks": each.blocks,
            "must_answer": each.must_answer,
        }
        for each in CHECKS
    ]
    factors = [
        {"title": pick(each.title), "explanation": pick(each.explanation), "weight": each.weight} for each in FACTORS
    ]
    return page(
        request,
        "vetting",
        checks=checks,
        factors=factors,
        well_known=WELL_KNOWN,
        vetted_days=VETTED_DAYS,
        renew_days=RENEW_BEFORE.days,
        appeal_days=TERM.days,
    )
