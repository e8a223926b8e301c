"""Alipay, WeChat Pay and Stripe behind the deployed shop: every way to pay, and money that goes ways of its own."""

import json
import signal
from collections import Counter
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from quanyi.orders.journal import balances
from tests.stack.books import Books
from tests.stack.deployed import Deployed
from tests.stack.psp import Psp
from tests.stack.shop import Shop, Store, number, until
from tools.demo_providers import set_up
from tools.local.providers.process import ProvidersProcess
from tools.local.stack import Stack
from tools.shop_client import HttpShop

PRICE = 1999
WAYS = [
    *(("alipay", method) for method in ("page", "wap", "qr")),
    *(("wechat", method) for method in ("native", "jsapi", "h5")),
    *(("stripe", method) for method in ("payment_intent", "checkout")),
]


@pytest.mark.parametrize(("name", "method"), WAYS)
def test_a_card_is_bought(shop: Shop, site: Store, psps: dict[str, Psp], books: Books, name: str, method: str) -> None:
    psp, sku = psps[name], shop.sku()
    codes = shop.stock(sku, 1)
    order = site.place(sku)
    payment = psp.open(site, order, method)
    psp.pay(payment)
    assert site.status(order)["state"] == "awaiting_payment"
    psp.tell_itself(payment)
    site.reaches(order, "fulfilled")
    assert site.received(order) == codes
    kept = books.settled(order)
    (made,) = kept.payments
    assert (made.provider, made.method, made.captured, made.currency) == (name, method, PRICE, None)
    assert (psp.taken(payment), psp.refunds(payment)) == (PRICE, [])
    assert balances(kept)[f"provider:{name}"] == PRICE - made.fee


@pytest.mark.parametrize(("client", "ways"), [("desktop", 5), ("phone", 4), ("mini_program", 1), (None, 8)])
def test_shoppers_are_told_how_they_can_pay(psps: dict[str, Psp], site: Store, client: str | None, ways: int) -> None:
    query = f"?client={client}" if client else ""

    def offered() -> list[dict[str, object]] | None:
        answer = site.wire.send("GET", f"/v1/payment-methods{query}", credential=site.browser).must()
        real = [one for one in answer["methods"] if one["provider"] in psps]
        return real or None

    found = until(offered)
    assert len(found) == ways
    assert all(one["available"] for one in found)
    assert {(one["provider"], one["method"]) for one in found} <= set(WAYS)


def test_a_notification_that_got_lost_is_made_up_for_by_the_sweep(
    shop: Shop, site: Store, psp: Psp, deployed: Deployed, books: Books
) -> None:
    """Long before the order's deadline: the sweep asks about every payment that is open for long."""
    sku = shop.sku()
    codes = shop.stock(sku, 1)
    order = site.place(sku)
    payment = psp.paid(site, order)
    deployed.make_due(order)
    deployed.sweep("CheckoutSweep")
    site.reaches(order, "fulfilled")
    assert site.received(order) == codes
    psp.tell(shop.wire, payment)  # it was only late
    kept = books.settled(order)
    assert (len(kept.payments), kept.captured, psp.refunds(payment)) == (1, PRICE, [])


def test_money_at_the_deadline_is_found_by_the_sweep(
    shop: Shop, site: Store, psp: Psp, deployed: Deployed, books: Books
) -> None:
    """The order's time is over, no notification came: closing the payment tells that the money was faster."""
    sku = shop.sku()
    codes = shop.stock(sku, 1)
    order = site.place(sku)
    payment = psp.paid(site, order)
    deployed.make_late(order)
    deployed.sweep("CheckoutSweep")
    site.reaches(order, "fulfilled")
    assert site.received(order) == codes
    books.settled(order)
    assert psp.refunds(payment) == []
    assert books.check_no_card_twice(sku) == Counter(delivered=1)


def test_money_that_is_told_late_buys_all_the_same(
    shop: Shop, site: Store, psp: Psp, deployed: Deployed, books: Books
) -> None:
    sku = shop.sku()
    codes = shop.stock(sku, 1)
    order = site.place(sku)
    payment = psp.paid(site, order)
    deployed.make_late(order)
    psp.tell(shop.wire, payment)
    assert site.reaches(order, "fulfilled")["refunded"]["amount"] == 0
    assert site.received(order) == codes
    books.settled(order)
    assert books.check_no_card_twice(sku) == Counter(delivered=1)


def test_an_order_that_ends_closes_its_payment(
    shop: Shop, site: Store, psp: Psp, deployed: Deployed, books: Books
) -> None:
    sku = shop.sku()
    shop.stock(sku, 1)
    order = site.place(sku)
    payment = psp.open(site, order)
    psp.begin(payment)
    assert psp.is_open(payment)
    deployed.make_late(order)
    deployed.sweep("CheckoutSweep")
    assert site.status(order)["state"] == "expired"
    assert not psp.is_open(payment)
    with pytest.raises(Exception, match=r"(?i)clos|status|cancel"):
        psp.pay(payment)
    assert books.check_no_card_twice(sku) == Counter(available=1)


