"""Each report on customers and products says, to the unit, what its definition says when it is computed another way
(`in_pandas`): for made-up shops, and for a public data set."""

import math
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from quanyi.analytics.customers import Bands, Behind, Cell, Kind
from quanyi.analytics.engine import Engine, Table
from reports.night.run import SHARED
from tests.unit import in_pandas
from tests.unit.in_pandas import Rows, Told
from tests.unit.shoppers import MADE_UP, SHOPS, Shop

TOLD = ("buyer", "cohort", "currency", "orders", "gmv")
"""Of a buyer behind a cell."""
PLAIN: dict[str, Any] = {"days": 30, "at_least": 2, **Bands().parameters()}


@pytest.fixture(scope="module", params=SHOPS, ids=lambda make: make.__name__)
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Asked":
    return opened(request, tmp_path_factory)


@pytest.fixture(scope="module", params=MADE_UP, ids=lambda make: make.__name__)
def made_up(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Asked":
    return opened(request, tmp_path_factory)


def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Asked":
    shop = request.param()
    engine = Engine(memory_mib=512, spill=str(tmp_path_factory.mktemp("spill")))
    engine.read([shop.write(tmp_path_factory.mktemp("lake"))])
    return Asked(shop, engine, Told.by(shop))


class Asked:
    def __init__(self, shop: Shop, engine: Engine, told: Told) -> None:
        self.shop, self.engine, self.told = shop, engine, told

    def answer(self, name: str, **more: Any) -> Table:
        known = {"first": self.shop.first, "last": self.shop.last, "without": self.shop.without}
        return self.engine.run(name, **PLAIN | known | more)


REPORTS: dict[str, tuple[int, Callable[[Told], Rows]]] = {
    "customers_new_returning": (4, in_pandas.customers_new_returning),
    "cohorts_weekly": (3, in_pandas.cohorts_weekly),
    "cohorts_monthly": (3, in_pandas.cohorts_monthly),
    "rfm": (2, in_pandas.rfm),
    "rfm_segments": (2, in_pandas.rfm_segments),
    "repurchase_intervals": (1, in_pandas.repurchase_intervals),
    "repurchase": (0, in_pandas.repurchase),
    "lifetime_value": (3, in_pandas.lifetime_value),
    "products": (3, in_pandas.products),
    "baskets": (3, lambda told: in_pandas.baskets(told, at_least=2, days=30)),
    "first_last_touch": (5, lambda told: in_pandas.first_last_touch(told, days=30)),
}
"""How many columns name a row, and the same in pandas."""


@pytest.mark.parametrize("name", REPORTS)
def test_the_sql_says_what_its_definition_says(asked: Asked, name: str) -> None:
    keys, compute = REPORTS[name]
    same(asked.answer(name), compute(asked.told), keys)


def test_who_was_active(made_up: Asked) -> None:
    answer = made_up.answer("customers_active")
    same(answer, in_pandas.customers_active(made_up.told), 7)
    assert answer.rows == sorted(answer.rows, key=lambda row: row[:7]), "rows of a buyer stand together"


@pytest.mark.parametrize("bands", [2, 10])
def test_rfm_in_other_bands(made_up: Asked, bands: int) -> None:
    same(made_up.answer("rfm", bands=bands), in_pandas.rfm(made_up.told, bands=bands), 2)


def test_rfm_between_fixed_edges(made_up: Asked) -> None:
    bands = Bands(5, (120, 60, 30, 7), (2, 3), (2000, 6000, 20000, 100_000), "USD")
    edges = {"r": bands.recency, "f": bands.frequency, "m": bands.monetary}
    wanted = in_pandas.rfm(made_up.told, edges=edges, currency="USD")
    same(made_up.answer("rfm", **bands.parameters()), wanted, 2)


def test_what_is_rare_is_left_out_of_the_pairs(made_up: Asked) -> None:
    every = in_pandas.baskets(made_up.told, at_least=1, days=7)
    for at_least in (1, 5, 40, 10**9):
        wanted = [row for row in every if row["together"] >= at_least]
        same(made_up.answer("baskets", at_least=at_least, days=7), wanted, 3)


def test_a_relation_that_is_made_once_changes_no_answer(made_up: Asked) -> None:
    before = {name: made_up.answer(name) for name in REPORTS}
    for relation in SHARED:
        made_up.engine.make(relation, without=made_up.shop.without)
    made_up.engine.make("rfm", **PLAIN, first=made_up.shop.first, last=made_up.shop.last, without=made_up.shop.without)
    try:
        assert {name: made_up.answer(name) for name in REPORTS} == before
    finally:
        made_up.engine.made = frozenset()


def test_the_sums_of_the_parts_are_the_whole(made_up: Asked) -> None:
    orders, gmv = len(made_up.told.bought), int(made_up.told.bought["gmv"].sum())
    for touch in ("first", "last"):
        rows = [row for row in made_up.answer("first_last_touch").dicts() if row["touch"] == touch]
        assert (sum(row["orders"] for row in rows), sum(row["gmv"] for row in rows)) == (orders, gmv)
    for grain in ("day", "week", "month"):
        rows = [row for row in made_up.answer("customers_new_returning").dicts() if row["grain"] == grain]
        for every in (True, False):
            part = [row for row in rows if (row["channel"] == "*") is every]
            assert (sum(row["orders"] for row in part), sum(row["gmv"] for row in part)) == (orders, gmv)
    for row in made_up.answer("products").dicts():
        assert row["margin"] == row["delivered"] - row["returned"] - row["cost"] - row["loss"]


def test_behind_each_cell_is_whom_it_counts(made_up: Asked) -> None:
    active, wanted = by_period(made_up.answer("customers_active").dicts()), by_period(one_each(made_up.told))

    def count(cell: Cell) -> int:
        behind = cell.rows()
        where = behind.same["grain"], behind.same["period"]
        found = [row for _, row in behind.buyers(enumerate(active[where]))]
        every = {"channel": "*", "currency": None, **behind.same}
        of_cell = [row for row in wanted[where] if Behind(behind.report, every, behind.other).has(row)]
        told = [[row[name] for name in TOLD] for row in found]
        assert told == [[row[name] for name in TOLD] for row in of_cell]
        return len(found)

    for row in made_up.answer("customers_new_returning").dicts():
        if row["grain"] != "day" and (row["channel"] == "*" or row["grain"] == "month"):
            kinds: tuple[Kind, ...] = ("new", "returning")
            named = {name: row[name] for name in ("grain", "period", "channel", "currency")}
            found = [count(Cell("customers_new_returning", kind=kind, **named)) for kind in kinds]
            assert found == [row["new"], row["returning"]]
    for row in made_up.answer("cohorts_monthly").dicts():
        if row["cohort"] >= made_up.shop.first:
            assert count(Cell("cohorts_monthly", cohort=row["cohort"], age=row["age"])) == row["active"]
    everyone = made_up.answer("rfm").dicts()
    for row in made_up.answer("rfm_segments").dicts():
        behind = Cell("rfm", segment=row["segment"], currency=row["currency"]).rows()
        assert sum(map(behind.has, everyone)) == row["buyers"]


def one_each(told: Told) -> Rows:
    """As lists tell buyers, in their order."""
    rows = [row | {"currency": None} if row["currency"] == "*" else row for row in in_pandas.active_buyers(told)]
    firsts = told.first_days()
    return sorted(rows, key=lambda row: (firsts[row["buyer"]], row["buyer"]))


def by_period(rows: Rows) -> dict[tuple[str, str], Rows]:
    found: dict[tuple[str, str], Rows] = defaultdict(list)
    for row in rows:
        known = row | {"period": row["period"].isoformat(), "cohort": row["cohort"].isoformat()}
        found[known["grain"], known["period"]].append(known)
    return found


def same(answer: Table, wanted: Rows, keys: int) -> None:
    """The same rows, each under its own key, in an order that the answer leaves to nobody."""
    found = {row[:keys]: row for row in answer.rows}
    assert len(found) == len(answer.rows), "a key names one row"
    expected = {tuple(row[name] for name in answer.columns[:keys]): row for row in wanted}
    assert set(found) == set(expected)
    for key, row in found.items():
        assert set(answer.columns) == set(expected[key])
        for name, value in zip(answer.columns, row, strict=True):
            assert equal(value, expected[key][name]), (key, name, value, expected[key][name])


def equal(one: Any, other: Any) -> bool:
    """Whole numbers to the unit; a share is a quotient of two of them."""
    if isinstance(one, float):
        return other is not None and math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)
    return bool(one == other)
