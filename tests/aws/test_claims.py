"""Bad cards replaced: by support, by a buyer's claim, against crashes, refunds and limits; and what the buyer sees."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from aftersales import claims, replacements
from aftersales.claiming import claim_card, claims_of, decide, evidence_of, replace_card, said
from aftersales.listing import open_claims
from aftersales.messages import ClaimBody, DecisionBody, ReplacementBody
from aftersales.refunding import RefundBody, refund_order
from aftersales.replacing import OVERTAKEN, REDEEMED
from aftersales.sweep import sweep
from fulfill.serve import serve
from quanyi.backlog import entry_of
from quanyi.callers import Caller
from quanyi.cards.model import hold_name
from quanyi.cards.table import CardsTable
from quanyi.claims.model import Claim
from quanyi.errors import Conflict, Forbidden, Invalid, KeyReused, Malformed, NotFound
from quanyi.orders.model import Order
from quanyi.table import encode_cursor
from tests.aws.after_sale import SUPPORT, card, delivered, desk_of, sent_back, shown
from tests.aws.conftest import Call, Cloud
from tests.aws.faults import MODES, Crash, Faults, insist
from tests.aws.market import SITE, Market
from tests.aws.memory import MemoryCloud


@pytest.fixture
def market(cloud: Cloud) -> Market:
    market = Market(cloud)
    market.sku("ik-month", warranty_days=30, free_replacements=1)
    market.stock("ik-month", 8)
    return market


def claim(market: Market, order: Order, key: str = "c1", caller: Caller | None = None, **body: Any) -> Claim:
    asked = ClaimBody.model_validate({"unit": "0-0", "reason": "invalid", **_which(order, body)})
    return claim_card(desk_of(market), caller or Caller(role="order", order=order.id), order.id, key, asked)


def replace(market: Market, order: Order, key: str = "s1", **body: Any) -> Claim:
    asked = ReplacementBody.model_validate({"unit": "0-0", "reason": "used", **_which(order, body)})
    return replace_card(desk_of(market), SUPPORT, order.id, key, asked)


def _which(order: Order, body: dict[str, Any]) -> dict[str, Any]:
    """The card that `order` shows, as its caller read it."""
    unit = next((u for u in order.units if u.id == body.get("unit", "0-0")), None)
    return {"replaced_before": len(unit.replaced) if unit else 0, **body}


def charged(market: Market) -> list[dict[str, Any]]:
    return [item for item in market.cloud.contents("SupplyTable")["SupplyTable"] if item["sk"].startswith("BAD#")]


def waiting_claims(market: Market) -> list[str]:
    return [one.id for one in open_claims(desk_of(market), SUPPORT, 100, None).items]


def test_support_replaces_a_bad_card_and_the_buyer_sees_both(market: Market) -> None:
    order = delivered(market, seen=True)
    old, number = order.units[0].card, shown(market, order)[0].number
    made = replace(market, order, evidence="the issuer says it was used")
    assert (made.state, made.automatic, made.decided_by) == ("granted", False, "support:SU1")
    bad = card(market, old)
    assert (bad["state"], bad["changed_by"], bad["reason"]) == ("quarantined", "support:SU1", f"used, claim {made.id}")
    market.run()
    order = market.order(order)
    (unit,) = order.units
    assert (order.state, unit.state, unit.card != old) == ("fulfilled", "delivered", True)
    (view,) = shown(market, order)
    assert view.number not in (None, number)
    assert [(gone.number, gone.reason) for gone in view.replaced] == [(number, "used")]
    (debt,) = charged(market)
    told = {name: debt[name] for name in ("pk", "sk", "supplier", "unit_cost", "order", "unit", "reason")}
    assert told == {
        "pk": f"BATCH#{bad['batch']}",
        "sk": f"BAD#{old}",
        "supplier": "acme",
        "unit_cost": 1500,
        "order": order.id,
        "unit": "0-0",
        "reason": "used",
    }
    same: dict[str, Any] = {"replaced_before": 0, "evidence": "the issuer says it was used"}
    assert replace(market, order, **same).id == made.id
    for other in ({"evidence": "something else"}, {"reason": "other"}, {"replaced_before": 1}):
        with pytest.raises(KeyReused):
            replace(market, order, **same | other)
    market.check_nothing_is_wrong()


def test_two_people_who_mean_one_card_replace_it_once(market: Market) -> None:
    order = delivered(market, seen=True)
    replace(market, order)
    with pytest.raises(Conflict) as waits:
        replace(market, order, "s2")
    market.run()
    shown(market, order)
    for act in (lambda: replace(market, order, "s3"), lambda: claim(market, order, "c2")):
        with pytest.raises(Conflict) as changed:
            act()
        assert changed.value.extra["reason"] == waits.value.extra["reason"] == "unit_changed"
    assert replace(market, order).state == "granted", "the same call again"
    assert (len(charged(market)), [u.replaced_before for u in shown(market, order)]) == (1, [1])
    replace(market, market.order(order), "s4")
    assert len(charged(market)) == 2


def test_a_card_that_nobody_had_seen_is_not_shown_afterwards(market: Market) -> None:
    order = delivered(market)
    replace(market, order)
    market.run()
    (view,) = shown(market, order)
    assert view.number
    assert view.replaced == ()
    assert "revealed_at" not in card(market, market.order(order).units[0].replaced[0].card)


def test_a_claim_within_the_terms_is_granted_by_itself(market: Market) -> None:
    order = delivered(market, seen=True)
    old = order.units[0].card
    made = claim(market, order)
    assert (made.state, made.automatic, made.by) == ("granted", True, f"order:{order.id}")
    assert claim(market, order) == made
    assert waiting_claims(market) == []
    market.run()
    assert market.order(order).units[0].card != old
    shown(market, order)
    second = claim(market, market.order(order), "c2")
    assert (second.state, second.automatic) == ("open", False), "one free replacement a unit"
    assert market.order(order).units[0].state == "delivered"
    assert waiting_claims(market) == [second.id]
    granted = decide(desk_of(market), SUPPORT, second.id, DecisionBody(grant=True, reason="sorry"))
    assert (granted.state, granted.answer) == ("granted", "sorry")
    market.run()
    market.order(order)
    assert [one.state for one in claims_of(desk_of(market), SITE, order.id)] == ["granted", "granted"]
    assert len(charged(market)) == 2
    assert waiting_claims(market) == []
    market.check_nothing_is_wrong()


def test_a_person_refuses_and_stays_with_it(market: Market) -> None:
    market.sku("strict", warranty_days=30)
    market.stock("strict", 2)
    order = delivered(market, sku="strict", seen=True)
    made = claim(market, order, text="my code A1B2 does not work")
    no = DecisionBody(grant=False, reason="it was used by you")
    assert decide(desk_of(market), SUPPORT, made.id, no).state == "refused"
    assert decide(desk_of(market), SUPPORT, made.id, no).answer == "it was used by you"
    with pytest.raises(Conflict):
        decide(desk_of(market), SUPPORT, made.id, DecisionBody(grant=True))
    with pytest.raises(Conflict):
        claim(market, order, "c2")
    assert market.order(order).units[0].state == "delivered"
    # Support may still think better of it.
    for _ in range(2):
        assert replace(market, order, evidence="the issuer was wrong, call 13800000000").id == made.id
    assert market.order(order).units[0].replaced
    (both,) = claims_of(desk_of(market), SITE, order.id)
    assert said(desk_of(market), both) == "my code A1B2 does not work"
    assert evidence_of(desk_of(market), both) == "the issuer was wrong, call 13800000000"
    assert "13800000000" not in json.dumps(market.cloud.contents(), default=repr)
    with pytest.raises(KeyReused):
        replace(market, order, evidence="something else")
    with pytest.raises(Conflict):
        decide(desk_of(market), SUPPORT, made.id, no)
    with pytest.raises(NotFound):
        decide(desk_of(market), SUPPORT, made.id[:-1] + "~", no)
    with pytest.raises(Forbidden):
        decide(desk_of(market), SITE, made.id, no)


def test_what_cannot_be_claimed_changes_nothing(market: Market, cloud: Cloud) -> None:
    def why(order: Order, **body: Any) -> Any:
        with pytest.raises(Conflict) as refused:
            claim(market, order, **body)
        return refused.value.extra.get("reason")

    market.sku("plain")
    market.stock("plain", 1)
    unpaid, plain = market.place(), delivered(market, sku="plain", seen=True)
    unseen, seen = delivered(market), delivered(market, seen=True)
    before = cloud.contents()
    assert why(unpaid) == "not_delivered"
    assert why(plain) == "no_warranty"
    assert why(unseen) == "not_revealed"
    for caller in (Caller(role="storefront", key_id="K2", channel="taobao"), Caller(role="order", order=plain.id)):
        with pytest.raises(NotFound):
            claim(market, seen, caller=caller)
    with pytest.raises(Forbidden):
        claim(market, seen, caller=SUPPORT)
    with pytest.raises(NotFound):
        claim(market, seen, unit="0-7")
    market.later(days=30, seconds=1)
    assert why(seen) == "warranty_over"
    assert cloud.contents() == before


def test_limits_send_claims_to_a_person(market: Market) -> None:
    market.stock("ik-month", 40)
    orders = [delivered(market, 4, seen=True, key=f"o{i}") for i in range(2)]
    made = [claim(market, orders[0], f"a{i}", unit=f"0-{i}").automatic for i in range(4)]
    assert made == [True, True, True, False], "three an order"
    made = [claim(market, orders[1], f"b{i}", unit=f"0-{i}").automatic for i in range(3)]
    assert made == [True, True, False], "five a buyer"
    market.later(days=29)
    third = delivered(market, 1, seen=True, key="o3")
    market.later(days=1)
    assert claim(market, third).automatic


def test_an_open_dispute_is_for_a_person(market: Market) -> None:
    order = delivered(market, seen=True)
    market.shop.orders.change(order, lambda it: it.model_copy(update={"frozen": ("D1",)}))
    assert claim(market, order).state == "open"


def test_what_a_buyer_says_is_sealed(market: Market, cloud: Cloud) -> None:
    market.sku("strict", warranty_days=30)
    market.stock("strict", 1)
    order = delivered(market, sku="strict", seen=True)
    made = claim(market, order, text="call me on 13800000000")
    assert "13800000000" not in json.dumps(cloud.contents(), default=repr)
    page = open_claims(desk_of(market), SUPPORT, 10, None)
    assert [one.text for one in page.items] == ["call me on 13800000000"]
    with pytest.raises(KeyReused):
        claim(market, order, text="call me on 13900000000")
    assert claim(market, order, text="call me on 13800000000") == made
    cloud.table("MembersTable").delete({"pk": f"MEMBER#{order.member}", "sk": "PROFILE"})
    assert [one.text for one in open_claims(desk_of(market), SUPPORT, 10, None).items] == [None]


def test_open_claims_come_oldest_first_page_by_page(market: Market) -> None:
    market.sku("strict", warranty_days=30)
    market.stock("strict", 5)
    order = delivered(market, 5, "strict", seen=True)
    made: list[str] = []
    for number in (3, 1, 4, 0, 2):
        market.later(minutes=1)
        made.append(claim(market, order, f"c{number}", unit=f"0-{number}").id)
    found: list[str] = []
    cursor = None
    while True:
        page = open_claims(desk_of(market), SUPPORT, 2, cursor)
        found += [one.id for one in page.items]
        if (cursor := page.next) is None:
            break
    assert found == made
    forged = encode_cursor({"pk": "x", "sk": "x", "due": "paid#0", "due_at": "x"})
    with pytest.raises(Malformed):
        open_claims(desk_of(market), SUPPORT, 2, forged)


def test_an_equivalent_sku_serves_when_its_own_has_no_stock(market: Market) -> None:
    market.sku("gone", replace_with=["no-stock", "not-a-card", "ik-month"])
    market.sku("no-stock")
    market.sku("not-a-card", kind="manual")
    market.stock("gone", 1)
    order = delivered(market, sku="gone", seen=True)
    for wrong in ("not-a-card", "elsewhere"):
        with pytest.raises(Invalid) as refused:
            replace(market, order, sku=wrong)
        assert refused.value.extra["skus"] == ["gone", "no-stock", "ik-month"]
    replace(market, order)
    market.run()
    unit = market.order(order).units[0]
    assert (unit.sku, unit.state, unit.replaced[0].sku) == ("ik-month", "delivered", "gone")
    (fresh,) = market.stock("gone", 1)
    replace(market, market.order(order), "s2")
    market.run()
    assert market.order(order).units[0].card == fresh, "what was bought comes first again"


def test_a_replacement_waits_for_stock_then_its_money_goes_back(market: Market) -> None:
    market.sku("rare")
    market.stock("rare", 2)
    first = delivered(market, sku="rare", seen=True)
    market.later(seconds=1)
    second = delivered(market, sku="rare", seen=True)
    for order in (first, second):
        replace(market, order)
        market.run()
        unit = market.order(order).units[0]
        assert (unit.state, unit.waits_until) == ("waiting", market.now + timedelta(hours=72))
    entry = market.works.backlog.waiting("rare", 10)[0]
    assert entry.order == first.id
    (fresh,) = market.stock("rare", 1)
    hold = hold_name(entry.order, entry.attempt)
    assert market.works.cards.claim(fresh, hold=hold, until=market.now + timedelta(minutes=15), now=market.now)
    assert market.works.backlog.give(entry, fresh)
    (given,) = (i for i in market.cloud.contents("OrdersTable")["OrdersTable"] if i.get("card") == fresh)
    serve(market.works, entry_of(given))
    market.run()
    assert market.order(first).units[0].card == fresh
    market.later(hours=72, minutes=3)
    market.sweep()
    market.run()
    assert market.order(second).state == "refunded"
    assert sent_back(market) == [1999]
    assert market.works.backlog.waiting("rare", 10) == []
    market.check_nothing_is_wrong()


def test_a_place_in_the_queue_left_behind_is_taken_anew(market: Market) -> None:
    """The unit had waited for its first card, and the process died before it left the queue."""
    market.sku("rare")
    (only,) = market.stock("rare", 1)
    order = delivered(market, sku="rare", seen=True)
    market.works.backlog.join(order, "0-0")
    (left,) = market.works.backlog.waiting("rare", 1)
    assert market.works.backlog.give(left, only)
    replace(market, order)
    market.run()
    assert [entry.unit for entry in market.works.backlog.waiting("rare", 10)] == ["0-0"]


def test_a_refund_that_was_faster(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between support's reading the order and its taking the card out of use, the card goes back and is sold."""
    order = delivered(market)
    old = order.units[0].card
    real, sold = CardsTable.quarantine_bad, list[Order]()

    def late(*args: Any, **kwargs: Any) -> Any:
        if not sold:
            refund_order(desk_of(market), SUPPORT, order.id, "r1", RefundBody(reason="faster"))
            market.run()
            sold.append(delivered(market, 8, seen=True))
        return real(*args, **kwargs)

    monkeypatch.setattr(CardsTable, "quarantine_bad", late)
    with pytest.raises(Conflict) as refused:
        replace(market, order)
    assert refused.value.detail == OVERTAKEN
    assert (card(market, old)["state"], card(market, old)["order"]) == ("delivered", sold[0].id)
    assert waiting_claims(market) == charged(market) == []
    assert market.order(order).state == "refunded"
    market.check_nothing_is_wrong()


