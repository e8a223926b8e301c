"""Write what the API is from the code that serves it: docs/openapi.json and docs/errors.md.

    python -m tools.openapi

Every entry point's own document is made by its resolver; here they become one. What a route needs for a credential
comes from template.yaml (routes without an authorizer) and from the roles' table of the authorizer.
"""

import importlib
import inspect
import json
import pkgutil
import re
from fnmatch import fnmatchcase
from pathlib import Path

import quanyi
from authorize.routes import ROUTES, routes_of
from quanyi.callers import Caller
from quanyi.errors import Refusal, every_refusal
from tools.openapi_entries import ROOT, Document, entries, modules
from tools.routes import Call, sent, taken_by, template_routes

ABOUT = """\
Quanyi (权益) sells digital benefits. Every credential travels in `Authorization: Bearer ...`: API keys `qy_<role>_...`,
and order tokens `qo_...`, a shopper's right to one order. Money is integer minor units with its currency; times are
RFC 3339 in UTC; lists go on with `cursor`, the `next` of the page before. Calls that make something take
`Idempotency-Key`: the same key again answers the first answer. A refusal is problem+json with a stable `code` (see
`docs/errors.md`); 4xx means that nothing was changed, 503 that the same call again is safe."""

PROBLEM: Document = {
    "type": "object",
    "description": "RFC 9457. Some codes bring further members, such as `errors`, `shortages` or `state`.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}
SCHEMES = {"bearer": {"type": "http", "scheme": "bearer", "description": "An API key or an order token"}}
FAULT = ("internal_fault", 500, "A fault of ours", "Nothing was lost: the same call again is safe.")
ERRORS_HEAD = """\
# Refusals

Every error answer is `application/problem+json` (RFC 9457) with one of these codes. Codes are stable, texts are not.
A 4xx changed nothing. A 503 may be sent again as it was. This page is written by `make openapi`.

| code | status | title | when |
| --- | --- | --- | --- |
"""
METHODS = ("get", "put", "post", "patch", "delete")


def served() -> dict[Call, str]:
    """Every documented call, and the module whose entry point serves it."""
    return {
        (method.upper(), path): entry.name
        for entry in entries()
        for path, item in entry.document["paths"].items()
        for method in METHODS
        if method in item
    }


def document() -> Document:
    """The whole API as one OpenAPI 3.1 document."""
    paths: dict[str, Document] = {}
    schemas: Document = {}
    for entry in entries():
        schemas |= entry.document.get("components", {}).get("schemas", {})
        for path, item in entry.document["paths"].items():
            paths.setdefault(path, {}).update(item)
    for path, item in paths.items():
        for method in METHODS:
            if method in item:
                _finish(item[method], (method.upper(), path))
    codes = sorted({refusal.code for refusal in _refusals()} | {FAULT[0]})
    problem = {**PROBLEM, "properties": {**PROBLEM["properties"], "code": {"type": "string", "enum": codes}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Quanyi", "version": "1", "description": ABOUT},
        "servers": [
            {
                "url": "https://{api}.execute-api.{region}.amazonaws.com/{stage}",
                "variables": {name: {"default": name} for name in ("api", "region", "stage")},
            }
        ],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            "schemas": dict(sorted({**schemas, "Problem": problem}.items())),
            "responses": {"Refused": _response("Refused"), "Fault": _response("Not done; the same call again is safe")},
            "securitySchemes": SCHEMES,
        },
    }


def errors_page() -> str:
    """Every code with its status and meaning, as Markdown."""
    rows = [(r.code, r.status, r.title, _told(r)) for r in _refusals()]
    lines = [
        f'| <a id="{code}"></a>`{code}` | {status} | {title} | {meaning} |'
        for code, status, title, meaning in sorted([*rows, FAULT], key=lambda row: (row[1], row[0]))
    ]
    return ERRORS_HEAD + "\n".join(lines) + "\n"


def written() -> dict[Path, str]:
    """What is checked in, by path. The room `reference` brings the document along, to serve it."""
    whole = document()
    return {
        ROOT / "docs/openapi.json": json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True) + "\n",
        ROOT / "functions/reference/openapi.json": json.dumps(whole, ensure_ascii=False, sort_keys=True) + "\n",
        ROOT / "docs/errors.md": errors_page(),
    }


def _refusals() -> list[type[Refusal]]:
    """All of the layer and the rooms, whoever raises them."""
    for module in pkgutil.walk_packages(quanyi.__path__, "quanyi."):
        importlib.import_module(module.name)
    for name in modules():
        importlib.import_module(name)
    return every_refusal()


def _told(refusal: type[Refusal]) -> str:
    text = inspect.cleandoc(refusal.__dict__.get("__doc__") or "")
    text = re.sub(r'`extra\["(\w+)"\]`', r"`\1`", " ".join(text.split()))
    return text.replace("|", "\\|")


def _finish(operation: Document, call: Call) -> None:
    """Its error answers, who may call it, and names written alike everywhere."""
    operation["tags"] = [tag.capitalize() for tag in operation.get("tags", ["other"])]
    kept = {code: answer for code, answer in operation["responses"].items() if code.startswith("2")}
    refs = {"4XX": "Refused", "5XX": "Fault"}
    operation["responses"] = kept | {code: {"$ref": f"#/components/responses/{name}"} for code, name in refs.items()}
    taken = taken_by(template_routes(), sent(call))
    is_open = taken is not None and not taken.guarded
    operation["security"] = [] if is_open else [{"bearer": [role]} for role in callers(*call)]
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "header":
            parameter["name"] = parameter["name"].title()


def callers(method: str, path: str) -> list[str]:
    """The roles that the gateway lets through to a route; `order` is an order's own token."""
    order = routes_of(Caller(role="order", order="{order_id}"))
    roles = {**ROUTES, "order": order}
    return [role for role, routes in roles.items() if any(_fits(method, path, *route) for route in routes)]


def _fits(method: str, path: str, allowed_method: str, allowed: str) -> bool:
    return allowed_method in ("*", method) and fnmatchcase(path, allowed)


def _response(description: str) -> Document:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


def main() -> None:
    for path, text in written().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(f"{path.relative_to(ROOT)}  {len(text.encode()) // 1024} KB")


if __name__ == "__main__":
    main()
