"""The flash sale again, with a payment provider at its worst: every notification three times and out of order, a third
of the orders paid after their deadline, new buyers coming for the cards that expired orders gave back."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.local_stack import LocalShop, at_once, expect, local_shop
from bench.report import Figure, table
from bench.rush import AT_ONCE, BUYERS, CARDS, Ledger
from quanyi.clock import moment
from quanyi.payments.sandbox import Sandbox
from quanyi.table import Item, Table
from quanyi.vault.kms import Keyring, Kms

PAYMENT_SECONDS = 120
TIMES = 3
ENDED = {"fulfilled", "refunded", "partially_refunded", "expired"}
SETTLE_SECONDS = 420


@dataclass(frozen=True)
class Buyer:
    """One who got an order and opened a payment."""

    order: str
    payment: str
    until: datetime


@dataclass(frozen=True)
class Provider:
    """The sandbox from within: captures what shoppers pay and signs what it tells the shop."""

    sandbox: Sandbox

    @classmethod
    def of(cls, shop: LocalShop) -> "Provider":
        dynamodb, stack = shop.stack.client("dynamodb"), shop.stack
        kms = Kms(stack.outputs["VaultKeyArn"], stack.client("kms"))
        keyring = Keyring(Table(stack.physical_id("CatalogTable"), dynamodb), kms)
        keyring.key("sandbox")
        return cls(Sandbox(Table(stack.physical_id("SandboxTable"), dynamodb), keyring))

    def captured(self, buyer: Buyer, order: Item) -> Item:
        """What the provider has of a payment that it let through, closed by the shop or not."""
        transaction = f"ST{buyer.payment}"
        return {"order": buyer.order, "transaction": transaction, "captured_amount": order["total"], "currency": "CNY"}

    def tell(self, shop: LocalShop, payment: str, item: Item) -> int:
        headers, body = self.sandbox.notification(payment, item, datetime.now(UTC))
        return shop.client.call("POST", "/v1/payments/sandbox/notify", body, headers=headers).status


def measure() -> Figure:
    with local_shop(PaymentSeconds=str(PAYMENT_SECONDS)) as shop:
        shop.stock(CARDS)
        provider = Provider.of(shop)
        first = [buyer for buyer in at_once(AT_ONCE, lambda _: _order(shop), range(BUYERS)) if buyer]
        chance = random.Random(7)
        late = chance.sample(first, len(first) // 3)
        answers = _tell_all(shop, provider, [buyer for buyer in first if buyer not in late], chance)
        _wait_until(max(buyer.until for buyer in late))
        swept = shop.invoke("CheckoutSweepFunction")
        # What expired went back into the pool: the late payers must now draw against newcomers.
        second: list[Buyer] = []

        def come() -> int:
            if buyer := _order(shop):
                second.append(buyer)
            return 0

        jobs = _notices(shop, provider, late) + [come] * (len(late) // 2)
        chance.shuffle(jobs)
        answers += Counter(at_once(AT_ONCE, lambda job: job(), jobs))
        answers += _tell_all(shop, provider, second, chance)
        del answers[0]
        unsettled = _settle(shop)
        ledger = Ledger.read(shop)
        paid_late = _paid_late(shop)
    paid = len(first) + len(second)
    rows: list[list[object]] = [
        ["orders placed and paid", paid],
        ["of these, paid after their deadline", paid_late],
        ["notifications delivered", sum(answers.values())],
        *([f"notifications answered {status}", count] for status, count in sorted(answers.items())),
        *([f"orders that ended {state}", count] for state, count in sorted(ledger.states.items())),
        ["cards that stand with two orders", ledger.twice],
        ["orders whose money is neither delivered nor refunded", ledger.without_card],
        ["captured, minor units", ledger.captured],
        ["delivered, minor units", ledger.delivered],
        ["refunded, minor units", ledger.refunded],
        *([f"tried again after {status}", count] for status, count in sorted(shop.client.again.items())),
    ]
    good = ledger.twice == 0 and ledger.without_card == 0 and unsettled == 0
    return Figure(
        name="storm",
        title="The same with every notification sent 3 times, shuffled, and a third of orders paid after expiry",
        aim="0 twice, 0 paid without card or refund",
        seen=f"{ledger.twice} twice, {ledger.without_card} without card or refund; {paid_late} of {paid} paid late",
        reached=good and paid_late >= len(first) // 3,
        how=(
            f"On the local stack, deployed with `PaymentSeconds={PAYMENT_SECONDS}`. {BUYERS} buyers, "
            f"{AT_ONCE} at once, "
            f"{CARDS} cards; two thirds of those who got an order pay at once. The others' payments are captured after "
            "their deadline, when the sweep had closed and expired them (a provider that lets them through all the "
            "same), while half as many newcomers buy what went back into the pool. Each notification is signed as the "
            f"provider signs and sent {TIMES} times, all of a wave shuffled, {AT_ONCE} at once. Then "
            f"the sweeps run until "
            "every order has ended; the tables are counted."
        ),
        body=f"{table(['what', 'seen'], rows)}\n\nThe first sweep after the deadline: {swept}.",
    )


def _order(shop: LocalShop) -> Buyer | None:
    answer = shop.place()
    if answer.status == 409:
        return None
    placed = expect(answer)
    payment = expect(shop.open_payment(placed["id"]))
    return Buyer(placed["id"], payment["id"], moment(placed["expires_at"]))


def _tell_all(shop: LocalShop, provider: Provider, buyers: list[Buyer], chance: random.Random) -> Counter[int]:
    """Every buyer's notification TIMES times, in any order; answers the statuses."""
    jobs = _notices(shop, provider, buyers)
    chance.shuffle(jobs)
    return Counter(at_once(AT_ONCE, lambda job: job(), jobs))


def _notices(shop: LocalShop, provider: Provider, buyers: list[Buyer]) -> list[Callable[[], int]]:
    """Each sends one buyer's notification once and answers the status."""
    orders = {order["id"]: order for order in shop.orders()}

    def notice(buyer: Buyer) -> Callable[[], int]:
        captured = provider.captured(buyer, orders[buyer.order])
        return lambda: provider.tell(shop, buyer.payment, captured)

    return [notice(buyer) for buyer in buyers for _ in range(TIMES)]


def _wait_until(deadline: datetime) -> None:
    time.sleep(max(0.0, (deadline - datetime.now(UTC)).total_seconds()) + 1)


def _settle(shop: LocalShop) -> int:
    """Sweeps until every order has ended; answers how many had not when time ran out."""
    until = time.monotonic() + SETTLE_SECONDS
    while left := [o["id"] for o in shop.orders() if o["state"] not in ENDED or _owes(o)]:
        if time.monotonic() > until:
            return len(left)
        shop.invoke("CheckoutSweepFunction")
        shop.invoke("FulfillSweepFunction")
        time.sleep(2)
    return 0


def _owes(order: Item) -> bool:
    return any(refund.get("state") != "succeeded" for refund in order.get("refunds", ()))


def _paid_late(shop: LocalShop) -> int:
    return sum(bool(o.get("paid_at")) and o["paid_at"] >= o["expires_at"] for o in shop.orders())
