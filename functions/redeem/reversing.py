"""Taking a redemption back: within the series' policy at a counter, at any time by the merchant."""

from quanyi.callers import Caller
from quanyi.errors import Conflict, NotFound
from quanyi.redemptions.model import parts_of
from quanyi.table import ConditionFailed
from quanyi.vouchers.use import Use, Voucher, is_voucher
from redeem.messages import reversible_until
from redeem.using import Redeemed
from redeem.wiring import Till


def reverse(till: Till, caller: Caller, number: str) -> Redeemed:
    """What was taken is on the voucher again, and counts against no limit. The same again changes nothing.

    Raises NotFound (also for another store's or channel's), Conflict (`too_late`, `not_reversible`, or the voucher's
    state does not allow it any more).
    """
    caller.needs("counter", "storefront", "operator")
    card_id, use_id = parts_of(number) or ("", "")
    item = till.vouchers.table.get({"card_id": card_id}) if card_id else None
    use = Voucher.from_item(item).use(use_id) if item and is_voucher(item) else None
    if item is None or use is None or not _is_theirs(caller, use):
        raise NotFound("redemption")
    voucher = Voucher.from_item(item)
    series, now = till.series.get(voucher.series), till.now()
    if use.reversed_at:
        return Redeemed(voucher, series, use)
    if caller.role != "operator":
        until = reversible_until(series, use)
        if until is None:
            raise Conflict("These vouchers cannot be reversed at a counter.", reason="not_reversible")
        if now >= until:
            raise Conflict("It is too late to reverse this.", reason="too_late", until=until.isoformat())
    rules = series.terms.rules
    limits = till.limits.give_back(rules, series.id, use.member, number, use.at) if use.member else []
    try:
        after = till.vouchers.reverse(card_id, use, by=caller.name, now=now, also=limits)
    except ConditionFailed as failed:
        after = failed.item
    after = after or till.vouchers.table.get({"card_id": card_id}) or item
    voucher = Voucher.from_item(after)
    found = voucher.use(use_id)
    if found is None or found.reversed_at is None:
        raise Conflict(f"The voucher is {voucher.state}.", state=voucher.state)
    return Redeemed(voucher, series, found)


def _is_theirs(caller: Caller, use: Use) -> bool:
    if caller.role == "storefront":
        return use.channel == caller.channel
    if caller.role == "counter":
        return not use.channel and (not caller.stores or use.store in caller.stores)
    return True
