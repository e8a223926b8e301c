"""The operator's desk on orders: finding, reading, exporting, and what a person does to one."""

import csv
import io
import secrets
from datetime import timedelta
from typing import Any

import pytest

from checkout.naming import name_accounts
from checkout.topup_messages import AccountsBody
from desk import acts, orders
from desk.wiring import Desk
from quanyi.callers import Caller
from quanyi.clock import stamp
from quanyi.orders import listing
from quanyi.orders.books import books
from quanyi.orders.model import Order
from quanyi.orders.refunds import goods_known, share_answered, with_refund
from quanyi.orders.table import to_item
from tests.aws.conftest import Call, Cloud
from tests.aws.market import Market
from tests.aws.recharges import NUMBERS, offered, topup

OPERATOR = Caller(role="operator", key_id="OP1")
SUPPORT = Caller(role="support", key_id="SU1")
TAOBAO = Caller(role="storefront", key_id="K2", channel="taobao")
OTHERS = [Caller(role=role, key_id="X", channel="site") for role in ("storefront", "publishable", "analyst", "counter")]
DAYS = {"from": "2026-11-20", "to": "2026-11-24"}


@pytest.fixture
def market(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Market:
    market = Market(cloud)
    market.sku("ik-month")
    market.stock("ik-month", 12)
    known: Any = {"orders": market.shop.orders, "members": market.shop.members, "keyring": cloud.keyring}
    made = Desk(**known, workflow=market.workflow, now=lambda: market.now)  # type: ignore[arg-type]
    for module in (orders, acts):
        monkeypatch.setattr(module, "desk", lambda: made)
    return market


def do(call: Call, order: Order, act: str, body: Any, key: str = "k1", caller: Caller = OPERATOR) -> tuple[int, Any]:
    path = f"/v1/admin/orders/{order.id}/{act}"
    status, answer, _ = call(acts.handler, "POST", path, body, caller=caller, headers={"Idempotency-Key": key})
    return status, answer


# Finding.


def test_the_list_is_newest_first_page_by_page(market: Market, call: Call) -> None:
    placed = []
    for _ in range(7):
        placed.insert(0, market.place().id)
        market.later(hours=6)
    ids: list[str] = []
    query: dict[str, str] = {**DAYS, "to": "2026-11-25", "limit": "3"}
    while True:
        status, page, _ = call(orders.handler, "GET", "/v1/admin/orders", caller=SUPPORT, query=query)
        assert status == 200
        ids += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert ids == placed
    # The last was placed at 16:00 UTC, which is the next day in Shanghai.
    query = {"from": "2026-11-25", "to": "2026-11-25"}
    _, page, _ = call(orders.handler, "GET", "/v1/admin/orders", caller=SUPPORT, query=query)
    assert [row["id"] for row in page["items"]] == placed[:1]


def test_filters(market: Market, call: Call) -> None:
    market.sku("nf-card", price=2500)
    market.stock("nf-card", 2)
    paid = market.pay(market.place())
    other = market.place("nf-card", caller=TAOBAO)
    market.later(days=1)
    later = market.place()

    def found(**query: str) -> set[str]:
        status, page, _ = call(orders.handler, "GET", "/v1/admin/orders", caller=OPERATOR, query={**DAYS, **query})
        assert status == 200, page
        return {row["id"] for row in page["items"]}

    assert found() == {paid.id, other.id, later.id}
    assert found(state="paid") == {paid.id}
    assert found(channel="taobao") == found(sku="nf-card") == {other.id}
    assert found(sku="nf-card", channel="site") == set()
    assert found(to="2026-11-23") == {paid.id, other.id}
    assert found(**{"from": "2026-11-24"}) == {later.id}


def test_a_rare_state_in_a_crowd_is_found_by_bounded_pages(
    market: Market, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bounds are a fortieth of the real ones, as the crowd is of a busy month's."""
    for name, number in {"FILTERED": 10, "A_DAY_LOOKED": 40, "LOOKED": 200}.items():
        monkeypatch.setattr(listing, name, number)
    rare = market.pay(market.place())
    lain = market.shop.orders
    crowd = [_crowded(rare, number) for number in range(600)]
    lain.table.put_many([to_item(order, lain.zone) for order in crowd])
    wanted = [order.id for order in crowd if order.state == "on_hold"]
    read: list[int] = []
    lain.table.client.meta.events.register(
        "after-call.dynamodb.Query", lambda parsed, **_: read.append(parsed["ScannedCount"])
    )

    ids: list[str] = []
    looked: list[int] = []
    query: dict[str, str] = {"from": "2026-11-22", "to": "2026-11-23", "state": "on_hold"}
    while True:
        read.clear()
        _, page, _ = call(orders.handler, "GET", "/v1/admin/orders", caller=SUPPORT, query=query)
        assert page["looked"] == sum(read) <= 200
        ids += [row["id"] for row in page["items"]]
        looked.append(page["looked"])
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert ids == wanted, "each once, newest first"
    assert sum(looked) < 2 * len(crowd), "no page begins where the one before began"


def _crowded(like: Order, number: int) -> Order:
    """One of many in a few days, newest first; three of them are held."""
    at = like.created_at - timedelta(minutes=number)
    state = "on_hold" if number in (230, 501, 502) else "fulfilled"
    return like.model_copy(update={"id": f"O{number:020d}", "created_at": at, "state": state, "due_at": None})


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-11-24", "to": "2026-11-23"},
        {"from": "2025-01-01", "to": "2026-11-23"},
        {"to": "2026-02-30"},
        {"to": "yesterday"},
        {"state": "unheard"},
        {"limit": "1000"},
    ],
)
def test_what_the_list_refuses(market: Market, call: Call, query: dict[str, str]) -> None:
    status, problem, _ = call(orders.handler, "GET", "/v1/admin/orders", caller=OPERATOR, query=query)
    assert (status, problem["code"]) == (422, "invalid_request")


