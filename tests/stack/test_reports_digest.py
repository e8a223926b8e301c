"""The digest as deployed: made by its function on its layer, mailed once, answered with pictures that load."""

import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from secrets import randbelow, token_hex
from typing import Any

from quanyi.clock import day as day_of
from quanyi.facts.model import Fact
from quanyi.facts.table import FactsTable
from quanyi.table import Table
from tests.stack.deployed import Deployed
from tests.stack.shop import Shop, until
from tools.local.stack import Stack

ZONE = "Asia/Shanghai"


@contextmanager
def mailed_to(stack: Stack, addresses: str) -> Generator[None]:
    """What a deployment with another `DigestMail` would change, without the deployment."""
    client, name = stack.client("lambda"), stack.physical_id("ReportsDigestFunction")
    before = client.get_function_configuration(FunctionName=name)["Environment"]
    other = {"Variables": {**before["Variables"], "DIGEST_MAIL": addresses}}
    client.update_function_configuration(FunctionName=name, Environment=other)
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, Environment=before)


def sales(channel: str, at: datetime, count: int) -> list[Fact]:
    found: list[Fact] = []
    for number in range(count):
        order = f"O{number}{channel}"
        common: dict[str, Any] = {"of": order, "channel": channel, "currency": "CNY", "buyer": f"M{number}{channel}"}
        found += [
            Fact(f"{order}#sold#0", "sold", at, quantity=1, amount=100, sku="a", product=channel, line=0, **common),
            Fact(f"{order}#1", "posted", at, accounts={"provider:sandbox": 100, "owed": -100}, **common),
        ]
    return found


def unused_day(shop: Shop, analyst: str) -> datetime:
    """Long ago, of which no run has made a digest; yesterday's may have been mailed by its schedule."""
    at = datetime(2010, 1, 1, 4, tzinfo=UTC) + timedelta(days=randbelow(5000))
    path = f"/v1/reports/digest?day={day_of(at, ZONE)}"
    return at if shop.wire.send("GET", path, credential=analyst).status == 404 else unused_day(shop, analyst)


def test_a_days_digest_is_mailed_once_and_answered(stack: Stack, shop: Shop, deployed: Deployed) -> None:
    analyst, channel = shop.new_key("analyst")["key"], f"c{token_hex(4)}"
    at = unused_day(shop, analyst)
    day = day_of(at, ZONE)
    told = sales(channel, at, 7)
    FactsTable(Table(stack.physical_id("FactsTable"), stack.client("dynamodb"))).put(told)

    def traded() -> bool:
        path = f"/v1/reports/trading?from={day}&to={day}&channel={channel}"
        return shop.wire.send("GET", path, credential=analyst).must()["totals"]["orders_paid"] == 7

    until(traded, seconds=60)
    boss, clerk = (f"{name}-{token_hex(4)}@example.com" for name in ("boss", "clerk"))
    with mailed_to(stack, boss):
        first = deployed.sweep("ReportsDigest", day=day)
        assert (first["day"], first["sent"]) == (day, 1)
        assert deployed.sweep("ReportsDigest", day=day)["already"] == 1
    with mailed_to(stack, f"{boss},{clerk}"):
        again = deployed.sweep("ReportsDigest", day=day)
    assert (again["sent"], again["already"]) == (1, 1)
    assert [len(deployed.mails_to(address)) for address in (boss, clerk)] == [1, 1]

    kept = shop.wire.send("GET", f"/v1/reports/digest?day={day}", credential=analyst).must()
    assert kept["own"]["figures"]["money"]["CNY"]["gmv"] == 700
    assert [part["channel"] for part in kept["channels"]] == [channel]
    assert {picture["kind"] for picture in kept["pictures"]} >= {"trade"}
    for picture in kept["pictures"]:
        with urllib.request.urlopen(picture["url"], timeout=30) as answer:
            assert answer.read().startswith(b"\x89PNG")
    shop.wire.send("GET", "/v1/reports/digest?day=2026-13-01", credential=analyst).refuses(422, "invalid_request")