def test_a_card_that_the_shop_had_frozen_before_is_replaced(market: Market) -> None:
    order = delivered(market, seen=True)
    market.works.cards.quarantine(order.units[0].card or "", by="operator:OP1", reason="suspect")
    assert replace(market, order).state == "granted"
    market.run()
    assert market.order(order).state == "fulfilled"


def test_a_card_that_was_redeemed_is_not_replaced(market: Market) -> None:
    order = delivered(market, seen=True)
    item = card(market, order.units[0].card)
    market.cloud.table("CardsTable").put({**item, "state": "redeemed"})
    with pytest.raises(Conflict) as refused:
        replace(market, order)
    assert refused.value.detail == REDEEMED


def test_callers_at_once_replace_one_card_once(market: Market) -> None:
    order = delivered(market, seen=True)
    together = threading.Barrier(8)

    def one(number: int) -> str:
        together.wait()
        try:
            return claim(market, order, f"c{number % 2}").state
        except Conflict:
            return "conflict"

    with ThreadPoolExecutor(8) as several:
        answers = list(several.map(one, range(8)))
    assert "granted" in answers
    market.run()
    order = market.order(order)
    assert (len(order.units[0].replaced), len(charged(market)), order.state) == (1, 1, "fulfilled")
    assert len(market.cards_in("quarantined")) == 1
    market.check_nothing_is_wrong()


