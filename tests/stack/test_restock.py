"""Stock that is watched, deployed: what is low is told, proposed or bought, comes in, and is compared with what its
supplier says that it took.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from tests.stack.deployed import Deployed
from tests.stack.shop import Shop, Store, number, until
from tests.stack.supply import Supply, supplied
from tools.local.suppliers.shop import BEIJING

WATCH = "ReorderWatch"
LOW, UP_TO = 2, 4


@pytest.fixture(scope="module")
def supply(shop: Shop) -> Iterator[Supply]:
    with supplied(shop) as found:
        yield found


def watched(supply: Supply, mode: str) -> str:
    """A SKU without stock, with a policy; answers its id."""
    sku = supply.cards(sourcing="stock", hold="order")
    terms = {"version": 0, "mode": mode, "levels": {"kind": "fixed", "low": LOW, "order_up_to": UP_TO}}
    supply.shop.admin("PUT", f"/stock-policies/{sku}/shared", terms).must()
    return sku


def alerted(supply: Supply, kind: str, subject: str) -> list[dict[str, Any]]:
    """Alerts of that, open or over."""
    listed = supply.shop.admin("GET", f"/alerts?kind={kind}&limit=100&language=en").must()["items"]
    return [alert for alert in listed if alert["subject"] == subject]


def available(supply: Supply, sku: str) -> int:
    """As levels have it, which follow cards within seconds."""
    preview = supply.shop.admin("POST", f"/stock-policies/{sku}/shared/preview").must(200)
    return preview["stock"]["available"]


def received(supply: Supply, sku: str) -> dict[str, Any]:
    """Its only purchase order, once it is over."""

    def look() -> dict[str, Any] | None:
        (po,) = supply.purchases(sku)
        return po if po["state"] == "received" else None

    return until(look, seconds=90)


def test_what_is_low_is_told_proposed_approved_and_received(supply: Supply, site: Store, deployed: Deployed) -> None:
    sku = watched(supply, "propose")
    deployed.sweep(WATCH)
    (draft,) = supply.purchases(sku)
    assert (draft["state"], draft["quantity"], draft["created_by"]) == ("draft", UP_TO, "policy")
    steps = {step["code"]: step["value"] for step in draft["explanation"]["steps"]}
    explained = {"available": 0, "low": LOW, "position": 0, "order_up_to": UP_TO, "wanted": UP_TO, "quantity": UP_TO}
    assert explained.items() <= steps.items()
    (out,) = alerted(supply, "stock_out", f"{sku}#shared")
    assert out["facts"] == {"left": 0, "reorder_at": LOW, "coming": 0, "proposed": UP_TO, "order_up_to": UP_TO}
    assert (out["state"], len(out["explanation"]) > 1) == ("open", True)
    (waits,) = alerted(supply, "purchase_waits_approval", draft["id"])
    assert waits["state"] == "open"
    assert draft["id"] not in supply.server.shop.sales, "nothing is bought before it is approved"

    supply.shop.admin("POST", f"/purchase-orders/{draft['id']}/approve").must()
    assert received(supply, sku)["received"] == UP_TO
    until(lambda: available(supply, sku) == UP_TO)
    deployed.sweep(WATCH)
    assert [alert["state"] for alert in alerted(supply, "stock_out", f"{sku}#shared")] == ["recovered"]
    assert [alert["state"] for alert in alerted(supply, "purchase_waits_approval", draft["id"])] == ["recovered"]
    assert [po["id"] for po in supply.purchases(sku)] == [draft["id"]]
    _, numbers = site.buy(sku, UP_TO)
    assert set(numbers) <= set(supply.delivered())


def test_what_may_be_bought_by_itself_is_bought_once_by_two_that_watch_at_once(
    supply: Supply, deployed: Deployed
) -> None:
    skus = [watched(supply, "auto") for _ in range(3)]
    with ThreadPoolExecutor(2) as several:
        done = list(several.map(lambda _: deployed.sweep(WATCH), range(2)))
    assert [run["faults"] for run in done] == [0, 0]
    for sku in skus:
        po = received(supply, sku)
        assert (po["quantity"], po["received"], po["approved_by"]) == (UP_TO, UP_TO, "policy")
    assert supply.server.shop.charged_twice() == []


@pytest.fixture
def seller(shop: Shop) -> Iterator[Supply]:
    """Whose statement is this test's alone."""
    with supplied(shop) as found:
        yield found


def test_a_statement_is_compared_and_what_it_owes_is_claimed(seller: Supply) -> None:
    seller.server.shop.keeps_shortages = True
    right, short = bought(seller), bought(seller, fault="short")
    day = datetime.fromisoformat(right["sent_at"]).astimezone(BEIJING).date().isoformat()
    asked = {"supplier": seller.id, "day": day}

    told = seller.shop.admin("POST", "/purchase-orders/statements", asked).must(200)
    (line,) = told["lines"]
    assert (told["rows"], told["matched"], told["differences"]) == (2, 1, 1)
    assert (line["purchase"], line["kind"], line["claim"]["amount"]) == (short["id"], "charged_for_missing", 1500)
    states = {po["id"]: (po["state"], po["claim"]["amount"]) for po in seller.purchases(right["sku"])}
    assert states[right["id"]] == ("reconciled", 0)
    po = seller.shop.admin("GET", f"/purchase-orders/{short['id']}").must()
    assert (po["state"], po["claim"]["amount"]) == ("received", 1500)
    (differs,) = alerted(seller, "statement_differs", f"{seller.id}#{day}")
    assert (differs["state"], differs["facts"]["claim"]) == ("open", 1500)

    # The lines of its back office, with what it gave back meanwhile.
    rows = [{"purchase": right["id"], "amount": 3000}, {"purchase": short["id"], "amount": 3000}]
    rows += [{"number": short["supplier_number"], "amount": -1500}]
    settled = seller.shop.admin("POST", "/purchase-orders/statements", asked | {"rows": rows}).must(200)
    assert (settled["matched"], settled["differences"], settled["claim"]["amount"], settled["lines"]) == (2, 0, 0, [])
    assert seller.shop.admin("GET", f"/purchase-orders/statements?supplier={seller.id}&day={day}").must() == settled
    assert [alert["state"] for alert in alerted(seller, "statement_differs", f"{seller.id}#{day}")] == ["recovered"]


def bought(seller: Supply, fault: str = "") -> dict[str, Any]:
    """A purchase order of two cards for stock that is over."""
    sku = seller.cards(sourcing="stock", hold="order")
    if fault:
        seller.server.faults.on(fault)
    made = {"sku": sku, "quantity": 2, "approve": True}
    seller.shop.admin("POST", "/purchase-orders", made, key=number()).must(201)
    po = received(seller, sku)
    seller.server.faults.off()
    return po
