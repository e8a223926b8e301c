"""Whatever happens to an order: its journal's entries each add up to zero, and together say what the order says."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from quanyi.errors import Conflict, Invalid
from quanyi.ledger.model import currency_of, entries_of, sums
from quanyi.money import Money
from quanyi.orders.books import books
from quanyi.orders.changes import assigned, captured, delivered, ended, placed, replaced, settled, with_payment
from quanyi.orders.journal import balances, posted
from quanyi.orders.model import Line, Order, Payment, Replaced, Unit
from quanyi.orders.posting import Posting
from quanyi.orders.refunds import (
    asked_again,
    goods_known,
    share_answered,
    share_came_back,
    taken_back,
    with_allowance,
    with_refund,
    with_surplus_refunded,
)
from quanyi.orders.table import from_item, to_item
from quanyi.settlements.fees import with_fee
from quanyi.table import from_wire, to_wire

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def line(sku: str, tax_class: str, rate: int, quantity: int, price: int) -> Line:
    return Line(
        sku=sku,
        version=1,
        kind="card",
        titles={"en": sku},
        quantity=quantity,
        unit_price=price,
        total=quantity * price,
        tax_class=tax_class,
        tax_rate=rate,
    )


def placed_order(quantity: int = 2, price: int = 700) -> Order:
    """Two lines of different tax, all units held, three tries to pay open."""
    lines = (line("a", "service", 600, quantity, price), line("b", "", 0, 1, 300))
    units = [Unit(id=f"0-{i}", line=0, sku="a", kind="card", amount=price) for i in range(quantity)]
    units.append(Unit(id="1-0", line=1, sku="b", kind="card", amount=300))
    made = Order(
        id="O" + "0" * 20,
        channel="site",
        member="M1",
        lines=lines,
        units=tuple(units),
        currency="CNY",
        total=sum(one.total for one in lines),
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
        body_hash="h",
    )
    made = placed(made, {u.id: f"c{u.id}" for u in made.units})
    for name, provider in (("P1", "alipay"), ("P2", "wechat"), ("P3", "stripe")):
        made = with_payment(made, Payment(id=name, provider=provider, amount=made.total, created_at=NOW), NOW)
    return made


def written(order: Order, at: datetime = NOW) -> Order:
    """As `OrdersTable.save` writes it."""
    return posted(order.model_copy(update={"rev": order.rev + 1}), at)


def posted_sum(order: Order) -> dict[str, int]:
    found: Counter[str] = Counter()
    for posting in order.journal:
        found.update(posting.lines)
    return {account: amount for account, amount in sorted(found.items()) if amount}


def test_the_straight_way() -> None:
    it = written(captured(placed_order(), "P1", "T1", 1700, NOW, fee=10))
    assert it.journal[0].lines == {"provider:alipay": 1690, "fees": 10, "owed": -1700}
    cost = Money(amount=500, currency="CNY")
    dollars = Money(amount=90, currency="USD")
    done = delivered(it, [u.id for u in it.units], NOW, costs={"0-0": cost, "0-1": cost, "1-0": dollars})
    it = written(settled(done, NOW))
    assert it.journal[1].lines == {
        "cost": 1000,
        "cost:USD": 90,
        "owed": 1700,
        "revenue:@0": -300,
        "revenue:service@600": -1400,
        "stock": -1000,
        "stock:USD": -90,
    }
    assert [posting.rev for posting in it.journal] == [1, 2]
    assert written(it).journal == it.journal, "nothing moved: nothing is posted"


def test_money_in_another_currency_never_touches_the_orders_own() -> None:
    it = written(captured(placed_order(), "P3", "T1", 250, NOW, currency="USD", fee=8))
    assert it.journal[0].lines == {"fees:USD": 8, "provider:stripe:USD": 242, "surplus:USD": -250}
    it = with_surplus_refunded(ended(it, "cancelled", "no"), NOW)
    it = written(share_answered(it, it.refunds[0].id, 0, "succeeded", NOW))
    assert it.journal[-1].lines == {"provider:stripe:USD": -250, "surplus:USD": 250}
    assert balances(it) == {"fees:USD": 8, "provider:stripe:USD": -8}


def test_a_seen_card_is_a_loss_and_an_unseen_one_is_stock_again() -> None:
    it = captured(placed_order(), "P1", "T1", 1700, NOW)
    it = delivered(it, ["0-0", "0-1"], NOW, costs={u: Money(amount=500, currency="CNY") for u in ("0-0", "0-1")})
    it = with_refund(it, ["0-0", "0-1"], reason="r", by="s", now=NOW, of=("delivered",))
    assert balances(it)["cost"] == 1000
    it = goods_known(it, {"0-0": "lost", "0-1": "returned"})
    assert {k: v for k, v in balances(it).items() if k in ("cost", "loss", "stock")} == {"loss": 500, "stock": -500}


def test_a_bad_card_is_claimed_from_its_supplier() -> None:
    it = captured(placed_order(), "P1", "T1", 1700, NOW)
    it = written(delivered(it, ["0-0"], NOW, costs={"0-0": Money(amount=500, currency="CNY")}))
    old = Replaced(card="c0-0", sku="a", at=NOW, by="support:K", reason="bad", cost=500)
    it = written(replaced(it, "0-0", old, sku="a", now=NOW, until=NOW))
    assert it.journal[-1].lines == {"cost": -500, "supplier": 500, "owed": -700, "revenue:service@600": 700}


def test_part_of_a_surplus_that_could_not_go_back_is_taken_back_by_the_provider() -> None:
    it = written(ended(captured(placed_order(), "P1", "T1", 1000, NOW), "expired", "late"))
    it = with_surplus_refunded(it, NOW)
    it = written(settled(share_answered(it, it.refunds[0].id, 0, "failed", NOW), NOW))
    it = written(taken_back(it, "P1", "alipay:B1", 400, "console", NOW))
    assert it.surplus == 0
    assert balances(it) == {"owed": -600, "provider:alipay": 600}
    check_books(it)


def test_money_taken_back_is_of_the_payment_that_its_provider_named() -> None:
    """A refund that another provider had refused, of the same amount, stays refused."""
    it = captured(captured(placed_order(), "P1", "T1", 1700, NOW), "P2", "T2", 1700, NOW)
    it = with_refund(it, [u.id for u in it.units], reason="r", by="s", now=NOW)
    it = share_answered(it, it.refunds[0].id, 0, "failed", NOW)
    assert it.refunds[0].shares[0].payment == "P1"
    it = taken_back(it, "P2", "wechat:B1", 1700, "console", NOW)
    assert {k: v for k, v in balances(it).items() if k.startswith("provider")} == {"provider:alipay": 1700}
    assert books(it).owed == 1700


def test_fees_of_a_settlement_file_replace_what_was_told_at_once_and_count_once() -> None:
    it = captured(placed_order(), "P1", "T1", 1700, NOW, fee=9)
    it = with_fee(it, "P1", "payment", 10)
    assert it == with_fee(it, "P1", "payment", 10)
    it = with_fee(with_fee(it, "P1", "R1", -4), "P1", "R1", -4)
    assert balances(it) == {"fees": 6, "owed": -1700, "provider:alipay": 1694}


def test_the_currency_of_an_account() -> None:
    named = {"fees": "CNY", "fees:USD": "USD", "provider:stripe": "CNY", "provider:stripe:JPY": "JPY"}
    named |= {"revenue:@0": "CNY", "revenue:VAT@600": "CNY", "stock:USD": "USD"}
    assert {account: currency_of(account, "CNY") for account in named} == named
    first = written(captured(placed_order(), "P1", "T1", 1700, NOW))
    mixed = written(captured(first, "P3", "T2", 5, NOW, currency="USD"))
    assert [entry.rev for entry in entries_of(first, mixed)] == [2]
    assert sums(entries_of(None, mixed)) == {
        "CNY": {"owed": -1700, "provider:alipay": 1700},
        "USD": {"provider:stripe": 5, "surplus": -5},
    }


def test_entries_come_back_from_the_table_as_they_went_in() -> None:
    it = written(captured(placed_order(), "P1", "T1", 1700, NOW, fee=10))
    assert from_item(from_wire(to_wire(to_item(it, "Asia/Shanghai")))).journal == it.journal


ACTS = (
    *("pay", "pay", "pay", "pay_in_dollars", "deliver", "deliver", "draw", "refund", "refund", "refund_delivered"),
    *("allowance", "surplus", "surplus", "answer", "answer", "goods", "taken_back", "replace", "expire", "cancel"),
    *("settle", "fee", "came_back", "again"),
)
STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 3), st.integers(1, 2500)), max_size=30)


@settings(max_examples=600, deadline=None)
@given(STEPS, st.integers(1, 3), st.integers(0, 900), st.booleans())
def test_the_journal_says_what_the_order_says_after_any_sequence(
    steps: list[tuple[str, int, int]], units: int, price: int, done: bool
) -> None:
    it = written(placed_order(units, price))
    if done:
        paid = captured(it, "P1", "T0", it.total, NOW)
        it = written(settled(delivered(paid, [u.id for u in it.units], NOW), NOW))
    for number, (act, which, amount) in enumerate(steps):
        now = NOW + timedelta(minutes=number)
        before = it
        with suppress(Conflict, Invalid):
            it = written(apply(it, act, which, amount, now), now)
        assert it.journal[: len(before.journal)] == before.journal, "what was posted stays as it was"
        for posting in it.journal:
            check_zero(posting, it.currency)
        assert posted_sum(it) == balances(it)
        check_books(it)


def check_zero(posting: Posting, currency: str) -> None:
    found: Counter[str] = Counter()
    for account, amount in posting.lines.items():
        assert amount, "an entry has no empty lines"
        found[currency_of(account, currency)] += amount
    assert not any(found.values()), posting


def check_books(it: Order) -> None:
    """The same sums by the other road: `books`."""
    money, held = books(it), balances(it)
    own = {k: v for k, v in held.items() if currency_of(k, it.currency) == it.currency}
    providers = sum(v for k, v in own.items() if k.startswith("provider:")) + own.get("fees", 0)
    excess = sum(share.excess for r in it.refunds if r.currency is None for share in r.shares)
    assert providers == money.captured - money.refunded - excess
    assert -sum(v for k, v in own.items() if k.startswith("revenue:")) == money.delivered
    assert -own.get("owed", 0) - own.get("surplus", 0) == money.owed


def apply(it: Order, act: str, which: int, amount: int, now: datetime) -> Order:  # noqa: C901 - a flat list
    unit = it.units[which % len(it.units)]
    payment = it.payments[which % len(it.payments)]
    known: dict[str, Any] = {"by": "s", "now": now}
    match act:
        case "pay":
            return captured(it, f"P{which % 3 + 1}", f"T{which}", it.total if amount > 900 else amount, now, fee=which)
        case "pay_in_dollars":
            return captured(it, f"P{which % 3 + 1}", f"D{which}", amount, now, currency="USD", fee=which)
        case "deliver":
            ready = [u.id for u in it.units if u.card and it.paid_at][: which + 1]
            costs = {u: Money(amount=amount, currency="USD" if amount % 2 else "CNY") for u in ready if amount % 5}
            return delivered(it, ready, now, costs=costs)
        case "draw":
            return assigned(it, {u.id: f"n{amount}-{u.id}" for u in it.units}, it.attempt)
        case "refund":
            return with_refund(it, [unit.id], reason="r", **known) if it.paid_at else it
        case "refund_delivered":
            return with_refund(it, [unit.id], reason="r", of=("delivered",), **known)
        case "allowance":
            return with_allowance(it, amount, [unit.id], reason="r", **known)
        case "surplus":
            return with_surplus_refunded(it, now)
        case "answer":
            said = ("succeeded", "failed", "unknown", "succeeded")[which]
            for refund in it.refunds:
                for number, share in enumerate(refund.shares):
                    if share.state != "succeeded":
                        return settled(share_answered(it, refund.id, number, said, now), now)  # type: ignore[arg-type]
            return it
        case "came_back":
            arrived = [(r.id, n) for r in it.refunds for n, share in enumerate(r.shares) if share.state == "succeeded"]
            return settled(share_came_back(it, *arrived[which % len(arrived)], now), now) if arrived else it
        case "again":
            broken = [refund.id for refund in it.refunds if refund.state == "failed"]
            return asked_again(it, broken[which % len(broken)], now) if broken else it
        case "goods":
            return goods_known(it, {u.id: "lost" if which % 2 else "returned" for u in it.units if u.goods == "out"})
        case "taken_back":
            part = payment.captured if amount > 900 else min(amount, payment.captured)
            return taken_back(it, payment.id, f"B{amount}", part, "console", now)
        case "replace":
            old = Replaced(
                card=unit.card or "", sku=unit.sku, at=now, by="s", reason="bad", cost=unit.cost,
                cost_currency=unit.cost_currency,
            )  # fmt: skip
            return replaced(it, unit.id, old, sku="a2", now=now, until=now)
        case "expire" | "cancel":
            to = "expired" if act == "expire" else "cancelled"
            return ended(it, to, "late") if it.state == "awaiting_payment" else it
        case "fee":
            return with_fee(it, payment.id, "payment" if which else f"R{amount}", amount % 50 - 10)
        case _:
            return settled(it, now) if it.state != "awaiting_payment" else it