def test_a_frozen_order_shows_only_what_was_seen_before(market: Market) -> None:
    order = delivered(market, 2)
    seen, unseen = order.units
    market.works.cards.mark_revealed(seen.card or "", order=order.id, now=market.now)
    market.shop.orders.change(order, lambda it: it.model_copy(update={"frozen": ("D1",)}))
    first, second = shown(market, order)
    assert first.number
    assert (second.number, second.withheld) == (None, True)
    assert "revealed_at" not in card(market, unseen.card)
    market.shop.orders.change(order.id, lambda it: it.model_copy(update={"frozen": ()}))
    assert all(unit.number for unit in shown(market, order))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("who", ["buyer", "support"])
def test_any_single_fault_replaces_once(monkeypatch: pytest.MonkeyPatch, mode: str, who: str) -> None:
    market = Market(MemoryCloud())  # type: ignore[arg-type]
    fault, applied = MODES[mode]
    for number in range(1, 60):
        sku = f"sku{number}"
        market.sku(sku, warranty_days=1, free_replacements=1)
        market.stock(sku, 3)
        order = delivered(market, 1, sku, key=sku, member=sku, contact={}, seen=True)
        faults = Faults(number, fault, applied=applied)
        with faults(monkeypatch):
            step = (lambda: claim(market, order)) if who == "buyer" else (lambda: replace(market, order))  # noqa: B023
            made = insist(market, faults, step)
            insist(market, faults, market.run)
        market.later(minutes=3)
        market.sweep()
        market.run()
        found, context = market.order(order), (mode, number, faults.calls)
        assert (made.state, found.state) == ("granted", "fulfilled"), context
        assert len(found.units[0].replaced) == 1, context
        assert len(charged(market)) == len(market.cards_in("quarantined")) == number, context
        assert len(shown(market, order)[0].replaced) == 1, context
        if len(faults.calls) < number:
            break
    else:
        raise AssertionError("never ran out of calls to fail")
    assert number > 12, "too few calls failed to prove anything"
    assert waiting_claims(market) == []
    market.later(hours=3)
    market.sweep()
    assert len(market.cards_in("available")) == len(market.cards_in("delivered")) == number
    market.check_nothing_is_wrong()


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode.startswith("crash")])
def test_a_claim_that_nobody_asks_for_again_is_carried_out(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    market, broken_off = Market(MemoryCloud()), 0  # type: ignore[arg-type]
    fault, applied = MODES[mode]
    for number in range(1, 60):
        sku = f"sku{number}"
        market.sku(sku, warranty_days=1, free_replacements=1)
        market.stock(sku, 3)
        order = delivered(market, 1, sku, key=sku, member=sku, contact={}, seen=True)
        faults = Faults(number, fault, applied=applied)
        faults.armed = True
        with faults(monkeypatch), suppress(Crash):
            replace(market, order)
        faults.armed = False
        claims_made = claims_of(desk_of(market), SITE, order.id)
        if any(one.state == "granting" for one in claims_made):
            broken_off += 1
            assert sweep(desk_of(market))["carried_out"] == 0, "its call may still be at it"
            market.later(minutes=1)
            assert sweep(desk_of(market)) == {"carried_out": 1, "failed": 0}
        assert sweep(desk_of(market)) == {"carried_out": 0, "failed": 0}
        market.later(minutes=3)
        market.sweep()
        market.run()
        (unit,) = market.order(order).units
        assert (unit.state, len(unit.replaced)) == ("delivered", len(claims_made))
        if len(faults.calls) < number:
            break
    else:
        raise AssertionError("never ran out of calls to fail")
    assert broken_off > 5, "too few broke off to prove anything"
    assert waiting_claims(market) == []
    market.check_nothing_is_wrong()


def test_over_http(market: Market, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (claims, replacements):
        monkeypatch.setattr(module, "aftersales", lambda: desk_of(market))
    order = delivered(market, 2, seen=True)
    path, headers = f"/v1/orders/{order.id}", {"Idempotency-Key": "k1"}
    buyer = Caller(role="order", order=order.id)
    body = {"unit": "0-0", "replaced_before": 0, "reason": "wrong_value", "text": "it held 10"}
    status, made, _ = call(claims.handler, "POST", f"{path}/claims", body, caller=buyer, headers=headers)
    assert (status, made["state"], made["automatic"]) == (201, "granted", True)
    assert "text" not in made
    assert call(claims.handler, "GET", f"{path}/claims", caller=buyer)[1] == {"claims": [made]}
    support = {"unit": "0-1", "replaced_before": 0, "reason": "expired", "evidence": "a photo"}
    status, done, _ = call(
        replacements.handler, "POST", f"{path}/replacements", support, caller=SUPPORT, headers=headers
    )
    assert (status, done["state"]) == (201, "granted")
    market.run()
    market.sku("strict", warranty_days=1)
    market.stock("strict", 1)
    other = delivered(market, sku="strict", seen=True)
    made = claim(market, other)
    status, page, _ = call(replacements.handler, "GET", "/v1/admin/claims", caller=SUPPORT)
    assert (status, [one["id"] for one in page["items"]], page["next"]) == (200, [made.id], None)
    where = f"/v1/admin/claims/{made.id}/decide"
    status, refused, _ = call(replacements.handler, "POST", where, {"grant": False, "reason": "no"}, caller=SUPPORT)
    assert (status, refused["state"], refused["answer"]) == (200, "refused", "no")
    for wrong in ({"unit": "0-0"}, {"unit": "0-0", "reason": "bored"}, {**body, "text": "x" * 2001}, {**body, "a": 1}):
        assert call(claims.handler, "POST", f"{path}/claims", wrong, caller=buyer, headers=headers)[0] == 422
    assert call(replacements.handler, "GET", "/v1/admin/claims", caller=SITE)[0] == 403
