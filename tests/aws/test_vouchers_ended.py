"""Another end of vouchers that are prepaid cards: the law's three years stay, and the article is named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quanyi.catalog.prepaid import BEARER_DAYS
from quanyi.clock import stamp
from tests.aws.conftest import Call, Cloud
from tests.aws.stockroom import put_sku
from tests.aws.voucher_room import Room, open_room

SALE_ENDS = datetime(2027, 6, 1, tzinfo=UTC)
THREE_YEARS = datetime(2030, 6, 1, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)
BEARER = {"industry": "retail", "registered": False}
REGISTERED = {"industry": "retail", "registered": True}


@pytest.fixture
def room(cloud: Cloud, call: Call, monkeypatch: pytest.MonkeyPatch) -> Room:
    queue = cloud.client("sqs").create_queue(QueueName="imports")["QueueUrl"]
    monkeypatch.setenv("IMPORT_QUEUE_URL", queue)
    return open_room(cloud, call, queue)


def series_of(room: Room, prepaid: dict[str, Any] | None, rules: dict[str, Any], **sku: Any) -> str:
    known = {"kind": "voucher", "issuer": "", "prepaid": prepaid}
    terms = {"value": {"kind": "amount", "amount": 1_000_00}, "issue": "stock", "rules": rules}
    put_sku(room.cloud, "CARD", voucher=terms, **known, **sku)
    return room.series("CARD")["id"]


def extend(room: Room, series: str, until: datetime) -> tuple[int, str]:
    """The status, and which problem there is."""
    status, answer, _ = room.change(series, "extend", until=stamp(until))
    if status == 200:
        assert answer["valid_until"] == stamp(until)
        return status, ""
    assert answer["reason"] == "prepaid_rule"
    (problem,) = answer["problems"]
    assert (problem["sku"], problem["article"]) == ("CARD", 19)
    return status, problem["problem"]


@pytest.mark.parametrize("rules", [{}, {"days_from_delivery": BEARER_DAYS}])
def test_an_end_leaves_three_years_to_the_last_buyer(room: Room, rules: dict[str, Any]) -> None:
    series = series_of(room, BEARER, rules, on_sale_until=SALE_ENDS)
    before = room.cloud.contents()
    assert extend(room, series, THREE_YEARS - MOMENT) == (422, "shorter_than_three_years")
    assert room.cloud.contents() == before
    assert extend(room, series, THREE_YEARS) == (200, "")
    assert extend(room, series, THREE_YEARS) == (200, "")


def test_an_end_leaves_three_years_from_when_they_may_be_used(room: Room) -> None:
    opens = SALE_ENDS + timedelta(days=30)
    series = series_of(room, BEARER, {"valid_from": stamp(opens)}, on_sale_until=SALE_ENDS)
    assert extend(room, series, THREE_YEARS + timedelta(days=29)) == (422, "shorter_than_three_years")
    assert extend(room, series, THREE_YEARS + timedelta(days=30)) == (200, "")


def test_an_end_leaves_three_years_to_whom_it_was_handed_out_last(room: Room) -> None:
    series = series_of(room, BEARER, {}, on_sale_until=room.shop.now)
    room.shop.now += timedelta(days=30)
    room.generate(series, 1)
    three_years = room.shop.now.replace(year=room.shop.now.year + 3)
    assert extend(room, series, three_years - MOMENT) == (422, "shorter_than_three_years")
    assert extend(room, series, three_years) == (200, "")


def test_nobody_can_say_who_is_the_last_buyer(room: Room) -> None:
    series = series_of(room, BEARER, {"days_from_delivery": BEARER_DAYS})
    assert extend(room, series, THREE_YEARS.replace(year=2099)) == (422, "end_of_sale_missing")


def test_a_registered_card_gets_no_end(room: Room) -> None:
    assert extend(room, series_of(room, REGISTERED, {}), THREE_YEARS) == (422, "registered_card_expires")


def test_a_later_end_takes_nothing_from_anybody(room: Room) -> None:
    """Also where the SKU has changed meanwhile, so that a series with the old end could not be made any more."""
    series = series_of(room, BEARER, {"valid_until": stamp(THREE_YEARS)}, on_sale_until=SALE_ENDS)
    stored = {"value": {"kind": "amount", "amount": 1_000_00}, "issue": "stock"}
    put_sku(room.cloud, "CARD", kind="voucher", issuer="", prepaid=BEARER, voucher=stored)
    assert extend(room, series, THREE_YEARS + timedelta(days=1)) == (200, "")
    assert extend(room, series, THREE_YEARS) == (422, "end_of_sale_missing")


def test_what_is_no_prepaid_card_ends_when_its_merchant_says(room: Room) -> None:
    assert extend(room, series_of(room, None, {}), room.shop.now + timedelta(days=1)) == (200, "")


def test_one_voucher_keeps_three_years_from_its_delivery(room: Room) -> None:
    series = series_of(room, BEARER, {})
    room.generate(series, 1)
    room.work_off()
    (card,) = room.cards()
    path, got = f"/v1/admin/vouchers/{card['card_id']}/extend", room.shop.now
    three_years = got.replace(year=got.year + 3)
    early = {"reason": "asked", "until": stamp(three_years - MOMENT)}
    status, answer, _ = room.ask("POST", path, early)
    assert (status, answer["reason"]) == (422, "prepaid_rule")
    assert answer["problems"] == [{"sku": "CARD", "article": 19, "problem": "shorter_than_three_years"}]
    assert room.cards() == [card]
    for until in (three_years, three_years.replace(year=2040)):
        assert room.ask("POST", path, {"reason": "asked", "until": stamp(until)})[0] == 200
    assert room.ask("POST", path, {"reason": "a mistake", "until": stamp(three_years)})[0] == 200
    assert room.ask("POST", path, early)[0] == 422
