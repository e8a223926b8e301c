"""Which events an order's life tells, step by step."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.audit.model import entry_of_order
from quanyi.errors import Busy
from quanyi.events.bus import Bus, NotAccepted
from quanyi.events.model import EVENTS, DomainEvent, ShopEvent
from quanyi.events.of_order import events_of
from quanyi.orders.changes import captured, delivered, ended, placed, settled, with_payment
from quanyi.orders.model import Line, Note, Order, Payment, Unit
from quanyi.orders.refunds import share_answered, with_refund
from tools.event_catalogue import CATALOGUE, document

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ID = "O0123456789ABCDEFGHJK"


def new_order(units: int = 2, price: int = 1000) -> Order:
    line = Line(
        sku="music",
        version=1,
        kind="card",
        titles={"en": "Music"},
        quantity=units,
        unit_price=price,
        total=units * price,
    )
    return Order(
        id=ID,
        channel="site",
        member="M1",
        lines=(line,),
        units=tuple(Unit(id=f"0-{i}", line=0, sku="music", kind="card", amount=price) for i in range(units)),
        currency="CNY",
        total=units * price,
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
        body_hash="h",
        email="keyed-hash-of-contact",
        contact_sealed=b"sealed-contact",
        password="keyed-hash-of-password",
        wait_token="task-token",
    )


class Life:
    """An order and all that was told about it, one revision after the other."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.writes: list[tuple[Order | None, Order]] = [(None, order)]

    def __call__(self, change: Callable[[Order], Order]) -> list[str]:
        old = self.order
        self.order = change(old).model_copy(update={"rev": old.rev + 1})
        self.writes.append((old, self.order))
        return [type(event).__name__ for event in events_of(old, self.order, NOW)]

    def events(self) -> list[DomainEvent]:
        return [event for old, new in self.writes for event in events_of(old, new, NOW)]


def paid_order(units: int = 2, amount: int | None = None) -> Life:
    life = Life(new_order(units))
    life(lambda it: placed(it, {}))
    life(lambda it: with_payment(it, Payment(id="P1", provider="sandbox", amount=it.total, created_at=NOW), NOW))
    life(lambda it: captured(it, "P1", "T1", it.total if amount is None else amount, NOW))
    return life


def test_a_sale_tells_placed_captured_paid_delivered_fulfilled() -> None:
    life = Life(new_order())
    assert events_of(None, life.order, NOW) == []
    assert life(lambda it: placed(it, {})) == ["OrderPlaced"]
    payment = Payment(id="P1", provider="sandbox", amount=2000, created_at=NOW)
    assert life(lambda it: with_payment(it, payment, NOW)) == []
    assert life(lambda it: captured(it, "P1", "T1", 2000, NOW)) == ["PaymentCaptured", "OrderPaid"]
    assert life(lambda it: settled(delivered(it, ["0-0"], NOW), NOW)) == ["UnitsDelivered"]
    assert life(lambda it: settled(delivered(it, ["0-0", "0-1"], NOW), NOW)) == ["UnitsDelivered", "OrderFulfilled"]
    placed_, paid, first, second, done = (life.events()[i] for i in (0, 2, 3, 4, 5))
    assert placed_.model_dump()["lines"] == ({"sku": "music", "quantity": 2, "total": 2000},)
    assert paid.model_dump()["late"] is False
    assert first.model_dump()["units"] == ("0-0",)
    assert second.model_dump()["skus"] == {"music": 1}
    assert done.model_dump(include={"captured", "delivered", "refunded"}) == {
        "captured": 2000,
        "delivered": 2000,
        "refunded": 0,
    }


def test_what_cannot_be_delivered_is_told_as_refunded() -> None:
    life = paid_order()
    assert life(lambda it: settled(delivered(it, ["0-0"], NOW), NOW)) == ["UnitsDelivered"]
    asked = life(lambda it: with_refund(it, ["0-1"], reason="out of stock", by="system", now=NOW))
    assert asked == ["RefundRequested"]
    refund = life.order.refunds[0].id
    assert life(lambda it: settled(share_answered(it, refund, 0, "succeeded", NOW), NOW)) == [
        "RefundSucceeded",
        "OrderPartiallyRefunded",
    ]


def test_a_refused_refund_is_told_once() -> None:
    life = paid_order(1)
    life(lambda it: with_refund(it, ["0-0"], reason="out of stock", by="system", now=NOW))
    refund = life.order.refunds[0].id
    assert life(lambda it: share_answered(it, refund, 0, "failed", NOW)) == ["RefundFailed"]
    assert life(lambda it: it.model_copy(update={"notes": (Note(at=NOW, by="support:K1", text="call them"),)})) == []


@pytest.mark.parametrize(("to", "told"), [("expired", "OrderExpired"), ("cancelled", "OrderCancelled")])
def test_an_unpaid_order_ends(to: Any, told: str) -> None:
    life = Life(new_order())
    life(lambda it: placed(it, {}))
    assert life(lambda it: ended(it, to, "because")) == [told]


def test_an_order_that_never_was_is_never_told() -> None:
    life = Life(new_order())
    assert life(lambda it: ended(it, "expired", "abandoned")) == []


def test_too_much_is_told_as_surplus_and_all_of_it_after_the_order_ended() -> None:
    life = paid_order(1, amount=1300)
    assert [type(e).__name__ for e in life.events()] == [
        "OrderPlaced",
        "PaymentCaptured",
        "SurplusCaptured",
        "OrderPaid",
    ]
    assert life.events()[2].model_dump()["amount"] == 300
    life(lambda it: with_refund(it, (), reason="paid too much", by="system", now=NOW))
    refund = life.order.refunds[0].id
    told = life(lambda it: settled(share_answered(it, refund, 0, "failed", NOW), NOW))
    assert "SurplusCaptured" not in told, "it is the same surplus"

    life = Life(new_order(1))
    life(lambda it: placed(it, {}))
    life(lambda it: with_payment(it, Payment(id="P1", provider="sandbox", amount=1000, created_at=NOW), NOW))
    life(lambda it: ended(it, "cancelled", "buyer"))
    assert life(lambda it: captured(it, "P1", "T1", 1000, NOW)) == ["PaymentCaptured", "SurplusCaptured"]