def test_by_contact_and_by_the_providers_number(market: Market, call: Call) -> None:
    first = market.place(contact={"email": "Buyer@Example.com"})
    market.later(minutes=1)
    second = market.pay(market.place(contact={"email": "buyer@example.com"}))
    market.place(contact={"email": "other@example.com"})
    transaction = second.payments[0].transaction

    def found(body: dict[str, Any]) -> tuple[list[str], Any]:
        status, page, _ = call(orders.handler, "POST", "/v1/admin/orders/search", body, caller=SUPPORT)
        assert status == 200, page
        return [row["id"] for row in page["items"]], page["next"]

    assert found({"contact": " buyer@EXAMPLE.com"})[0] == [second.id, first.id]
    ids, cursor = found({"contact": "buyer@example.com", "limit": 1})
    assert ids == [second.id]
    assert found({"contact": "buyer@example.com", "limit": 1, "cursor": cursor})[0] == [first.id]
    assert found({"provider": "sandbox", "transaction": transaction}) == ([second.id], None)
    assert found({"provider": "sandbox", "transaction": "unheard"}) == ([], None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"provider": "sandbox"},
        {"contact": "buyer@example.com", "provider": "sandbox", "transaction": "1"},
        {"contact": "buyer@example.com", "unknown": 1},
    ],
)
def test_a_search_is_one_way_or_the_other(market: Market, call: Call, body: Any) -> None:
    status, _, _ = call(orders.handler, "POST", "/v1/admin/orders/search", body, caller=OPERATOR)
    assert status == 422


# Reading.


def test_an_order_is_shown_whole_but_for_its_secrets(market: Market, call: Call) -> None:
    order = market.pay(market.place(quantity=2, contact={"email": "buyer@example.com", "phone": "+86 138 0000 0000"}))
    market.run()
    status, full, headers = call(orders.handler, "GET", f"/v1/admin/orders/{order.id}", caller=SUPPORT)
    assert status == 200
    assert full["contact"] == {"email": "buyer@example.com", "phone": "+86 138 0000 0000"}
    assert {unit["card"] for unit in full["units"]} == set(market.cards_in("delivered"))
    assert full["books"]["delivered"] == {"amount": 3998, "currency": "CNY"}
    assert full["payments"][0]["transaction"]
    assert headers["cache-control"] == "no-store"
    for secret in market.secrets_made:
        assert secret not in str(full)


def test_a_top_up_that_lacks_its_account_says_until_when_it_waits(market: Market, call: Call) -> None:
    topup(market, topup={"ask": "later", "account_hours": 48})
    offered(market)
    order = market.place("phone-50", 2)

    def units() -> list[tuple[str, str | None]]:
        _, full, _ = call(orders.handler, "GET", f"/v1/admin/orders/{order.id}", caller=SUPPORT)
        return [(unit["account"], unit["account_until"]) for unit in full["units"]]

    assert units() == [("", None)] * 2
    market.pay(order)
    until = stamp(market.now + timedelta(hours=48))
    assert units() == [("", until)] * 2
    body = AccountsBody.model_validate({"line": 0, "accounts": [{"phone": NUMBERS[0]}, {}]})
    name_accounts(market.shop, Caller(role="order", order=order.id), order.id, body)
    assert units() == [("138****8888", None), ("", until)]


