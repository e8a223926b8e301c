"""The API's document tells what the code does and what the template lets through."""

import json
from functools import cache
from typing import Any

import pytest
from aws_lambda_powertools.event_handler.openapi.models import OpenAPI

from quanyi.errors import every_refusal
from tools.openapi import METHODS, ROOT, document, written
from tools.routes import Call, template_routes

FILES = ["docs/openapi.json", "docs/errors.md", "functions/reference/openapi.json"]


@cache
def api() -> dict[str, Any]:
    return document()


def operations() -> dict[Call, dict[str, Any]]:
    paths = api()["paths"].items()
    return {(method.upper(), path): item[method] for path, item in paths for method in METHODS if method in item}


@pytest.mark.parametrize("name", FILES)
def test_what_is_checked_in_is_what_the_code_says(name: str) -> None:
    path = ROOT / name
    assert path.read_text() == written()[path], "run `make openapi`"


def test_only_routes_without_an_authorizer_are_open_to_all() -> None:
    unguarded = {(route.method, route.path) for route in template_routes() if not route.guarded}
    assert {call for call, operation in operations().items() if not operation["security"]} == unguarded


def test_it_is_openapi_and_every_reference_leads_somewhere() -> None:
    OpenAPI.model_validate(api())
    found = json.dumps(api()).split('"$ref": "#/')[1:]
    for place in {text.split('"')[0] for text in found}:
        target: Any = api()
        for step in place.split("/"):
            target = target[step]
        assert target


def test_operations_can_be_told_apart() -> None:
    ids = [operation["operationId"] for operation in operations().values()]
    assert len(set(ids)) == len(ids)
    assert all(operation["summary"] for operation in operations().values())


def test_codes_are_unique_and_all_documented() -> None:
    api()  # imports everything that may refuse
    refusals = [(refusal.code, refusal.status) for refusal in every_refusal()]
    assert len({code for code, _ in refusals}) == len(refusals)
    page = (ROOT / "docs/errors.md").read_text()
    assert all(f"`{code}` | {status} |" in page for code, status in refusals)
