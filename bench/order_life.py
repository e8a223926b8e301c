"""Everything that one order sets in motion, function run by function run, each with the calls that it made."""

import json
import secrets
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from authorize import gateway
from bench.calls import order_body
from bench.emulated import EmulatedShop
from bench.meter import Made
from checkout import notify as notified
from checkout import orders as storefront
from checkout.wiring import sandbox, shop
from fulfill import deliveries, tasks
from notify import mail
from quanyi.callers import Caller
from quanyi.orders import token
from stream import cards as stream_cards
from stream import orders as stream_orders
from tests.aws.conftest import LambdaContext


@dataclass
class Step:
    """One function run of an order's life, averaged over all orders."""

    function: str
    runs: float = 0
    processor: float = 0.0
    """Seconds in all."""
    made: list[Made] = field(default_factory=list[Made])


@dataclass
class Life:
    """Everything that orders set in motion."""

    shop: EmulatedShop
    steps: dict[str, Step] = field(default_factory=dict[str, Step])
    provider: set[str] = field(default_factory=lambda: {"Sandbox"})

    @contextmanager
    def step(self, name: str, function: str) -> Generator[None]:
        it = self.steps.setdefault(name, Step(function))
        started = time.process_time()
        with self.shop.meter.counting() as made:
            yield
        it.processor += time.process_time() - started
        it.runs += 1
        # The sandbox's own books stand for what a real provider keeps; they are not ours to pay.
        it.made += [call for call in made if call.target not in self.provider]


def live(life: Life, orders: int) -> None:
    """So many orders of one card, from placing to reveal, with what follows from the streams."""
    it = life.shop
    for _ in range(orders):
        shop().pools._cache.clear()  # pyright: ignore[reportPrivateUsage]
        with life.step("place", "CheckoutFunction"):
            placed = it.post(storefront.handler, "/v1/orders", order_body(), Idempotency_Key=secrets.token_hex(8))
        path = f"/v1/orders/{placed['id']}"
        with life.step("pay", "CheckoutFunction"):
            payment = it.post(storefront.handler, f"{path}/payments", {"provider": "sandbox"}, Idempotency_Key="p")
        item = sandbox().play(payment["id"], "paid", secrets.token_bytes)
        headers, body = sandbox().notification(payment["id"], item, shop().now())
        with life.step("notify", "CheckoutNotifyFunction"):
            it.raw(notified.handler, "/v1/payments/sandbox/notify", headers, body)
        with life.step("fulfil", "FulfillTasksFunction"):
            tasks.handler({"v": 1, "task": "fulfil", "order": placed["id"], "attempt": 1}, None)
        shown = token.issue(shop().keyring, placed["id"]).reveal()
        with life.step("authorize (order token)", "AuthorizeFunction"):
            arn = f"arn:aws:execute-api:us-east-1:123456789012:api/bench/GET{path}/deliveries"
            gateway.handler({"headers": {"Authorization": f"Bearer {shown}"}, "methodArn": arn}, None)
        with life.step("reveal", "FulfillRevealFunction"):
            it.get(deliveries.handler, f"{path}/deliveries", Caller(role="order", order=placed["id"]))
        first = len(it.meter.made)
        for record in it.news("OrdersTable"):
            if _is_told(record):
                with life.step("orders' stream", "StreamOrdersFunction"):
                    stream_orders.handler({"Records": [record]}, LambdaContext())
        for record in it.news("CardsTable"):
            with life.step("cards' stream", "StreamCardsFunction"):
                stream_cards.handler({"Records": [record]}, LambdaContext())
        for news in _mailed([event for call in it.meter.made[first:] for event in call.events]):
            with life.step("mail queue", "NotifyMailFunction"):
                answer = mail.handler({"Records": [news]}, LambdaContext())
            assert not answer["batchItemFailures"], answer


def _is_told(record: dict[str, Any]) -> bool:
    """The filter of StreamOrdersFunction in template.yaml."""
    image = record["dynamodb"].get("NewImage", {})
    return record["dynamodb"]["Keys"]["sk"]["S"] == "ORDER" and image.get("state", {}).get("S") != "placing"


def _mailed(events: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the rule BuyerNews of template.yaml puts into the mail queue."""
    found: list[dict[str, Any]] = []
    for event in events:
        if event["DetailType"] in ("UnitsDelivered", "RefundSucceeded"):
            told = {"detail-type": event["DetailType"], "detail": json.loads(event["Detail"])}
            found.append({"messageId": "m", "body": json.dumps(told), "eventSource": "aws:sqs"})
    return found
