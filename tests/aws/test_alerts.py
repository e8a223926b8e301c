"""Alerts in their table and on the bus: raised once by any number of watchers, told once each, listed open first."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notify import admin
from quanyi.alerts.kinds import AlertKind, Severity
from quanyi.alerts.model import Finding
from quanyi.alerts.table import AlertsTable, from_item
from quanyi.callers import Caller
from quanyi.errors import Conflict, NotFound
from quanyi.table import Table
from stream import supply
from tests.aws.conftest import BUS, Call, Cloud, LambdaContext
from tests.aws.streams import let_through, records_of

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OPERATOR = Caller(role="operator", key_id="K9")


def low(sku: str = "music", left: int = 3, severity: Severity = "warning") -> Finding:
    return Finding(kind="stock_low", subject=f"{sku}#shared", severity=severity, facts={"left": left, "reorder_at": 10})


def failing(supplier: str = "fulu") -> Finding:
    facts: dict[str, Any] = {"supplier": supplier, "calls": 20, "hours": 1, "success": 5000, "least_success": 9000}
    return Finding(kind="supplier_failing", subject=supplier, severity="critical", facts=facts)


@pytest.fixture
def alerts(cloud: Cloud) -> AlertsTable:
    return AlertsTable(cloud.table("SupplyTable"))


@pytest.fixture
def heard(cloud: Cloud) -> "Heard":
    return Heard(cloud)


class Heard:
    """The bus, by a queue that gets everything."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        sqs, events = cloud.client("sqs"), cloud.client("events")
        self.queue = sqs.create_queue(QueueName="all")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name="all", EventBusName=BUS, EventPattern=json.dumps({"source": ["quanyi"]}))
        events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "all", "Arn": arn}])

    def stream(self) -> list[tuple[str, dict[str, Any]]]:
        """Lets the whole stream be told from its beginning; what came of it, by name."""
        records = let_through(records_of(self.cloud, "SupplyTable"), "StreamSupplyFunction")
        supply.handler({"Records": records}, LambdaContext())
        sqs, found = self.cloud.client("sqs"), list[tuple[str, dict[str, Any]]]()
        while got := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                body = json.loads(message["Body"])
                found.append((body["detail-type"], body["detail"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found


def test_many_watchers_at_once_are_one_alert_told_once(alerts: AlertsTable, heard: Heard) -> None:
    with ThreadPoolExecutor(8) as pool:
        raised = list(pool.map(lambda _: alerts.raise_(low(), NOW), range(16)))
    assert {alert.rev for alert in raised} == {1}
    assert sorted(name for name, _ in heard.stream()) == ["AlertRaised", "StockLow"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: alerts.recover("stock_low", "music#shared", NOW + MINUTE), range(16)))
    told = [detail["id"] for _, detail in heard.stream()]
    assert len(told) == len({*told}) == 3


def test_watchers_that_see_different_numbers_at_once_lose_nothing(alerts: AlertsTable, heard: Heard) -> None:
    """All write, one after the other; the one that is worse is told, whenever it comes."""
    found = [low(left=left, severity="critical" if left == 0 else "warning") for left in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda one: alerts.raise_(one, NOW), found))
    alert = alerts.get("stock_low", "music#shared")
    assert alert
    assert alert.told_severity == "critical"
    told = [detail for name, detail in heard.stream() if name == "AlertRaised"]
    assert sum(detail["severity"] == "critical" for detail in told) == 1
    assert len(told) <= 2


def test_a_stream_that_is_read_again_tells_the_same(alerts: AlertsTable, heard: Heard) -> None:
    alerts.raise_(low(), NOW)
    alerts.raise_(low(left=0, severity="critical"), NOW + MINUTE)
    alerts.recover("stock_low", "music#shared", NOW + 2 * MINUTE)
    first, second = heard.stream(), heard.stream()
    assert first == second
    assert [name for name, _ in first] == ["AlertRaised", "StockLow", "AlertRaised", "StockLow", "AlertRecovered"]
    raised, low_stock, worse, _, over = (detail for _, detail in first)
    assert raised["facts"] == {"left": 3, "reorder_at": 10}
    assert (raised["why"], worse["why"]) == ("opened", "worse")
    assert (low_stock["sku"], low_stock["channel"]) == ("music", "")
    assert low_stock["reorder_at"] == 10
    assert over["alert"] == raised["alert"] == "stock_low~music~shared"


def test_a_write_whose_answer_was_lost_is_not_told_twice(
    alerts: AlertsTable, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, lost = Table.put, [True]

    def once_lost(self: Table, *given: Any, **more: Any) -> None:
        put(self, *given, **more)
        if lost:
            lost.pop()
            raise ConnectionError

    monkeypatch.setattr(Table, "put", once_lost)
    with pytest.raises(ConnectionError):
        alerts.raise_(low(), NOW)
    assert alerts.raise_(low(), NOW).rev == 1
    assert len(heard.stream()) == 2


def test_items_of_other_kinds_say_nothing(cloud: Cloud, heard: Heard) -> None:
    cloud.table("SupplyTable").put({"pk": "BATCH#1", "sk": "BATCH", "list": "BATCHES", "listed": "x"})
    assert heard.stream() == []


def test_open_ones_come_first_and_pages_join(alerts: AlertsTable) -> None:
    for n in range(7):
        alerts.raise_(low(f"sku-{n}"), NOW + n * MINUTE)
    alerts.raise_(failing(), NOW + 10 * MINUTE)
    for n in (1, 3):
        alerts.recover("stock_low", f"sku-{n}#shared", NOW + (20 + n) * MINUTE)
    whole = [from_item(item).subject for item in alerts.page().items]
    expected = ["fulu", *(f"sku-{n}#shared" for n in (6, 5, 4, 2, 0, 3, 1))]
    assert whole == expected
    for limit in (1, 2, 3, 4, 8):
        found, start = list[str](), None
        while True:
            page = alerts.page(limit=limit, start=start)
            assert len(page.items) <= limit
            found += [item["subject"] for item in page.items]
            start = page.next
            if start is None:
                break
        assert found == expected
    kinds: list[AlertKind] = ["stock_low", "supplier_failing"]
    assert [len(alerts.page(kind=kind, state="open", limit=2).items) for kind in kinds] == [2, 1]
    assert [alert.subject for alert in alerts.open_ones("supplier_failing")] == ["fulu"]
    assert len(list(alerts.open_ones())) == 6
    assert [item["subject"] for item in alerts.page(state="recovered").items] == expected[-2:]


def test_a_person_knows_of_it_once(alerts: AlertsTable, heard: Heard) -> None:
    alert = alerts.raise_(low(), NOW)
    for by in ("operator:K1", "operator:K2"):
        assert alerts.acknowledge(alert.id, by, NOW + MINUTE).seen_by == "operator:K1"
    alerts.raise_(low(), NOW + timedelta(days=2))
    assert len(heard.stream()) == 2
    alerts.recover("stock_low", "music#shared", NOW + timedelta(days=3))
    assert alerts.acknowledge(alert.id, "operator:K1", NOW).state == "recovered"
    other = alerts.raise_(failing(), NOW)
    alerts.recover("supplier_failing", "fulu", NOW + MINUTE)
    with pytest.raises(Conflict):
        alerts.acknowledge(other.id, "operator:K1", NOW)
    for unknown in ("stock_low~none~shared", "nonsense", ""):
        with pytest.raises(NotFound):
            alerts.acknowledge(unknown, "operator:K1", NOW)


@pytest.fixture
def api(call: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("MAIL_QUEUE_URL", "https://sqs.example.com/mail")
    return call


def test_an_operator_reads_them_by_pages_and_says_that_they_know(alerts: AlertsTable, api: Call) -> None:
    for n in range(3):
        alerts.raise_(low(f"sku-{n}"), NOW + n * MINUTE)
    alerts.raise_(failing(), NOW + MINUTE // 2)
    alerts.recover("stock_low", "sku-2#shared", NOW + 5 * MINUTE)
    path, found, query = "/v1/admin/alerts", list[dict[str, Any]](), dict[str, str]()
    while True:
        status, page, _ = api(admin.handler, "GET", path, caller=OPERATOR, query={"limit": "2", **query})
        assert status == 200
        found += page["items"]
        if page["next"] is None:
            break
        query = {"cursor": page["next"]}
    assert [(one["subject"], one["state"]) for one in found] == [
        ("sku-1#shared", "open"),
        ("fulu", "open"),
        ("sku-0#shared", "open"),
        ("sku-2#shared", "recovered"),
    ]
    first = found[0]
    assert first["title"] == "库存偏低"
    assert first["explanation"] == ["可售库存 3，已降至补货点 10。"]
    for _ in range(2):
        status, seen, _ = api(admin.handler, "POST", f"{path}/{first['id']}/acknowledge", caller=OPERATOR)
        assert (status, seen["seen_by"]) == (200, "operator:K9")
    query = {"kind": "supplier_failing", "state": "open", "language": "en"}
    _, page, _ = api(admin.handler, "GET", path, caller=OPERATOR, query=query)
    assert [one["title"] for one in page["items"]] == ["A supplier is failing"]


@pytest.mark.parametrize(
    ("method", "path", "query", "status"),
    [
        ("GET", "/v1/admin/alerts", {"kind": "weather"}, 422),
        ("GET", "/v1/admin/alerts", {"cursor": "x"}, 400),
        ("POST", "/v1/admin/alerts/stock_low~none~shared/acknowledge", None, 404),
        ("POST", "/v1/admin/alerts/nonsense/acknowledge", None, 422),
    ],
)
def test_what_cannot_be_is_refused(
    api: Call, method: str, path: str, query: dict[str, str] | None, status: int
) -> None:
    assert api(admin.handler, method, path, caller=OPERATOR, query=query)[0] == status
    assert api(admin.handler, method, path, caller=Caller(role="support", key_id="K1"), query=query)[0] in (403, 422)


def test_what_is_over_cannot_be_acknowledged(alerts: AlertsTable, api: Call) -> None:
    alert = alerts.raise_(low(), NOW)
    alerts.recover("stock_low", "music#shared", NOW + MINUTE)
    status, answer, _ = api(admin.handler, "POST", f"/v1/admin/alerts/{alert.id}/acknowledge", caller=OPERATOR)
    assert (status, answer["reason"], answer["state"]) == (409, "recovered", "recovered")
