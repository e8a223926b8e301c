"""A counter and vouchers to redeem there, on the test's AWS or in memory."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from quanyi.callers import Caller
from quanyi.cards.model import Face, NewCard, Pool
from quanyi.cards.table import CardsTable
from quanyi.clock import stamp
from quanyi.redemptions.table import RedemptionsTable
from quanyi.risk.assess import Risk
from quanyi.stores.model import Store
from quanyi.stores.table import StoresTable
from quanyi.table import Item
from quanyi.vouchers.guessing import Guesses
from quanyi.vouchers.issue import numbered_face, voucher_id, voucher_pin_id
from quanyi.vouchers.limits import MemberLimits
from quanyi.vouchers.model import Series, VoucherTerms
from quanyi.vouchers.series import SeriesTable
from quanyi.vouchers.table import VouchersTable
from quanyi.vouchers.use import new_voucher
from redeem.messages import Checked, UseBody
from redeem.using import Redeemed, check, redeem
from redeem.wiring import Till
from tests.aws.conftest import Cloud

TILL = Caller(role="counter", key_id="K1", stores=("S1",))
ANY_TILL = Caller(role="counter", key_id="K2")
SERVER = Caller(role="storefront", key_id="K3", channel="site")
NOON = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
"""A Thursday, 12:00 in Shanghai."""
ZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class Handed:
    """A voucher in somebody's hands."""

    card_id: str
    face: Face

    @property
    def code(self) -> str:
        return self.face.number.reveal()

    @property
    def pin(self) -> str | None:
        return self.face.pin.reveal() if self.face.pin else None

    def body(self, **more: Any) -> UseBody:
        return UseBody.model_validate({"code": self.code, "pin": self.pin, **more})


class Counter:
    """`cloud`: `conftest.Cloud` or `memory.MemoryCloud`. Stores S1 (shanghai) and S2 (beijing) are there."""

    def __init__(self, cloud: Cloud, now: datetime = NOON) -> None:
        self.cloud, self.now = cloud, now
        self.cards = CardsTable(cloud.table("CardsTable"))
        stats = cloud.table("StatsTable")
        self.till = Till(
            vouchers=VouchersTable(cloud.table("CardsTable")),
            series=SeriesTable(cloud.table("SupplyTable")),
            orders=cloud.table("OrdersTable"),
            stores=StoresTable(cloud.table("CatalogTable")),
            limits=MemberLimits(cloud.table("MembersTable"), ZONE),
            guesses=Guesses(stats),
            redemptions=RedemptionsTable(stats, ZONE),
            risk=Risk.of(cloud.table("RiskTable"), ZONE),
            keys=cloud.keyring,
            zone=ZONE,
            now=lambda: self.now,
            pause=lambda _: None,
        )
        self._numbers = count(1)
        for store, region in (("S1", "shanghai"), ("S2", "beijing")):
            self.till.stores.save(Store(id=store, name=store, region=region, updated_at=now))

    @property
    def risk(self) -> Risk:
        return self.till.risk

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def series(self, series_id: str = "VS1", **terms: Any) -> Series:
        made = Series(
            id=series_id,
            sku="coffee",
            terms=VoucherTerms.model_validate(terms),
            created_at=self.now - timedelta(days=9),
        )
        return self.till.series.make(made)

    def hand_out(self, series: Series | None = None, **attributes: Any) -> Handed:
        """A voucher that was given away a day ago; `attributes` replace its item's."""
        series = series or self.series()
        face = numbered_face(self.till.keys, series, next(self._numbers))
        card = voucher_id(self.till.keys, face)
        new = NewCard(
            card_id=card,
            batch="B1",
            pool=Pool.of(series.sku, None, None, ZONE),
            sealed=b"sealed",
            pin_id=voucher_pin_id(self.till.keys, face),
            own=new_voucher(series),
        )
        handed: dict[str, Any] = {
            "state": "delivered",
            "available": None,
            "delivered_at": stamp(self.now - timedelta(days=1)),
        }
        self.cards.insert(new, **handed | attributes)
        return Handed(card, face)

    def item(self, voucher: Handed) -> Item:
        found = self.cards.get(voucher.card_id)
        assert found
        return found

    def left(self, voucher: Handed) -> int:
        return self.item(voucher)["left"]

    def redeem(self, voucher: Handed, key: str = "k1", caller: Caller = TILL, **body: Any) -> Redeemed:
        return redeem(self.till, caller, key, voucher.body(**body))

    def check(self, voucher: Handed, caller: Caller = TILL, **body: Any) -> Checked:
        return check(self.till, caller, voucher.body(**body))

    def with_till(self, **changes: Any) -> Till:
        return replace(self.till, **changes)
