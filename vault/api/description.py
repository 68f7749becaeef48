"""The OpenAPI 3.1 description: litestar's own, made truthful about bodies, headers and errors."""

import json
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, License, Reference, SecurityScheme
from litestar.router import Router

from vault.api.examples import exemplify
from vault.api.links import links
from vault.api.refusals import refusals
from vault.edge.csrf import HEADER
from vault.edge.request import VaultRequest

VERSION: Final = "1"
_REF: Final = "#/components/schemas/{name}"
_INTRODUCTION: Final = """\
The machine front of a personal-information vault with consent brokering.

People and staff sign in with a session cookie; every request of theirs that changes something also sends the value of
the csrf cookie in `X-CSRF-Token` (any GET sets that cookie). Requesters authenticate with `private_key_jwt` and present
access tokens bound to their key by DPoP (RFC 9449). Refusals are problem documents (RFC 9457) whose `type` leads to an
explanation; under `/oauth` they are OAuth errors (RFC 6749 section 5.2).
"""


_SIGNED_IN: Final = frozenset({"people", "profile", "sharing", "desk", "oversight", "organisation"})
"""Tags of what a session cookie opens."""
_SECURITY: Final[dict[str, SecurityScheme | Reference]] = {
    "session": SecurityScheme(
        type="apiKey",
        security_scheme_in="cookie",
        name="session",
        description="Set by POST /v1/sessions; named __Host-session under https.",
    ),
    "dpop": SecurityScheme(
        type="http", scheme="DPoP", description="An access token bound to the caller's key (RFC 9449)."
    ),
}


class FieldProblem(msgspec.Struct, frozen=True):
    """One field that is wrong, and why."""

    field: str
    why: str


class Problem(msgspec.Struct, frozen=True):
    """RFC 9457. Further members depend on the type."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldProblem] | None = None


class OAuthFailure(msgspec.Struct, frozen=True):
    """RFC 6749 section 5.2."""

    error: str
    error_description: str
    error_uri: str | None = None
    """A page that says what to mend."""


class Extra(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler's ``opt["extra"]`` adds to its description."""

    body: Any = None
    """The type of the JSON body."""
    answer: Any = None
    """The type of the answer, where the handler's own type does not tell it."""
    body_also_as: tuple[str, ...] = ()
    """Media types of texts, each line a JSON value, that are taken beside JSON."""
    raw: tuple[str, ...] = ()
    """Media types of a body that is taken as it is."""
    form: dict[str, str] | None = None
    """Fields of a form body, with what they are."""
    query: Any = None
    """The type of the address's parameters."""
    headers: dict[str, str] | None = None
    """Headers that must be sent, with what they are."""
    conditions: dict[str, str] | None = None
    """Headers that may be sent, with what they are."""
    answers: dict[int, tuple[str, Any]] | None = None
    """Further successful statuses, with what they mean and the type of their body; ``bytes`` for one without a type."""
    media_type: str | None = None
    """Of the answer, where it is not JSON."""
    also_as: tuple[str, ...] = ()
    """Media types of texts that the answer comes as where `Accept` asks for it."""
    refusals: tuple[int, ...] = ()
    """Statuses of refusals that do not follow from what it takes (see ``vault.api.refusals``)."""
    answer_headers: dict[str, str] | None = None
    """Headers that come with success, with what they are."""
    schemas: dict[str, dict[str, Any]] | None = None
    """JSON Schemas of headers and form fields, where one may not send any text."""
    may_be_empty: bool = False
    """Whether no body at all will do."""
    required: list[tuple[str, ...]] = []
    """Fields of a form that are needed; of several sets, one."""


def describe(routes: list[Router]) -> dict[str, Any]:
    """The document of these routes, as plain data."""
    config = OpenAPIConfig(
        title="pivault",
        version=VERSION,
        description=_INTRODUCTION,
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        use_handler_docstrings=True,
        operation_id_creator=lambda handler, _method, _path: handler.handler_name,
        render_plugins=[JsonRenderPlugin(path="/unused.json")],
        components=Components(security_schemes=_SECURITY),
    )
    app = Litestar(routes, openapi_config=config, request_class=VaultRequest, logging_config=None)
    document: dict[str, Any] = app.openapi_schema.to_schema()
    handlers = {h.handler_name: h for route in app.routes for h in getattr(route, "route_handlers", ())}
    used: list[Any] = [Problem, OAuthFailure]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            extra: Extra = handlers[operation["operationId"]].opt.get("extra", Extra())
            _complete(path, method, operation, extra=extra)
            others = [kind for _, kind in (extra.answers or {}).values()]
            used += [each for each in (extra.body, extra.answer, *others) if each is not None]
    _, schemas = msgspec.json.schema_components(used, ref_template=_REF)
    document["components"].setdefault("schemas", {}).update(schemas)
    return document


