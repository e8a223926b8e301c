"""How many AWS calls a redemption takes, for each kind of voucher and way in."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bench.emulated import EmulatedShop, emulated_shop
from bench.meter import Made, by_name, units
from bench.report import Figure, table
from quanyi.callers import Caller
from quanyi.cards.model import NewCard, Pool
from quanyi.cards.table import CardsTable
from quanyi.clock import stamp, system_clock
from quanyi.ids import new_id
from quanyi.stores.model import Store
from quanyi.vouchers.issue import numbered_face, voucher_id, voucher_pin_id
from quanyi.vouchers.model import Series, VoucherTerms
from quanyi.vouchers.use import new_voucher
from redeem import counter
from redeem.wiring import till

MOST = 4
EACH = 5
"""Redemptions of each kind; the most of any is told."""
COUNTER = Caller(role="counter", key_id="K3", stores=("S1",))

KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "once, by code": ({}, {}),
    "three times, by code and PIN": ({"value": {"kind": "times", "times": 3}, "pin_digits": 6}, {}),
    "stored amount, in part": (
        {"value": {"kind": "amount", "amount": 10_000}},
        {"amount": {"amount": 30, "currency": "CNY"}},
    ),
    "with hours, a minimum spend and a condition": (
        {"rules": {"minimum_spend": 1000, "per_day": 1, "stores": ["S1"], "when": "sale.amount >= 1000"}},
        {"sale": {"amount": 5000, "currency": "CNY"}},
    ),
    "limited by member": ({"rules": {"per_member": 1, "per_member_per_day": 1}}, {"member": "u1"}),
}
"""A series' terms, and what a till sends beside the code."""


@dataclass
class Vouchers:
    """Makes series and vouchers on an emulated shop, without what a merchant's own way would call."""

    number: int = 0

    def handed_out(self, terms: dict[str, Any]) -> dict[str, str]:
        """What is presented of a new voucher of a new series."""
        now, self.number = system_clock(), self.number + 1
        made = Series(
            id=new_id("VS", secrets.token_bytes),
            sku="coffee",
            terms=VoucherTerms.model_validate(terms),
            created_at=now - timedelta(days=9),
        )
        series = till().series.make(made)
        face = numbered_face(till().keys, series, self.number)
        card = NewCard(
            card_id=voucher_id(till().keys, face),
            batch="B1",
            pool=Pool.of(series.sku, None, None, till().zone),
            sealed=b"sealed",
            pin_id=voucher_pin_id(till().keys, face),
            own=new_voucher(series),
        )
        handed: dict[str, Any] = {"available": None, "delivered_at": stamp(now - timedelta(days=1))}
        CardsTable(till().vouchers.table).insert(card, state="delivered", **handed)
        return {"code": face.number.reveal(), **({"pin": face.pin.reveal()} if face.pin else {})}


def measure() -> Figure:
    vouchers = Vouchers()
    with emulated_shop() as shop:
        till().stores.save(Store(id="S1", name="S1", region="shanghai", updated_at=system_clock()))
        for terms, sent in KINDS.values():  # keys and clients are made by the first of a process
            _redeemed(shop, vouchers, terms, sent)
        made = {
            kind: max((_redeemed(shop, vouchers, *how) for _ in range(EACH)), key=len) for kind, how in KINDS.items()
        }
    most = max(map(len, made.values()))
    return Figure(
        name="redeeming",
        title="AWS calls of a redemption (warm), the most of any kind",
        aim=f"≤ {MOST}",
        seen=str(most),
        reached=most <= MOST,
        how=(
            f"{EACH} redemptions of each kind, each of a fresh voucher of a fresh series, through the real handler on "
            "moto in this process, counted by boto3's events; the most of any is told. Units follow from the items by "
            "DynamoDB's rules, index writes included; a transaction's count twice. Not counted: the authorizer (kept "
            "for 60 s by the gateway) and what follows from the cards' stream."
        ),
        body=table(
            ["voucher", "calls", "read units", "write units", "of which"], [_row(*each) for each in made.items()]
        ),
    )


def _redeemed(shop: EmulatedShop, vouchers: Vouchers, terms: dict[str, Any], sent: dict[str, Any]) -> list[Made]:
    body = {**vouchers.handed_out(terms), **sent}
    if "member" in body:
        body["member"] = secrets.token_hex(4)
    with shop.meter.counting() as made:
        shop.post(counter.handler, "/v1/redemptions", body, COUNTER, Idempotency_Key=secrets.token_hex(8))
    return made


def _row(kind: str, made: list[Made]) -> list[object]:
    reads, writes = units(made)
    return [kind, len(made), float(reads), writes, "; ".join(f"{n} × {call}" for call, n in by_name(made).items())]
