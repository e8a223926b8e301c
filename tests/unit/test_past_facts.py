"""What exports tell: each thing once, however often they come, and of buyers no more than is there."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quanyi.facts.model import Fact
from quanyi.ledger.model import currency_of
from quanyi.members.contact import Contact
from quanyi.members.model import member_id
from quanyi.past.buyer import Told, buyer_of
from quanyi.past.facts import facts_of
from quanyi.past.model import Changed, PastOrder, grown
from quanyi.past.orders import Export, order_id
from tests.exports import BASE, ROW, only, read, row, source


@dataclass(frozen=True)
class Keys:
    """A keyring of one key."""

    def key(self, purpose: str) -> bytes:
        return purpose.encode()

    def mac(self, purpose: str, *parts: str) -> str:
        return hashlib.sha256("\x1f".join((purpose, *parts)).encode()).hexdigest()


KEYS: Any = Keys()


def told(*exports: Export) -> dict[str, Fact]:
    """The facts after these exports, in this order, as their table would have them."""
    known: dict[str, PastOrder] = {}
    facts: dict[str, Fact] = {}
    for each in exports:
        for one in each.orders:
            known[one.order.id] = grown(known.get(one.order.id), one.order, one.refunds)
            for fact in facts_of(known[one.order.id]):
                assert facts.get(fact.id, fact) == fact, "a fact that was told is never changed"
                facts[fact.id] = fact
    return facts


def moved(facts: Iterable[Fact]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for fact in facts:
        assert sum(fact.accounts.values()) == 0
        found.update(fact.accounts)
    return {account: amount for account, amount in found.items() if amount}


# Facts.


def test_a_sale_a_refund_and_a_delivery_in_the_books_words() -> None:
    facts = told(read(row(refund="5.00", refunded_at="2026-03-10 09:00:00")))
    assert all(fact.id.startswith("X") and fact.of.startswith("X") for fact in facts.values())
    assert {fact.channel for fact in facts.values()} == {"taobao"}
    kinds = Counter(fact.kind for fact in facts.values())
    assert kinds == {"placed": 1, "sold": 1, "posted": 3, "delivered": 1, "refund_asked": 1}
    assert moved(facts.values()) == {"provider:taobao-shop": 1490, "revenue:@0": -1490}
    days = {(fact.at.day, account): amount for fact in facts.values() for account, amount in fact.accounts.items()}
    assert days[10, "provider:taobao-shop"] == -500
    assert days[10, "revenue:@0"] == 500
    assert {currency_of(account, "CNY") for fact in facts.values() for account in fact.accounts} == {"CNY"}


def test_an_export_twice_is_one_and_a_later_one_adds_what_went_back() -> None:
    before, after = read(ROW), read(row(refund="5.00", refunded_at="2026-03-10"))
    later = read(row(refund="8.00", refunded_at="2026-04-01"))
    first = told(before)
    assert told(before, before) == first
    whole = told(before, after, later, after, before)
    assert {name: whole[name] for name in first} == first
    added = [fact for name, fact in whole.items() if name not in first]
    assert sorted(fact.kind for fact in added) == ["posted", "posted", "refund_asked", "refund_asked"]
    assert sorted(fact.accounts["revenue:@0"] for fact in added if fact.accounts) == [300, 500]
    assert moved(whole.values()) == {"provider:taobao-shop": 1190, "revenue:@0": -1190}


def test_money_is_the_orders_and_goods_are_the_lines() -> None:
    """One payment is one capture, of however many lines; each of an entry's facts adds up to zero."""
    rows = [row(title="月卡"), row(title="年卡", amount="100.00", refund="40.00", refunded_at="2026-03-10")]
    posted = [fact for fact in told(read(*rows)).values() if fact.kind == "posted"]
    at_provider = [(fact.line, amount) for fact in posted if (amount := fact.accounts.get("provider:taobao-shop"))]
    assert at_provider == [(None, 11990), (None, -4000)]
    goods = {(fact.reason, fact.line is None): fact.accounts for fact in posted if "revenue:@0" in fact.accounts}
    assert goods["back0", False] == {"revenue:@0": 4000, "owed": -4000}
    assert {fact.reason for fact in posted} == {"paid", "delivered", "back0"}
    assert moved(posted) == {"provider:taobao-shop": 7990, "revenue:@0": -7990}