def test_an_erased_member_has_no_contact(market: Market, call: Call) -> None:
    order = market.place()
    table = market.cloud.table("MembersTable")
    table.update({"pk": f"MEMBER#{order.member}", "sk": "PROFILE"}, "REMOVE #key", names={"key": "key"})
    status, full, _ = call(orders.handler, "GET", f"/v1/admin/orders/{order.id}", caller=OPERATOR)
    assert (status, full["contact"]) == (200, None)


def test_where_an_order_came_from_is_no_contact(market: Market, call: Call) -> None:
    order = market.place(contact={}, member="u-1", client_ip="203.0.113.7")
    assert order.contact_sealed
    status, full, _ = call(orders.handler, "GET", f"/v1/admin/orders/{order.id}", caller=OPERATOR)
    assert (status, full["contact"]) == (200, None)


def test_nobody_else_sees_anything(market: Market, call: Call) -> None:
    order = market.place()
    token = Caller(role="order", order=order.id)
    before = market.cloud.contents()
    for caller in [*OTHERS, token]:
        for method, path in (
            ("GET", "/v1/admin/orders"),
            ("GET", f"/v1/admin/orders/{order.id}"),
            ("GET", "/v1/admin/orders.csv"),
        ):
            assert call(orders.handler, method, path, caller=caller)[0] == 403
        assert call(orders.handler, "POST", "/v1/admin/orders/search", {"contact": "a@b.cn"}, caller=caller)[0] == 403
        assert do(call, order, "notes", {"text": "x"}, caller=caller)[0] == 403
    for caller in [*OTHERS, token, SUPPORT]:
        assert do(call, order, "mark-paid", {"reason": "r", "reference": "b1"}, caller=caller)[0] == 403
        assert do(call, order, "refunds/R00000000000000000000000/settle", {"reason": "r"}, caller=caller)[0] == 403
    assert call(orders.handler, "GET", "/v1/admin/orders.csv", caller=SUPPORT)[0] == 403
    assert market.cloud.contents() == before


# Exporting.


