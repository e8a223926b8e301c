"""The contract's documents say what the code does."""

import re
from json import dumps, loads

import pytest
from pydantic import ValidationError

from quanyi.secret import Secret
from quanyi.signed import signature
from quanyi.supply.contract import OrderBody, OrderView, signed_path
from quanyi.supply.registry import ADAPTERS
from tools import supply_contract
from tools.local.layout import ROOT
from tools.local.suppliers.face import FACES

TEXT = (ROOT / "docs/supply-contract.md").read_text()


def test_what_is_checked_in_is_what_the_models_say() -> None:
    assert supply_contract.PATH.read_text() == supply_contract.text(), "run `python -m tools.supply_contract`"


def test_every_reference_leads_somewhere() -> None:
    schemas = loads(supply_contract.text())
    for reference in set(re.findall(r'"#/([^"]+)"', supply_contract.text())):
        found = schemas
        for part in reference.split("/"):
            found = found[part]


def test_the_page_and_the_document_have_the_same_routes() -> None:
    told = set(re.findall(r"^\| `(GET|POST) (/v1/supply[^`?]*)", TEXT, re.MULTILINE))
    paths = supply_contract.document()["paths"].items()
    assert told == {(method.upper(), path) for path, item in paths for method in item}


def test_the_example_is_right() -> None:
    found = re.search(r"```\n(\d+)\n(\w+)\n(\S+)\n([0-9a-f]{64})\n\nQuanyi-Signature: ([0-9a-f]{64})\n```", TEXT)
    assert found
    at, method, path, _, made = found.groups()
    assert signature(Secret("example"), at, method, path, b"") == made


@pytest.mark.parametrize(
    ("path", "query", "told"),
    [
        ("/prod/v1/supply/orders", {}, "/v1/supply/orders"),
        ("/v1/shop/v1/supply/goods", {"b": "x y", "a": "1/2"}, "/v1/supply/goods?a=1%2F2&b=x%20y"),
        ("/_aws/execute-api/x/prod/v1/suppliers/acme/notify", {}, "/v1/suppliers/acme/notify"),
        ("/hook", {"k": "权益~"}, "/hook?k=%E6%9D%83%E7%9B%8A~"),
    ],
)
def test_both_sides_sign_the_same_path_behind_any_gateway(path: str, query: dict[str, str], told: str) -> None:
    assert signed_path(path, query) == told


def test_an_account_is_told_to_nobody_but_the_seller() -> None:
    asked = OrderBody(key="P1", code="qb-10", quantity=1, most=1000, currency="CNY", account={"qq": Secret("12345")})
    assert "12345" not in repr(asked) + str(asked.model_dump(mode="json"))
    assert loads(asked.to_json())["account"] == {"qq": "12345"}
    assert OrderBody.model_validate_json(asked.to_json()) == asked
    with pytest.raises(ValidationError):
        OrderBody.model_validate_json(asked.to_json().replace(b'"v"', b'"more": 1, "v"'))


def test_cards_are_in_no_text_of_an_order() -> None:
    told = {"key": "P1", "state": "done", "quantity": 1, "delivered": 1, "cards": [{"number": "N-123", "pin": "4567"}]}
    view = OrderView.model_validate_json(dumps(told))
    assert "N-123" not in repr(view) + repr(view.cards)
    assert "4567" not in repr(view) + repr(view.cards)


def test_every_adapter_has_a_local_supplier_to_be_tested_against() -> None:
    assert set(FACES) == set(ADAPTERS)
