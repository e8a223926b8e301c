"""Purchase orders for stock: made by people, sent once, received into stock, and what a person must find out."""

from contextlib import suppress
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.errors import Busy, Conflict, Forbidden, Invalid, KeyReused, NotFound
from quanyi.orders.table import OrdersTable
from quanyi.purchases.model import PurchaseOrder
from quanyi.purchases.table import PurchasesTable, Taken
from quanyi.supply.port import NotOffered
from reorder.messages import PurchaseBody, ResolveBody, what_to_do
from reorder.placing import NoOffer, approve, ask_now, cancel, make, note, resolve
from reorder.sending import ask
from tests.aws.bazaar import Bazaar
from tests.aws.conftest import Cloud

OPERATOR = Caller(role="operator", key_id="K1")


@pytest.fixture
def bazaar(cloud: Cloud) -> Bazaar:
    made = Bazaar(cloud)
    made.sku()
    return made


def order(bazaar: Bazaar, key: str = "k1", quantity: int = 5, **more: Any) -> PurchaseOrder:
    body = {"sku": "ik-month", "quantity": quantity, "approve": True, **more}
    return make(bazaar.buying, OPERATOR, key, PurchaseBody.model_validate(body))


def again(bazaar: Bazaar, po: PurchaseOrder) -> PurchaseOrder:
    return bazaar.buying.purchases.get(po.id)


def test_cards_are_bought_for_stock(bazaar: Bazaar) -> None:
    bazaar.seller("acme")
    bazaar.sells("acme", pack=4)
    po = order(bazaar)
    assert order(bazaar).id == po.id, "the same call again"
    assert (po.quantity, po.total) == (8, 12_000)
    bazaar.run_stock()
    po = again(bazaar, po)
    assert (po.state, po.received, po.applied) == ("received", 8, True)
    assert len(bazaar.cards_in("available")) == 8
    assert bazaar.bought("ik-month", 2).state == "fulfilled"


def test_who_waits_is_served_first(bazaar: Bazaar) -> None:
    bazaar.sku("waits", hold="payment", on_shortage="backlog")
    bazaar.seller("acme")
    waiting = bazaar.bought("waits", 2)  # before anybody offered it
    bazaar.sells("acme", "waits")
    order(bazaar, sku="waits")
    bazaar.run_stock()
    assert len(bazaar.cards_in("reserved")) == 2
    assert len(bazaar.cards_in("available")) == 3
    assert bazaar.order(waiting).state == "fulfilling"


def test_one_open_order_for_one_need(bazaar: Bazaar) -> None:
    acme = bazaar.seller("acme", "slow")
    bazaar.sells("acme")
    po = order(bazaar)
    with pytest.raises(Taken) as taken:
        order(bazaar, "k2")
    assert taken.value.extra["purchase"] == po.id
    assert order(bazaar, "k3", channel="site", sku="ik-month").id != po.id, "another channel's need is another"
    bazaar.run_stock()
    acme.finish(po.id)
    bazaar.sweep_purchases()
    assert order(bazaar, "k2").state == "approved"


def test_a_draft_waits_for_a_person(bazaar: Bazaar) -> None:
    acme = bazaar.seller("acme")
    bazaar.sells("acme")
    po = order(bazaar, approve=False, note="for the holidays")
    bazaar.sweep_purchases(hours=1)
    bazaar.run_stock()
    assert (again(bazaar, po).state, acme.sent.total()) == ("draft", 0)
    for _ in range(2):
        po = approve(bazaar.buying, OPERATOR, po.id)
    bazaar.run_stock()
    assert (again(bazaar, po).state, acme.sent.total()) == ("received", 1)
    with pytest.raises(Conflict):
        cancel(bazaar.buying, OPERATOR, po.id, "too late")


def test_a_lost_execution_is_started_anew(bazaar: Bazaar) -> None:
    acme = bazaar.seller("acme")
    bazaar.sells("acme")
    po = order(bazaar)
    bazaar.purchasing.alive.clear()
    bazaar.sweep_purchases()
    assert len(bazaar.purchasing.alive) == 1
    bazaar.run_stock()
    assert (again(bazaar, po).state, acme.sent.total()) == ("received", 1)