def test_pages_of_csv_joined_are_one_file(market: Market, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.export.ROWS", 2)
    placed = [market.pay(market.place()).id for _ in range(5)]
    text, query = "", dict(DAYS)
    while True:
        status, part, headers = call(orders.handler, "GET", "/v1/admin/orders.csv", caller=OPERATOR, query=query)
        assert status == 200
        assert headers["content-type"].startswith("text/csv")
        text += part
        if "x-next-cursor" not in headers:
            break
        assert f"cursor={headers['x-next-cursor']}" in headers["link"]
        query["cursor"] = headers["x-next-cursor"]
    assert text.startswith("\ufefforder,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert sorted(row["order"] for row in rows) == sorted(placed)
    assert {row["items"] for row in rows} == {"ik-month x1"}
    assert {(row["total"], row["owed"], row["captured"]) for row in rows} == {("1999", "1999", "1999")}


# Acting.


def test_a_note_is_written_once(market: Market, call: Call) -> None:
    order = market.place()
    for _ in range(2):
        status, answer = do(call, order, "notes", {"text": "客户来电，稍后付款"}, caller=SUPPORT)
        assert status == 201
        assert [(note["by"], note["text"]) for note in answer["notes"]] == [("support:SU1", "客户来电，稍后付款")]
    assert market.order(order).changed_by == "support:SU1"
    assert do(call, order, "notes", {"text": "another"}, caller=SUPPORT)[1]["code"] == "idempotency_key_reused"


def test_notes_end_somewhere(market: Market, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.by_hand.MOST_NOTES", 3)
    order = market.place()
    answers = [do(call, order, "notes", {"text": f"{n}"}, key=f"k{n}") for n in range(4)]
    assert [status for status, _ in answers] == [201] * 3 + [422]
    assert answers[-1][1]["reason"] == "too_many_notes"


def test_an_order_that_has_grown_large_takes_facts_alone(
    market: Market, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = market.place()
    assert do(call, order, "notes", {"text": "before"}, key="k1")[0] == 201
    monkeypatch.setattr("quanyi.orders.table.MOST_BYTES", 100)
    assert do(call, order, "notes", {"text": "before"}, key="k1")[0] == 201, "the same call again"
    status, answer = do(call, order, "notes", {"text": "after"}, key="k2")
    assert (status, answer["code"]) == (409, "order_full")
    paid = market.pay(order)
    market.run()
    assert (market.order(paid).state, len(market.order(paid).notes)) == ("fulfilled", 1)


@pytest.mark.parametrize("minutes", [1, 16])
def test_money_that_a_person_saw_arrive_buys_the_cards(market: Market, call: Call, minutes: int) -> None:
    """In time, and after the order had expired."""
    order = market.place(quantity=2)
    market.later(minutes=minutes)
    market.sweep()
    body = {"reason": "银行转账", "reference": "ICBC-20261123-7"}
    for _ in range(2):
        status, answer = do(call, order, "mark-paid", body)
        assert (status, answer["state"]) == (200, "paid")
    assert market.workflow.started == [(order.id, 1 if minutes == 1 else 2)]
    market.run()
    now = market.order(order)
    assert now.state == "fulfilled"
    assert [(p.provider, p.captured, p.transaction) for p in now.payments] == [("manual", 3998, "ICBC-20261123-7")]
    assert books(now).delivered == 3998
    assert now.notes[0].by == "operator:OP1"
    status, again = do(call, order, "mark-paid", body)
    assert (status, again["state"]) == (200, "fulfilled")
    market.check_nothing_is_wrong()


def test_a_part_leaves_the_rest_to_be_paid(market: Market, call: Call) -> None:
    order = market.place()
    part = {"reason": "cash", "reference": "c1", "amount": {"amount": 999, "currency": "CNY"}}
    assert do(call, order, "mark-paid", part)[1]["state"] == "awaiting_payment"
    assert do(call, order, "mark-paid", {"reason": "cash", "reference": "c2"}, key="k2")[1]["state"] == "paid"
    assert [payment.captured for payment in market.order(order).payments] == [999, 1000]


def test_what_cannot_be_marked_paid(market: Market, call: Call) -> None:
    order, paid = market.place(), market.pay(market.place())
    other = market.place()
    good = {"reason": "bank", "reference": "b1"}
    assert do(call, other, "mark-paid", good)[0] == 200
    before = market.cloud.contents("OrdersTable")
    refused = [
        (paid, {"reason": "bank", "reference": "b2"}, "k1", 409, "conflict"),
        (order, good, "k1", 409, "conflict"),  # the reference is booked on another order
        (other, {**good, "reason": "else"}, "k1", 422, "idempotency_key_reused"),
        (order, {**good, "reference": "b3", "amount": {"amount": 5, "currency": "USD"}}, "k1", 422, "invalid_request"),
        (order, {**good, "reference": "b3", "amount": {"amount": 0, "currency": "CNY"}}, "k1", 422, "invalid_request"),
        (order, {"reference": "b3"}, "k1", 422, "invalid_request"),
        (order, {**good, "reference": "has blanks"}, "k1", 422, "invalid_request"),
    ]
    for which, body, key, status, code in refused:
        found, problem = do(call, which, "mark-paid", body, key=key)
        assert (found, problem["code"]) == (status, code), body
    assert market.cloud.contents("OrdersTable") == before


def test_shoppers_cannot_choose_to_pay_by_hand(market: Market, call: Call) -> None:
    from checkout.messages import PaymentBody
    from checkout.pay import start_payment
    from quanyi.payments.port import NoSuchProvider
    from tests.aws.market import SITE

    order = market.place()
    with pytest.raises(NoSuchProvider):
        start_payment(market.shop, SITE, order.id, "k", PaymentBody(provider="manual"))


def test_an_expired_order_with_an_open_booking_by_hand_can_be_swept(market: Market) -> None:
    """As if the function had died between writing the payment and booking the money."""
    from quanyi.orders.model import Payment

    order = market.place()
    opened = Payment(id="P1", provider="manual", amount=1999, created_at=market.now)
    market.shop.orders.change(order, lambda it: it.model_copy(update={"payments": (opened,)}))
    market.later(minutes=16)
    market.sweep()
    assert market.order(order).state == "expired"


def refunded_by_hand(market: Market, call: Call, *, by_hand: bool = True) -> tuple[Order, str]:
    """A delivered order, paid by hand or at a provider, of which one unit shall go back: that money can't be sent."""
    order = market.place(quantity=2)
    if by_hand:
        do(call, order, "mark-paid", {"reason": "bank", "reference": "b1"})
    else:
        market.pay(order)
    market.run()
    order = market.shop.orders.change(
        order.id,
        lambda it: with_refund(it, ["0-0"], reason="faulty", by="support:SU1", now=market.now, of=("delivered",)),
    )
    refund = order.refunds[0]
    order = market.shop.orders.change(order, lambda it: goods_known(it, {"0-0": "lost"}))
    order = market.shop.orders.change(order, lambda it: share_answered(it, refund.id, 0, "failed", market.now))
    return order, refund.id


def test_a_person_settles_a_refund_that_failed(market: Market, call: Call) -> None:
    order, refund = refunded_by_hand(market, call)
    assert books(order).owed == 1999
    for _ in range(2):
        status, answer = do(call, order, f"refunds/{refund}/settle", {"reason": "转账退回", "reference": "b9"})
        assert (status, answer["state"]) == (200, "partially_refunded")
    now = market.order(order)
    assert (books(now).refunded, books(now).owed) == (1999, 0)
    assert now.settled_at
    assert now.notes[-1].text == "Paid back by hand (b9): 转账退回"
    assert now.changed_by == "operator:OP1"

    # A second transfer must not be taken for the first that was told again.
    status, problem = do(call, order, f"refunds/{refund}/settle", {"reason": "转账退回", "reference": "c1"})
    assert (status, problem["reason"], problem["by"]) == (409, "paid_back_already", "operator:OP1")
    assert len(market.order(order).notes) == len(now.notes)


def test_a_refund_that_failed_is_asked_for_again_once_a_key(market: Market, call: Call) -> None:
    order, refund = refunded_by_hand(market, call, by_hand=False)
    for _ in range(2):
        status, answer = do(call, order, f"refunds/{refund}/retry", {"reason": "账户已充值"}, key="again")
        assert (status, answer["state"]) == (200, "refunding")
    now = market.order(order)
    assert [(share.state, share.again) for share in now.refunds[0].shares] == [("requested", 1)]
    assert now.notes[-1].text == "Refund asked for again: 账户已充值"
    assert (now.changed_by, now.due_at is not None) == ("operator:OP1", True)
    assert do(call, order, f"refunds/{refund}/retry", {"reason": "other"}, key="again")[0] == 422
    status, problem = do(call, order, f"refunds/{refund}/retry", {"reason": "x"}, key="k2")
    assert (status, problem["state"]) == (409, "requested")
    market.run()
    done = market.order(order)
    assert (done.state, books(done).owed) == ("partially_refunded", 0)


def test_what_a_person_booked_is_not_asked_for_again(market: Market, call: Call) -> None:
    order, refund = refunded_by_hand(market, call)
    status, problem = do(call, order, f"refunds/{refund}/retry", {"reason": "x"}, key="again")
    assert (status, problem["reason"]) == (409, "paid_by_hand")
    assert do(call, order, "refunds/R00000000000000000000000/retry", {"reason": "x"}, key="a")[0] == 404
    assert do(call, order, f"refunds/{refund}/retry", {"reason": "x"}, caller=SUPPORT)[0] == 403


def test_only_a_failed_refund_is_settled_by_hand(market: Market, call: Call) -> None:
    order, _ = refunded_by_hand(market, call)
    assert do(call, order, "refunds/R00000000000000000000000/settle", {"reason": "x"})[0] == 404
    other = market.pay(market.place())
    other = market.shop.orders.change(other, lambda it: with_refund(it, ["0-0"], reason="r", by="b", now=market.now))
    status, problem = do(call, other, f"refunds/{other.refunds[0].id}/settle", {"reason": "x"})
    assert (status, problem["state"]) == (409, "requested")


def test_the_refund_of_money_booked_by_hand_fails_until_a_person_settles_it(market: Market, call: Call) -> None:
    """Through the workflow: nothing in stock any more, so it decides to refund, and can't."""
    order = market.place()
    market.later(minutes=16)
    market.sweep()
    for number in range(12):
        market.place(key=secrets.token_hex(4), member=f"m{number}", contact={})
    do(call, order, "mark-paid", {"reason": "late transfer", "reference": "b1"})
    market.run()
    stuck = market.order(order)
    assert (stuck.state, stuck.refunds[0].state) == ("refunding", "failed")
    status, answer = do(call, order, f"refunds/{stuck.refunds[0].id}/settle", {"reason": "paid back"})
    assert (status, answer["state"]) == (200, "refunded")


def test_a_surplus_that_cannot_go_back_is_decided_once_and_waits_for_a_person(market: Market, call: Call) -> None:
    order = market.place()
    body = {"reason": "bank", "reference": "b1", "amount": {"amount": 5000, "currency": "CNY"}}
    assert do(call, order, "mark-paid", body)[0] == 200
    for _ in range(4):
        market.run()
        market.later(minutes=5)
        market.sweep()
    stuck = market.order(order)
    assert [(refund.state, refund.amount) for refund in stuck.refunds] == [("failed", 3001)]
    assert (stuck.state, stuck.due_at) == ("refunding", None)
    assert len(market.workflow.started) == 1
    status, answer = do(call, order, f"refunds/{stuck.refunds[0].id}/settle", {"reason": "paid back"})
    assert (status, answer["state"]) == (200, "fulfilled")
    assert market.order(order).settled_at
