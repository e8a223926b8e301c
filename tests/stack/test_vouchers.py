"""Vouchers of the shop's own, deployed: bought and shown as a QR code; generated, exported, found, sold from stock,
cancelled by a refund."""

import csv
import io
from typing import Any

from tests.stack.shop import Shop, Store, until

TIMES = {"value": {"kind": "times", "times": 3}, "pin_digits": 6}


def voucher_sku(shop: Shop, **terms: Any) -> str:
    return shop.sku(kind="voucher", voucher={**TIMES, **terms})


def generated(shop: Shop, series: str, count: int, into: str) -> dict[str, Any]:
    run = shop.admin("POST", f"/voucher-series/{series}/generate", {"count": count, "into": into}).must(202)
    return shop.imported(run["id"])


def exported(shop: Shop, series: str) -> list[dict[str, str]]:
    answer = shop.admin("GET", f"/voucher-series/{series}/export")
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    rows = list(csv.DictReader(io.StringIO(answer.raw.decode("utf-8-sig"))))
    shop.secrets += [text for row in rows for text in (row["code"], row["qr"]) if text]
    return rows


def test_a_voucher_is_bought_and_shown(shop: Shop, site: Store) -> None:
    sku = voucher_sku(shop, rules={"days_from_delivery": 30})
    order, codes = site.buy(sku, 2)
    shop.secrets += codes
    assert len(set(codes)) == 2
    (line,) = site.reveal(order)["deliveries"]
    for unit in line["units"]:
        assert (unit["voucher"]["left"], unit["voucher"]["whole"], len(unit["pin"])) == (3, 3, 6)
        assert unit["valid_until"]
    path = f"/v1/orders/{order.id}/vouchers/0-0/qr"
    fresh = site.wire.send("GET", path, credential=order.token)
    assert fresh.headers["cache-control"] == "no-store"
    assert fresh.must()["text"].startswith("QV1.f.")
    assert fresh.body["svg"].startswith("<svg")
    static = site.wire.send("GET", f"{path}?kind=static", credential=site.server).must()
    assert (static["text"][:6], static["expires_at"]) == ("QV1.s.", None)
    shop.secrets += [fresh.body["text"], static["text"]]
    found = shop.admin("POST", "/vouchers/find", {"codes": codes}).must()["items"]
    assert [(one["order"], one["left"]) for one in found] == [(order.id, 3)] * 2
    listed = shop.admin("GET", f"/vouchers?order={order.id}").must()["items"]
    assert {one["id"] for one in listed} == {one["id"] for one in found}


def test_a_refund_cancels_what_was_not_used(shop: Shop, site: Store) -> None:
    order, codes = site.buy(voucher_sku(shop))
    shop.secrets += codes
    support = shop.new_key("support")["key"]
    body = {"reason": "changed their mind"}
    path = f"/v1/orders/{order.id}/refunds"
    site.wire.send("POST", path, body, credential=support, key="r1").must(201)
    site.reaches(order, "refunded")
    refund = site.wire.send("POST", path, body, credential=support, key="r1").must(201)
    assert refund["goods"] == {"0-0": "cancelled"}
    (voucher,) = shop.admin("POST", "/vouchers/find", {"codes": codes}).must()["items"]
    assert voucher["state"] == "voided"


def test_a_series_is_generated_exported_and_sold(shop: Shop, site: Store) -> None:
    sku = voucher_sku(shop, issue="stock")
    series = shop.admin("POST", "/voucher-series", {"sku": sku}).must(201)["id"]
    given = generated(shop, series, 30, "handed_out")
    assert (given["cards"], given["duplicate"], given["file_type"]) == (30, 0, "generated")
    generated(shop, series, 2, "stock")
    rows = exported(shop, series)
    assert [int(row["number"]) for row in rows] == list(range(1, 33))
    assert len({row["code"] for row in rows}) == 32
    found = shop.admin("POST", "/vouchers/find", {"codes": [row["code"] for row in rows]}).must()["items"]
    assert [(one["number"], one["id"]) for one in found] == [(int(row["number"]), row["card"]) for row in rows]

    order, codes = site.buy(sku)
    assert codes[0] in {row["code"] for row in rows[30:]}
    (sold,) = [row for row in exported(shop, series) if row["card"] == _card(shop, order.id)]
    assert (sold["state"], sold["code"], sold["pin"], sold["qr"]) == ("delivered", "", "", "")

    shop.admin("POST", f"/voucher-series/{series}/cancel", {"reason": "recalled"}).must()
    until(lambda: not [row for row in exported(shop, series) if row["state"] == "available"] or None)
    site.try_place(sku).refuses(409, "sold_out")
    trail = shop.admin("GET", f"/audit?series={series}").must()["entries"]
    told = [fact["what"] for entry in trail for fact in entry["facts"]]
    assert {"SeriesMade", "Generating", "CodesExported", "SeriesCancelled"} <= set(told)


def _card(shop: Shop, order: str) -> str:
    (voucher,) = shop.admin("GET", f"/vouchers?order={order}").must()["items"]
    return voucher["id"]
