"""From a sale to the nightly report: the table's stream, the lake, the job and the API, as deployed."""

from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

from quanyi.clock import day as day_of
from quanyi.facts.model import Fact
from quanyi.facts.table import FactsTable
from quanyi.table import Table
from tests.stack.deployed import Deployed
from tests.stack.shop import Shop, Store, until
from tools.local.stack import Stack

ZONE = "Asia/Shanghai"
LAID_WITHIN = 150
"""Seconds: the stream's batches wait for a minute."""


def files(stack: Stack, day: str) -> list[str]:
    found = stack.client("s3").list_objects_v2(Bucket=stack.outputs["LakeBucketName"], Prefix=f"facts/day={day}/")
    return [one["Key"].rpartition("/")[2] for one in found.get("Contents", [])]


def asked(shop: Shop, path: str, **query: str) -> Any:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    return shop.wire.send("GET", f"/v1/reports/daily{path}?{text}", credential=shop.operator)


def test_yesterdays_sales_are_computed_from_the_lake(stack: Stack, shop: Shop, site: Store, deployed: Deployed) -> None:
    sku = shop.sku()
    shop.stock(sku, 1)
    site.buy(sku)
    channel, at = f"c{token_hex(4)}", datetime.now(UTC) - timedelta(days=1)
    today, yesterday = day_of(datetime.now(UTC), ZONE), day_of(at, ZONE)
    late = [
        Fact(
            f"O{n}{channel}#sold#0", "sold", at, f"O{n}{channel}", channel=channel, currency="CNY", quantity=1, amount=n
        )
        for n in range(1, 41)
    ]
    table = FactsTable(Table(stack.physical_id("FactsTable"), stack.client("dynamodb")))
    table.put(late)
    until(lambda: (files(stack, today) and files(stack, yesterday)) or None, seconds=LAID_WITHIN)

    def computed() -> tuple[Any, Any] | None:
        """The stream may bring them in several batches."""
        assert yesterday in deployed.sweep("ReportsDaily")["days"]
        found = asked(shop, "/sales_daily", day=yesterday).must()
        rows = [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]
        mine = [row for row in rows if row["channel"] == channel]
        return (found, mine[0]) if mine and mine[0]["units"] == len(late) else None

    found, row = until(computed, seconds=LAID_WITHIN, every=2)
    assert (row["gmv"], row["orders"], row["currency"]) == (sum(range(1, 41)), 40, "CNY")
    assert [name.startswith("compact-") for name in files(stack, yesterday)] == [True]
    assert any(name.startswith("part-") for name in files(stack, today)), "a day that runs is left alone"

    deployed.sweep("ReportsDaily")
    assert asked(shop, "/sales_daily", day=yesterday).must() == found, "the same job again"
    csv = asked(shop, "/sales_daily", day=yesterday, format="csv")
    assert csv.status == 200
    assert channel.encode() in csv.raw
    listed = {report["name"]: report["days"] for report in asked(shop, "").must()["reports"]}
    assert yesterday in [kept["day"] for kept in listed["sales_daily"]]
    asked(shop, "/sales_daily", day=today).refuses(422, "invalid_request")
