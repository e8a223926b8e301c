"""From the tables' streams to events, levels and the audit trail: exact, repeatable, and without anything private."""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.facts.of_order import facts_of
from quanyi.facts.table import from_item as fact_of
from quanyi.ledger.table import LedgerTable
from quanyi.stats.levels import LevelsTable
from quanyi.stats.once import OnceCounter
from quanyi.table import ConditionFailed
from stream import cards, orders, supply, trail
from tests.aws.conftest import BUS, Call, Cloud, LambdaContext
from tests.aws.market import Market
from tests.aws.streams import records_of

OPERATOR = Caller(role="operator", key_id="K9")
EVENTS = Path(__file__).parents[2] / "events"


@pytest.fixture
def market(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Market:
    queue = cloud.client("sqs").create_queue(QueueName="failed")["QueueUrl"]
    monkeypatch.setenv("DEAD_LETTER_QUEUE", queue)
    market = Market(cloud)
    books = LedgerTable(cloud.table("StatsTable"), "Asia/Shanghai", lambda: market.now)
    monkeypatch.setattr("stream.orders.ledger", lambda: books)
    return market


@pytest.fixture
def heard(cloud: Cloud) -> Callable[[], list[dict[str, Any]]]:
    """`heard()` answers the events that came by the bus since it was asked last."""
    sqs, events = cloud.client("sqs"), cloud.client("events")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName=BUS, EventPattern=json.dumps({"source": ["quanyi"]}))
    events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "heard", "Arn": arn}])

    def ask() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    return ask


def parked(cloud: Cloud) -> list[dict[str, Any]]:
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName="failed")["QueueUrl"]
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in got]


def a_day(market: Market) -> None:
    """Sales, an expiry, a shortage and a surplus."""
    market.sku()
    market.stock("ik-month", 4)
    market.stock("ik-month", 3, channel="site")
    market.pay(market.place(quantity=2))
    market.run()
    market.pay(market.place(), amount=2500)
    market.run()
    market.place(quantity=1)
    market.later(hours=1)
    market.sweep()
    late = market.place(quantity=3)
    _, payment = market.open_payment(late)
    fact = market.captured(payment)
    market.later(hours=1)
    market.sweep()
    market.later(hours=1, minutes=1)
    market.sweep()  # which frees what the one before let go of
    market.place(quantity=3, key="somebody-else")
    market.notify(fact)
    market.run()


def census(cloud: Cloud) -> dict[str, dict[str, int]]:
    rows: dict[str, Counter[str]] = {}
    for card in cloud.contents("CardsTable")["CardsTable"]:
        for where in (card["channel"], f"BATCH#{card['batch']}"):
            rows.setdefault(where, Counter())[card["state"]] += 1
    return {where: dict(counts) for where, counts in rows.items()}


def levels(cloud: Cloud) -> dict[str, dict[str, int]]:
    return LevelsTable(cloud.table("StatsTable")).of_sku("ik-month")


def test_a_day_is_told_on_the_bus_and_told_again_with_the_same_ids(
    market: Market, heard: Callable[[], list[dict[str, Any]]]
) -> None:
    a_day(market)
    event = {"Records": records_of(market.cloud, "OrdersTable")}
    orders.handler(event, LambdaContext())
    first, trail_before = heard(), market.cloud.contents("StatsTable")
    orders.handler(event, LambdaContext())
    again = heard()
    assert Counter(e["detail-type"] for e in first) == {
        "OrderPlaced": 5,
        "PaymentCaptured": 3,
        "OrderPaid": 3,
        "SurplusCaptured": 1,
        "UnitsDelivered": 3,
        "OrderFulfilled": 2,
        "OrderExpired": 1,
        "RefundRequested": 2,
        "RefundSucceeded": 2,
        "OrderPartiallyRefunded": 1,
    }
    assert {e["detail"]["id"] for e in first} == {e["detail"]["id"] for e in again}
    assert len({e["detail"]["id"] for e in first}) == len(first)
    assert market.cloud.contents("StatsTable") == trail_before
    assert not parked(market.cloud)


