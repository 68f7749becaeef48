"""Applications: every mistake is named by the field it is in."""

from typing import Any

import pytest

from tests.requesters.samples import application, cross_border, public_key, recipient, text
from vault.crypto.canonical import canonical
from vault.errors import Invalid, TooLarge
from vault.profile.catalogue import item
from vault.requesters.applications import check_application, read_application
from vault.requesters.bounds import shipped


def problems_of(body: object) -> list[dict[str, str]]:
    with pytest.raises(Invalid) as caught:
        check_application(read_application(body), item, shipped())
    errors = caught.value.members["errors"]
    assert isinstance(errors, list)
    return errors


def test_a_good_application_passes() -> None:
    """The sample is accepted as it is."""
    check_application(read_application(application()), item, shipped())


LONG = "很" * 401
SHAPES: list[tuple[str, dict[str, Any]]] = [
    ("organisation.uscc", {"organisation__uscc": 7}),
    ("organisation.uscc", {"organisation__uscc": "91350100M000100Y44"}),
    ("organisation.name.zh-CN", {"organisation__name": {"en": "Harbour Bank"}}),
    ("organisation.name.en", {"organisation__name__en": ""}),
    ("organisation.name.en", {"organisation__name__en": "Harbour\u202eknaB"}),
    ("organisation.name.zh-CN", {"organisation__name__zh-CN": "海港\u200b银行"}),
    ("organisation.name.en", {"organisation__name__en": "Harbour\u2060 Bank"}),
    ("organisation.name.en", {"organisation__name__en": "Har\u00adbour Bank"}),
    ("declaration.purpose.text.en", {"declaration__purpose__text__en": "To lend.\u2028It is harmless."}),
    ("organisation.name.en", {"organisation__name__en": "Harbour\0Bank"}),
    ("organisation.responsible_persons", {"organisation__responsible_persons": []}),
    ("organisation.responsible_persons[0].role", {"organisation__responsible_persons__0__role": ""}),
    ("organisation.responsible_persons[0].email", {"organisation__responsible_persons__0__email": "nobody at all"}),
    ("organisation.complaint_contact", {"organisation__complaint_contact": None}),
    ("organisation.complaint_contact.email", {"organisation__complaint_contact__email": "nobody"}),
    ("organisation.complaint_contact.email", {"organisation__complaint_contact__email": "nobody at all"}),
    ("organisation.deletion_contact.email", {"organisation__deletion_contact__email": "nobody at all"}),
    ("organisation.supervising_authority.name.zh-CN", {"organisation__supervising_authority__name": {"en": "Office"}}),
    (
        "organisation.supervising_authority.contact.email",
        {"organisation__supervising_authority__contact__email": "by phone only"},
    ),
    ("organisation.staff_training.text", {"organisation__staff_training__text": "yes"}),
    ("organisation.staff_training.from", {"organisation__staff_training__from": "last spring"}),
    ("organisation.staff_training.until", {"organisation__staff_training__until": "2026-03-01"}),
    ("organisation.security_evidence[0].sha256", {"organisation__security_evidence": [{"name": "a", "sha256": "ab"}]}),
    (
        "organisation.security_evidence[1].sha256",
        {"organisation__security_evidence": [{"name": "a", "sha256": "ab" * 32}] * 2},
    ),
    ("organisation.privacy_contact.email", {"organisation__privacy_contact__email": "a@b@c.example"}),
    ("organisation.policies", {"organisation__policies": []}),
    ("organisation.policies", {"organisation__policies__0__kind": "security"}),
    ("organisation.policies[0].kind", {"organisation__policies__0__kind": "cookies"}),
    ("organisation.policies[0].url", {"organisation__policies__0__url": "http://127.0.0.1/privacy"}),
    ("organisation.policies[0].url", {"organisation__policies__0__url": "javascript:alert(1)"}),
    ("organisation.policies[0].sha256", {"organisation__policies__0__sha256": "5F" * 32}),
    ("client.redirect_uris", {"client__redirect_uris": []}),
    ("client.redirect_uris", {"client__redirect_uris": ["https://a.example/b"] * 11}),
    ("client.redirect_uris[0]", {"client__redirect_uris": ["http://bank.example/back"]}),
    ("client.redirect_uris[1]", {"client__redirect_uris": ["https://a.example/b", "https://a.example/b"]}),
    ("client.jwks", {"client__jwks": {}}),
    ("client.jwks", {"client__jwks": [1]}),
    ("client.jwks.keys[0].d", {"client__jwks__keys__0": {**public_key(), "d": "c2VjcmV0"}}),
    ("client.jwks.keys[0].kid", {"client__jwks__keys__0": {**public_key(), "kid": None}}),
    ("declaration.purpose.code", {"declaration__purpose__code": "Credit Mortgage"}),
    ("declaration.purpose.code", {"declaration__purpose__code": "credit.unheard-of"}),
    ("declaration.purpose.text.zh-CN", {"declaration__purpose__text": {"en": "Only English"}}),
    ("declaration.purpose.text.en", {"declaration__purpose__text__en": LONG}),
    ("declaration.legal_basis", {"declaration__legal_basis": "contract"}),
    ("declaration.legal_basis", {"declaration__legal_basis": "because"}),
    ("declaration.collection", {"declaration__collection": "always"}),
    ("declaration.max_uses", {"declaration__collection": "one_time"}),
    ("declaration.recipients", {"declaration__recipients": None}),
    ("declaration.recipients[0].contact", {"declaration__recipients": [{**recipient(), "contact": "by post"}]}),
    ("declaration.recipients[0].why.zh-CN", {"declaration__recipients": [{**recipient(), "why": {"en": "Because."}}]}),
    ("declaration.recipients[0].items[0]", {"declaration__recipients": [{**recipient(), "items": ["contact.email"]}]}),
    (
        "declaration.recipients[0].items[1]",
        {"declaration__recipients": [{**recipient(), "items": ["identity.name"] * 2}]},
    ),
    ("declaration.storage.country", {"declaration__storage__country": "China"}),
    ("declaration.storage.place", {"declaration__storage__place": None}),
    ("declaration.cross_border", {"declaration__storage__country": "SG"}),
    ("declaration.cross_border.country", {"declaration__cross_border": {**cross_border(), "country": "CN"}}),
    ("declaration.cross_border.basis", {"declaration__cross_border": {**cross_border(), "basis": "convenience"}}),
    ("declaration.cross_border.contact", {"declaration__cross_border": {**cross_border(), "contact": "by post"}}),
    ("declaration.items", {"declaration__items": []}),
    ("declaration.items[0].item", {"declaration__items__0__item": "identity.shoe_size"}),
    ("declaration.items[0].item", {"declaration__items__0__item": "Identity name"}),
    ("declaration.items[1].item", {"declaration__items__1__item": "identity.name"}),
    ("declaration.items[0].forms", {"declaration__items__0__forms": []}),
    ("declaration.items[0].forms[1]", {"declaration__items__0__forms": ["raw", "band"]}),
    ("declaration.items[0].forms[1]", {"declaration__items__0__forms": ["raw", "raw"]}),
    ("declaration.items[0].required", {"declaration__items__0__required": "yes"}),
    ("declaration.items[0].necessity", {"declaration__items__0__necessity": None}),
    ("declaration.longest_duration_days", {"declaration__longest_duration_days": 0}),
    ("declaration.longest_duration_days", {"declaration__longest_duration_days": 1096}),
    ("declaration.longest_duration_days", {"declaration__longest_duration_days": 1.5}),
    ("declaration.frequency.per", {"declaration__frequency__per": "second"}),
    ("declaration.frequency.count", {"declaration__frequency__count": 0}),
    ("declaration.frequency.count", {"declaration__frequency__count": 1001}),
    ("declaration.frequency.count", {"declaration__frequency": {"per": "hour", "count": 101}}),
    ("declaration.max_uses", {"declaration__max_uses": 0}),
    ("declaration.max_uses", {"declaration__max_uses": 100_001}),
    ("declaration.retention_days", {"declaration__retention_days": -1}),
    ("declaration.retention_days", {"declaration__retention_days": 3651}),
    ("declaration.consequence_of_refusal.en", {"declaration__consequence_of_refusal": {}}),
]


