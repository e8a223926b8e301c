"""Purchase orders for stock: made by people, sent once, received into stock, and what a person must find out."""

from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.errors import Conflict, Forbidden, Invalid, KeyReused, NotFound
from quanyi.purchases.model import PurchaseOrder
from quanyi.purchases.table import Taken
from quanyi.supply.port import NotOffered
from reorder.messages import PurchaseBody, ResolveBody
from reorder.placing import NoOffer, approve, ask_now, cancel, make, note, resolve
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
    from reorder.sending import ask

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
