"""The merchant's own condition of use (`rules.when`): what it may ask about, and its answer.

One that gives no answer at run time refuses the use, and somebody hears of it: it never approves.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from quanyi.expression import Conditions, Failed, Fault, fault_in
from quanyi.vouchers.model import Series, UsageRules
from quanyi.vouchers.rules import Refused, Sale
from quanyi.vouchers.use import Voucher

SAMPLE: Mapping[str, Any] = {
    "sale": {"amount": 9900, "goods": ["latte"]},
    "store": {"id": "S1", "region": "shanghai"},
    "voucher": {
        "left": 1,
        "whole": 1,
        "used": 0,
        "price": 1999,
        "channel": "site",
        "agent": "",
        "days_since_delivery": 3,
    },
    "member": {"known": True, "uses": 0, "uses_today": 0},
    "now": {"date": "2026-11-26", "weekday": 4, "hour": 12, "minute": 30},
}
"""Every fact that a condition may ask about, with a value of its kind. Amounts are minor units; `now` is the shop's."""


def fault_of(rules: UsageRules) -> Fault | None:
    """Why the rules' condition cannot be saved; None when it can, or there is none."""
    return fault_in(rules.when, SAMPLE) if rules.when else None


def refusal(voucher: Voucher, series: Series, sale: Sale, region: str, now: datetime, zone: str) -> Refused | None:
    """What the condition says of a use. `condition_failed` means that it gave no answer."""
    when = series.terms.rules.when
    if not when:
        return None
    (answer,) = _compiled(when).answers(facts(voucher, sale, region, now, zone))
    if isinstance(answer, Failed):
        return Refused("condition_failed")
    return None if answer else Refused("condition", wanted={"when": when})


def facts(voucher: Voucher, sale: Sale, region: str, now: datetime, zone: str) -> dict[str, Any]:
    here = now.astimezone(ZoneInfo(zone))
    age = (now - voucher.delivered_at).days if voucher.delivered_at else 0
    return {
        "sale": {"amount": sale.amount or 0, "goods": list(sale.goods)},
        "store": {"id": sale.store, "region": region},
        "voucher": {
            "left": voucher.left,
            "whole": voucher.whole,
            "used": sum(use.reversed_at is None for use in voucher.uses),
            "price": voucher.price or 0,
            "channel": voucher.channel,
            "agent": voucher.agent,
            "days_since_delivery": age,
        },
        "member": {"known": bool(sale.member), "uses": sale.member_uses, "uses_today": sale.member_uses_today},
        "now": {
            "date": f"{here:%Y-%m-%d}",
            "weekday": here.isoweekday(),
            "hour": here.hour,
            "minute": here.minute,
        },
    }


@lru_cache(maxsize=64)
def _compiled(when: str) -> Conditions:
    return Conditions.of([when])
