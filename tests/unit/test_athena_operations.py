"""Athena answers the same about vouchers, risk, suppliers, stock, waits and payments."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from quanyi.analytics.queries import names
from quanyi.facts.model import Fact, FactKind
from tests.unit.analytics import engine, laid
from tests.unit.test_athena import MORE, OPERATIONS, PATH, Asked, over, same
from tests.unit.test_operations_sql import FIRST, LAST, START, judgements, purchases, stocks, vouchers


def payments(seed: int, count: int) -> list[Fact]:
    """Tries, refusals and money of orders, and units that were delivered."""
    dice, found = random.Random(seed), list[Fact]()

    def tell(kind: FactKind, after: int, of: str, **fields: Any) -> None:
        at = START + timedelta(seconds=after)
        found.append(Fact(f"{of}#{kind}#{len(found)}", kind, at, of, channel="site", currency="CNY", **fields))

    for number in range(count):
        at, of, provider = dice.randrange(75 * 86_400), f"O{number}", dice.choice(("wechat", "alipay"))
        tell("tried", at, of, provider=provider, amount=1000)
        if dice.random() < 0.4:
            tell("try_refused", at + 1, of, provider=provider, reason=dice.choice(("declined", "expired")))
            continue
        tell("posted", at + 2, of, accounts={f"provider:{provider}": 990, "fees": 10, "owed": -1000})
        tell("delivered", at + 3, of, product="P", seconds=dice.choice((None, dice.randrange(4000))))
    return found


MAKES: tuple[Callable[[int, int], list[Fact]], ...] = (vouchers, judgements, purchases, stocks, payments)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """All of them in a shop, each told under ids of its own."""
    folder, facts = tmp_path_factory.mktemp("lake"), list[Fact]()
    for make in MAKES:
        facts += [replace(fact, id=f"{make.__name__}#{fact.id}") for fact in make(2, 200)]
    path = Path(laid(facts, folder / "a.parquet"))
    return over({PATH.format("2026-09-01", "month-a"): ("2026-09-01", path)}, folder, engine())


@pytest.mark.parametrize("name", sorted({*OPERATIONS, "delivery_daily", "payments_daily", "provider_weeks"}))
def test_both_engines_answer_the_same(asked: Asked, name: str) -> None:
    assert name in names()
    embedded, athena = asked.both(name, **MORE, first=FIRST, last=LAST, without="")
    same(embedded, athena)
    assert embedded.rows
