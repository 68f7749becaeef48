"""What a selective-disclosure JWT of this registry is: its type, and where the issuer's keys are (SD-JWT VC)."""

from typing import Any, Final

from litestar import Response, get

from vault.api.oauth import FRESH
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.request import VaultRequest
from vault.profile.catalogue import LANGUAGES, Field, catalogue
from vault.release.sd_jwt import TYPE_PATH

WELL_KNOWN: Final = f"/.well-known/vct{TYPE_PATH}"
_NAMES: Final = {"en": "Released personal information", "zh-CN": "已提供的个人信息"}
_ABOUT: Final = {
    "en": "What a person let one organisation have for one purpose, as the registry released it to that organisation.",
    "zh-CN": "个人为某一目的允许某一机构取得的信息，由登记机构提供给该机构。",
}
_OWN: Final = {
    "release": ("The release", "本次提供"),
    "grant": ("The permission it was released under", "所依据的许可"),
    "sub": ("The name by which this organisation knows the person", "该机构所知的个人标识"),
    "commitment": ("The key of the commitment in the ledger entry", "账本条目承诺的密钥"),
    "receipt": ("Proof of the ledger entry", "账本条目的证明"),
}


@get(TYPE_PATH, opt=NO_FORM_TOKEN, tags=["oauth"])
async def read_release_type(request: VaultRequest) -> Response[dict[str, Any]]:
    """The type metadata of releases as SD-JWTs. Where `vct` points."""
    return Response(_metadata(request.doors.issuer), headers=FRESH)


@get(WELL_KNOWN, opt=NO_FORM_TOKEN, tags=["oauth"])
async def read_release_type_well_known(request: VaultRequest) -> Response[dict[str, Any]]:
    """The same, where earlier drafts of SD-JWT VC look for it."""
    return Response(_metadata(request.doors.issuer), headers=FRESH)


@get("/.well-known/jwt-vc-issuer", opt=NO_FORM_TOKEN, tags=["oauth"])
async def read_issuer_metadata(request: VaultRequest) -> Response[dict[str, Any]]:
    """Where the keys are that SD-JWTs are verified with."""
    told = {"issuer": request.doors.issuer, "jwks_uri": request.doors.authserver.jwks_url}
    return Response(told, headers=FRESH)


def _metadata(issuer: str) -> dict[str, Any]:
    return {
        "vct": issuer + TYPE_PATH,
        "name": _NAMES["en"],
        "description": _ABOUT["en"],
        "display": [{"locale": each, "name": _NAMES[each], "description": _ABOUT[each]} for each in LANGUAGES],
        "claims": [
            *(_claim(name, dict(zip(LANGUAGES, labels, strict=True)), {}) for name, labels in _OWN.items()),
            *(_field(each) for each in catalogue()),
        ],
    }


def _field(field: Field) -> dict[str, Any]:
    return _claim(field.item, dict(field.label), dict(field.description))


def _claim(name: str, labels: dict[str, str], about: dict[str, str]) -> dict[str, Any]:
    display = [
        {"locale": each, "label": labels[each]} | ({"description": about[each]} if about else {}) for each in LANGUAGES
    ]
    return {"path": [name], "sd": "always", "display": display}


HANDLERS: Final = (read_release_type, read_release_type_well_known, read_issuer_metadata)
"""Every endpoint of this file."""
