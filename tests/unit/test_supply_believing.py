"""Which of a supplier's catalogues are believed, and what becomes of an offer by what it says."""

from datetime import UTC, datetime

import pytest

from quanyi.supply.believing import Told, believed, refusal
from quanyi.supply.model import Offer

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def offer(cost: int = 100, *, on_sale: bool = True) -> Offer:
    return Offer(sku="a", supplier="s1", code="c", cost=cost, on_sale=on_sale, updated_at=NOW)


def told(cost: int | None = 100, currency: str = "CNY", stock: int | None = 5, *, on_sale: bool = True) -> Told:
    return Told(cost, currency, stock, on_sale)


@pytest.mark.parametrize(
    ("strange", "quiet", "is_refused"),
    [(3, 10, False), (4, 10, True), (4, 300, False), (6, 294, False), (7, 293, True)],
)
@pytest.mark.parametrize("how", [told(151), told(49), told(0), told(-5), told(100, "USD"), told(10**13)])
def test_a_few_strange_costs_are_believed(how: Told, strange: int, quiet: int, is_refused: bool) -> None:
    pairs = [(offer(), how)] * strange + [(offer(), told())] * quiet
    assert bool(refusal(pairs, "CNY")) == is_refused


def test_changes_within_half_are_nothing_strange() -> None:
    assert refusal([(offer(), told(150)), (offer(), told(50)), (offer(0), told(7))] * 100, "CNY") == ""


@pytest.mark.parametrize(("gone", "left", "is_refused"), [(3, 0, False), (4, 0, True), (4, 4, False), (5, 4, True)])
@pytest.mark.parametrize("how", [None, told(on_sale=False)])
def test_a_catalogue_that_drops_most_is_not_believed(how: Told | None, gone: int, left: int, is_refused: bool) -> None:
    pairs = [(offer(), how)] * gone + [(offer(), told())] * left
    # What was gone before is no news.
    pairs += [(offer(on_sale=False), how)] * 20
    assert bool(refusal(pairs, "CNY")) == is_refused


def test_what_becomes_of_an_offer() -> None:
    assert believed(offer(), told(170), "CNY") == told(170)
    assert believed(offer(), None, "CNY") == Told(100, "CNY", None, on_sale=False)
    assert believed(offer(), told(None), "CNY") == told(100), "it did not say"
    for none in (told(0), told(-1), told(10**13), told(90, "USD")):
        assert believed(offer(), none, "CNY") == Told(100, "CNY", 5, on_sale=False)
    assert believed(offer(0), told(0), "CNY") == told(0)
    assert believed(offer(on_sale=False), told(90), "CNY") == told(90), "it is back"
