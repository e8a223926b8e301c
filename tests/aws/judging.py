"""A test's shop with rules of its own, and what stands in its risk table."""

from datetime import datetime
from typing import Any, Protocol

from quanyi.risk.assess import Risk
from quanyi.risk.facts import Point
from quanyi.risk.policies import Policies
from quanyi.risk.review_table import ReviewsTable
from quanyi.risk.reviews import Review, Verdict, decided
from quanyi.risk.rules import RuleTable
from quanyi.table import Item
from tests.aws.conftest import Cloud
from tests.aws.market import Market


class Ruled(Protocol):
    """A place where the shop's rules apply: a market, or a counter."""

    @property
    def cloud(self) -> Cloud: ...

    @property
    def risk(self) -> Risk: ...


def rule(market: Ruled, point: Point, when: str, then: str, **more: Any) -> None:
    """From now on this one rule is the point's whole table."""
    one = {"id": "test", "when": when, "then": then, "reason": "test_reason", "public": True, **more}
    table = RuleTable.model_validate({"rules": [one]})
    item = {"pk": f"RULES#{point}", "sk": "ACTIVE", "version": 1, "content": table.model_dump(mode="json")}
    market.cloud.table("RiskTable").put(item)
    _forget(market)


def no_rules(market: Ruled, *points: Point) -> None:
    for point in points or ("order", "delivery", "refund"):
        item = {"pk": f"RULES#{point}", "sk": "ACTIVE", "version": 1, "content": RuleTable().model_dump(mode="json")}
        market.cloud.table("RiskTable").put(item)
    _forget(market)


def policies(market: Ruled, **terms: Any) -> None:
    known = Policies.model_validate(terms).model_dump(mode="json")
    market.cloud.table("RiskTable").put({"pk": "POLICIES", "sk": "ACTIVE", "version": 1, "content": known})
    _forget(market)


def reviews(market: Ruled, state: str = "open") -> list[Review]:
    found = [Review.model_validate(item) for item in _items(market, "REVIEW")]
    return [review for review in found if review.state == state]


def end(market: Market, review: Review, verdict: Verdict) -> None:
    """Somebody decides, and wakes the order as the risk room does."""
    decide(market, review, verdict, market.now)
    order = market.shop.orders.get(review.order)
    if order.wait_token:
        market.workflow.wake(order.wait_token)


def decide(market: Ruled, review: Review, verdict: Verdict, now: datetime) -> None:
    ReviewsTable(market.cloud.table("RiskTable")).change(
        review,
        lambda it: decided(it, verdict, by="operator:K9", asked=it.id, body="b", note="", now=now),
    )


def decisions(market: Ruled) -> list[Item]:
    return _items(market, "DECISION")


def held(market: Ruled, kind: str) -> list[tuple[int, int]]:
    """Orders and units that count as unpaid, of everybody of a kind of identity who holds any."""
    found = [(i["orders"], i["units"]) for i in _items(market, "HOLDS") if i["pk"].startswith(f"HOLDS#{kind}#")]
    return sorted(each for each in found if each != (0, 0))


def signals(market: Ruled) -> dict[str, Item]:
    """By kind of identity, where a test has one of each."""
    return {item["pk"].split("#")[1]: item for item in _items(market, "SIGNAL")}


def _items(market: Ruled, kind: str) -> list[Item]:
    return [item for item in market.cloud.contents("RiskTable")["RiskTable"] if item["sk"] == kind]


def _forget(market: Ruled) -> None:
    """As once the cache's seconds are over."""
    market.risk.rules._cache.clear()  # pyright: ignore[reportPrivateUsage]
