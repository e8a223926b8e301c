"""Batches and cards in an operator's hands, and the nightly recount."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quanyi.batches.model import Batch
from quanyi.batches.table import BatchesTable
from quanyi.cards.claim import draw_cards
from quanyi.cards.model import SHARED, Pool, hold_name
from quanyi.cards.pools import PoolsTable
from quanyi.cards.table import CardsTable
from quanyi.money import Money
from quanyi.table import Item
from stock import keeping, recount, wiring
from tests.aws.conftest import Call, Cloud
from tests.aws.stockroom import Shop, open_shop, put_sku

WHY = {"reason": "supplier recalls them"}


@pytest.fixture
def shop(cloud: Cloud, call: Call, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("IMPORT_QUEUE_URL", cloud.client("sqs").create_queue(QueueName="imports")["QueueUrl"])
    return open_shop(cloud, call, "")


def sell(shop: Shop, count: int = 1, order: str = "O1") -> list[str]:
    cards = CardsTable(shop.cloud.table("CardsTable"))
    pools = PoolsTable(shop.cloud.table("SupplyTable")).for_sale("VIP-M", "site", "2026-11-23", fresh=True)
    hold = hold_name(order, 1)
    until = shop.now + timedelta(minutes=15)
    got = draw_cards(cards, pools, count, hold=hold, until=until, now=lambda: shop.now, draw=lambda n: b"\0" * n)
    for unit, card in enumerate(got):
        assert cards.deliver(card, hold=hold, order=order, unit=str(unit), now=shop.now)
    return got


def stocked(shop: Shop, count: int = 5, **terms: Any) -> str:
    seen = shop.brought(b"".join(b"CARD-%04d\n" % n for n in range(count)), **terms)
    assert seen["accepted"] == count
    return next(iter(seen["batches"]))


def one(shop: Shop, line: int = 1) -> Item:
    return next(card for card in shop.cards() if card["line"] == line)


def states(shop: Shop) -> list[str]:
    return sorted(card["state"] for card in shop.cards())


def all_pages(shop: Shop, path: str, body: dict[str, Any]) -> tuple[int, int]:
    changed = skipped = 0
    cursor: dict[str, Any] = {}
    while True:
        status, page, _ = shop.post(path, {**body, **cursor})
        assert status == 200, page
        changed, skipped = changed + page["changed"], skipped + page["skipped"]
        if page["next"] is None:
            return changed, skipped
        cursor = {"cursor": page["next"]}


def test_who_bought_this(shop: Shop) -> None:
    stocked(shop)
    (sold,) = sell(shop, order="O77")
    line = next(card["line"] for card in shop.cards() if card["card_id"] == sold)
    bought, other = f"CARD-{line - 1:04}", f"card {line % 5:04}".upper()
    status, found, _ = shop.post("/v1/admin/cards/find", {"sku": "VIP-M", "secrets": [bought, other, "NOTHING-1"]})
    assert status == 200
    first, second, third = (item["cards"] for item in found["items"])
    assert (first[0]["id"], first[0]["state"], first[0]["order"]) == (sold, "delivered", "O77")
    assert (second[0]["state"], second[0]["order"]) == ("available", None)
    assert third == []
    assert bought not in str(found)
    twice = shop.post("/v1/admin/cards/find", {"sku": "VIP-M", "secrets": [bought, bought]})
    assert [item["cards"][0]["id"] for item in twice[1]["items"]] == [sold, sold]
    by_issuer = {"issuer": "acme", "format": "code", "secrets": [bought]}
    assert shop.post("/v1/admin/cards/find", by_issuer)[1]["items"][0]["cards"][0]["id"] == sold
    for bad in ({"secrets": [bought]}, {"sku": "NONE", "secrets": [bought]}, {"sku": "VIP-M", "secrets": []}):
        status, body, _ = shop.post("/v1/admin/cards/find", bad)
        assert status == 422
        assert bought not in str(body)


def test_a_reusable_keys_buyers_are_all_found(shop: Shop) -> None:
    put_sku(shop.cloud, "KEY", reusable_uses=3)
    shop.brought(b"REUSE-1\n", sku="KEY")
    found = shop.post("/v1/admin/cards/find", {"sku": "KEY", "secrets": ["REUSE1"]})[1]
    assert len(found["items"][0]["cards"]) == 3


def test_one_card_through_its_states(shop: Shop) -> None:
    stocked(shop, 1)
    path = f"/v1/admin/cards/{one(shop)['card_id']}"
    for _ in range(2):  # the same again is harmless
        status, card, _ = shop.post(f"{path}/quarantine", WHY)
        assert (status, card["state"], card["changed_by"], card["reason"]) == (
            200,
            "quarantined",
            "operator:k1",
            WHY["reason"],
        )
    assert "available" not in one(shop)
    status, body, _ = shop.post(f"{path}/quarantine", {"reason": "another"})
    assert (status, body["code"], body["state"]) == (409, "conflict", "quarantined")
    for _ in range(2):
        assert shop.post(f"{path}/release", WHY)[1]["state"] == "available"
    for _ in range(2):
        status, card, _ = shop.post(f"{path}/move", {**WHY, "channel": "taobao"})
        assert (status, card["channel"]) == (200, "taobao")
    assert one(shop)["available"] == "VIP-M#taobao#9999-12-31#0"
    for _ in range(2):
        assert shop.post(f"{path}/void", WHY)[1]["state"] == "voided"
    assert shop.post(f"{path}/release", WHY)[0] == 409
    assert shop.get(path)[1]["state"] == "voided"
    assert "sealed" not in shop.get(path)[1]


def test_a_moved_card_is_for_its_channel_alone(shop: Shop) -> None:
    stocked(shop, 1)
    shop.post(f"/v1/admin/cards/{one(shop)['card_id']}/move", {**WHY, "channel": "taobao"})
    assert sell(shop) == []
    pools = PoolsTable(shop.cloud.table("SupplyTable"))
    assert [pool.channel for pool in pools.for_sale("VIP-M", "taobao", "2026-11-23")] == ["taobao", SHARED]


def test_what_is_refused(shop: Shop) -> None:
    batch = stocked(shop, 1)
    path = f"/v1/admin/cards/{one(shop)['card_id']}"
    before = shop.cards()
    assert shop.post(f"{path}/quarantine", {})[0] == 422
    assert shop.post(f"{path}/explode", WHY)[0] == 422
    assert shop.post(f"{path}/move", WHY)[0] == 422
    assert shop.post(f"{path}/move", {**WHY, "channel": "nowhere"})[1]["reason"] == "channel_unknown"
    assert shop.post(f"/v1/admin/cards/{'x' * 43}/void", WHY)[0] == 404
    assert shop.get("/v1/admin/cards/short")[0] == 422
    assert shop.get("/v1/admin/batches/BNONE")[0] == 404
    assert shop.post("/v1/admin/batches/BNONE/void", WHY)[0] == 404
    assert shop.post(f"/v1/admin/batches/{batch}/move", WHY)[0] == 422
    assert shop.cards() == before
    sell(shop)
    status, body, _ = shop.post(f"{path}/move", {**WHY, "channel": "taobao"})
    assert (status, body["state"]) == (409, "delivered")
    assert shop.post(f"{path}/void", WHY)[0] == 409


def test_a_batch_is_quarantined_released_and_voided_by_pages(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "CARDS_A_CALL", 3)
    batch = stocked(shop, 8)
    stocked_elsewhere = shop.brought(b"OTHER-1\n")["batches"]
    sell(shop, 2)
    mine = sum(card["state"] == "available" for card in shop.cards() if card["batch"] == batch)
    path = f"/v1/admin/batches/{batch}"
    assert all_pages(shop, f"{path}/quarantine", WHY) == (mine, 8 - mine)
    assert all_pages(shop, f"{path}/quarantine", WHY) == (0, 8)
    assert states(shop).count("delivered") == 2
    assert all_pages(shop, f"{path}/release", WHY) == (mine, 8 - mine)
    assert all_pages(shop, f"{path}/move", {**WHY, "channel": "taobao"}) == (mine, 8 - mine)
    assert all_pages(shop, f"{path}/move", {**WHY, "channel": "taobao"}) == (0, 8)
    assert all_pages(shop, f"{path}/expire", WHY) == (0, 8)
    assert all_pages(shop, f"{path}/void", WHY) == (mine, 8 - mine)
    assert all_pages(shop, f"{path}/void-quarantined", WHY) == (0, 8)
    others = [card["state"] for card in shop.cards() if card["batch"] in stocked_elsewhere]
    assert set(others) <= {"available", "delivered"}
    foreign = shop.post(f"{path}/void", WHY | {"cursor": "bm9uc2Vuc2U"})
    assert foreign[0] == 400


def test_of_a_batch_what_is_in_quarantine_is_voided_alone(shop: Shop) -> None:
    """A surplus that goes back to its supplier, a recall: neither what is sold meanwhile nor what a buyer had."""
    batch = stocked(shop, 6)
    complained, _ = sell(shop, 2)
    assert shop.post(f"/v1/admin/cards/{complained}/quarantine", WHY)[0] == 200
    held_back = [card["card_id"] for card in shop.cards() if card["state"] == "available"][:2]
    for card in held_back:
        assert shop.post(f"/v1/admin/cards/{card}/quarantine", WHY)[0] == 200
    path = f"/v1/admin/batches/{batch}/void-quarantined"
    assert all_pages(shop, path, WHY) == (2, 4)
    assert all_pages(shop, path, WHY) == (0, 6)
    now = {card["card_id"]: card["state"] for card in shop.cards()}
    assert [now[card] for card in held_back] == ["voided", "voided"]
    assert now[complained] == "quarantined"
    assert sorted(now.values()) == ["available", "available", "delivered", "quarantined", "voided", "voided"]


def test_a_batch_of_vouchers_made_on_sale_is_as_large_as_is_counted(shop: Shop) -> None:
    """No import ends it; one that an import still fills has no size."""
    cost, stats = Money(amount=0, currency="CNY"), shop.cloud.table("StatsTable")
    for name, brought_by in (("B-sold", None), ("B-brought", "I1")):
        batch = Batch(name, "VIP-M", "own", cost, None, brought_by, shop.now, b"wrapped")
        BatchesTable(shop.cloud.table("SupplyTable")).add(batch)
        stats.put({"pk": "LEVEL#VIP-M", "sk": f"BATCH#{name}", "delivered": 2, "voided": 1})
    found = shop.get("/v1/admin/batches", {"sku": "VIP-M"})[1]["items"]
    assert {one["id"]: one["size"] for one in found} == {"B-sold": 3, "B-brought": None}
    assert shop.get("/v1/admin/batches/B-sold")[1]["size"] == 3


def test_cards_of_a_batch_and_batches_of_a_sku(shop: Shop) -> None:
    batch = stocked(shop, 5)
    page = shop.get("/v1/admin/cards", {"batch": batch, "limit": "3"})[1]
    rest = shop.get("/v1/admin/cards", {"batch": batch, "limit": "3", "cursor": page["next"]})[1]
    assert sorted(card["line"] for card in page["items"] + rest["items"]) == [1, 2, 3, 4, 5]
    shop.cloud.table("StatsTable").put({"pk": "LEVEL#VIP-M", "sk": f"BATCH#{batch}", "available": 4, "delivered": 1})
    assert shop.get(f"/v1/admin/batches/{batch}")[1]["counts"] == {"available": 4, "delivered": 1}
    assert [item["id"] for item in shop.get("/v1/admin/batches", {"sku": "VIP-M"})[1]["items"]] == [batch]
    assert shop.get("/v1/admin/batches", {"sku": "NONE"})[1]["items"] == []


def test_levels(shop: Shop) -> None:
    stats = shop.cloud.table("StatsTable")
    stats.put({"pk": "LEVEL#VIP-M", "sk": "shared", "available": 4, "delivered": 1, "v": 1})
    stats.put({"pk": "LEVEL#VIP-M", "sk": "taobao", "available": 2, "v": 1})
    stats.put({"pk": "LEVEL#VIP-M", "sk": "BATCH#B1", "available": 6})
    levels = shop.get("/v1/admin/stock", {"sku": "VIP-M"})[1]
    assert (levels["counts"]["available"], levels["counts"]["delivered"]) == (6, 1)
    assert levels["channels"] == [
        {"channel": "shared", "counts": {"available": 4, "delivered": 1}},
        {"channel": "taobao", "counts": {"available": 2}},
    ]


def test_levels_of_several_skus_are_one_call(shop: Shop) -> None:
    stats = shop.cloud.table("StatsTable")
    for number in range(30):
        stats.put({"pk": f"LEVEL#VIP-{number}", "sk": "shared", "available": number, "v": 1})
    stats.put({"pk": "LEVEL#VIP-7", "sk": "taobao", "available": 2, "sold": 1})
    skus = [*(f"VIP-{number}" for number in reversed(range(30))), "NONE"]
    items = shop.get("/v1/admin/stock-levels", {"sku": skus})[1]["items"]
    assert [item["sku"] for item in items] == skus, "in the order asked"
    by_sku = {item["sku"]: item for item in items}
    assert by_sku["VIP-7"] == shop.get("/v1/admin/stock", {"sku": "VIP-7"})[1]
    assert [by_sku[sku]["counts"]["available"] for sku in ("VIP-29", "VIP-7", "NONE")] == [29, 9, 0]
    assert [item["sku"] for item in shop.get("/v1/admin/stock-levels", {"sku": "VIP-3"})[1]["items"]] == ["VIP-3"]


def test_levels_of_none_or_of_too_many_skus_are_refused(shop: Shop) -> None:
    refused: tuple[dict[str, str | list[str]], ...] = (
        {},
        {"sku": [f"S{number}" for number in range(101)]},
        {"sku": ["A", "not a sku"]},
    )
    for query in refused:
        status, problem, _ = shop.get("/v1/admin/stock-levels", query)
        assert (status, problem["code"]) == (422, "invalid_request")


def recounted(shop: Shop) -> dict[str, int]:
    made = wiring.recount()
    object.__setattr__(made, "clock", lambda: shop.now)
    return recount.run(made)


def test_the_recount_repairs_levels_and_pools(shop: Shop) -> None:
    batch = stocked(shop, 5)
    shop.brought(b"SOON-1\nSOON-2\n", expires_at="2026-11-24T04:00:00Z", channel="taobao")
    sell(shop)
    stats, pools = shop.cloud.table("StatsTable"), PoolsTable(shop.cloud.table("SupplyTable"))
    stats.put({"pk": "LEVEL#VIP-M", "sk": "shared", "available": 9, "reserved": 1, "v": 1})
    pools.close(Pool("VIP-M", SHARED, "9999-12-31"))
    pools.open(Pool("VIP-M", "douyin", "2027-01-01"))
    pools.open(Pool("VIP-M", SHARED, "2026-11-01"))
    did = recounted(shop)
    assert did == {
        "cards": 7,
        "expired": 0,
        "levels_wrong": 4,
        "levels_repaired": 4,
        "pools_opened": 1,
        "pools_closed": 2,
    }
    levels = shop.get("/v1/admin/stock", {"sku": "VIP-M"})[1]["channels"]
    assert levels == [
        {"channel": "shared", "counts": {"available": 4, "delivered": 1}},
        {"channel": "taobao", "counts": {"available": 2}},
    ]
    assert shop.get(f"/v1/admin/batches/{batch}")[1]["counts"] == {"available": 4, "delivered": 1}
    assert {(p.channel, p.sell_by_day) for p in pools.every("VIP-M", fresh=True)} == {
        (SHARED, "9999-12-31"),
        ("taobao", "2026-11-24"),
    }
    kept = shop.cloud.contents("FactsTable")
    told = [(item.get("sku", ""), item.get("quantity", 0), item["at"]) for item in kept["FactsTable"]]
    begin = "2026-11-22T16:00:00.000Z"
    assert sorted(told) == [("", 0, begin), ("VIP-M", 6, begin)], "the day's stock, at its beginning in Shanghai"
    again = recounted(shop)
    assert (again["levels_wrong"], again["pools_opened"], again["pools_closed"]) == (0, 0, 0)
    assert shop.cloud.contents("FactsTable") == kept


def test_the_recount_expires_what_is_over(shop: Shop) -> None:
    shop.brought(b"SOON-1\nSOON-2\nLATER-1,2027-01-01\n", expires_at="2026-11-24T04:00:00Z")
    shop.now = datetime(2026, 11, 25, 20, 20, tzinfo=UTC)
    did = recounted(shop)
    assert (did["expired"], did["pools_closed"]) == (2, 1)
    assert states(shop) == ["available", "expired", "expired"]
    assert [card for card in shop.cards() if card["state"] == "expired" and "available" in card] == []
    assert recounted(shop)["expired"] == 0


def test_a_level_that_moves_while_it_is_counted_is_left(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    stocked(shop, 2)
    stats = shop.cloud.table("StatsTable")
    stats.put({"pk": "LEVEL#VIP-M", "sk": "shared", "available": 9, "v": 1})
    real = recount._walk

    def walk(table: Any, attributes: str) -> Any:
        if "#batch" in attributes:
            stats.update({"pk": "LEVEL#VIP-M", "sk": "shared"}, "ADD available :one", one=1)
        return real(table, attributes)

    monkeypatch.setattr(recount, "_walk", walk)
    assert recounted(shop)["levels_repaired"] == 1  # the batch's
    assert shop.get("/v1/admin/stock", {"sku": "VIP-M"})[1]["counts"]["available"] == 10


def test_the_recount_handler_says_what_it_did(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    stocked(shop, 1)
    recount.handler({}, None)
    assert '"cards":1' in capfd.readouterr().out
