"""What the law asks of single-purpose commercial prepaid cards (单用途商业预付卡), as far as a SKU can tell.

《单用途商业预付卡管理办法（试行）》: Order 9 of the Ministry of Commerce, 2012, amended by its Order 2 of 2016. It
binds enterprises in retail, accommodation and catering, and resident services (article 2, annex 1). `docs/tax.md` says
where each rule was read, and what of the measures no program can check.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel

from quanyi.catalog.model import Sku, SkuId
from quanyi.errors import Invalid
from quanyi.vouchers.model import AmountValue

REGISTERED_MOST = 5_000_00
"""Fen. Article 18: a 记名卡 holds at most ¥5,000."""
BEARER_MOST = 1_000_00
"""Fen. Article 18: a 不记名卡 holds at most ¥1,000."""
BEARER_YEARS = 3
"""Article 19: a 不记名卡 is valid for at least three years; a 记名卡 has no expiry."""
BEARER_DAYS = 366 + 365 + 365
"""Three years, wherever among them a 29 February is."""

_WINDOW = ("on_sale_from", "on_sale_until")

PrepaidFault = Literal[
    "currency",
    "face_value_missing",
    "above_5000_yuan",
    "above_1000_yuan",
    "registered_card_expires",
    "shorter_than_three_years",
    "end_of_sale_missing",
    "start_of_sale_missing",
]


class PrepaidProblem(BaseModel):
    """Which article of the measures a SKU breaks; `bundle` is the SKU by whose sale it does."""

    sku: str
    article: int
    problem: PrepaidFault
    bundle: str | None = None


def check_prepaid(skus: Iterable[Sku]) -> None:
    """Raises Invalid (`prepaid_rule`) with every problem of every prepaid card among `skus`."""
    _refuse([PrepaidProblem(sku=s.id, article=a, problem=p) for s in skus if s.prepaid for a, p in _faults(s)])


def check_prepaid_parts(bundles: Iterable[Sku], known: Mapping[SkuId, Sku]) -> None:
    """A bundle sells its parts for as long as it is on sale itself, whatever window they have alone. Raises Invalid
    (`prepaid_rule`) with every bearer card that the last buyer of a bundle would have for too short."""
    _refuse(
        [
            PrepaidProblem(sku=sku.id, article=19, problem=fault, bundle=bundle.id)
            for bundle in bundles
            for part in bundle.components
            if (sku := known.get(part.sku)) and sku.prepaid and not sku.prepaid.registered
            if (fault := _too_short(sku.model_copy(update={name: getattr(bundle, name) for name in _WINDOW})))
        ]
    )


def check_prepaid_end(sku: Sku, until: datetime, *, last: datetime | None, opens: datetime | None) -> None:
    """Another end of vouchers that people have already. `last` is when the last of them comes to its bearer, None if
    nobody can say; `opens` when they may be used from. Raises Invalid (`prepaid_rule`)."""
    if sku.prepaid and (fault := _ends_too_soon(sku.prepaid.registered, until, last, opens)):
        _refuse([PrepaidProblem(sku=sku.id, article=19, problem=fault)])


def last_delivery(sku: Sku) -> datetime | None:
    """To the last one who can buy it, and waits for stock after that. None: it has no end of sale."""
    if sku.on_sale_until is None:
        return None
    waits = timedelta(hours=sku.backlog_hours) if sku.on_shortage == "backlog" else timedelta()
    return sku.on_sale_until + waits


def _refuse(problems: Sequence[PrepaidProblem]) -> None:
    if problems:
        raise Invalid(
            "These prepaid cards break the measures on single-purpose commercial prepaid cards "
            "(单用途商业预付卡管理办法（试行）).",
            reason="prepaid_rule",
            problems=[problem.model_dump(exclude_none=True) for problem in problems],
        )


def _faults(sku: Sku) -> Iterator[tuple[int, PrepaidFault]]:
    registered = sku.prepaid is not None and sku.prepaid.registered
    worth, (days, until) = _worth(sku), _validity(sku)
    # The limits are in yuan: of another currency nobody could say what they are.
    if sku.currency != "CNY":
        yield 18, "currency"
    elif not worth:
        yield 18, "face_value_missing"
    elif registered and worth > REGISTERED_MOST:
        yield 18, "above_5000_yuan"
    elif not registered and worth > BEARER_MOST:
        yield 18, "above_1000_yuan"
    if registered and (until or days):
        yield 19, "registered_card_expires"
    if not registered and (fault := _too_short(sku)):
        yield 19, fault


def _worth(sku: Sku) -> int | None:
    """Fen: what a voucher of ours stores; of other cards, and of uses, what their SKU says."""
    value = sku.voucher.value if sku.voucher else None
    return value.amount if isinstance(value, AmountValue) else sku.face_value


def _validity(sku: Sku) -> tuple[int | None, datetime | None]:
    """Days from delivery and the fixed end; a voucher of ours may have both, and the earlier holds."""
    rules = sku.voucher.rules if sku.voucher else None
    if rules:
        return rules.days_from_delivery, rules.valid_until
    return sku.validity.days_from_delivery, sku.validity.until


def _too_short(sku: Sku) -> PrepaidFault | None:
    """A card that ends on a fixed day must have its three years even for its last buyer; one whose days run from its
    delivery, even for the first, who may have it before it can be used."""
    days, until = _validity(sku)
    opens = sku.voucher.rules.valid_from if sku.voucher else None
    if days is not None:
        if days < BEARER_DAYS:
            return "shorter_than_three_years"
        if opens and sku.on_sale_from is None:
            return "start_of_sale_missing"
        if opens and sku.on_sale_from and sku.on_sale_from + timedelta(days=days) < _years_later(opens):
            return "shorter_than_three_years"
    return None if until is None else _ends_too_soon(False, until, last_delivery(sku), opens)


def _ends_too_soon(
    registered: bool, until: datetime, last: datetime | None, opens: datetime | None
) -> PrepaidFault | None:
    if registered:
        return "registered_card_expires"
    if last is None:
        return "end_of_sale_missing"
    return "shorter_than_three_years" if until < _years_later(max(last, opens or last)) else None


def _years_later(moment: datetime) -> datetime:
    """The same day of the year; from a 29 February, the 1 March."""
    year = moment.year + BEARER_YEARS
    if (moment.month, moment.day) == (2, 29):
        return moment.replace(year=year, month=3, day=1)
    return moment.replace(year=year)
