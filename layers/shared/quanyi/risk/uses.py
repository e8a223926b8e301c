"""Uses of vouchers: what each tells about who made it and where, and the facts of one that is asked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quanyi.money import Money
from quanyi.redemptions.model import Record, number_of
from quanyi.risk.facts import Bucket, Identity, Tally, Value
from quanyi.risk.tokens import recent, token
from quanyi.risk.told import Sign
from quanyi.vouchers.model import AmountValue, DiscountValue, Series
from quanyi.vouchers.use import Use, Voucher

VOUCHERS = "vouchers"
"""The set of a person's item: a voucher that was used twice counts once."""


@dataclass(frozen=True)
class UseAsked:
    """A use that is asked for, as far as it is known once its voucher is found. `asked` is the request's hash: the same
    number with another body is another question. `same` is equal for all requests that want the same use of it.
    `persons` are keyed hashes; who stands at the till is none of them."""

    voucher: Voucher
    use_id: str
    asked: str
    same: str
    terminal: str
    persons: Mapping[Identity, str]

    @property
    def number(self) -> str:
        return number_of(self.voucher.card_id, self.use_id)

    @property
    def sold(self) -> list[tuple[Bucket, str]]:
        """Where the voucher was sold, by whom, and what it is."""
        named: list[tuple[Bucket, str]] = [
            ("channel", self.voucher.channel),
            ("agent", self.voucher.agent),
            ("sku", self.voucher.sku),
        ]
        return [each for each in named if each[1]]

    @property
    def tallies(self) -> dict[Tally, str]:
        found: dict[Tally, str] = {"terminal": self.terminal}
        if member := self.persons.get("member"):
            found["person"] = _person(self.voucher.series, member)
        return found


def signs_of(record: Record) -> Iterator[Sign]:
    """Taking a use back is no second one, and does not undo that it was made."""
    use = record.use
    if use.reversed_at:
        return
    mine = token(use.at, record.number)
    yield Sign("terminal", use.key_id, "redeemed", mine)
    if use.member:
        yield Sign("member", use.member, "redeemed", mine)
    if use.member and record.series:
        yield Sign("person", _person(record.series, use.member), VOUCHERS, token(use.at, record.card_id))


def use_facts(voucher: Voucher, series: Series, use: Use, region: str, sold_in: str) -> dict[str, Value]:
    """Of the use itself. `region` is the store's, or empty; `sold_in` the currency of the voucher's price."""
    terms, worth = series.terms, worth_of(voucher, series, use, sold_in)
    same_money = sold_in == terms.currency
    return {
        "voucher.kind": terms.value.kind,
        "voucher.amount": worth.amount,
        "voucher.currency": worth.currency if worth.amount else "",
        "voucher.left_percent": voucher.left * 100 // voucher.whole if voucher.whole else 0,
        "voucher.foreign_store": terms.foreign_store(use.store),
        "voucher.foreign_region": terms.foreign_region(region),
        "voucher.below_floor": same_money and terms.below_floor(voucher.price),
        "voucher.agent": voucher.agent,
        "voucher.days_since_delivery": (use.at - voucher.delivered_at).days if voucher.delivered_at else 0,
    }


def tally_facts(known: Mapping[Tally, Mapping[str, Any]], now: datetime) -> dict[str, Value]:
    """What was used there, and by that person, before. `known` are the items that were found."""
    terminal, person = known.get("terminal", {}), known.get("person", {})
    return {
        "terminal.redeemed_10m": len(recent(terminal.get("redeemed", ()), "10m", now)),
        "voucher.same_person_1d": len(set(recent(person.get(VOUCHERS, ()), "1d", now))),
    }


def worth_of(voucher: Voucher, series: Series, use: Use, sold_in: str) -> Money:
    """What a use takes: of a stored amount, or off a sale; of others, its share of what was paid for the voucher."""
    match series.terms.value:
        case AmountValue():
            return Money(amount=use.amount, currency=series.terms.currency)
        case DiscountValue():
            return Money(amount=int(use.details.get("off", 0)), currency=series.terms.currency)
        case _:
            share = (voucher.price or 0) * use.amount // max(1, voucher.whole)
            return Money(amount=share, currency=sold_in)


def _person(series: str, member: str) -> str:
    return f"{series}#{member}"