def test_another_word_about_what_was_told_is_not_believed() -> None:
    for changed in ({"amount": "21.00"}, {"paid_at": "2026-03-09 10:20:30"}, {"quantity": "3"}):
        with pytest.raises(Changed):
            told(read(ROW), read(row(**changed)))
    with pytest.raises(Changed):
        told(read(ROW), read(ROW, row(title="年卡")))
    assert told(read(ROW), read(row(title="改了名的月卡"))) == told(read(ROW))


def test_what_is_not_paid_waits_what_was_closed_was_only_placed() -> None:
    created = source(columns={**BASE["columns"], "created_at": "退款时间"})
    waiting = row(status="等待买家付款", paid_at="", refunded_at="2026-03-08 10:00:00")
    found = read(waiting, src=created)
    assert (found.pending, found.orders, found.faults) == (1, [], [])
    closed = told(read({**waiting, "status": "交易关闭"}, src=created))
    assert [fact.kind for fact in closed.values()] == ["placed"]
    paid_and_closed = told(read(row(status="交易关闭", refunded_at="2026-03-09")))
    assert moved(paid_and_closed.values()) == {}


def test_without_statuses_a_time_of_payment_says_that_it_was_paid() -> None:
    columns = {name: column for name, column in BASE["columns"].items() if name != "status"}
    found = read(ROW, row(order="1002", paid_at="", amount=""), src=source(columns=columns, statuses=None))
    assert (len(found.orders), found.pending, found.faults) == (1, 1, [])


def test_a_refund_without_a_moment_may_count_on_the_day_of_payment() -> None:
    facts = told(read(row(status="已退款"), src=source(undated_refunds="payment_day")))
    (back,) = [fact for fact in facts.values() if fact.kind == "refund_asked"]
    assert back.at == datetime(2026, 3, 8, 15, 59, 59, 999000, UTC)
    assert moved(facts.values()) == {}


def test_a_day_alone_is_not_before_what_happened_on_it() -> None:
    facts = told(read(row(refund="5.00", refunded_at="2026-03-08")))
    paid = next(fact.at for fact in facts.values() if fact.kind == "sold")
    back = next(fact.at for fact in facts.values() if fact.kind == "refund_asked")
    assert (back - paid).total_seconds() == 0.001


def test_what_goes_back_before_delivery_was_never_delivered() -> None:
    src = source(columns={**BASE["columns"], "delivered_at": "会员名"})
    unsent = read(ROW, src=src)
    half_back = read(row(refund="5.00", refunded_at="2026-03-09"), src=src)
    sent = read(row(refund="5.00", refunded_at="2026-03-09", nick="2026-03-10 10:20:30"), src=src)
    assert moved(told(unsent).values()) == {"provider:taobao-shop": 1990, "owed": -1990}
    assert moved(told(unsent, half_back).values()) == {"provider:taobao-shop": 1490, "owed": -1490}
    facts = told(unsent, half_back, sent, sent)
    assert moved(facts.values()) == {"provider:taobao-shop": 1490, "revenue:@0": -1490}
    assert [fact.seconds for fact in facts.values() if fact.kind == "delivered"] == [2 * 86400]
    # Told of the delivery first, what went back earlier is taken off it then.
    late = read(row(nick="2026-03-10 10:20:30"), src=src)
    assert moved(told(late, sent).values()) == {"provider:taobao-shop": 1490, "revenue:@0": -1490}
    assert moved(told(sent).values()) == {"provider:taobao-shop": 1490, "revenue:@0": -1490}


HISTORY = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 1990), st.integers(9, 27)), min_size=1, max_size=12
).map(lambda found: [row(order=f"H{n}", refund=f"{back / 100:.2f}", refunded_at=f"2026-03-{day:02}")
                     for n, back, day in found])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(HISTORY)
