"""Naming the accounts that an order of top-ups left out: before it is paid, or while it waits for them.

What is named is written under the order's revision, which is the condition that the unit waits and has none; only then
is the workflow woken. A call that dies in between is finished by the same call, or by the sweep that it left due.
"""

from functools import partial

from checkout.accounts import check, revealed
from checkout.topup_messages import AccountsBody, Lack
from checkout.wiring import Shop
from quanyi.callers import Caller
from quanyi.catalog.account_form import AccountForm, form_for
from quanyi.catalog.accounts import AccountInvalid, FieldFault
from quanyi.errors import Busy
from quanyi.orders.accounts import accounts_for, topups_of
from quanyi.orders.buying import wants_buying
from quanyi.orders.holding import is_held
from quanyi.orders.missing import missing, named
from quanyi.orders.model import Order


def name_accounts(shop: Shop, caller: Caller, order_id: str, body: AccountsBody) -> Order:
    """Takes the accounts of one line; the same again answers the same. Raises NotFound, Forbidden, AccountInvalid,
    AccountUnchecked, AccountGiven, AccountTooLate, Busy: then none was taken."""
    caller.needs("storefront", "order")
    order = shop.orders.get(order_id)
    caller.must_see(order.id, order.channel)
    if order.state == "placing":
        raise Busy("this very order is being placed")
    form = _form(shop, order, body.line)
    if not form.parts:
        raise AccountInvalid([FieldFault(field="line", reason="unknown")])
    accounts = accounts_for(order, body.line, revealed(body.accounts), form)
    key = shop.members.data_key(order.member)
    write = partial(named, accounts=accounts, key=key, by=caller.name, draw=shop.draw)
    write(order, now=shop.now())  # what it refuses, no supplier has to be asked about
    lacking = {unit.id for unit in order.units if unit.lacks_account}
    check(shop, order.currency, [form], {unit: one for unit, one in accounts.items() if unit in lacking})
    now = shop.now()
    order = shop.orders.change(order, partial(write, now=now))
    if order.wait_token and not is_held(order, now) and any(wants_buying(order, unit, now) for unit in order.units):
        shop.workflow.wake(order.wait_token)
    return order


def lacks(shop: Shop, order: Order) -> list[Lack]:
    """What the order still lacks, and the form that asks for it, by the catalogue's terms as they are now."""
    return [(one, _form(shop, order, one.line)) for one in missing(order, shop.now())]


def _form(shop: Shop, order: Order, number: int) -> AccountForm:
    """Of a line's top-ups as they were ordered, whatever its bundle consists of since; without parts where it has
    none."""
    skus = list(dict.fromkeys(unit.sku for unit in topups_of(order, number)))
    if not skus:
        return AccountForm()
    known = shop.catalog.skus(skus)
    return form_for(order.lines[number].sku, [known[sku] for sku in skus])
