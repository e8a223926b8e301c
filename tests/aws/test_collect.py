"""What storefronts tell of their visitors: each event once, bounded, and nobody's without consent."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from quanyi.analytics.rows import misfit, rows_of
from quanyi.callers import Caller
from quanyi.catalog.table import CatalogTable, product_key
from quanyi.errors import Forbidden, Invalid, Throttled
from quanyi.facts.naming import Naming
from quanyi.facts.table import FactsTable, from_item
from quanyi.risk.identities import traced
from quanyi.table import Item
from reports import collect
from reports.collect import EventsBody
from reports.collecting import Collecting
from tests.aws.conftest import Call, Cloud
from tests.aws.market import START, Market

BROWSER = Caller(role="publishable", key_id="K1", channel="site")


@pytest.fixture
def market(cloud: Cloud) -> Market:
    market = Market(cloud)
    market.sku()
    return market


@pytest.fixture
def room(market: Market, monkeypatch: pytest.MonkeyPatch) -> Collecting:
    table = FactsTable(market.cloud.table("FactsTable"))
    catalog = CatalogTable(market.cloud.table("CatalogTable"))
    room = Collecting(table, lambda: Naming(catalog), market.cloud.keyring, "Asia/Shanghai", lambda: market.now)
    monkeypatch.setattr("reports.collect.collecting", lambda: room)
    return room


def event(name: str, kind: str = "view", hours: float = 0, **more: Any) -> dict[str, Any]:
    own = {"view": {"sku": "ik-month"}, "search": {"words": "会员 月卡"}, "touch": {"source": "douyin"}}[kind]
    return {"id": name, "kind": kind, "at": START + timedelta(hours=hours), **own, **more}


def body(*events: dict[str, Any], consent: bool = True, visitor: str = "d-1") -> EventsBody:
    return EventsBody.model_validate({"consent": consent, "visitor": visitor, "events": list(events)})


def kept(market: Market, kind: str = "") -> list[Item]:
    facts = [item for item in market.cloud.contents("FactsTable")["FactsTable"] if item["pk"].startswith("FACT#")]
    return [item for item in facts if kind in ("", item["kind"])]


def test_an_event_is_noted_once_however_often_and_in_whatever_order(room: Collecting, market: Market) -> None:
    told = [event("a"), event("b", "touch", -1), event("c", "search", -2), event("d", hours=-9), event("e", hours=-30)]
    collect.taken(room, BROWSER, body(*told))
    first = kept(market)
    dice = random.Random(3)
    for _ in range(10):
        dice.shuffle(told)
        collect.taken(room, BROWSER, body(*told[: dice.randint(1, 5)]))
        market.later(minutes=1)
    assert kept(market) == first
    # 12:00 in Shanghai: 9 hours before is the same shop day still, 30 hours before is another.
    assert Counter(item["kind"] for item in first) == {"viewed": 3, "touched": 1, "searched": 1, "visited": 2}


def test_another_word_about_an_event_is_another_event_wherever_facts_are_counted(
    room: Collecting, market: Market
) -> None:
    """A fact's id is its own for ever: the lake counts each once, the live view those of a partition."""
    for visitor, hours in (("d-1", 0), ("d-1", -1), ("d-2", 0), ("d-1", 0)):
        collect.taken(room, BROWSER, body(event("a", hours=hours), visitor=visitor))
    assert len({item["sk"] for item in kept(market, "viewed")}) == len(kept(market, "viewed")) == 3


def test_a_view_tells_its_product_and_the_visitor_is_the_orders_own(room: Collecting, market: Market) -> None:
    collect.taken(room, BROWSER, body(event("a"), event("b", "touch", campaign="double-12")))
    viewed, touched = kept(market, "viewed")[0], kept(market, "touched")[0]
    assert viewed["product"]
    assert viewed["visitor"] == touched["visitor"] == traced(room.keyring, "device", "d-1")
    assert (touched["source"], touched["campaign"], touched["channel"]) == ("douyin", "double-12", "site")
    assert "d-1" not in repr(kept(market))


def test_a_view_of_a_product_stands_in_its_category(room: Collecting, market: Market) -> None:
    product = {**product_key("PR1"), "id": "PR1", "category_id": "CT1", "sku_ids": ["ik-month"]}
    market.cloud.table("CatalogTable").put(product)
    seen = [event("a"), event("b", sku=None, product="PR1"), event("c", product="PR2")]
    collect.taken(room, BROWSER, body(*seen))
    assert {(item["product"], item["category"]) for item in kept(market, "viewed")} == {("PR1", "CT1")}


