"""From what buyers take together to a bundle in the catalogue: found overnight, answered, and acted on as it says."""

from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

from quanyi.clock import day as day_of
from quanyi.facts.model import Fact
from quanyi.facts.table import FactsTable
from quanyi.table import Table
from tests.stack.deployed import Deployed
from tests.stack.shop import Answer, Shop, until
from tools.local.stack import Stack

ZONE = "Asia/Shanghai"
LAID_WITHIN = 150
"""Seconds: the stream's batches wait for a minute."""
PATH, ADMIN = "/v1/reports/insights", "/v1/admin/insights"


def asked(shop: Shop, method: str = "GET", path: str = PATH, body: Any = None, key: str | None = None) -> Answer:
    return shop.wire.send(method, path, body, credential=shop.operator, key=key)


def orders(a: str, b: str) -> list[Fact]:
    """Sixty of both, forty of each alone, four hundred of something else, on the day before."""
    at, mark = datetime.now(UTC) - timedelta(days=1), token_hex(4)
    baskets = [(a, b)] * 60 + [(a,)] * 40 + [(b,)] * 40 + [(f"{a}-other",)] * 400
    found: list[Fact] = []
    for number, skus in enumerate(baskets):
        of = f"O{mark}{number}"
        common: dict[str, Any] = {"channel": mark, "currency": "CNY", "quantity": 1, "amount": 100}
        found += [Fact(f"{of}#sold#{n}", "sold", at, of, line=n, sku=sku, **common) for n, sku in enumerate(skus)]
    return found


def test_what_is_bought_together_becomes_a_bundle(stack: Stack, shop: Shop, deployed: Deployed) -> None:
    a, b = sorted((shop.sku(), shop.sku()))
    FactsTable(Table(stack.physical_id("FactsTable"), stack.client("dynamodb"))).put(orders(a, b))
    yesterday = day_of(datetime.now(UTC) - timedelta(days=1), ZONE)

    def mine() -> list[dict[str, Any]]:
        return [one for one in asked(shop).must()["items"] if {a, b} == {one["evidence"].get(n) for n in ("a", "b")}]

    def told() -> dict[str, Any] | None:
        """The stream may bring the orders in several batches."""
        assert yesterday in deployed.sweep("ReportsDaily")["days"]
        found = mine()
        return found[0] if found and found[0]["evidence"]["together"] == 60 else None

    one = until(told, seconds=LAID_WITHIN, every=2)
    assert (one["rule"], one["severity"]) == ("bundle", "info")
    (call,) = one["action"]["calls"]
    made = [
        asked(shop, call["method"], call["path"], call["body"], call["idempotency_key"]).must(201) for _ in range(2)
    ]
    assert made[0] == made[1], "sent twice, it is made once"
    assert made[0]["state"] == "draft"
    assert [part["sku"] for part in made[0]["skus"][0]["components"]] == [a, b]

    dismiss = f"{ADMIN}/{one['id']}/dismiss"
    today = day_of(datetime.now(UTC), ZONE)
    assert asked(shop, "POST", dismiss, {"until": today}).must() == {"id": one["id"], "until": today}
    assert mine() == []
    assert asked(shop, "POST", dismiss, {"until": None}).must()["until"] is None
    assert len(mine()) == 1
    deployed.sweep("ReportsDaily")
    assert mine() == [], "somebody has acted"
    asked(shop, path=f"{PATH}?day={today}").refuses(422, "invalid_request")
    asked(shop, "POST", f"{ADMIN}/N{'0' * 20}/dismiss", {"until": today}).refuses(404, "not_found")