def as_text(document: dict[str, Any]) -> str:
    """The committed form: sorted, indented, ended by a newline."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _complete(path: str, method: str, operation: dict[str, Any], *, extra: Extra) -> None:
    summary, _, rest = operation.pop("description", "").replace("``", "`").partition(". ")
    operation["summary"] = summary.strip().rstrip(".")
    if rest.strip():
        operation["description"] = " ".join(rest.split())
    operation.pop("deprecated", None)
    parameters = operation.setdefault("parameters", [])
    bound = {name: told for name, told in (extra.headers or {}).items() if name != "Authorization"}
    if bound != (extra.headers or {}):  # OpenAPI leaves Authorization to the security schemes
        operation["security"] = [{"dpop": []}]
    for required, told in ((True, bound), (False, extra.conditions)):
        parameters += [_header(name, words, extra) | {"required": required} for name, words in (told or {}).items()]
    parameters += _query(extra.query) if extra.query is not None else []
    tag = operation["tags"][0]
    if method in {"post", "put", "delete"} and (tag in _SIGNED_IN or tag == "entering"):
        parameters.append(_header(HEADER, "The value of the csrf cookie.", extra))
    if tag in _SIGNED_IN:
        operation["security"] = [{"session": []}]
    if tag == "releases":
        operation["security"] = [{"dpop": []}]
    if extra.body is not None or extra.form is not None or extra.raw:
        operation["requestBody"] = _body(extra)
    refused = refusals(path, method, operation, extra.refusals)
    operation["responses"] = _successes(operation["responses"], extra) | refused
    for status, leading in links(operation["operationId"]).items():
        operation["responses"][status]["links"] = leading
    exemplify(operation)


def _successes(generated: dict[str, Any], extra: Extra) -> dict[str, Any]:
    found = {status: answer for status, answer in generated.items() if status.startswith("2")}
    for status, response in found.items():
        response.pop("headers", None)
        if status == "204":
            response.pop("content", None)
        elif extra.answer is not None:
            response["content"] = {extra.media_type or "application/json": {"schema": _schema(extra.answer)}}
        elif extra.media_type:
            schema = {"type": "object"} if extra.media_type.endswith("+json") else {"type": "string"}
            response["content"] = {extra.media_type: {"schema": schema}}
        response.get("content", {}).update({media: {"schema": {"type": "string"}} for media in extra.also_as})
    found |= {str(status): _answer(*told) for status, told in (extra.answers or {}).items()}
    for response in found.values():
        for name, told in (extra.answer_headers or {}).items():
            header = {"required": True, "description": told, "schema": {"type": "string"}}
            response.setdefault("headers", {})[name] = header
    return found


def _query(kind: Any) -> list[dict[str, Any]]:
    _, schemas = msgspec.json.schema_components([kind], ref_template=_REF)
    schema = schemas[kind.__name__]
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": inner}
        for name, inner in schema["properties"].items()
    ]


def _header(name: str, told: str, extra: Extra) -> dict[str, Any]:
    schema = {"type": "string"} | (extra.schemas or {}).get(name, {})
    return {"name": name, "in": "header", "required": True, "description": told, "schema": schema}


def _body(extra: Extra) -> dict[str, Any]:
    if extra.raw:
        held = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
        return {"required": True, "content": dict.fromkeys(extra.raw, held)}
    if extra.form is not None:
        schemas = extra.schemas or {}
        schema = {
            "type": "object",
            "properties": {
                name: {"type": "string", "description": told} | schemas.get(name, {})
                for name, told in extra.form.items()
            },
            "anyOf": [{"required": list(names)} for names in extra.required or [()]],
            "propertyNames": {"minLength": 1},
            "additionalProperties": {"type": "string"},  # RFC 6749 section 3.1: ignored; none twice
        }
        return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}
    content = {"application/json": {"schema": _schema(extra.body)}}
    content |= {media: {"schema": {"type": "string"}} for media in extra.body_also_as}
    return {"required": not extra.may_be_empty, "content": content}


def _schema(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return schema


def _answer(told: str, kind: Any) -> dict[str, Any]:
    if kind is bytes:
        return {"description": told, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}
    return {"description": told, "content": {"application/json": {"schema": _schema(kind)}}}