def test_however_exports_follow_each_other_the_most_that_went_back_counts_once(rows: list[dict[str, str]]) -> None:
    exports = [read(one) for one in rows]
    facts = told(*exports, *exports)
    most: dict[str, int] = {}
    for one in rows:
        most[one["order"]] = max(most.get(one["order"], 0), round(float(one["refund"]) * 100))
    backs = Counter[str]()
    for fact in facts.values():
        backs[fact.of] += fact.amount if fact.kind == "refund_asked" else 0
    assert dict(backs) == {order_id("taobao-shop", name): amount for name, amount in most.items()}
    assert moved(facts.values()).get("provider:taobao-shop", 0) == 1990 * len(most) - sum(most.values())


DELIVERED = st.lists(
    st.tuples(st.sampled_from(["", "2026-03-12", "2026-03-20 08:00:00"]), st.integers(0, 1990), st.integers(9, 27)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=100, deadline=None)
@given(DELIVERED)
def test_no_export_changes_what_was_told_and_the_books_always_add_up(seen: list[tuple[str, int, int]]) -> None:
    src = source(columns={**BASE["columns"], "delivered_at": "会员名"})
    exports = [
        read(row(nick=at, refund=f"{back / 100:.2f}", refunded_at=f"2026-03-{day:02}"), src=src)
        for at, back, day in seen
    ]
    most = max(back for _, back, _ in seen)
    sums = moved(told(*exports, *exports).values())
    assert sums.pop("provider:taobao-shop", 0) == 1990 - most
    at = "revenue:@0" if any(at for at, _, _ in seen) else "owed"
    assert sums == ({at: most - 1990} if most < 1990 else {})


# Buyers.


def test_a_number_in_clear_is_the_member_that_our_own_shop_would_make_of_it() -> None:
    here = member_id(KEYS, "site", None, Contact(phone="+86 138 0013 8001"))
    assert buyer_of(KEYS, "taobao-shop", Told(phone="13800138001")) == here
    assert buyer_of(KEYS, "douyin-shop", Told(phone="86-138 0013 8001", nick="tb1")) == here
    mail = member_id(KEYS, "site", None, Contact(email="A@example.com"))
    assert buyer_of(KEYS, "taobao-shop", Told(email="a@example.com ")) == mail


@pytest.mark.parametrize(
    "seen", [Told("138****8001"), Told("138＊＊＊＊8001"), Told("138••••8001", nick="t**1"), Told(nick="tb_1"),
             Told("13800138001-1234", nick="tb_1"), Told("138****8001", "a***@example.com")],
)  # fmt: skip
def test_what_is_masked_is_nobody_elses(seen: Told) -> None:
    mine = buyer_of(KEYS, "taobao-shop", seen)
    assert mine.startswith("X")
    assert mine == buyer_of(KEYS, "taobao-shop", seen)
    assert mine != buyer_of(KEYS, "douyin-shop", seen)
    assert mine != buyer_of(KEYS, "taobao-shop", Told("13800138001"))
    assert mine not in (buyer_of(KEYS, "taobao-shop", Told("139****8001")), "")


@pytest.mark.parametrize(
    "seen", [Told(), Told("1*********1"), Told(nick="张**"), Told("13800138001转1234"), Told("12"),
             Told(nick="-"), Told(nick="匿名用户"), Told(nick="匿名"), Told(nick="NULL"), Told("00000000000"),
             Told("18888888888"), Told("88888888", nick="无")],
)  # fmt: skip
def test_who_cannot_be_told_from_others_is_nobody(seen: Told) -> None:
    assert buyer_of(KEYS, "taobao-shop", seen) == ""
    assert seen.known == "nobody"


def test_nothing_of_a_buyer_is_printed_or_kept() -> None:
    one = only(read(row(phone="13800138001", nick="旺旺一号")))
    kept = repr([one, facts_of(grown(None, one.order, one.refunds))])
    assert not [secret for secret in ("13800138001", "旺旺一号", "'1001'") if secret in kept]
