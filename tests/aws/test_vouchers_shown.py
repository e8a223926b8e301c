"""What a buyer sees of a voucher: its code and what is left, and QR codes that are marked as seen, go stale, and stay
closed while a payment is disputed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.cases.reveals import Reveals
from quanyi.errors import Conflict, Forbidden, NotFound
from quanyi.orders.model import Order
from quanyi.vouchers.qr import scanned
from tests.aws.after_sale import card, delivered, shown
from tests.aws.conftest import Call, Cloud
from tests.aws.market import SITE, Market
from tests.aws.memory import MemoryCloud
from vouchers import buyer_qr
from vouchers.buyer_qr import QrKind, qr_for_buyer
from vouchers.views import BuyerQrView
from vouchers.wiring import Shown


@pytest.fixture
def market() -> Market:
    market = Market(MemoryCloud())  # type: ignore[arg-type]
    market.sku("plain")
    market.stock("plain", 1)
    return market


def sell(market: Market, ways: Sequence[str] = ("code", "static_qr", "fresh_qr"), **terms: Any) -> Order:
    market.sku("coffee", kind="voucher", voucher={"value": {"kind": "amount", "amount": 500}, "ways": ways, **terms})
    return delivered(market, sku="coffee")


def works_of(market: Market) -> Shown:
    works = market.works
    reveals = Reveals(works.orders.table, works.members)
    return Shown(works.orders, works.cards, works.series, reveals, market.cloud.keyring, lambda: market.now)


def qr(market: Market, order: Order, kind: QrKind | None = None, caller: Caller | None = None) -> BuyerQrView:
    return qr_for_buyer(works_of(market), caller or Caller(role="order", order=order.id), order.id, "0-0", kind)


def changed(market: Market, order: Order, change: str, **values: Any) -> None:
    market.works.cards.table.update({"card_id": order.units[0].card}, change, **values)


def notes(market: Market) -> list[list[str]]:
    items = market.cloud.contents("OrdersTable")["OrdersTable"]
    return [item["units"] for item in items if item["sk"].startswith("REVEAL#")]


def test_a_delivery_tells_what_a_voucher_is_worth(market: Market) -> None:
    order = sell(market, rules={"days_from_delivery": 30})
    (unit,) = shown(market, order)
    assert unit.voucher
    assert (unit.voucher.left, unit.voucher.whole, unit.voucher.value.kind) == (500, 500, "amount")
    assert unit.valid_until == unit.voucher.valid_until == market.now + timedelta(days=30)
    changed(market, order, "SET #left = :left", left=120)
    assert [unit.voucher.left for unit in shown(market, order) if unit.voucher] == [120]
    changed(market, order, "SET #left = :left, #state = :state", left=0, state="redeemed")
    (unit,) = shown(market, order)
    assert (unit.number is not None, unit.withheld, unit.voucher and unit.voucher.left) == (True, False, 0)
    market.works.series.extend(order.units[0].series, market.now + timedelta(days=90), by="operator:K", now=market.now)
    assert shown(market, order)[0].valid_until == market.now + timedelta(days=90)


def test_a_fresh_qr_code_goes_stale(market: Market) -> None:
    order = sell(market)
    view = qr(market, order)
    found = scanned(market.cloud.keyring, view.text)
    assert found
    assert (found.card_id, found.made_at) == (order.units[0].card, market.now)
    assert view.expires_at == market.now + timedelta(seconds=60)
    assert view.svg.startswith("<svg")
    assert view.text not in view.svg
    market.later(minutes=2)
    assert found.stale(market.now)
    assert qr(market, order).text != view.text
    assert notes(market) == [["0-0"]]


def test_a_static_qr_code_stays(market: Market) -> None:
    order = sell(market)
    first = qr(market, order, "static")
    market.later(days=3)
    assert qr(market, order, "static") == first
    assert first.expires_at is None


@pytest.mark.parametrize(
    ("ways", "kind", "got"),
    [
        (("code", "static_qr"), None, "static"),
        (("code", "fresh_qr"), None, "fresh"),
        (("code", "fresh_qr"), "static", None),
        (("code",), None, None),
    ],
)
def test_only_in_the_ways_that_its_terms_allow(market: Market, ways: Any, kind: Any, got: str | None) -> None:
    order = sell(market, ways)
    if got is None:
        with pytest.raises(Conflict) as refused:
            qr(market, order, kind)
        assert refused.value.extra["reason"] == "way"
    else:
        assert (qr(market, order, kind).expires_at is not None) == (got == "fresh")


def test_a_qr_code_that_was_shown_was_seen(market: Market) -> None:
    """Like a code: it does not go back into stock."""
    order = sell(market)
    qr(market, order)
    assert "revealed_at" in card(market, order.units[0].card)


def test_while_a_payment_is_disputed_only_what_was_seen_is_shown(market: Market) -> None:
    order = sell(market)
    market.works.orders.change(order.id, lambda it: it.model_copy(update={"frozen": ("C1",)}))
    before = market.cloud.contents()
    with pytest.raises(Conflict) as refused:
        qr(market, order)
    assert refused.value.extra["reason"] == "disputed"
    assert market.cloud.contents() == before
    market.works.orders.change(order.id, lambda it: it.model_copy(update={"frozen": ()}))
    qr(market, order)
    market.works.orders.change(order.id, lambda it: it.model_copy(update={"frozen": ("C1",)}))
    assert qr(market, order).text


def test_nobody_else_sees_it(market: Market) -> None:
    order = sell(market)
    other = delivered(market, sku="plain")
    for caller in (Caller(role="order", order=other.id), Caller(role="storefront", channel="taobao")):
        with pytest.raises(NotFound):
            qr(market, order, caller=caller)
    with pytest.raises(Forbidden):
        qr(market, order, caller=Caller(role="support", key_id="S1"))
    with pytest.raises(NotFound):
        qr(market, other)
    assert qr(market, order, caller=SITE).text


@pytest.mark.parametrize("state", ["redeemed", "quarantined", "voided"])
def test_what_cannot_be_used_is_not_shown(market: Market, state: str) -> None:
    order = sell(market)
    changed(market, order, "SET #state = :state", state=state)
    with pytest.raises(Conflict):
        qr(market, order)


def test_a_unit_that_waits_has_none_yet(market: Market) -> None:
    market.sku("coffee", kind="voucher", voucher={})
    order = market.place("coffee")
    with pytest.raises(Conflict):
        qr(market, order)


def test_over_http(cloud: Cloud, call: Call) -> None:
    market = Market(cloud)
    order = sell(market)
    path = f"/v1/orders/{order.id}/vouchers/0-0/qr"
    mine = Caller(role="order", order=order.id)
    for _ in range(2):
        status, body, headers = call(buyer_qr.handler, "GET", path, caller=mine, query={"kind": "static"})
        assert (status, headers["cache-control"]) == (200, "no-store")
        assert set(body) == {"text", "svg", "expires_at"}
    assert call(buyer_qr.handler, "GET", path, caller=mine, query={"kind": "printed"})[0] == 422
