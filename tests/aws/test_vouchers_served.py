"""Stock whose series is sold again: paid units that wait for it are served first, as by what arrives."""

import json
from typing import Any

import pytest

from quanyi.backlog import Backlog
from stock import importer
from tests.aws.conftest import Call, Cloud, LambdaContext
from tests.aws.voucher_room import Room, open_room


@pytest.fixture
def room(cloud: Cloud, call: Call, monkeypatch: pytest.MonkeyPatch) -> Room:
    queue = cloud.client("sqs").create_queue(QueueName="imports")["QueueUrl"]
    monkeypatch.setenv("IMPORT_QUEUE_URL", queue)
    return open_room(cloud, call, queue)


def states(room: Room) -> list[str]:
    return sorted(card["state"] for card in room.cards())


def wait_for_stock(room: Room, orders: int, channel: str = "site") -> None:
    for n in range(orders):
        place = f"2026-11-0{n + 1}T00:00:00.000Z#O{n}#0-0"
        item = {"pk": "BACKLOG#GIFT", "sk": place, "order": f"O{n}", "unit": "0-0", "attempt": 1, "channel": channel}
        room.cloud.table("OrdersTable").put({**item, "v": 1})


def served(room: Room) -> dict[str, str | None]:
    """The card that each order got, of those that are held for it."""
    held = {card["card_id"]: card["hold"] for card in room.cards() if card["state"] == "reserved"}
    entries = room.cloud.contents("OrdersTable")["OrdersTable"]
    assert all(held[entry["card"]] == f"{entry['order']}#1" for entry in entries if "card" in entry)
    return {entry["order"]: entry.get("card") for entry in entries}


@pytest.mark.parametrize("action", ["freeze", "extend"])
def test_what_is_sold_again_serves_units_that_wait(room: Room, action: str) -> None:
    series = room.series()["id"]
    room.generate(series, 3, "stock")
    room.work_off()
    stop = {"until": "2020-01-01T00:00:00Z"} if action == "extend" else {}
    again = {"until": "2099-01-01T00:00:00Z"} if action == "extend" else {}
    room.change(series, action, **stop)
    room.work_off()
    wait_for_stock(room, 2)
    for _ in range(2):
        assert room.change(series, "unfreeze" if action == "freeze" else action, **again)[0] == 200
        room.work_off()
        assert states(room) == ["available", "reserved", "reserved"]
        assert all(served(room).values())
    for card in room.cards():
        held = card["state"] == "reserved"
        assert ("hold_until" in card, "held" in card, "available" in card) == (held, held, not held)


def test_units_that_wait_get_only_what_their_channel_may_sell(room: Room) -> None:
    series = room.series()["id"]
    room.generate(series, 2, "stock", channel="taobao")
    room.work_off()
    room.change(series, "freeze")
    room.work_off()
    wait_for_stock(room, 1)
    room.change(series, "unfreeze")
    room.work_off()
    assert (states(room), served(room)) == (["available", "available"], {"O0": None})


def test_a_unit_is_served_by_a_run_that_is_done_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one dies when the card is held, and the queue does not know it yet."""
    series = room.series()["id"]
    room.generate(series, 2, "stock")
    room.work_off()
    room.change(series, "freeze")
    room.work_off()
    wait_for_stock(room, 1)
    room.change(series, "unfreeze")

    def dies(*_: Any) -> bool:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(Backlog, "give", dies)
        (message,) = room.shop.messages()
        event = {"Records": [{"messageId": "m", "body": json.dumps(message)}]}
        assert importer.handler(event, LambdaContext())["batchItemFailures"]
    assert served(room) == {"O0": None}
    assert states(room) == ["available", "reserved"]
    for _ in range(2):
        assert importer.handler(event, LambdaContext()) == {"batchItemFailures": []}
        assert states(room) == ["available", "reserved"]
        assert all(served(room).values())
