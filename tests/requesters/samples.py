"""An application as an honest bank would hand it in, to be broken one member at a time."""

import copy
from typing import Any

from joserfc.jwk import ECKey, OKPKey

USCC = "91350100M000100Y43"  # the example of the standard


def text(what: str) -> dict[str, str]:
    return {"en": f"{what} of the loan applicant", "zh-CN": f"贷款申请人的{what}信息"}


def public_key(kid: str = "sig-1") -> dict[str, Any]:
    return {**OKPKey.generate_key("Ed25519").as_dict(private=False), "kid": kid, "use": "sig", "alg": "EdDSA"}


SEALED_TO = {"OKP": OKPKey.generate_key("X25519"), "EC": ECKey.generate_key("P-256")}
"""The keys that answers may be sealed to, private halves too."""


def public_encryption_key(kty: str = "OKP", kid: str = "enc-1") -> dict[str, Any]:
    return {**SEALED_TO[kty].as_dict(private=False), "kid": kid, "use": "enc", "alg": "ECDH-ES"}


def recipient() -> dict[str, Any]:
    """Somebody the bank passes the name on to."""
    return {
        "name": {"en": "Harbour Appraisals", "zh-CN": "海港评估有限公司"},
        "contact": "privacy@appraisals.example",
        "why": text("appraisal"),
        "items": ["identity.name"],
    }


def cross_border() -> dict[str, Any]:
    """What would leave the country, declared as PIPL art. 38 and 39 ask."""
    return {
        "country": "SG",
        "recipient": {"en": "Harbour Bank Singapore", "zh-CN": "海港银行新加坡分行"},
        "contact": "privacy@sg.harbour.example",
        "basis": "standard_contract",
        "why": text("group risk"),
    }


def declaration() -> dict[str, Any]:
    return {
        "purpose": {"code": "credit.mortgage", "text": text("creditworthiness")},
        "legal_basis": "consent",
        "items": [
            {"item": "identity.name", "forms": ["raw", "masked"], "required": True, "necessity": text("name")},
            {"item": "contact.phone_number", "forms": ["raw", "masked"], "required": False, "necessity": text("phone")},
        ],
        "collection": "periodic",
        "longest_duration_days": 90,
        "frequency": {"per": "day", "count": 5},
        "max_uses": 20,
        "retention_days": 30,
        "consequence_of_refusal": {"en": "The loan cannot be assessed.", "zh-CN": "无法评估贷款申请。"},
        "recipients": [],
        "storage": {"country": "CN", "place": {"en": "Xiamen, own data centre", "zh-CN": "厦门，自有数据中心"}},
        "cross_border": None,
    }


def application(**changes: Any) -> dict[str, Any]:
    """A good application; ``changes`` maps dotted paths (``organisation__uscc``) to other values."""
    body = {
        "organisation": {
            "name": {"en": "Harbour Bank", "zh-CN": "海港银行股份有限公司"},
            "uscc": USCC,
            "responsible_persons": [{"name": "陈立", "role": "数据合规负责人", "email": "chen.li@harbour.example"}],
            "privacy_contact": {"email": "privacy@harbour.example"},
            "complaint_contact": {"email": "complaints@harbour.example"},
            "deletion_contact": {"email": "deletion@harbour.example"},
            "supervising_authority": {
                "name": {"en": "Cyberspace office of Fujian", "zh-CN": "福建省互联网信息办公室"},
                "contact": {"email": "office@supervision.example"},
            },
            "policies": [{"kind": "privacy", "url": "https://harbour.example/privacy", "sha256": "5f" * 32}],
            "staff_training": {
                "text": "Everybody who works with personal information passed the yearly course.",
                "from": "2026-03-02",
                "until": "2026-03-06",
            },
        },
        "client": {
            "redirect_uris": ["https://harbour.example/back", "http://127.0.0.1:8400/back"],
            "jwks": {"keys": [public_key()]},
        },
        "declaration": declaration(),
    }
    for path, value in changes.items():
        at: Any = body
        *above, last = path.split("__")
        for name in above:
            at = at[int(name)] if isinstance(at, list) else at[name]
        at[int(last) if isinstance(at, list) else last] = copy.deepcopy(value)
    return body
