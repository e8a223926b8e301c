"""The morning's digest as deployed: made by its function on its layer, mailed once, answered with pictures that load."""

import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from secrets import token_hex
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
    """Of a day that is over, for which no shop of these tests can sell any more."""
    found: list[Fact] = []
    for number in range(count):
        order = f"O{number}{channel}"
        common: dict[str, Any] = {"of": order, "channel": channel, "currency": "CNY", "buyer": f"M{number}{channel}"}
        found += [
            Fact(f"{order}#sold#0", "sold", at, quantity=1, amount=100, sku="a", product=channel, line=0, **common),
            Fact(f"{order}#1", "posted", at, accounts={"provider:sandbox": 100, "owed": -100}, **common),
        ]
    return found


def test_yesterdays_digest_is_mailed_once_and_answered(stack: Stack, shop: Shop, deployed: Deployed) -> None:
    channel, at = f"c{token_hex(4)}", datetime.now(UTC) - timedelta(days=1)
    day, analyst = day_of(at, ZONE), shop.new_key("analyst")["key"]
    told = sales(channel, at, 7)
    FactsTable(Table(stack.physical_id("FactsTable"), stack.client("dynamodb"))).put(told)

    def traded() -> bool:
        path = f"/v1/reports/trading?from={day}&to={day}&channel={channel}"
        return shop.wire.send("GET", path, credential=analyst).must()["totals"]["orders_paid"] == 7

    until(traded, seconds=60)
    boss, clerk = (f"{name}-{token_hex(4)}@example.com" for name in ("boss", "clerk"))
    with mailed_to(stack, boss):
        first = deployed.sweep("ReportsDigest")
        assert (first["day"], first["sent"]) == (day, 1)
        assert deployed.sweep("ReportsDigest")["already"] == 1
    with mailed_to(stack, f"{boss},{clerk}"):
        again = deployed.sweep("ReportsDigest")
    assert (again["sent"], again["already"]) == (1, 1)
    assert [len(deployed.mails_to(address)) for address in (boss, clerk)] == [1, 1]

    kept = shop.wire.send("GET", f"/v1/reports/digest?day={day}", credential=analyst).must()
    assert kept["own"]["figures"]["orders_paid"] >= 7
    assert channel in [part["channel"] for part in kept["channels"]]
    assert {picture["kind"] for picture in kept["pictures"]} >= {"trade"}
    for picture in kept["pictures"]:
        with urllib.request.urlopen(picture["url"], timeout=30) as answer:
            assert answer.read().startswith(b"\x89PNG")
    shop.wire.send("GET", "/v1/reports/digest?day=2026-13-01", credential=analyst).refuses(422, "invalid_request")