def test_a_part_payment_is_surplus_only_once_the_order_has_expired() -> None:
    life = paid_order(1, amount=400)
    assert [type(e).__name__ for e in life.events()] == ["OrderPlaced", "PaymentCaptured"]
    assert life(lambda it: ended(it, "expired", "unpaid")) == ["SurplusCaptured", "OrderExpired"]


def test_a_late_payment_says_so() -> None:
    life = Life(new_order(1))
    life(lambda it: placed(it, {}))
    life(lambda it: with_payment(it, Payment(id="P1", provider="sandbox", amount=1000, created_at=NOW), NOW))
    life(lambda it: ended(it, "expired", "unpaid"))
    assert life(lambda it: captured(it, "P1", "T1", 1000, NOW + timedelta(hours=1))) == ["PaymentCaptured", "OrderPaid"]
    assert life.events()[-1].model_dump()["late"] is True


@given(st.lists(st.sampled_from(["capture", "deliver", "refund", "answer", "fail", "surplus", "settle"]), max_size=12))
def test_ids_last_are_unique_and_nothing_private_is_told(steps: list[str]) -> None:
    life = paid_order(3, amount=3500)
    for number, step in enumerate(steps):
        open_refund = next((r.id for r in life.order.refunds if r.state == "requested"), None)
        waiting = [u.id for u in life.order.units if u.state == "waiting"][:1]
        if step == "capture":
            life(lambda it, n=number: captured(it, "P1", f"T1{n}", 100, NOW))  # type: ignore[misc]
        elif step == "deliver" and waiting:
            life(lambda it, units=waiting: delivered(it, units, NOW))  # type: ignore[misc]
        elif step == "refund" and waiting:
            life(lambda it, units=waiting: with_refund(it, units, reason="r", by="system", now=NOW))  # type: ignore[misc]
        elif step == "surplus":
            life(lambda it: with_refund(it, (), reason="r", by="system", now=NOW))
        elif step in ("answer", "fail") and open_refund:
            state = "succeeded" if step == "answer" else "failed"
            life(lambda it, r=open_refund, s=state: share_answered(it, r, 0, s, NOW))  # type: ignore[misc]
        elif step == "settle":
            life(lambda it: settled(it, NOW))
    events = life.events()
    assert [e.id for e in events] == [e.id for e in life.events()]
    assert len({e.id for e in events}) == len(events)
    told = [event.model_dump_json() for event in events]
    for old, new in life.writes:
        entry = entry_of_order(old, new, NOW, events_of(old, new, NOW))
        told.append(repr(entry))
    for private in ("keyed-hash", "sealed", "task-token"):
        assert private not in "".join(told)
    worth = sum(e.model_dump()["amount"] for e in events if type(e).__name__ == "UnitsDelivered")
    assert worth == sum(u.amount for u in life.order.units if u.delivered_at)


def test_the_catalogue_is_up_to_date() -> None:
    assert document() == CATALOGUE.read_text(encoding="utf-8"), "run: python -m tools.event_catalogue"


def test_every_event_stands_in_the_catalogue() -> None:
    def below(kind: type[ShopEvent]) -> set[type[ShopEvent]]:
        return {kind, *(found for child in kind.__subclasses__() for found in below(child))}

    leaves = {kind for kind in below(ShopEvent) if not kind.__subclasses__()}
    assert leaves == set(EVENTS)
    assert re.findall(r"^## (\w+)$", document(), re.MULTILINE) == [kind.__name__ for kind in EVENTS]


class FakeBus:
    """PutEvents that fails as told, entry by entry."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.calls: list[list[dict[str, Any]]] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.calls.append(Entries)
        codes = self.answers.pop(0) if self.answers else []
        codes += [""] * (len(Entries) - len(codes))
        return {"Entries": [{"ErrorCode": c} if c else {"EventId": "e"} for c in codes]}


def some_events(count: int) -> list[DomainEvent]:
    life = paid_order(1)
    return [life.events()[0].model_copy(update={"rev": i}) for i in range(count)]


def test_events_go_ten_at_a_time_and_only_failed_ones_again() -> None:
    fake = FakeBus(["", "ThrottlingException"])
    Bus("bus", fake, pause=lambda _: None).put(some_events(23))
    assert [len(call) for call in fake.calls] == [10, 1, 10, 3]
    again = fake.calls[1][0]
    assert json.loads(again["Detail"])["rev"] == 1
    assert (again["Source"], again["DetailType"], again["EventBusName"]) == ("quanyi", "OrderPlaced", "bus")


def test_a_call_stays_below_the_bus_limit() -> None:
    fake = FakeBus()
    life = paid_order(1)
    wide = life.events()[0].model_copy(update={"member": "M" * 90_000})
    Bus("bus", fake, pause=lambda _: None).put([wide] * 5)
    assert [len(call) for call in fake.calls] == [2, 2, 1]


def test_a_bus_that_stays_throttled_is_busy_and_a_refusal_is_told() -> None:
    with pytest.raises(Busy):
        Bus("bus", FakeBus(*[["ThrottlingException"]] * 9), pause=lambda _: None).put(some_events(1))
    with pytest.raises(NotAccepted, match="NotAuthorized"):
        Bus("bus", FakeBus(["NotAuthorized"]), pause=lambda _: None).put(some_events(1))
