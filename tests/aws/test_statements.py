"""Suppliers' statements: what is right is reconciled, what is not is claimed and told."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from quanyi.errors import NotFound
from quanyi.purchases.model import PurchaseOrder
from quanyi.supply.port import NotOffered, StatementRow
from reorder import nightly
from reorder.messages import PurchaseBody
from reorder.placing import make
from reorder.statement_messages import StatementBody, StatementView
from reorder.statements import compare, kept
from tests.aws.conftest import Cloud
from tests.aws.storehouse import OPERATOR, Storehouse


@pytest.fixture
def house(cloud: Cloud) -> Storehouse:
    made = Storehouse(cloud)
    made.seller("acme")
    return made


def bought(house: Storehouse, sku: str, mood: str = "ok", quantity: int = 4) -> PurchaseOrder:
    house.sku(sku)
    house.sells("acme", sku)
    house.sellers["acme"].mood = lambda _: mood
    body = PurchaseBody.model_validate({"sku": sku, "quantity": quantity, "approve": True})
    po = make(house.buying, OPERATOR, sku, body)
    house.run_stock()
    return house.buying.purchases.get(po.id)


def told(house: Storehouse, *rows: tuple[str, int]) -> StatementView:
    lines: list[dict[str, Any]] = [{"purchase": po, "amount": amount} for po, amount in rows]
    body = {"supplier": "acme", "day": house.buying.today(), "rows": lines}
    return compare(house.buying, OPERATOR, StatementBody.model_validate(body))


def state(house: Storehouse, po: PurchaseOrder) -> tuple[str, int]:
    now = house.buying.purchases.get(po.id)
    return now.state, now.claim


def test_every_kind_of_line(house: Storehouse) -> None:
    right, dear = bought(house, "right"), bought(house, "dear")
    short, failed = bought(house, "short", "short"), bought(house, "failed", "refuse")
    late, slow = bought(house, "late"), bought(house, "slow", "slow")
    rows = ((right.id, 6000), (dear.id, 6400), (short.id, 6000), (failed.id, 6000), ("P-ELSE", 70), (slow.id, 6000))
    for seen in (told(house, *rows), told(house, *rows)):
        assert (seen.matched, seen.differences, seen.claim.amount) == (1, 4, 400 + 1500 + 6000 + 70)
        kinds = {line.purchase: (line.kind, line.claim.amount) for line in seen.lines}
        assert kinds == {
            dear.id: ("other_amount", 400),
            short.id: ("charged_for_missing", 1500),
            failed.id: ("charged_for_nothing", 6000),
            "P-ELSE": ("unknown_charge", 70),
            late.id: ("not_charged", 0),
            slow.id: ("open", 0),
        }
    assert [state(house, po) for po in (right, dear, short, failed, late)] == [
        ("reconciled", 0),
        ("received", 400),
        ("received", 1500),
        ("failed", 6000),
        ("received", 0),
    ]
    (alert,) = house.open_alerts()["statement_differs"]
    assert (alert.facts["differences"], alert.facts["claim"]) == (4, 7970)
    assert kept(house.buying, OPERATOR, "acme", date.fromisoformat(house.buying.today())).differences == 4


def test_what_was_given_back_settles_it(house: Storehouse) -> None:
    short = bought(house, "short", "short")
    assert told(house, (short.id, 6000)).differences == 1
    assert house.open_alerts()["statement_differs"]
    assert told(house, (short.id, 6000), (short.id, -1500)).differences == 0
    assert state(house, short) == ("reconciled", 0)
    assert not house.open_alerts()


def test_charged_for_what_it_delivered_only_is_right(house: Storehouse) -> None:
    short = bought(house, "short", "short")
    assert told(house, (short.id, 4500)).matched == 1


def test_a_supplier_that_tells_none_needs_its_lines(house: Storehouse) -> None:
    body = StatementBody(supplier="acme", day=date(2026, 11, 23))
    with pytest.raises(NotOffered):
        compare(house.buying, OPERATOR, body)
    with pytest.raises(NotFound):
        kept(house.buying, OPERATOR, "acme", date(2026, 11, 23))


def test_a_night_compares_what_suppliers_tell(house: Storehouse) -> None:
    po = bought(house, "right")
    acme = house.sellers["acme"]
    acme.abilities = frozenset({"cards", "statement"})
    asked: list[str] = []

    def statement(day: str) -> list[StatementRow]:
        asked.append(day)
        return [StatementRow(po.id, "N1", 6000, "CNY", datetime(2026, 11, 23, tzinfo=UTC))]

    acme.statement = statement  # type: ignore[method-assign]
    house.later(days=1)
    assert nightly.run(house.work, 60)["statements"] == 1
    assert nightly.run(house.work, 60)["statements"] == 0
    assert asked == ["2026-11-23"]
    assert state(house, po) == ("reconciled", 0)


def test_the_statement_of_another_supplier_reconciles_nothing(house: Storehouse) -> None:
    po = bought(house, "right")
    house.seller("other")
    body = {"supplier": "other", "day": house.buying.today(), "rows": [{"purchase": po.id, "amount": 6000}]}
    seen = compare(house.buying, OPERATOR, StatementBody.model_validate(body))
    assert [line.kind for line in seen.lines] == ["unknown_charge"]
    assert state(house, po) == ("received", 0)
