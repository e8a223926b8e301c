"""`POST /v1/quotes` tells that a basket was priced, and answers whether that could be told or not."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from checkout import orders
from quanyi.facts.table import FactsTable, from_item
from quanyi.table import Table
from tests.aws.conftest import Call, Cloud
from tests.aws.market import SITE, Market

PATH = "/v1/quotes"
BASKET = {"lines": [{"sku": "ik-month", "quantity": 2}]}


@pytest.fixture
def market(cloud: Cloud) -> Market:
    made = Market(cloud)
    made.sku()
    return made


def told(market: Market) -> list[Any]:
    return [from_item(item) for item in market.cloud.contents("FactsTable")["FactsTable"]]


def test_each_quote_is_a_fact_that_names_nobody(market: Market, call: Call) -> None:
    answers = [call(orders.handler, "POST", PATH, BASKET, caller=SITE) for _ in range(2)]
    assert [status for status, _, _ in answers] == [200, 200]
    first, second = told(market)
    assert first.id != second.id
    for fact in (first, second):
        assert (fact.kind, fact.channel, fact.quantity, fact.currency) == ("quoted", "site", 2, "CNY")
        assert fact.amount == answers[0][1]["total"]["amount"]
        assert (fact.buyer, fact.visitor) == ("", "")


def test_what_was_refused_was_not_quoted(market: Market, call: Call) -> None:
    unknown = {"lines": [{"sku": "nothing", "quantity": 1}]}
    assert call(orders.handler, "POST", PATH, unknown, caller=SITE)[0] == 422
    assert told(market) == []


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_a_fact_that_cannot_be_told_fails_no_quote(
    market: Market, call: Call, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], code: str
) -> None:
    class Failing:
        def put_item(self, **_: Any) -> None:
            answer: Any = {"Error": {"Code": code, "Message": "no"}}
            raise ClientError(answer, "PutItem")

    shop = replace(orders.shop(), facts=FactsTable(Table("facts", Failing())))
    monkeypatch.setattr("checkout.orders.shop", lambda: shop)
    status, answer, _ = call(orders.handler, "POST", PATH, BASKET, caller=SITE)
    assert (status, answer["total"]["amount"]) == (200, 3998)
    assert "FactNotTold" in capfd.readouterr().out
    assert told(market) == []
