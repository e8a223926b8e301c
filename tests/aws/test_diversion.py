"""From a voucher's use back to the order that sold it and the agent behind that."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any, cast

import pytest

from quanyi.errors import Invalid, Malformed
from quanyi.money import Money
from quanyi.orders.model import Order
from quanyi.redemptions.model import Record
from quanyi.redemptions.table import RedemptionsTable
from quanyi.stores.model import Store
from quanyi.stores.table import StoresTable
from quanyi.table import encode_cursor
from quanyi.vouchers.model import Series, VoucherTerms
from quanyi.vouchers.series import SeriesTable
from quanyi.vouchers.use import Use
from reports import diversion as report
from reports.diversion import DiversionView, diversion
from reports.wiring import Office
from tests.aws.conftest import Cloud
from tests.aws.market import Market
from tests.aws.memory import MemoryCloud

TERMS = VoucherTerms.model_validate({"floor_price": 1500, "regions": ["north"]})


@dataclass
class Ledger:
    """What the report reads: vouchers sold by two agents, used in the north and in the south."""

    market: Market

    def __post_init__(self) -> None:
        cloud, now = self.market.cloud, self.market.now
        self.market.sku()
        self.market.stock("ik-month", 30)
        self.table = RedemptionsTable(cloud.table("StatsTable"), "Asia/Shanghai")
        series, stores = SeriesTable(cloud.table("SupplyTable")), StoresTable(cloud.table("CatalogTable"))
        series.make(Series(id="V1", sku="ik-month", terms=TERMS, created_at=now))
        for region in ("north", "south"):
            stores.save(Store.model_validate({"id": region, "name": region, "region": region, "updated_at": now}))
        self.office = _Office(self.table, self.market.shop.orders, series, stores)
        self.number, self.currency = 0, "CNY"

    def sold(self, agent: str, quantity: int = 1, price: int = 1999) -> Order:
        self.market.sku(price=price, currency=self.currency)
        order = self.market.pay(self.market.place(quantity=quantity, agent=agent))
        self.market.run()
        return self.market.order(order)

    def used(self, order: Order, store: str, person: str = "", unit: int = 0) -> Record:
        self.number += 1
        use = Use(f"{self.number:016d}", 1, self.market.now, "K1", store=store, member=person)
        card = order.units[unit].card or ""
        record = Record(card, "V1", "ik-month", "CNY", use, order.id, order.channel)
        self.table.put([record])
        self.table.put([record])
        return record

    def used_printed(self, card: str, store: str, person: str = "") -> Record:
        """A voucher that no order sold, as one of a printed series."""
        self.number += 1
        use = Use(f"{self.number:016d}", 1, self.market.now, "K1", store=store, member=person)
        record = Record(card, "V1", "ik-month", "CNY", use)
        self.table.put([record])
        return record

    def pages(self, first: date, last: date) -> list[DiversionView]:
        found = [diversion(cast("Office", self.office), first, last, None)]
        while found[-1].next:
            found.append(diversion(cast("Office", self.office), first, last, None, found[-1].next))
        return found

    def report(self, agent: str | None = None) -> DiversionView:
        today = date(2026, 11, 23)
        return diversion(cast("Office", self.office), today, today, agent)


@dataclass
class _Office:
    redemptions: RedemptionsTable
    orders: Any
    series: SeriesTable
    stores: StoresTable
    zone: str = "Asia/Shanghai"


@pytest.fixture
def ledger(cloud: Cloud) -> Ledger:
    return Ledger(Market(cloud))


def test_the_chain_leads_from_the_card_to_its_agent(ledger: Ledger) -> None:
    good, bad = ledger.sold("a-1"), ledger.sold("a-2")
    ledger.used(good, "north")
    stray = ledger.used(bad, "south")
    first, second = ledger.report().agents
    assert (first.agent, first.redemptions, first.flagged, first.flags) == ("a-2", 1, 1, {"foreign_region": 1})
    (chain,) = first.chains
    assert (chain.redemption, chain.card, chain.order) == (stray.number, bad.units[0].card, bad.id)
    assert (chain.agent, chain.channel, chain.store, chain.region) == ("a-2", "site", "south", "south")
    assert (second.agent, second.flagged, second.score, second.chains) == ("a-1", 0, 0, [])
    assert [each.agent for each in ledger.report("a-1").agents] == ["a-1"]


def test_what_was_sold_too_cheaply_is_told(ledger: Ledger) -> None:
    ledger.used(ledger.sold("a-1", price=1499), "north")
    (agent,) = ledger.report().agents
    assert agent.flags == {"below_floor": 1}
    assert agent.chains[0].price is not None
    assert agent.chains[0].price.amount == 1499


def test_a_price_in_other_money_is_told_in_it_and_not_compared(ledger: Ledger) -> None:
    """14.99 dollars are no 14.99 yuan."""
    ledger.currency = "USD"
    ledger.used(ledger.sold("a-1", price=1499), "south")
    (agent,) = ledger.report().agents
    assert agent.flags == {"foreign_region": 1}
    assert agent.chains[0].price == Money(amount=1499, currency="USD")


def test_one_voucher_that_is_used_often_is_not_bulk(ledger: Ledger) -> None:
    order = ledger.sold("a-1", 5)
    for _ in range(6):
        ledger.used(order, "north", person="one")
    assert ledger.report().agents[0].flagged == 0
    for unit in range(1, 5):
        ledger.used(order, "north", person="one", unit=unit)
    assert ledger.report().agents[0].flags == {"in_bulk": 10}


def test_many_by_one_person_are_bulk_and_by_many_are_not(ledger: Ledger) -> None:
    order = ledger.sold("a-1", 10)
    for number in range(5):
        ledger.used(order, "north", person=f"p{number}", unit=number)
    assert ledger.report().agents[0].flagged == 0
    for number in range(5, 10):
        ledger.used(order, "north", person="one", unit=number)
    assert ledger.report().agents[0].flags == {"in_bulk": 5}


def test_a_use_that_was_taken_back_says_nothing(ledger: Ledger) -> None:
    record = ledger.used(ledger.sold("a-2"), "south")
    ledger.table.put(
        [replace(record, use=replace(record.use, reversed_at=ledger.market.now, reversed_by="counter:K1"))]
    )
    assert ledger.report().agents == []


def test_too_many_days_are_refused(ledger: Ledger) -> None:
    today = date(2026, 11, 23)
    for first in (today + timedelta(days=1), today - timedelta(days=31)):
        with pytest.raises(Invalid):
            diversion(cast("Office", ledger.office), first, today, None)


def test_what_no_order_sold_is_counted_without_an_agent(ledger: Ledger) -> None:
    ledger.used(ledger.sold("a-1"), "north")
    stray = ledger.used_printed("P" * 43, "south")
    ledger.used_printed("Q" * 43, "north")
    first, second = ledger.report().agents
    assert (first.agent, first.redemptions, first.flags) == ("", 2, {"foreign_region": 1})
    (chain,) = first.chains
    assert (chain.redemption, chain.order, chain.price) == (stray.number, "", None)
    assert (second.agent, second.redemptions) == ("a-1", 1)


def test_pages_add_up_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the pages' size; also what one person used, where a day is parted among them."""
    ledger = Ledger(Market(MemoryCloud()))  # type: ignore[arg-type]
    draw, first = Random(7), date(2026, 11, 23)
    orders = [ledger.sold(agent, 8) for agent in ("a-1", "a-2", "")]
    for uses in (0, 60, 0, 3, 40):
        for _ in range(uses):
            person, store = draw.choice(["", "one", "one", "two", "three"]), draw.choice(["north", "south"])
            if draw.random() < 0.2:
                ledger.used_printed(f"{draw.randrange(9)}".rjust(43, "P"), store, person)
                continue
            record = ledger.used(draw.choice(orders), store, person, unit=draw.randrange(8))
            if draw.random() < 0.1:
                back = replace(record.use, reversed_at=ledger.market.now, reversed_by="counter:K1")
                ledger.table.put([replace(record, use=back)])
        ledger.market.later(days=1)
    last = first + timedelta(days=4)
    (whole,) = ledger.pages(first, last)
    assert sum(agent.flags.get("in_bulk", 0) for agent in whole.agents) > 5
    for most in (7, 20, 43, 60, 63, 102):
        monkeypatch.setattr(report, "MOST_RECORDS", most)
        pages = ledger.pages(first, last)
        assert summed(pages) == summed([whole]), most
        assert all(sum(agent.redemptions for agent in page.agents) <= most for page in pages)
        chains = [chain.redemption for page in pages for agent in page.agents for chain in agent.chains]
        assert sorted(chains) == sorted(chain.redemption for agent in whole.agents for chain in agent.chains)
    assert len(pages) == 2, "days stay whole where they fit"


def summed(pages: Iterable[DiversionView]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for page in pages:
        for agent in page.agents:
            figures = {"redemptions": agent.redemptions, "flagged": agent.flagged, "points": agent.points}
            found.setdefault(agent.agent, Counter()).update({**agent.flags, **figures})
    return found


@pytest.mark.parametrize("place", [{"on": "2026-11-22", "after": "0#0"}, {"on": "2026-11-23", "after": "9#x"}])
def test_the_cursor_of_another_report_is_refused(ledger: Ledger, place: dict[str, str]) -> None:
    today = date(2026, 11, 23)
    with pytest.raises(Invalid):
        diversion(cast("Office", ledger.office), today, today, None, encode_cursor(place))
    with pytest.raises(Malformed):
        diversion(cast("Office", ledger.office), today, today, None, "nothing")
