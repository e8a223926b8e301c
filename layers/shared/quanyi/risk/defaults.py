"""The rules that a shop starts with, by point; version 0. None has to be touched on the first day.

They are cautious: a threshold is what hardly any honest buyer passes, a single weak sign only adds to a score. What the
shop's own people put on a list comes first. `allowed` is said where a refusal must not hit somebody whom they trust.
"""

from collections.abc import Mapping

from quanyi.risk.facts import Point
from quanyi.risk.rules import Rule, RuleTable, Then

_BLOCKED = Rule(id="blocked", when="len(lists.blocked) > 0", then="refuse", reason="blocked")
_ALLOWED = Rule(id="allowed", when="len(lists.allowed) > 0", then="approve", reason="allowed")
_NOT_ALLOWED = "len(lists.allowed) == 0"


_FAILED = "many_failed_payments"
_UNPAID = "many_unpaid"


def _mostly(bad: str, least: int, paid: str) -> str:
    """Not only often, but more than twice as often as what was paid."""
    return f"{bad} >= {least} and {bad} > 2 * {paid}"


def _rule(id: str, when: str, then: Then, reason: str, *, score: int = 0, public: bool = False) -> Rule:
    guarded = f"{_NOT_ALLOWED} and ({when})" if then == "refuse" else when
    return Rule(id=id, when=guarded, then=then, score=score, reason=reason, public=public)


_ORDER = RuleTable(
    rules=(
        _BLOCKED,
        _ALLOWED,
        # Card testing: try after try, from one place. An address may be a whole carrier's, whose honest buyers pay.
        _rule("testing.device", _mostly("device.failed_1h", 5, "device.paid_1h"), "refuse", _FAILED, public=True),
        _rule("testing.device_day", _mostly("device.failed_1d", 8, "device.paid_1d"), "refuse", _FAILED, public=True),
        _rule("testing.ip", _mostly("ip.failed_1h", 8, "ip.paid_1h"), "refuse", _FAILED, public=True),
        _rule("testing.ip_day", _mostly("ip.failed_1d", 14, "ip.paid_1d"), "refuse", _FAILED, public=True),
        _rule("testing.net", _mostly("net.failed_1d", 20, "net.paid_1d"), "refuse", _FAILED, public=True),
        _rule("testing.member", "member.failed_1h >= 6", "hold", _FAILED),
        # Hoarding: many orders by the same few, which they do not pay. Holding such an order for review would leave it
        # what it came for.
        _rule("hoarding.member", _mostly("member.unpaid_1d", 5, "member.paid_1d"), "refuse", _UNPAID, public=True),
        _rule("hoarding.phone", _mostly("phone.unpaid_1d", 5, "phone.paid_1d"), "refuse", _UNPAID, public=True),
        _rule("hoarding.device", _mostly("device.unpaid_1d", 5, "device.paid_1d"), "refuse", _UNPAID, public=True),
        _rule("hoarding.net", _mostly("net.unpaid_1d", 15, "net.paid_1d"), "refuse", _UNPAID, public=True),
        _rule("velocity.device", "device.placed_1h >= 12", "hold", "many_orders"),
        _rule("velocity.phone", "phone.placed_1d >= 20", "hold", "many_orders"),
        _rule("accounts", "device.accounts_7d >= 5", "score", "many_accounts", score=50),
        _rule("velocity.ip", "ip.placed_10m >= 10", "score", "many_orders", score=40),
        _rule("unpaid.ip", "ip.unpaid_1d >= 10", "score", _UNPAID, score=40),
        # Who took money back after having seen the goods.
        _rule("refunder", "member.seen_refunded_30d >= 3", "score", "repeat_refunder", score=50),
        _rule("disputer", "member.disputed_30d >= 2 or device.disputed_30d >= 2", "score", "complaints", score=60),
    ),
    hold_at=100,
)

_DELIVERY = RuleTable(
    rules=(
        _BLOCKED,
        _ALLOWED,
        _rule("held", "order.risk_held", "hold", "held_at_order"),
        _rule("payer.accounts", "payer.accounts_7d >= 5", "hold", "many_accounts"),
        _rule("payer.velocity", "payer.paid_1h >= 11", "hold", "many_orders"),
        _rule("payer.disputes", "payer.disputed_30d >= 2", "hold", "complaints"),
        _rule("payer.refunds", "payer.seen_refunded_30d >= 3", "score", "repeat_refunder", score=50),
        _rule("tries", "payment.tries >= 6", "score", "many_failed_payments", score=50),
        _rule("failed", "device.failed_1h >= 5 or ip.failed_1h >= 8", "score", "many_failed_payments", score=60),
        _rule("failed.net", _mostly("net.failed_1d", 10, "net.paid_1d"), "score", _FAILED, score=60),
        _rule("accounts", "device.accounts_7d >= 5", "score", "many_accounts", score=50),
        _rule("new", "member.days_known == 0 and order.units >= 20", "score", "large_first_order", score=40),
    ),
    hold_at=100,
)

_REFUND = RuleTable(
    rules=(
        _BLOCKED,
        _ALLOWED,
        _rule("used", "refund.redeemed > 0", "hold", "used"),
        _rule("seen", "refund.revealed > 0 and member.seen_refunded_30d >= 2", "hold", "repeat_refunder"),
        _rule(
            "seen.linked",
            "refund.revealed > 0 and (device.seen_refunded_30d >= 2 or payer.seen_refunded_30d >= 2)",
            "hold",
            "repeat_refunder",
        ),
        _rule(
            "reveal",
            "refund.revealed > 0 and refund.minutes_reveal_to_refund in [1..10]",
            "score",
            "refund_after_reveal",
            score=50,
        ),
        _rule(
            "seen.once", "refund.revealed > 0 and member.seen_refunded_30d >= 1", "score", "repeat_refunder", score=60
        ),
        _rule("many", "member.refunded_30d >= 8", "hold", "many_refunds"),
        _rule("disputed", "refund.revealed > 0 and member.disputed_30d >= 1", "score", "complaints", score=50),
    ),
    hold_at=100,
)

_REDEMPTION = RuleTable(
    rules=(
        _BLOCKED,
        _ALLOWED,
        _rule("diversion", "voucher.foreign_region and voucher.below_floor", "hold", "diversion"),
        _rule("foreign.store", "voucher.foreign_store", "score", "foreign_store", score=40),
        _rule("foreign.region", "voucher.foreign_region", "score", "foreign_region", score=50),
        _rule("floor", "voucher.below_floor", "score", "below_floor_price", score=50),
        _rule(
            "bulk.foreign",
            "voucher.foreign_region and voucher.same_person_1d >= 2",
            "hold",
            "bulk_by_one_person",
        ),
        _rule("bulk", "voucher.same_person_1d >= 6", "score", "bulk_by_one_person", score=60),
        _rule("bulk.much", "voucher.same_person_1d >= 20", "hold", "bulk_by_one_person"),
        _rule("agent", "voucher.agent != '' and agent.refunded_1d >= 20", "score", "agent", score=30),
    ),
    hold_at=100,
)

DEFAULTS: Mapping[Point, RuleTable] = {
    "order": _ORDER,
    "delivery": _DELIVERY,
    "refund": _REFUND,
    "redemption": _REDEMPTION,
}