def test_of_two_payments_one_goes_back(shop: Shop, site: Store, psp: Psp, books: Books) -> None:
    """Both were under way when the first one was told: which that was does not matter."""
    sku = shop.sku()
    codes = shop.stock(sku, 2)
    order = site.place(sku)
    payments = [psp.open(site, order, key=key) for key in ("pay-1", "pay-2")]
    for payment in payments:
        psp.pay(payment)
    for payment in payments:
        psp.tell(shop.wire, payment)
    kept = books.settled(order, lambda: [psp.tell_news(shop.wire, payment) for payment in payments])
    assert (kept.state, kept.captured, kept.refunded, kept.surplus) == ("fulfilled", 2 * PRICE, PRICE, 0)
    assert [psp.taken(payment) for payment in payments] == [PRICE, PRICE]
    assert sorted(map(psp.refunds, payments)) == [[], [PRICE]]
    assert set(site.received(order)) < set(codes)
    assert len(site.received(order)) == 1


def test_what_was_paid_too_much_goes_back(shop: Shop, site: Store, psp: Psp, books: Books) -> None:
    sku = shop.sku()
    shop.stock(sku, 1)
    order = site.place(sku)
    payment = psp.paid(site, order, amount=PRICE + 501)
    kept = books.settled(order, lambda: psp.tell_news(shop.wire, payment))
    assert (kept.state, kept.captured, kept.refunded) == ("fulfilled", PRICE + 501, 501)
    assert psp.refunds(payment) == [501]


@pytest.mark.parametrize("name", ["wechat", "stripe"])
def test_money_in_another_currency_goes_back(
    shop: Shop, site: Store, psps: dict[str, Psp], books: Books, deployed: Deployed, name: str
) -> None:
    """Alipay takes yuan alone and would not even be asked for dollars."""
    psp, sku = psps[name], shop.sku()
    shop.stock(sku, 1)
    order = site.place(sku)
    payment = psp.open(site, order)
    psp.pay(payment, currency="USD")
    psp.tell_news(shop.wire, payment)
    deployed.make_late(order)
    deployed.sweep("CheckoutSweep")
    kept = books.settled(order, lambda: psp.tell_news(shop.wire, payment))
    assert (kept.captured, kept.payments[0].captured, kept.payments[0].currency) == (0, PRICE, "USD")
    assert (psp.refunds(payment), kept.paid_at) == ([PRICE], None)
    assert books.check_no_card_twice(sku) == Counter(available=1)


def test_support_sends_a_part_back(shop: Shop, site: Store, psp: Psp, books: Books) -> None:
    sku = shop.sku()
    shop.stock(sku, 1)
    order = site.place(sku)
    payment = psp.paid(site, order)
    psp.tell(shop.wire, payment)
    site.reaches(order, "fulfilled")
    support, key = shop.new_key("support")["key"], number()
    body = {"reason": "a part did not work", "amount": {"amount": 500, "currency": "CNY"}}
    for _ in range(2):
        asked = shop.wire.send("POST", f"/v1/orders/{order.id}/refunds", body, credential=support, key=key).must(201)
        assert asked["amount"]["amount"] == 500
    until(lambda: psp.refunds(payment) == [500])
    kept = books.settled(order, lambda: psp.tell_news(shop.wire, payment))
    assert (kept.refunded, len(kept.refunds), kept.units[0].state) == (500, 1, "delivered")
    psp.tell(shop.wire, payment)  # also that it was refunded
    assert (books.order(order), psp.refunds(payment)) == (kept, [500])


def test_two_live_versions_of_the_credentials(shop: Shop, site: Store, psp: Psp, stack: Stack, books: Books) -> None:
    """The provider signs with the old secret for a while; we sign with the new one and believe both."""
    sku = shop.sku()
    shop.stock(sku, 3)
    before = site.place(sku)
    payments = [psp.paid(site, before)]
    psp.rotate()
    path, secrets = f"/payment-providers/{psp.name}/credentials", psp.access()["secrets"]
    changed = shop.admin("PUT", path, {"secrets": secrets}, key=(key := number())).must()
    assert changed["credentials"]["live"] == [sorted(secrets)] * 2
    again = shop.admin("PUT", path, {"secrets": secrets}, key=key).must()
    assert again["settings"]["version"] == changed["settings"]["version"]
    assert not [text for text in secrets.values() if text in json.dumps(changed)]
    after = [site.place(sku), site.place(sku)]
    payments += [psp.paid(site, order) for order in after]
    for payment, version in zip(payments, (1, 0, 1), strict=True):
        for notice in psp.notices(payment, version):
            psp.send(shop.wire, notice)
    for order in (before, *after):
        site.reaches(order, "fulfilled")
        books.settled(order)
    # Entered again as a whole, it is as it was.
    assert set_up(HttpShop(stack.api_url, shop.operator), psp.name, psp.access())


def test_the_providers_as_a_process_of_their_own(tmp_path: Path) -> None:
    with ProvidersProcess(tmp_path / "log", port_base=0) as running:
        assert set(running.urls) == {"alipay", "wechat", "stripe"}
        assert all(url.startswith("http://127.0.0.1:") for url in running.urls.values())
        for name, told in running.told.items():
            assert {"account", "secrets", "endpoint"} <= set(told["access"]), name
        webhook = Request(f"{running.urls['stripe']}/_control/webhook", b'{"url": "http://127.0.0.1:1/"}')
        with urlopen(webhook, timeout=10) as answer:
            assert answer.status == 200
        process = running.process
        assert process
        assert process.poll() is None
    assert process.returncode in (0, -signal.SIGTERM)