def test_a_cancelled_need_is_free_again(bazaar: Bazaar) -> None:
    bazaar.seller("acme")
    bazaar.sells("acme")
    po = order(bazaar, approve=False)
    for _ in range(2):
        assert cancel(bazaar.buying, OPERATOR, po.id, "not needed").state == "cancelled"
    assert order(bazaar, "k2").state == "approved"
    with pytest.raises(Conflict):
        approve(bazaar.buying, OPERATOR, po.id)


def test_what_a_person_found_out_ends_it(bazaar: Bazaar) -> None:
    acme = bazaar.seller("acme", "lost_after")
    bazaar.sells("acme")
    acme.deaf = True
    po = order(bazaar, quantity=2)
    bazaar.run_stock()
    with pytest.raises(NotOffered):
        cancel(bazaar.buying, OPERATOR, po.id, "no use")
    body = {
        "outcome": "succeeded",
        "reason": "sent by mail",
        "cards": [{"number": "A1B2C3D4E5"}, {"number": "F6G7H8J9K0"}],
    }
    po = resolve(bazaar.buying, OPERATOR, po.id, ResolveBody.model_validate(body))
    assert (po.state, po.received, po.applied) == ("received", 2, True)
    assert len(bazaar.cards_in("available")) == 2
    assert resolve(bazaar.buying, OPERATOR, po.id, ResolveBody.model_validate(body)) == po, "the same call again"
    with pytest.raises(Conflict):
        resolve(bazaar.buying, OPERATOR, po.id, ResolveBody(outcome="failed", reason="no"))


def test_a_purchase_said_to_have_failed_that_comes_all_the_same_is_marked(bazaar: Bazaar) -> None:
    acme = bazaar.seller("acme", "slow")
    bazaar.sells("acme")
    po = order(bazaar, quantity=2)
    bazaar.run_stock()
    resolve(bazaar.buying, OPERATOR, po.id, ResolveBody(outcome="failed", reason="they said so"))
    acme.finish(po.id)
    po = ask(bazaar.buying, again(bazaar, po))
    assert (po.state, po.contradicted, po.received) == ("failed", True, 2)
    assert len(bazaar.cards_in("available")) == 2, "nothing is lost"


def test_what_cannot_be_bought_is_refused(bazaar: Bazaar) -> None:
    bazaar.seller("acme")
    bazaar.sells("acme", cost=2500)
    with pytest.raises(NoOffer) as none:
        order(bazaar)
    assert none.value.extra["why"] == {"acme": "too_dear"}
    assert order(bazaar, most=2500).unit_cost == 2500
    with pytest.raises(KeyReused):
        order(bazaar, most=2600)
    with pytest.raises(NotFound):
        order(bazaar, "k9", sku="nothing")
    bazaar.sku("by-hand", kind="manual")
    with pytest.raises(Invalid):
        order(bazaar, "k9", sku="by-hand")
    bazaar.sku("shared-card", reusable_uses=5)
    bazaar.sells("acme", "shared-card")
    with pytest.raises(Invalid) as reusable:
        order(bazaar, "k9", sku="shared-card")
    assert reusable.value.extra["reason"] == "reusable"
    assert not any(po.sku == "shared-card" for po in bazaar.purchases())
    with pytest.raises(Forbidden):
        make(
            bazaar.buying, Caller(role="support"), "k", PurchaseBody.model_validate({"sku": "ik-month", "quantity": 1})
        )


def test_a_supplier_without_credentials_fails_at_once(bazaar: Bazaar) -> None:
    bazaar.seller("acme")
    bazaar.sells("acme")
    po = order(bazaar)
    del bazaar.sellers["acme"]
    bazaar.run_stock()
    assert (again(bazaar, po).state, again(bazaar, po).reason) == ("failed", "not_found")
    assert ask_now(bazaar.buying, OPERATOR, po.id).applied
    assert note(bazaar.buying, OPERATOR, po.id, "asked them to call").notes[0].text == "asked them to call"


def test_who_has_all_of_it_goes_first_and_else_a_part_is_bought(bazaar: Bazaar) -> None:
    for name, cost, limit in (("best", 1000, 4), ("next", 1200, 9)):
        bazaar.seller(name)
        bazaar.sells(name, cost=cost, daily_limit=limit)
    whole = order(bazaar, quantity=6)
    assert (whole.supplier, whole.quantity) == ("next", 6)
    bazaar.run_stock()
    part = order(bazaar, "k2", quantity=6)
    assert (part.supplier, part.quantity) == ("best", 4)
    bazaar.run_stock()
    assert order(bazaar, "k3", quantity=6).quantity == 3, "what is left of the other's limit"
    bazaar.run_stock()
    with pytest.raises(NoOffer) as none:
        order(bazaar, "k4")
    assert none.value.extra["why"] == {"best": "daily_limit", "next": "daily_limit"}