def test_a_product_that_nobody_sells_is_none(room: Collecting, market: Market) -> None:
    collect.taken(room, BROWSER, body(event("a", sku=None, product="made-up")))
    (viewed,) = kept(market, "viewed")
    assert "product" not in viewed


@pytest.mark.parametrize("odd", ["\0", "\x1b", "\n", "\u2028", "\ud800"])
def test_signs_that_no_file_holds_are_left_out(room: Collecting, market: Market, call: Call, odd: str) -> None:
    events = [event("a", "search", words=f"A{odd}b"), event("b", "touch", campaign=f"a{odd}b{odd}")]
    told = {"consent": True, "visitor": "d-1", "events": [{**one, "at": "2026-11-23T04:00:00Z"} for one in events]}
    assert call(collect.handler, "POST", "/v1/events", body=told, caller=BROWSER)[0] == 202
    assert [item["reason"] for item in kept(market, "searched")] == ["a b"]
    assert [item["campaign"] for item in kept(market, "touched")] == ["a b"]
    rows = [row for item in kept(market) for row in rows_of(from_item(item), room.zone)]
    assert not any(misfit(row) for row in rows)


def test_without_consent_a_view_is_counted_and_belongs_to_nobody(room: Collecting, market: Market) -> None:
    collect.taken(room, BROWSER, body(event("a"), event("b", "touch"), consent=False))
    assert {item["kind"] for item in kept(market)} == {"viewed", "touched"}
    assert not [item for item in kept(market) if "visitor" in item or "source" in item]


@pytest.mark.parametrize("words", ["13800138000", "buyer@example.com", "tel 138 0013 8000", "buyer＠example.com"])
def test_what_looks_private_in_a_search_is_not_kept(room: Collecting, market: Market, words: str) -> None:
    collect.taken(room, BROWSER, body(event("a", "search", words=words)))
    assert "reason" not in kept(market, "searched")[0]


@pytest.mark.parametrize("campaign", ["mail-buyer@example.com", "sms 13800138000", "to=１３８００１３８０００"])
def test_nor_in_where_somebody_came_from(room: Collecting, market: Market, campaign: str) -> None:
    """Newsletters write their readers' addresses into links; a campaign's own number is none."""
    collect.taken(room, BROWSER, body(event("a", "touch", campaign=campaign, medium="20261111001")))
    (touched,) = kept(market, "touched")
    assert ("campaign" in touched, touched["medium"], touched["source"]) == (False, "20261111001", "douyin")


@pytest.mark.parametrize(("hours", "reason"), [(-49, "event_too_old"), (0.2, "event_in_future")])
def test_one_event_out_of_time_refuses_all_and_changes_nothing(
    room: Collecting, market: Market, hours: float, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        collect.taken(room, BROWSER, body(event("a"), event("b", hours=hours)))
    assert refused.value.extra["reason"] == reason
    assert kept(market) == []


def test_bodies_are_bounded(room: Collecting, market: Market, call: Call) -> None:
    many = [event(str(number)) | {"at": "2026-11-23T04:00:00Z"} for number in range(51)]
    for wrong in (
        {"consent": True, "events": many},
        {"consent": True, "events": []},
        {"events": many[:1]},
        {"consent": True, "events": [{**many[0], "sku": None}]},
        {"consent": True, "events": [{**many[0], "words": "x" * 65}]},
        {"consent": True, "events": [many[0]], "phone": "13800138000"},
        {"consent": True, "events": [{**many[0], "kind": "search", "words": "\0\x1b"}]},
    ):
        status, *_ = call(collect.handler, "POST", "/v1/events", body=wrong, caller=BROWSER)
        assert status == 422, wrong
    assert kept(market) == []


def test_a_channel_tells_so_many_events_of_a_minute_and_in_it(
    room: Collecting, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is told of a minute is read as a whole when more of it is: a bot must not make that endless."""
    monkeypatch.setattr("quanyi.facts.table.MOST_A_MINUTE", 7)

    def tell(names: str, hours: float = 0, caller: Caller = BROWSER) -> None:
        collect.taken(room, caller, body(*(event(name, hours=hours) for name in names)))

    tell("abc")
    tell("def")
    before = kept(market)
    for hours in (0, -30):  # of this minute, and in it
        with pytest.raises(Throttled):
            tell("ghi", hours)
    tell("ghi", caller=Caller(role="publishable", key_id="K2", channel="app"))
    assert len(kept(market, "viewed")) == len(before) - 1 + 3
    market.later(minutes=1)
    tell("ghi", -30)
    with pytest.raises(Throttled):
        tell("klm")


def test_only_a_shop_may_tell(room: Collecting) -> None:
    with pytest.raises(Forbidden):
        collect.collect(body(event("a")), Caller(role="counter", key_id="K2"))
