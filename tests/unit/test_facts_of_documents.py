"""Facts of purchases, decisions, reviews, vouchers and stock: each follows from its document, and is never changed."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from quanyi.batches.model import Batch
from quanyi.change import Change
from quanyi.claims.model import ChargeBack
from quanyi.facts.model import Fact
from quanyi.facts.of_card import facts_of_card
from quanyi.facts.of_order import facts_of as facts_of_order
from quanyi.facts.of_purchase import fact_of_charge_back, facts_of, new_facts
from quanyi.facts.of_risk import facts_of_decision, facts_of_review
from quanyi.facts.of_stock import facts_of_count
from quanyi.facts.origin import Origins
from quanyi.money import Money
from quanyi.orders.changes import captured, delivered
from quanyi.orders.promise import AT_ONCE
from quanyi.orders.refunds import with_refund
from quanyi.orders.returns import OUT_OF_STOCK
from quanyi.purchases.changes import Receipt, answered
from quanyi.risk.decisions import DecisionRecord
from quanyi.risk.policies import ReviewTerms
from quanyi.risk.reviews import Review, decided, review_of, timed_out
from quanyi.risk.rules import Hit, RuleError
from quanyi.supply.port import Answer
from tests.unit.test_facts import by_kind, card
from tests.unit.test_journal import NOW, placed_order
from tests.unit.test_purchase_changes import ANSWERS, RECEIPTS, on_its_way

# ----------------------------------------------------------------------------------------------------------- purchases


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(ANSWERS, RECEIPTS, st.integers(0, 30)), max_size=8))
def test_whatever_a_supplier_says_no_fact_of_a_purchase_is_changed(told: list[tuple[Answer, Receipt, int]]) -> None:
    po = on_its_way()
    found, now = new_facts(None, po), NOW
    for answer, receipt, minutes in told:
        now += timedelta(minutes=minutes)
        after = answered(po, answer, receipt, now)
        assert [fact for fact in facts_of(after) if fact in facts_of(po)] == facts_of(po)
        found += new_facts(po, after)
        po = after
    assert sorted(found, key=lambda fact: fact.id) == sorted(facts_of(po), key=lambda fact: fact.id)
    ends = by_kind(found, "purchase_ended")
    assert len(ends) == (1 if po.ended_at else 0)
    came = sum(fact.quantity for fact in ends) - sum(fact.quantity for fact in by_kind(found, "purchase_missed"))
    assert came == (po.received - po.late if po.ended_at else 0)


def ended(answer: Answer, received: int = 0) -> list[tuple[str, str, int]]:
    po = answered(on_its_way(), answer, Receipt(received=received), NOW + timedelta(seconds=90))
    return [(fact.kind, fact.reason, fact.quantity) for fact in facts_of(po)]


def test_a_purchase_is_received_short_or_failed() -> None:
    sent = ("purchase_sent", "", 3)
    assert ended(Answer("done"), 3) == [sent, ("purchase_ended", "received", 3)]
    assert ended(Answer("done"), 2) == [sent, ("purchase_ended", "short", 3), ("purchase_missed", "short", 1)]
    assert ended(Answer("failed"), 1) == [sent, ("purchase_ended", "short", 3), ("purchase_missed", "short", 2)]
    assert ended(Answer("failed")) == [sent, ("purchase_ended", "failed", 3), ("purchase_missed", "failed", 3)]
    assert ended(Answer("pending"), 1) == [sent]


def test_what_is_left_open_is_told_when_it_first_was_and_what_comes_late_not_at_all() -> None:
    po, later = on_its_way(), NOW + timedelta(hours=1)
    for minutes in (1, 2):
        po = answered(po, Answer("unknown"), Receipt(), NOW + timedelta(minutes=minutes))
    po = answered(po, Answer("failed"), Receipt(), NOW + timedelta(minutes=3))
    (open_,) = by_kind(facts_of(po), "purchase_unknown")
    assert open_.at == NOW + timedelta(minutes=1)
    (end,) = by_kind(facts_of(po), "purchase_ended")
    assert (end.seconds, end.provider, end.source, end.of) == (180, "acme", "order", "P1")
    late = answered(po, Answer("done"), Receipt(received=3), later)
    assert (late.received, late.late) == (3, 3)
    assert new_facts(po, late) == []


def test_a_purchase_that_was_never_sent_has_none() -> None:
    draft: dict[str, Any] = {"sent_at": None, "state": "cancelled", "ended_at": NOW}
    assert facts_of(on_its_way().model_copy(update=draft)) == []


def test_a_bad_card_is_told_without_its_id() -> None:
    cost = Money(amount=700, currency="CNY")
    bad = ChargeBack("secretfingerprint", "a", "B1", "acme", cost, NOW, "invalid", "O1", "0-0")
    fact = fact_of_charge_back(bad)
    assert (fact.provider, fact.sku, fact.amount, fact.currency, fact.at) == ("acme", "a", 700, "CNY", NOW)
    assert "secretfingerprint" not in repr(fact)


# ---------------------------------------------------------------------------------------------------------------- risk


def hit(rule: str, then: Any) -> Hit:
    return Hit(rule=rule, then=then, reason="why")


def decision(**fields: Any) -> DecisionRecord:
    known: dict[str, Any] = {"id": "D1", "point": "order", "subject": "O1", "order": "O1", "at": NOW, "outcome": "hold"}
    known |= {"hits": (hit("many", "hold"), hit("known", "approve")), "errors": (RuleError(rule="broken", reason="x"),)}
    return DecisionRecord.model_validate(known | {"facts": {"order.channel": "site"}} | fields)


def test_a_decision_is_told_once_and_with_each_of_its_rules() -> None:
    facts = facts_of_decision(decision())
    assert [(fact.kind, fact.reason, fact.medium) for fact in facts] == [
        ("judged", "hold", ""),
        ("ruled", "many", "hold"),
        ("ruled", "known", "hold"),
        ("ruled", "broken", "hold"),
    ]
    assert {(fact.of, fact.channel, fact.source, fact.at) for fact in facts} == {("O1", "site", "order", NOW)}
    assert len({fact.id for fact in facts}) == len(facts)
    assert facts_of_decision(decision(review="W1"))[0].reason == "pass"


def test_a_redemption_is_judged_without_its_number() -> None:
    number = "R" + "1" * 16 + "secretfingerprint"
    record = decision(point="redemption", subject=number, order="")
    assert "secretfingerprint" not in repr(facts_of_decision(record))


def test_a_review_is_told_when_it_is_over() -> None:
    terms = ReviewTerms(minutes=60, otherwise="refuse")
    review = review_of(decision(), terms, amount=Money(amount=900, currency="CNY"), channel="site", now=NOW)
    assert facts_of_review(review) == []
    later, how = NOW + timedelta(minutes=5), {"asked": "a", "body": "b", "note": ""}
    approved = decided(review, "approve", by="support:K1", now=later, **how)
    first, *rules = facts_of_review(approved)
    assert (first.reason, first.medium, first.seconds, first.amount) == ("approved", "person", 300, 900)
    assert [(fact.reason, fact.medium) for fact in rules] == [("many", "approved"), ("broken", "approved")]
    finished: Review = approved.model_copy(update={"finished": True, "taken": "D9", "rev": 7})
    assert facts_of_review(finished) == [first, *rules], "what becomes of it afterwards is another matter"
    missed = facts_of_review(timed_out(review, review.due_at))[0]
    assert (missed.reason, missed.medium, missed.seconds) == ("refused", "time", 3600)


# --------------------------------------------------------------------------------------------------------------- cards


def voucher(**fields: Any) -> dict[str, Any]:
    return card(series="VS1", batch="B1", price=500, currency="CNY", state="delivered", **fields)


def told(old: dict[str, Any], new: dict[str, Any]) -> list[Fact]:
    return facts_of_card(Change("1", NOW + timedelta(days=9), old, new))


def test_a_voucher_is_handed_out_each_time_that_it_goes_out() -> None:
    out = voucher(delivered_at="2026-11-23T04:00:00.000Z")
    (first,) = told(voucher(), out)
    assert (first.kind, first.source, first.channel, first.at) == ("handed_out", "VS1", "site", NOW)
    assert told(out, {**out, "state": "redeemed"}) == []
    (again,) = told({**out, "delivered_at": None}, {**out, "delivered_at": "2026-11-24T04:00:00.000Z"})
    assert (again.of, again.id != first.id) == (first.of, True)
    assert told({}, card(delivered_at="2026-11-23T04:00:00.000Z")) == [], "of a third party's card nobody sees the use"


def test_a_use_says_how_long_after_the_delivery() -> None:
    out = voucher(delivered_at="2026-11-23T04:00:00.000Z")
    used = {**out, "uses": {"U1": {"a": 1, "t": "2026-11-23T05:00:00.500Z", "k": "K1"}}}
    (fact,) = told(out, used)
    assert (fact.kind, fact.seconds, fact.source, fact.of) == ("redeemed", 3600, "VS1", told({}, out)[0].of)


def test_a_card_that_expires_is_told_on_its_day_with_what_it_had_cost() -> None:
    class Kept:
        asked = 0

        def get_many(self, batch_ids: Any) -> dict[str, Batch]:
            self.asked += 1
            cost = Money(amount=80, currency="USD")
            return {"B1": Batch("B1", "a", "acme", cost, None, None, NOW, b"")} if "B1" in batch_ids else {}

    kept = Kept()
    there: dict[str, Any] = {"card_id": "secretfingerprint", "sku": "a", "batch": "B1", "state": "available"}
    there["sell_by"] = "2026-11-23T04:00:00.000Z"
    gone = {**there, "state": "expired"}
    facts = [
        *told(there, gone),
        *told({**there, "card_id": "2", "batch": "B9"}, {**gone, "card_id": "2", "batch": "B9"}),
    ]
    origins = Origins(kept)
    first, unknown = origins.traced(facts)
    assert (first.kind, first.at, first.provider, first.amount, first.currency) == ("expired", NOW, "acme", 80, "USD")
    assert (unknown.provider, unknown.amount) == ("", 0)
    assert origins.traced(facts[:1]) == [first]
    assert kept.asked == 1, "a batch never changes"
    assert told(gone, {**gone, "reason": "seen"}) == []
    assert "secretfingerprint" not in repr(first)
    others = told({}, voucher(delivered_at="2026-11-23T04:00:00.000Z"))
    assert origins.traced(others) == others


def test_a_days_stock_is_told_by_sku_and_currency_and_that_it_was_counted() -> None:
    yuan, dollar = Money(amount=100, currency="CNY"), Money(amount=7, currency="USD")
    found = facts_of_count("2026-11-23", NOW, [("a", 2, yuan), ("a", 3, dollar), ("a", 1, yuan), ("b", 0, yuan)])
    assert [(fact.sku, fact.currency, fact.quantity, fact.amount) for fact in found] == [
        ("", "", 0, 0),
        ("a", "CNY", 3, 300),
        ("a", "USD", 3, 21),
    ]
    assert len({fact.id for fact in found}) == 3
    assert facts_of_count("2026-11-23", NOW, []) == found[:1]


# -------------------------------------------------------------------------------------------------------------- orders


def test_a_first_delivery_is_in_time_or_late_by_what_was_promised() -> None:
    it = captured(placed_order(), "P1", "T1", 1700, NOW)
    by, after = NOW + AT_ONCE, NOW + AT_ONCE + timedelta(seconds=1)
    waits = it.units[0].model_copy(update={"on_shortage": "backlog", "backlog_hours": 2})
    it = it.model_copy(update={"units": (waits, *it.units[1:])})
    it = delivered(it, [it.units[1].id], by)
    it = delivered(it, [it.units[0].id, it.units[2].id], after)
    found = {fact.unit: fact.medium for fact in by_kind(facts_of_order(it), "delivered")}
    assert found == {it.units[0].id: "in_time", it.units[1].id: "in_time", it.units[2].id: "late"}


def test_a_unit_that_never_came_is_told_with_the_reason_and_keeps_it() -> None:
    it = captured(placed_order(), "P1", "T1", 1700, NOW)
    it = delivered(it, [it.units[2].id], NOW)
    it = with_refund(it, [it.units[0].id], reason=OUT_OF_STOCK, by="system", now=NOW)
    it = with_refund(it, [it.units[1].id], reason="their own words", by="support:K1", now=NOW)
    it = with_refund(it, [it.units[2].id], reason="r", by="support:K1", of=("delivered",), now=NOW)
    found = by_kind(facts_of_order(it), "undelivered")
    assert [(fact.unit, fact.reason) for fact in found] == [
        (it.units[0].id, OUT_OF_STOCK),
        (it.units[1].id, "support"),
    ]
    assert found[0].at == NOW
