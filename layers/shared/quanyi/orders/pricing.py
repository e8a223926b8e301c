"""From what a buyer asks for to lines, units and a total: pure rules over catalogue snapshots."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from json import dumps

from quanyi.catalog.account_form import AccountForm, form_of
from quanyi.catalog.model import Sku
from quanyi.errors import Invalid, NotOnSale, OverLimit
from quanyi.money import split
from quanyi.orders.model import MAX_TOPUPS, MAX_UNITS, Line, Unit
from quanyi.vouchers.model import series_id_of


@dataclass(frozen=True)
class Wanted:
    """That many of a SKU."""

    sku: str
    quantity: int


@dataclass(frozen=True)
class Quote:
    """A priced basket. `version` changes with anything that would change price or content; `forms` ask for the accounts
    of each line's top-ups, by its SKU."""

    lines: tuple[Line, ...]
    units: tuple[Unit, ...]
    currency: str
    total: int
    version: str
    forms: Mapping[str, AccountForm] = field(default_factory=dict[str, AccountForm])


def merged(wanted: Sequence[Wanted]) -> list[Wanted]:
    """The same SKU on two lines is one line, so that tiers and limits see the whole quantity."""
    quantities: dict[str, int] = {}
    for want in wanted:
        quantities[want.sku] = quantities.get(want.sku, 0) + want.quantity
    return [Wanted(sku, quantity) for sku, quantity in quantities.items()]


def components_of(skus: Mapping[str, Sku]) -> list[str]:
    """SKUs that bundles among `skus` consist of and that are not there yet."""
    parts = {part.sku for sku in skus.values() for part in sku.components}
    return sorted(parts - set(skus))


def quote(wanted: Sequence[Wanted], skus: Mapping[str, Sku], channel: str, now: datetime) -> Quote:
    """Prices a merged basket for a channel at a moment. `skus` holds every SKU asked for and every component.

    Raises NotOnSale (all of them), OverLimit (per order), Invalid (`mixed_currencies`, `too_many_units`,
    `too_many_topups`).
    """
    missing = [w.sku for w in wanted if w.sku not in skus or not skus[w.sku].sold_in(channel, now)]
    missing += [w.sku for w in wanted if w.sku not in missing and _broken(skus[w.sku], skus)]
    if missing:
        raise NotOnSale(missing)
    if len({skus[w.sku].currency for w in wanted}) > 1:
        raise Invalid("All lines of an order are in one currency.", reason="mixed_currencies")
    over = [
        {"sku": w.sku, "limit": limit, "wanted": w.quantity, "per": "order"}
        for w in wanted
        if (limit := skus[w.sku].limit_per_order) is not None and w.quantity > limit
    ]
    if over:
        raise OverLimit("More than one order may hold.", limits=over)
    if sum(_units_each(skus[w.sku]) * w.quantity for w in wanted) > MAX_UNITS:
        raise Invalid(f"At most {MAX_UNITS} units an order.", reason="too_many_units")
    lines = tuple(_line(w, skus[w.sku], channel) for w in wanted)
    units = tuple(unit for i, line in enumerate(lines) for unit in _units(i, line, skus))
    if sum(unit.kind == "topup" for unit in units) > MAX_TOPUPS:
        raise Invalid(f"At most {MAX_TOPUPS} top-ups an order.", reason="too_many_topups")
    parts = [[*(line.model_dump(mode="json") for line in lines)], [u.model_dump(mode="json") for u in units]]
    version = hashlib.sha256(dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
    forms = {w.sku: form_of(skus[w.sku], skus) for w in wanted}
    return Quote(lines, units, skus[wanted[0].sku].currency, sum(line.total for line in lines), version, forms)


def _broken(sku: Sku, skus: Mapping[str, Sku]) -> bool:
    """A bundle whose component is gone, withdrawn or below cost can't be sold whole."""
    parts = [skus.get(part.sku) for part in sku.components]
    return any(part is None or part.product_state != "published" or part.halted for part in parts)


def _units_each(sku: Sku) -> int:
    return sum(part.quantity for part in sku.components) if sku.components else 1


def _line(want: Wanted, sku: Sku, channel: str) -> Line:
    price = sku.unit_price(channel, want.quantity)
    return Line(
        sku=sku.id,
        version=sku.version,
        kind=sku.kind,
        titles=sku.titles,
        quantity=want.quantity,
        unit_price=price,
        total=price * want.quantity,
        # Left out where nothing is off: an order of one card stays below one write unit.
        list_price=sku.price if sku.price > price else 0,
        tax_class=sku.tax_class,
        tax_rate=sku.tax_rate,
        face_value=sku.face_value,
        validity=sku.validity,
        limit_per_buyer=sku.limit_per_buyer,
    )


def _units(number: int, line: Line, skus: Mapping[str, Sku]) -> list[Unit]:
    sku = skus[line.sku]
    if not sku.components:
        return [_unit(f"{number}-{i}", number, sku, line.unit_price) for i in range(line.quantity)]
    pieces = [(c, p, skus[part.sku]) for c, part in enumerate(sku.components) for p in range(part.quantity)]
    shares = split(line.unit_price, [piece.price for _, _, piece in pieces])
    return [
        _unit(f"{number}-{i}-{c}-{p}", number, piece, share)
        for i in range(line.quantity)
        for (c, p, piece), share in zip(pieces, shares, strict=True)
    ]


def _unit(unit_id: str, line: int, sku: Sku, amount: int) -> Unit:
    minted = sku.own == "mint"
    held = not minted and sku.sourcing != "on_demand"
    return Unit(
        id=unit_id,
        line=line,
        sku=sku.id,
        kind=sku.kind if sku.kind in ("manual", "topup") else "card",
        amount=amount,
        # What is made when it is sold is never short of stock: nothing to hold, nothing to wait for. Nor is there
        # anything to hold of what is bought once it is paid.
        hold_at=sku.hold if held else "payment",
        on_shortage="refund" if minted else sku.on_shortage,
        backlog_hours=sku.backlog_hours,
        warranty_days=sku.warranty_days,
        replacements=sku.free_replacements,
        own=sku.own,
        series=series_id_of(sku.id, sku.voucher) if sku.voucher and minted else "",
        sourcing="" if sku.sourcing == "stock" else sku.sourcing,
        least_margin=sku.least_margin,
        face_value=sku.face_value if sku.kind == "topup" else None,
        account_hours=sku.topup.account_hours if sku.topup and sku.topup.ask == "later" else 0,
    )