def test_cards_that_come_after_the_end_count_in_budget_and_quota_again(
    bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = bazaar.seller("acme", "slow")
    bazaar.sells("acme", daily_limit=10)
    po = order(bazaar, quantity=4)
    bazaar.buying.purchases.save(po.model_copy(update={"budget": "2026-11"}))
    bazaar.buying.purchases.table.update({"pk": "BUDGET#2026-11", "sk": "CNY"}, "ADD committed :all", all=po.total)
    bazaar.run_stock()

    def counted() -> tuple[int, int]:
        kept = bazaar.buying.purchases
        return kept.taken("acme", "ik-month", po.quota_day), kept.committed("2026-11", "CNY")

    cards = acme.orders[po.id]["cards"]
    acme.orders[po.id] |= {"state": "done", "cards": cards[:1]}
    bazaar.sweep_purchases()
    assert (again(bazaar, po).received, counted()) == (1, (1, 1500))
    for came, count in ((3, 3), (4, 4), (4, 4)):
        acme.orders[po.id]["cards"] = cards[:came]
        with monkeypatch.context() as patched:
            patched.setattr(PurchasesTable, "give_back", lambda *_: dies())
            with suppress(Busy):
                ask(bazaar.buying, again(bazaar, po))  # breaks off before it is counted
        bazaar.sweep_purchases()
        ask(bazaar.buying, again(bazaar, po))
        seen = again(bazaar, po)
        assert (seen.received, seen.applied, seen.due_at) == (came, True, None)
        assert counted() == (count, count * 1500)
    assert len(bazaar.cards_in("available")) == 4


def dies() -> bool:
    raise Busy


def test_an_end_that_cannot_be_applied_is_told_to_a_person_and_done_once_it_can(
    bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = bazaar.seller("acme", "slow")
    bazaar.sku(sourcing="on_demand", hold="payment", on_shortage="backlog")
    bazaar.sells("acme")
    buyers = bazaar.bought()
    (po,) = bazaar.purchases()
    acme.finish(po.id)
    with monkeypatch.context() as patched:
        patched.setattr(OrdersTable, "change", lambda *_: dies())
        bazaar.sweep_purchases()
        assert not opened(bazaar), "it may pass"
        for _ in range(4):
            bazaar.sweep_purchases(minutes=20)
        assert opened(bazaar) == {"purchase_not_applied": po.id}
        seen = again(bazaar, po)
        assert (seen.state, seen.applied, seen.for_person) == ("received", False, True)
        assert "order is there" in (what_to_do(seen) or "")
    bazaar.sweep_purchases(minutes=61)
    bazaar.run()
    seen = again(bazaar, po)
    assert (seen.applied, seen.for_person, seen.due_at) == (True, False, None)
    assert bazaar.order(buyers).state == "fulfilled"
    assert not opened(bazaar)


def test_cards_of_an_order_that_is_gone_are_told_and_then_the_shops(bazaar: Bazaar) -> None:
    acme = bazaar.seller("acme", "slow")
    bazaar.sku(sourcing="on_demand", hold="payment", on_shortage="backlog")
    bazaar.sells("acme")
    buyers = bazaar.bought()
    (po,) = bazaar.purchases()
    acme.finish(po.id)
    bazaar.cloud.table("OrdersTable").delete({"pk": f"ORDER#{buyers.id}", "sk": "ORDER"})
    bazaar.sweep_purchases()
    assert not again(bazaar, po).applied
    for _ in range(4):
        bazaar.sweep_purchases(minutes=20)
    assert opened(bazaar) == {"purchase_not_applied": po.id}
    bazaar.sweep_purchases(minutes=61)
    assert (again(bazaar, po).applied, opened(bazaar)) == (True, {})
    assert len(bazaar.cards_in("available")) == 1


def opened(bazaar: Bazaar) -> dict[str, str]:
    return {alert.kind: alert.subject for alert in bazaar.buying.alerts.open_ones() if alert.kind != "purchase_differs"}
