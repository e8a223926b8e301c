"""Checking and redeeming. What is read decides nothing by itself: the write's condition repeats what can change."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from quanyi.callers import Caller
from quanyi.errors import Busy, Refusal
from quanyi.metrics import count
from quanyi.redemptions.model import number_of
from quanyi.replay import must_repeat
from quanyi.table import ConditionFailed, Item
from quanyi.vouchers import condition
from quanyi.vouchers.limits import counted
from quanyi.vouchers.model import Series
from quanyi.vouchers.refusals import NotUsable, QrRefused, VoucherSpent, VoucherUnknown
from quanyi.vouchers.room import CROWDED
from quanyi.vouchers.rules import Refused, Rule, go_by_the_sale, refusals
from quanyi.vouchers.table import Taking
from quanyi.vouchers.use import Use, Voucher
from quanyi.vouchers.value import Missing, must_be_in, taken, unsaid
from redeem.judging import Request, judge
from redeem.messages import Checked, UseBody
from redeem.presenting import Found, find
from redeem.wiring import Till

TRIES = 20
COUNTED = {"voucher.left", "voucher.used"}
"""Facts of a merchant's condition that each use changes."""


@dataclass(frozen=True)
class Redeemed:
    voucher: Voucher
    series: Series
    use: Use


def check(till: Till, caller: Caller, body: UseBody) -> Checked:
    """What `redeem` would do with the same body; of one that leaves out what `redeem` demands, what is left on the
    voucher, and what can be said without it. Raises what finding the voucher and its value do, QrRefused, VoucherSpent
    (of a body that leaves nothing out)."""
    caller.needs("counter", "storefront")
    found = find(till, caller, body)
    _forgive(till, found)
    terms = found.series.terms
    if missing := unsaid(terms, body.amount, body.sale):
        must_be_in(terms, body.amount, body.sale)
        return _looked_up(till, found, missing)
    takes = taken(terms, body.amount, body.sale)
    _must_hold(found, takes.amount)
    return Checked(found.voucher, found.series, takes, _refused(till, found))


def _looked_up(till: Till, found: Found, missing: Missing) -> Checked:
    _must_be_fresh(found)
    unjudged = go_by_the_sale(found.series.terms.rules, found.sale)
    refused = _refused(till, found, without=unjudged)
    if found.voucher.state == "redeemed":
        refused.append(Refused("spent"))
    return Checked(found.voucher, found.series, None, refused, missing, unjudged)


def redeem(till: Till, caller: Caller, key: str, body: UseBody) -> Redeemed:
    """Takes one use, once for each `key` of a caller and voucher: again, it answers the same use.

    Raises what `check` does, NotUsable (every rule that says no), RiskRefused, ReviewNeeded, ApprovalUsed,
    KeyReused, Busy.
    """
    caller.needs("counter", "storefront")
    request = Request(caller, key, body)
    found = find(till, caller, body, request)
    asked, use_id = request.asked(found.sale.store, found.sale.member), request.use_id
    kept = found.voucher.use(use_id)
    try:
        if kept is None:
            takes = taken(found.series.terms, body.amount, body.sale)
            use = Use(
                id=use_id,
                amount=takes.amount,
                at=found.now,
                key_id=caller.key_id,
                store=found.sale.store,
                channel=caller.channel,
                operator=body.operator,
                member=found.sale.member,
                body_hash=asked,
                details=takes.details,
            )
            return _take(till, found, use)
        must_repeat(kept.body_hash, asked)
    except Refusal:
        _forgive(till, found)
        raise
    _forgive(till, found)
    return Redeemed(found.voucher, found.series, kept)


