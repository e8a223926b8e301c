"""Facts and their sums follow from the documents: whatever is lost or wrong is found, counted, and mended."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from quanyi.claims.table import ChargeBacks
from quanyi.clock import stamp
from quanyi.facts.model import Fact
from quanyi.facts.table import FactsTable
from quanyi.orders.model import Replaced
from quanyi.past.facts import facts_of as facts_of_past
from quanyi.past.model import PastLine, PastOrder
from quanyi.past.table import SOURCES, PastTable
from quanyi.purchases.changes import Receipt, answered, approved, sent
from quanyi.purchases.table import PurchasesTable
from quanyi.risk.policies import ReviewTerms
from quanyi.risk.review_table import to_item as review_item
from quanyi.risk.reviews import review_of, timed_out
from quanyi.risk.table import DecisionsTable
from quanyi.supply.port import Answer
from reports import rolling
from stream import cards as stream_cards
from stream import orders as stream_orders
from stream import supply as stream_supply
from tests.aws.conftest import Cloud, LambdaContext
from tests.aws.market import Market
from tests.aws.selling import ZONE
from tests.aws.streams import let_through, records_of
from tests.unit.test_facts_of_documents import decision
from tests.unit.test_purchase_changes import draft
from tools.facts_rebuild import Found, Shop, deployed, rebuild


@pytest.fixture
def market(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Market:
    monkeypatch.setenv("DEAD_LETTER_QUEUE", cloud.client("sqs").create_queue(QueueName="failed")["QueueUrl"])
    market = Market(cloud)
    market.sku()
    market.stock("ik-month", 6)
    for _ in range(2):
        for number in range(2):
            order = market.place(quantity=1 + number, member=f"m{number}")
            market.pay(order)
            market.run()
        market.later(days=1)
    card = market.cards_in("delivered")[0]
    order = cloud.table("CardsTable").get({"card_id": card})
    assert order
    market.shop.cards.mark_revealed(card, order=order["order"], now=market.now)
    return market


def shop_of(cloud: Cloud) -> Shop:
    names = ("orders", "cards", "supply", "risk", "catalog", "stats", "facts")
    return Shop(**{name: cloud.table(f"{name.title()}Table") for name in names}, zone=ZONE)


def check(cloud: Cloud, *, write: bool = False) -> Found:
    return rebuild(shop_of(cloud), write=write)


def streams(cloud: Cloud) -> None:
    stream_orders.handler({"Records": records_of(cloud, "OrdersTable")}, LambdaContext())
    stream_cards.handler({"Records": records_of(cloud, "CardsTable")}, LambdaContext())
    others = [record for table in ("SupplyTable", "RiskTable") for record in records_of(cloud, table)]
    stream_supply.handler({"Records": let_through(others, "StreamSupplyFunction")}, LambdaContext())
    rolling.handler({"Records": records_of(cloud, "FactsTable")}, LambdaContext())


def test_what_the_streams_told_is_what_the_documents_say(market: Market) -> None:
    streams(market.cloud)
    before = market.cloud.contents("FactsTable")
    found = check(market.cloud)
    assert found.is_right
    assert found.facts.orders == 4
    assert found.facts.told == found.facts.same == found.rolls.facts > 20
    assert check(market.cloud, write=True).is_right
    assert market.cloud.contents("FactsTable") == before


def test_a_shop_that_is_older_than_its_facts_gets_its_past(market: Market) -> None:
    found = check(market.cloud, write=True)
    assert (found.facts.missing, found.facts.same) == (found.facts.told, 0)
    assert check(market.cloud).is_right
    again = [item for item in market.cloud.contents("FactsTable")["FactsTable"] if item["pk"].startswith("FACT#")]
    assert all(item.get("product") == "PR1" for item in again if item.get("sku"))
    kept = market.cloud.contents("FactsTable")
    rolling.handler({"Records": records_of(market.cloud, "FactsTable")}, LambdaContext())
    assert _rolls(market.cloud.contents("FactsTable")) == _rolls(kept), "as the stream would have told it"


def _rolls(contents: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [item for item in contents["FactsTable"] if item["pk"].startswith("ROLL#")]


def _lose_facts(table: Any, items: list[dict[str, Any]]) -> tuple[int, int]:
    lost = [item for item in items if item["pk"].startswith("FACT#")][:3]
    table.delete_many([{"pk": item["pk"], "sk": item["sk"]} for item in lost])
    return 3, 0


def _change_facts(table: Any, items: list[dict[str, Any]]) -> tuple[int, int]:
    sold = [item for item in items if item.get("kind") == "sold"][:2]
    table.put_many([{**item, "amount": item["amount"] + 1} for item in sold])
    return 0, 2


def _spoil_rolls(table: Any, items: list[dict[str, Any]]) -> tuple[int, int]:
    for item in items:
        if "roll" in item and random.Random(item["sk"]).random() < 0.7:
            table.put({**item, "n": item["n"] + 5, "roll": items[-1].get("roll", item["roll"])})
    return 0, 0


def _lose_rolls(table: Any, items: list[dict[str, Any]]) -> tuple[int, int]:
    table.delete_many([{"pk": item["pk"], "sk": item["sk"]} for item in items if not item["pk"].startswith("FACT#")])
    return 0, 0


def _spoil_buyers(table: Any, items: list[dict[str, Any]]) -> tuple[int, int]:
    for item in items:
        if item["sk"] == "DAYS":
            table.put({**item, "days": {1}})
        elif item["sk"].startswith("BUYERS#"):
            table.put({**item, "b:": 7, "n": 3})
    return 0, 0


@pytest.mark.parametrize("spoil", [_lose_facts, _change_facts, _spoil_rolls, _lose_rolls, _spoil_buyers])
def test_what_is_lost_or_wrong_is_found_and_mended(
    market: Market, spoil: Callable[[Any, list[dict[str, Any]]], tuple[int, int]]
) -> None:
    streams(market.cloud)
    whole = market.cloud.contents("FactsTable")
    missing, different = spoil(market.cloud.table("FactsTable"), whole["FactsTable"])
    found = check(market.cloud)
    assert (found.facts.missing, found.facts.different) == (missing, different)
    assert not found.is_right
    assert check(market.cloud, write=True).facts == found.facts
    assert check(market.cloud).is_right
    mended = market.cloud.contents("FactsTable")
    assert [{**item, "rev": 0} for item in mended["FactsTable"]] == [{**item, "rev": 0} for item in whole["FactsTable"]]


def test_facts_of_browsing_are_kept_and_those_that_nothing_tells_counted(market: Market) -> None:
    streams(market.cloud)
    facts = FactsTable(market.cloud.table("FactsTable"))
    seen = Fact("V1#visited#2026-11-23", "visited", market.now, "V1", channel="site")
    facts.put([seen, replace(seen, id="O9#placed", kind="placed", of="O9")])
    found = check(market.cloud, write=True)
    assert found.rolls.of_documents - found.facts.same == 1
    assert found.rolls.facts - found.rolls.of_documents == 1
    assert check(market.cloud).is_right


def test_purchases_bad_cards_decisions_and_what_expired_are_documents_too(market: Market) -> None:
    supply, risk = market.cloud.table("SupplyTable"), market.cloud.table("RiskTable")
    purchases, now = PurchasesTable(supply), market.now
    po = purchases.add(draft("stock", sku="ik-month"))
    later = now + timedelta(minutes=1)
    for decide in (
        lambda it: sent(approved(it, "system", now), "s1", now),
        lambda it: answered(it, Answer("unknown"), Receipt(), now),
        lambda it: answered(it, Answer("done"), Receipt(received=2), later),
    ):
        po = purchases.change(po, decide)
    market.stock("ik-month", 7)
    gone = market.cards_in("available")[0]
    market.cloud.table("CardsTable").update({"card_id": gone}, "SET sell_by = :over", over=stamp(now))
    assert market.shop.cards.expire(gone, now=later)
    card = market.cloud.table("CardsTable").get({"card_id": gone}) or {}
    batch = market.works.batches.get(card["batch"])
    bad = Replaced(card="C1", sku="ik-month", at=now, by="support:K", reason="invalid")
    ChargeBacks(supply).note(batch, "O1", "0-0", bad, "2026-11-23")
    record = decision(at=now)
    DecisionsTable(risk).add(record)
    review = review_of(
        record, ReviewTerms(minutes=60, otherwise="refuse"), amount=batch.unit_cost, channel="site", now=now
    )
    risk.put(review_item(timed_out(review, review.due_at)))
    streams(market.cloud)
    before = market.cloud.contents("FactsTable")
    found = check(market.cloud)
    assert found.is_right
    assert found.facts.purchases == 1
    assert found.facts.decisions > 1
    kinds = Counter(item["kind"] for item in before["FactsTable"] if item["pk"].startswith("FACT#"))
    told = (
        "purchase_sent",
        "purchase_unknown",
        "purchase_ended",
        "purchase_missed",
        "charged_back",
        "expired",
        "reviewed",
    )
    assert {kind: kinds[kind] for kind in told} == dict.fromkeys(told, 1)
    assert (kinds["judged"], kinds["rule_reviewed"]) == (found.facts.decisions, 2)
    lost = next(item for item in before["FactsTable"] if item.get("kind") == "expired")
    assert (lost["product"], lost["amount"], lost["provider"]) == ("PR1", batch.unit_cost.amount, batch.supplier)
    streams(market.cloud)
    assert market.cloud.contents("FactsTable") == before, "told again, each lands on itself"


def test_orders_of_other_platforms_are_documents_too(market: Market) -> None:
    streams(market.cloud)
    past = PastTable(market.cloud.table("StatsTable"))
    market.cloud.table("StatsTable").put({"pk": SOURCES, "sk": "taobao", "v": 1, "removed": True})
    lines = (PastLine("1", 2, 1999), PastLine("2", 1, 500))
    common: dict[str, Any] = {"source": "taobao", "channel": "taobao", "account": "taobao", "currency": "CNY"}
    order = PastOrder(id="T1", **common, placed_at=market.now, lines=lines, paid_at=market.now, delivered_at=market.now)
    past.keep(order)
    found = check(market.cloud, write=True)
    assert (found.facts.past, found.facts.missing) == (1, len(facts_of_past(order)))
    assert check(market.cloud).is_right


def test_the_stack_names_its_tables_and_its_zone() -> None:
    class CloudFormation:
        def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
            names = ("Orders", "Cards", "Supply", "Risk", "Catalog", "Stats", "Facts")
            outputs = [{"OutputKey": f"{name}TableName", "OutputValue": f"{StackName}-{name}"} for name in names]
            parameters = [{"ParameterKey": "ShopTimeZone", "ParameterValue": "Europe/Berlin"}]
            return {"Stacks": [{"Outputs": outputs, "Parameters": parameters}]}

    shop = deployed("mine", CloudFormation(), None)
    assert (shop.facts.name, shop.zone) == ("mine-Facts", "Europe/Berlin")