@pytest.mark.parametrize(("field", "change"), SHAPES, ids=[f"{n}-{f}" for n, (f, _) in enumerate(SHAPES)])
def test_each_mistake_names_its_field(field: str, change: dict[str, Any]) -> None:
    """The path of the wrong member stands in the error."""
    assert field in [problem["field"] for problem in problems_of(application(**change))]


@pytest.mark.parametrize("above", ["", "organisation", "organisation__privacy_contact", "client", "declaration"])
def test_unknown_members_are_refused(above: str) -> None:
    """Nothing is taken in that nobody has looked at."""
    body = application()
    at: Any = body
    for name in filter(None, above.split("__")):
        at = at[name]
    at["surprise"] = 1
    assert "surprise" in problems_of(body)[0]["why"]


def test_all_problems_come_at_once() -> None:
    """An applicant does not have to find them one by one."""
    body = application(
        organisation__uscc="1", client__redirect_uris=["http://x.example"], declaration__items__0__item="a.b"
    )
    fields = {problem["field"] for problem in problems_of(body)}
    assert fields == {"organisation.uscc", "client.redirect_uris[0]", "declaration.items[0].item"}


@pytest.mark.parametrize("body", [None, [], "text", 1, {}, {"organisation": []}, [{}] * 10_000])
def test_what_is_no_application_is_refused(body: object) -> None:
    """Any JSON may arrive."""
    assert problems_of(body)


def test_an_application_is_bounded() -> None:
    """64 items with the longest texts in Chinese do not fit into 128 KiB."""
    items = [
        {
            "item": f"identity.f{n}",
            "forms": ["raw"],
            "required": False,
            "necessity": {"en": LONG[:400], "zh-CN": LONG[:400]},
        }
        for n in range(64)
    ]
    body = application(declaration__items=items)
    assert len(canonical(body)) > 128 * 1024
    with pytest.raises(TooLarge):
        check_application(read_application(body), item, shipped())


def test_errors_do_not_repeat_long_input() -> None:
    """At most fifty problems, and no value of the input in a public text that is not a name of an item or form."""
    body = application(declaration__purpose__text=text("x" * 300))
    body["client"]["jwks"]["keys"] = [{**public_key(f"k{n}"), "d": "c2VjcmV0LXNlY3JldA"} for n in range(8)]
    errors = problems_of(body)
    assert len(errors) == 8
    assert "c2VjcmV0" not in str(errors)
