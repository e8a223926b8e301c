"""The accounts that an order's top-ups are for: read before anything is written, and asked about where their SKU wants
it."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from checkout.messages import OrderBody
from checkout.wiring import Shop
from quanyi.catalog.account_form import AccountForm
from quanyi.catalog.accounts import Account, AccountInvalid, FieldFault
from quanyi.errors import Busy
from quanyi.orders.accounts import Asked, Named, UnitAccount, accounts_of
from quanyi.orders.pricing import Quote
from quanyi.secret import Secret

AT_ONCE = 8
SECONDS = 3.0
"""After so long no further account is asked about; one call may take eight."""


class AccountUnchecked(Busy):
    """The SKU is only sold for accounts that a supplier was asked about, and none could tell; `sku` is the first of
    those."""

    code, title = "account_unchecked", "No supplier could tell whether the account can be topped up"


def accounts_in(shop: Shop, body: OrderBody, priced: Quote, *, later: bool) -> Named:
    """The account of each unit that is a top-up and is not left out; `later`: it may be, as its SKU allows. Raises
    AccountInvalid, AccountUnchecked, Invalid (`accounts_too_large`)."""
    lines = [Asked(line.sku, line.quantity, revealed(line.accounts)) for line in body.lines]
    accounts = accounts_of(lines, priced, body.language, later=later)
    check(shop, priced.currency, priced.forms.values(), accounts)
    return accounts


def revealed(accounts: Sequence[Mapping[str, Secret]]) -> list[dict[str, str]]:
    return [{name: text.reveal() for name, text in one.items()} for one in accounts]


def check(shop: Shop, currency: str, forms: Iterable[AccountForm], accounts: Named) -> None:
    """Asks about each account once, where the SKU's terms want it. Raises AccountInvalid, AccountUnchecked."""
    wanted = {part.sku: part.terms.check for form in forms for part in form.parts}
    asked = {(one.place, one.sku): one for one in accounts.values() if wanted[one.sku] != "never"}
    answers = _answers(shop, currency, list(asked.values()))
    refused: list[FieldFault] = []
    for one, known in zip(asked.values(), answers, strict=True):
        if known is None and wanted[one.sku] == "must":
            raise AccountUnchecked("Ask again, or let the shop know.", sku=one.sku)
        if known is False:
            refused.append(FieldFault(field=one.place, reason="refused"))
    if refused:
        raise AccountInvalid(refused)


def _answers(shop: Shop, currency: str, asked: Sequence[UnitAccount]) -> list[bool | None]:
    """Nobody is told later than a buyer would wait: then what is left counts as not known."""
    check, until = shop.account_check, monotonic() + SECONDS
    if check is None or not asked:
        return [None] * len(asked)

    def one(each: UnitAccount) -> bool | None:
        return check(each.sku, currency, _secrets(each.account)) if monotonic() < until else None

    with ThreadPoolExecutor(min(len(asked), AT_ONCE)) as several:
        return list(several.map(one, asked))


def _secrets(account: Account) -> dict[str, Secret]:
    return {name: Secret(value) for name, value in account.values.items()}