def test_facts_are_what_the_documents_say_however_the_records_come(market: Market) -> None:
    a_day(market)
    said = records_of(market.cloud, "OrdersTable")
    random.Random(6).shuffle(said)
    for start in range(0, len(said), 7):
        for _ in range(2):
            orders.handler({"Records": said[start : start + 7]}, LambdaContext())
    cards.handler({"Records": records_of(market.cloud, "CardsTable")}, LambdaContext())
    kept = market.cloud.contents("FactsTable")["FactsTable"]
    items = market.cloud.contents("OrdersTable")["OrdersTable"]
    documents = [market.order(item["id"]) for item in items if "id" in item]
    wanted = {fact.id: fact for order in documents for fact in facts_of(order)}
    assert {item["sk"] for item in kept} == set(wanted)
    for item in kept:
        fact = fact_of(item)
        assert replace(fact, product="", category="") == wanted[fact.id]
        assert bool(fact.product) == bool(fact.sku)
    assert not parked(market.cloud)


def test_nothing_private_reaches_events_levels_or_audit(
    market: Market, heard: Callable[[], list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    a_day(market)
    orders.handler({"Records": records_of(market.cloud, "OrdersTable")}, LambdaContext())
    cards.handler({"Records": records_of(market.cloud, "CardsTable")}, LambdaContext())
    contacts = [o["email"] for o in market.cloud.contents("OrdersTable")["OrdersTable"] if "email" in o]
    written = repr(heard()) + repr(market.cloud.contents("StatsTable", "FactsTable")) + capsys.readouterr().out
    assert contacts
    for private in (*market.secrets_made, *contacts, "buyer@example.com", "sealed", "Binary("):
        assert private not in written


def test_levels_are_what_is_in_the_table_however_often_and_however_cut_the_records_come(market: Market) -> None:
    a_day(market)
    records = records_of(market.cloud, "CardsTable")
    cut = random.Random(7)
    start = 0
    while start < len(records):
        end = start + cut.randint(1, 9)
        cards.handler({"Records": records[start:end]}, LambdaContext())
        # A poller that lost its place starts a little earlier, and cuts the batches otherwise.
        start = max(0, end - cut.randint(0, 3))
    assert levels(market.cloud) == census(market.cloud)
    before = market.cloud.contents("StatsTable")
    cards.handler({"Records": records}, LambdaContext())
    cards.handler({"Records": records[::-1]}, LambdaContext())
    assert market.cloud.contents("StatsTable") == before


def test_levels_that_broke_off_half_way_are_completed_not_doubled(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.sku()
    market.stock("ik-month", 5)
    records = records_of(market.cloud, "CardsTable")
    for number, record in enumerate(records):
        record["dynamodb"]["ApproximateCreationDateTime"] = 1_795_000_000 + number
    whole, calls = OnceCounter._add, 0  # pyright: ignore[reportPrivateUsage]

    def breaking(self: OnceCounter, *args: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ConditionFailed({})
        whole(self, *args)

    monkeypatch.setattr(OnceCounter, "_add", breaking)
    with pytest.raises(ConditionFailed):
        cards.handler({"Records": records}, LambdaContext())
    cards.handler({"Records": records}, LambdaContext())
    assert levels(market.cloud) == census(market.cloud)


def test_a_batch_costs_one_transaction_for_a_sku_and_second(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    market.sku()
    for _ in range(3):
        market.stock("ik-month", 20)
    records = records_of(market.cloud, "CardsTable")
    for record in records:
        record["dynamodb"]["ApproximateCreationDateTime"] = 1_795_000_000
    dynamodb = LevelsTable(market.cloud.table("StatsTable")).table.client
    sent: list[int] = []
    monkeypatch.setattr("stream.cards.levels", lambda: LevelsTable(market.cloud.table("StatsTable")))
    really = dynamodb.transact_write_items

    def counted(**request: Any) -> Any:
        sent.append(len(request["TransactItems"]))
        return really(**request)

    monkeypatch.setattr(dynamodb, "transact_write_items", counted)
    cards.handler({"Records": records}, LambdaContext())
    assert sent == [1 + 1 + 3], "the note, the channel, three batches"
    assert levels(market.cloud) == census(market.cloud)


def test_a_record_that_cannot_be_read_is_parked_as_keys_only(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 2)
    records = records_of(market.cloud, "CardsTable")
    broken = json.loads(json.dumps(records[0]))
    del broken["dynamodb"]["NewImage"]["sku"]
    broken["dynamodb"]["SequenceNumber"] = "999"
    cards.handler({"Records": [broken, *records]}, LambdaContext())
    assert levels(market.cloud)["shared"] == {"available": 2}
    (message,) = parked(market.cloud)
    assert message["keys"] == broken["dynamodb"]["Keys"]
    assert "NewImage" not in message


def told(call: Call, caller: Caller = OPERATOR, **query: str) -> tuple[int, Any]:
    status, body, _ = call(trail.handler, "GET", "/v1/admin/audit", caller=caller, query=query)
    return status, body


def test_the_trail_of_an_order_tells_its_story(market: Market, call: Call) -> None:
    market.sku()
    market.stock("ik-month", 1)
    order = market.place()
    market.pay(order)
    market.run()
    orders.handler({"Records": records_of(market.cloud, "OrdersTable")}, LambdaContext())
    status, body = told(call, order=order.id)
    assert status == 200
    assert [[fact["what"] for fact in entry["facts"]] for entry in body["entries"]] == [
        ["OrderPlaced"],
        ["PaymentStarted"],
        ["PaymentCaptured", "OrderPaid"],
        ["UnitsDelivered", "OrderFulfilled"],
    ]
    assert [(entry["before"], entry["after"]) for entry in body["entries"]][::3] == [
        ("placing", "awaiting_payment"),
        ("paid", "fulfilled"),
    ]
    assert body["mail"] == []
    pages, cursor = [], {}
    while True:
        _, page = told(call, order=order.id, limit="1", **cursor)
        pages += page["entries"]
        if not page.get("next"):
            break
        cursor = {"cursor": page["next"]}
    assert pages == body["entries"]


def test_the_trail_of_a_card_names_who_changed_it_and_why(market: Market, call: Call) -> None:
    market.sku()
    (card, other) = sorted(market.stock("ik-month", 2))
    store = market.shop.cards
    store.quarantine(other, by="operator:K9", reason="complaint")
    store.readmit(other, by="operator:K9", reason="checked", now=market.now)
    store.quarantine(other, by="operator:K9", reason="complaint again")
    order = market.place()
    market.pay(order)
    market.run()
    store.mark_revealed(card, order=order.id, now=market.now)
    cards.handler({"Records": records_of(market.cloud, "CardsTable")}, LambdaContext())
    _, body = told(call, card=card)
    facts = [(e["facts"][0]["what"], e["facts"][0].get("order"), e["by"]) for e in body["entries"]]
    assert facts == [
        ("reserved", order.id, "system"),
        ("delivered", order.id, "system"),
        ("revealed", order.id, "buyer"),
    ]
    _, body = told(call, card=other)
    assert [(e["facts"][0]["what"], e["facts"][0]["reason"], e["by"]) for e in body["entries"]] == [
        ("quarantined", "complaint", "operator:K9"),
        ("readmitted", "checked", "operator:K9"),
        ("quarantined", "complaint again", "operator:K9"),
    ]


def test_the_trail_is_for_the_shops_people_and_about_one_thing(market: Market, call: Call) -> None:
    order, card = "O" + "0" * 20, "c" * 43
    assert told(call, order=order) == (200, {"entries": [], "mail": [], "next": None})
    assert told(call, Caller(role="support", key_id="K2"), card=card)[0] == 200
    assert told(call, Caller(role="analyst", key_id="K3"), order=order)[0] == 403
    assert told(call)[0] == 422
    assert told(call, order=order, card=card)[0] == 422
    assert told(call, order="x")[0] == 422
    assert told(call, order=order, cursor="nonsense")[0] == 400


@pytest.mark.parametrize(
    ("name", "handler"),
    [("stream-orders", orders.handler), ("stream-cards", cards.handler), ("stream-supply", supply.handler)],
)
def test_the_sample_events_are_understood(market: Market, name: str, handler: Callable[..., Any]) -> None:
    for sample in sorted((EVENTS / name).glob("*.json")):
        handler(json.loads(sample.read_text()), LambdaContext())
    assert not parked(market.cloud)
    assert [i for i in market.cloud.contents("StatsTable")["StatsTable"] if i["pk"].startswith("AUDIT#")]
