"""Write the open supply contract's OpenAPI document from the models that both sides read.

python -m tools.supply_contract
"""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from quanyi.supply import contract
from quanyi.supply.contract import (
    Balance,
    CheckBody,
    CheckView,
    GoodsList,
    Hint,
    OrderBody,
    OrderView,
    Problem,
    QuoteView,
    StatementView,
    StockBody,
    StockView,
)
from tools.local.layout import ROOT

PATH = ROOT / "docs/supply-contract.openapi.json"

Route = tuple[str, str, str, type[BaseModel] | None, type[BaseModel]]
"""Method, path, what it does, what is asked with, what is answered."""

ROUTES: tuple[Route, ...] = (
    ("post", "/orders", "Order cards or a top-up, once for its key", OrderBody, OrderView),
    ("get", "/orders/{key}", "How an order stands, with its cards", None, OrderView),
    ("post", "/orders/{key}/cancel", "Cancel what is pending, or close a key that is not known", None, OrderView),
    ("get", "/goods", "What is sold, by pages", None, GoodsList),
    ("get", "/goods/{code}/quote", "What one costs now", None, QuoteView),
    ("post", "/goods/stock", "What there is of some goods", StockBody, StockView),
    ("post", "/goods/{code}/check", "Whether an account can be topped up", CheckBody, CheckView),
    ("get", "/balance", "What is left to buy with", None, Balance),
    ("get", "/statements/{day}", "A day's charges and refunds, by pages", None, StatementView),
)
QUERIES = {"/goods": ("after",), "/goods/{code}/quote": ("quantity",), "/statements/{day}": ("after",)}
SIGNATURE = {
    "Quanyi-Key": "The buyer's key id",
    "Quanyi-Timestamp": "Seconds since 1970",
    "Quanyi-Signature": "HMAC-SHA256 in hex, as the page says",
}


def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    models = {model for *_, asked, told in ROUTES for model in (asked, told) if model} | {Hint, Problem}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema(
        [(model, "validation") for model in ordered], ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, Any] = {}
    for method, path, summary, asked, told in ROUTES:
        paths.setdefault(contract.ROOT + path, {})[method] = _operation(path, summary, asked, told)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Supply contract", "version": "1", "description": "docs/supply-contract.md says what holds."},
        "paths": paths,
        "webhooks": {
            "orderChanged": {
                "post": {
                    "summary": "An order has changed: ask. Sent to its notify_url",
                    "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in SIGNATURE],
                    "requestBody": _content(Hint),
                    "responses": {"200": {"description": "Heard"}},
                }
            }
        },
        "components": {
            "schemas": schemas["$defs"],
            "parameters": {
                name: _header(name) | {"name": name, "in": "header", "required": True} for name in SIGNATURE
            },
            "headers": {name: _header(name) for name in SIGNATURE},
        },
    }


def _operation(path: str, summary: str, asked: type[BaseModel] | None, told: type[BaseModel]) -> dict[str, Any]:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in SIGNATURE}
    answers = {"200": told, "4XX": Problem}
    return {
        "summary": summary,
        "parameters": list(_parameters(path)),
        **({"requestBody": _content(asked)} if asked else {}),
        "responses": {
            status: {
                "description": "Refused" if model is Problem else "Done",
                "headers": headers,
                "content": _content(model, "problem+json" if model is Problem else "json")["content"],
            }
            for status, model in answers.items()
        },
    }


def _parameters(path: str) -> Iterator[dict[str, Any]]:
    for name in SIGNATURE:
        yield {"$ref": f"#/components/parameters/{name}"}
    for part in path.split("/"):
        if part.startswith("{"):
            yield {"name": part.strip("{}"), "in": "path", "required": True, "schema": {"type": "string"}}
    for name in QUERIES.get(path, ()):
        kind = "integer" if name == "quantity" else "string"
        yield {"name": name, "in": "query", "required": name == "quantity", "schema": {"type": kind}}


def _header(name: str) -> dict[str, Any]:
    return {"description": SIGNATURE[name], "schema": {"type": "string"}}


def _content(model: type[BaseModel], kind: str = "json") -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"required": True, "content": {f"application/{kind}": {"schema": schema}}}


def text() -> str:
    return json.dumps(document(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    PATH.write_text(text())
    print(f"{PATH.relative_to(ROOT)}  {len(text()) // 1024} KB")


if __name__ == "__main__":
    main()
