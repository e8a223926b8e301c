"""Every function has a sample of each kind of event that it gets, as its trigger would send it."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.house.sources import ROOT
from tests.house.template import Node, resources, written
from tools.local.invoke import logical_id
from tools.routes import taken_by, template_routes

FOLDERS = sorted(path for path in (ROOT / "events").iterdir() if path.is_dir())
SAMPLES = sorted((ROOT / "events").glob("*/*.json"))


def sampled() -> dict[str, Node]:
    return resources(written(), "AWS::Serverless::Function")


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name.removesuffix("Function")).lower()


def misfit(function: Node, event: Mapping[str, Any]) -> str | None:
    """Why none of the function's triggers sends such an event; None if one does."""
    triggers = list(function.get("Events", {}).values())
    kinds = {trigger["Type"] for trigger in triggers}
    if "httpMethod" in event and "Api" in kinds:
        return _misfit_rest(function["Handler"].rpartition(".")[0], event)
    if "Records" in event:
        sources = {record["eventSource"] for record in event["Records"]}
        known = {"SQS": "aws:sqs", "DynamoDB": "aws:dynamodb"}
        return None if sources <= {known[kind] for kind in kinds & set(known)} else f"records of {sources}"
    if event.get("source") == "aws.scheduler":
        return None if "ScheduleV2" in kinds else "a schedule"
    if not triggers:  # the authorizer and the workflow's tasks, which nothing in the template's events triggers
        return None if event.get("type") == "REQUEST" or "task" in event else "neither an authorizer's nor a task"
    return "no trigger of this kind"


def _misfit_rest(module: str, event: Mapping[str, Any]) -> str | None:
    call = event["httpMethod"], event["path"]
    route = taken_by(template_routes(), call)
    if route is None or (route.module, route.path) != (module, event["resource"]):
        return f"{' '.join(call)} comes by {route} to {route.module if route else 'nobody'}"
    if not any(re.fullmatch(documented, " ".join(call)) for documented in _documented()):
        return f"no such call {' '.join(call)}"
    path = event["resource"]
    for name, value in (event.get("pathParameters") or {}).items():
        path = path.replace(f"{{{name}}}", value).replace(f"{{{name}+}}", value)
    if path != event["path"]:
        return f"{event['path']} is not {path}"
    if event.get("body"):
        json.loads(event["body"])
    return None


@cache
def _documented() -> list[str]:
    """`POST /v1/orders/[^/]+/cancel` and so on. A route that ends in `{proxy+}` takes paths that are no calls too."""
    paths = json.loads((ROOT / "docs/openapi.json").read_text())["paths"].items()
    calls = [f"{method.upper()} {path}" for path, methods in paths for method in methods]
    return ["[^/]+".join(map(re.escape, re.split(r"\{\w+\}", call))) for call in calls]


def test_every_function_has_a_sample() -> None:
    without = [name for name in sampled() if not list((ROOT / "events" / kebab(name)).glob("*.json"))]
    assert without == [], f"events/{kebab(without[0])}/<what it is>.json" if without else ""


def test_every_sample_has_its_function() -> None:
    assert [folder.name for folder in FOLDERS if logical_id(folder.name) not in sampled()] == []


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_sample_is_what_a_trigger_sends(path: Path) -> None:
    function = sampled()[logical_id(path.parent.name)]
    assert misfit(function, json.loads(path.read_text())) is None


def test_a_sample_can_be_wrong() -> None:
    place = json.loads((ROOT / "events/checkout/place-order.json").read_text())
    checkout, sweep = sampled()["CheckoutFunction"], sampled()["CheckoutSweepFunction"]
    assert misfit(checkout, {**place, "resource": "/v1/other"})
    assert misfit(checkout, {**place, "path": "/v1/other"})
    assert misfit(sampled()["DeskFunction"], place)
    assert misfit(checkout, {"source": "aws.scheduler"})
    assert misfit(sweep, place)
    assert misfit(sweep, {"Records": [{"eventSource": "aws:sqs"}]})


def test_a_sample_below_a_noun_can_be_wrong() -> None:
    publish = json.loads((ROOT / "events/catalog-admin/publish-product.json").read_text())
    catalogue = sampled()["CatalogAdminFunction"]
    assert misfit(catalogue, publish) is None
    assert misfit(catalogue, {**publish, "resource": "/v1/admin/products/{product_id}/publish"})
    assert misfit(catalogue, {**publish, "pathParameters": {"proxy": "PEXAMPLE"}})
    nowhere = {"path": "/v1/admin/products/PEXAMPLE/forget", "pathParameters": {"proxy": "PEXAMPLE/forget"}}
    assert misfit(catalogue, publish | nowhere) == "no such call POST /v1/admin/products/PEXAMPLE/forget"


def test_the_sample_order_buys_from_the_demo_shop() -> None:
    from tools.demo import BOUGHT

    body = json.loads(json.loads((ROOT / "events/checkout/place-order.json").read_text())["body"])
    assert [line["sku"] for line in body["lines"]] == [BOUGHT]