def _take(till: Till, found: Found, use: Use) -> Redeemed:
    """One write, and one before it of what risk control decides. Where it finds the voucher changed, the rules of use
    are asked again about how it is now."""
    _must_be_usable(till, found, use)
    if found.inquiry:
        judge(till, found.inquiry, found.series, use, found.region, found.order)
    for attempt in range(TRIES):
        try:
            after = _written(till, found, use)
        except ConditionFailed as failed:
            found = _as_it_is_now(found, failed.item)
        else:
            return Redeemed(after, found.series, use)
        if kept := found.voucher.use(use.id):  # by this very request, whose answer was lost or is on its way
            must_repeat(kept.body_hash, use.body_hash)
            return Redeemed(found.voucher, found.series, kept)
        if attempt > 1:
            till.pause(random.uniform(0, 0.005 * attempt))  # noqa: S311 - jitter, not a secret
        _must_be_usable(till, found, use)
    raise Busy("the voucher is contended")


def _written(till: Till, found: Found, use: Use) -> Voucher:
    """Raises ConditionFailed, with the voucher's item or that of a member's limit."""
    voucher, rules = found.voucher, found.series.terms.rules
    number = number_of(voucher.card_id, use.id)
    told = found.sale.member_uses, found.sale.member_uses_today
    limits = till.limits.take(rules, found.series.id, use.member, number, use.at, told) if use.member else []
    counted_on = rules.per_day is not None or limits or rules.asks & COUNTED or voucher.room < CROWDED
    taking = Taking(
        card_id=voucher.card_id,
        use=use,
        order=voucher.order,
        qr=found.scan.place if found.scan else "",
        pin=found.pin,
        seen=voucher.used if counted_on else None,
    )
    item = till.vouchers.redeem(taking, all_of_it=use.amount == voucher.left, also=limits)
    if item is not None:
        return Voucher.from_item(item)
    # Nobody else used it in between: the transaction's condition says so.
    return replace(voucher, left=voucher.left - use.amount, used=voucher.used + 1, uses=(*voucher.uses, use))


def _as_it_is_now(found: Found, item: Item) -> Found:
    """What was read, but for the item that a condition did not hold for. Raises VoucherUnknown when the voucher has
    gone to somebody else."""
    if "card_id" not in item:  # a member's limit
        which = "member_uses" if item.get("sk") == "ALL" else "member_uses_today"
        return replace(found, sale=replace(found.sale, **{which: counted(item)}))
    if "delivered_at" not in item or item.get("order") != found.voucher.order:
        raise VoucherUnknown
    return replace(found, voucher=Voucher.from_item(item))


def _must_be_usable(till: Till, found: Found, use: Use) -> None:
    """Raises QrRefused, VoucherSpent, NotUsable."""
    _must_hold(found, use.amount)
    if refused := _refused(till, found):
        raise NotUsable(refused)


def _must_hold(found: Found, wanted: int) -> None:
    """Raises QrRefused, VoucherSpent."""
    _must_be_fresh(found)
    voucher = found.voucher
    if voucher.state == "redeemed" or (voucher.state == "delivered" and wanted > voucher.left):
        raise VoucherSpent(voucher.left, wanted)


def _must_be_fresh(found: Found) -> None:
    """Raises QrRefused."""
    scan = found.scan
    if scan and scan.stale(found.now):
        raise QrRefused("stale")
    if scan and scan.place and scan.place <= found.voucher.qr_at:
        raise QrRefused("used")


def _refused(till: Till, found: Found, *, without: Sequence[Rule] = ()) -> list[Refused]:
    """Every rule that says no, but for those that are not to be asked. One of the merchant's own that gives no answer
    says no too, and an alarm tells."""
    asked = refusals(found.voucher, found.series, found.sale, found.now, till.zone)
    refused = [one for one in asked if one.rule not in without]
    if found.way not in found.series.terms.ways:
        refused.append(Refused("way", wanted={"ways": list(found.series.terms.ways)}))
    if found.order and found.order.get("frozen"):
        refused.append(Refused("order_frozen"))
    if found.store and not found.store.open:
        refused.append(Refused("store_closed"))
    if "condition" in without:
        return refused
    if said := condition.refusal(found.voucher, found.series, found.sale, found.region, found.now, till.zone):
        refused.append(said)
        if said.rule == "condition_failed":
            count("VoucherRuleFailed", series=found.series.id)
    return refused


def _forgive(till: Till, found: Found) -> None:
    if found.pin:
        till.vouchers.forgive(found.voucher.card_id)
