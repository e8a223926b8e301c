"""A flash sale: twice as many buyers as cards, all at once, over HTTP."""

import time
from collections import Counter
from dataclasses import dataclass

from bench.local_stack import LocalShop, NoAnswer, at_once, local_shop
from bench.report import Figure, percentile, table
from quanyi.table import Item

BUYERS, AT_ONCE, CARDS = 400, 64, 200


@dataclass(frozen=True)
class Bought:
    """How one buyer fared: the status and code of the answer, and what they received."""

    status: int
    code: str | None
    order: str | None
    secrets: tuple[str, ...]
    seconds: float
    """Until the answer to placing the order, throttles included."""


def measure() -> Figure:
    with local_shop() as shop:
        stocked = shop.stock(CARDS)
        started = time.monotonic()
        buyers = at_once(AT_ONCE, lambda _: _buy(shop), range(BUYERS))
        took = time.monotonic() - started
        ledger = Ledger.read(shop)
    revealed = Counter(secret for buyer in buyers for secret in buyer.secrets)
    sold = len(revealed)
    twice = sum(count > 1 for count in revealed.values()) + ledger.twice
    without = ledger.without_card
    losers = Counter(f"{buyer.status} {buyer.code or ''}".strip() for buyer in buyers if buyer.order is None)
    clean = losers == Counter({"409 sold_out": BUYERS - CARDS})
    genuine = set(revealed) <= set(stocked)
    rows: list[list[object]] = [
        ["buyers answered 201 and paid", sum(buyer.order is not None for buyer in buyers)],
        ["different cards revealed", sold],
        ["cards revealed to, or standing with, two orders", twice],
        ["orders paid and neither delivered nor refunded", without],
        *([f"losers answered {answer}", count] for answer, count in sorted(losers.items())),
        *([f"tried again after {status}", count] for status, count in sorted(shop.client.again.items())),
    ]
    return Figure(
        name="rush",
        title=f"{BUYERS} buyers, {AT_ONCE} at once, {CARDS} cards, over HTTP: sold / sold twice / paid without card",
        aim=f"{CARDS} / 0 / 0, every loser a clean 409",
        seen=f"{sold} / {twice} / {without}, losers: {', '.join(f'{n} × {a}' for a, n in losers.items())}",
        reached=(sold, twice, without) == (CARDS, 0, 0) and clean and genuine,
        how=(
            "On the local stack, template unchanged. Each buyer places an order, pays at the sandbox, waits for the "
            "delivery and reveals it. Cards are counted as the buyers saw them, then once more in the tables. A call "
            "that was throttled (429) or not served (5xx) is made again and counted apart."
        ),
        body=f"{table(['what', 'seen'], rows)}\n\nThe whole sale took {took:.0f} s; an answer to placing an order, "
        f"throttles included, {percentile([b.seconds for b in buyers], 0.5):.1f} s in the median and "
        f"{percentile([b.seconds for b in buyers], 0.95):.1f} s at the 95th percentile.",
    )


def _buy(shop: LocalShop) -> Bought:
    started = time.monotonic()
    answer = shop.place()
    seconds = time.monotonic() - started
    if answer.status != 201:
        return Bought(answer.status, answer.body.get("code"), None, (), seconds)
    order = answer.body["id"]
    shop.pay(order)
    state = shop.await_state(order, "fulfilled", "refunded", seconds=300, every=1.0)
    if state != "fulfilled":
        raise NoAnswer(f"{order} is {state} after five minutes")
    return Bought(201, None, order, tuple(shop.deliveries(order)), seconds)


@dataclass(frozen=True)
class Ledger:
    """What the tables say, whoever was told what."""

    twice: int
    """Cards that stand with more than one order, or whose own item names another order than the one that has it."""
    without_card: int
    """Orders that took money which is neither delivered nor sent back."""
    states: Counter[str]
    captured: int
    delivered: int
    refunded: int

    @classmethod
    def read(cls, shop: LocalShop) -> "Ledger":
        orders = shop.orders()
        cards = {card["card_id"]: card for card in shop.contents("CardsTable")}
        owners: dict[str, set[str]] = {}
        for order in orders:
            for unit in order["units"]:
                if unit.get("state") == "delivered" and unit.get("card"):
                    owners.setdefault(unit["card"], set()).add(order["id"])
        wrong = [card for card, owner in owners.items() if owner != {cards[card].get("order")}]
        stray = [
            card
            for card, item in cards.items()
            if item["state"] == "delivered" and item["order"] not in owners.get(card, set())
        ]
        money = [_money(order) for order in orders]
        return cls(
            twice=len(wrong) + len(stray),
            without_card=sum(
                captured != delivered + refunded or _bare(order)
                for order, (captured, delivered, refunded) in zip(orders, money, strict=True)
            ),
            states=Counter(order["state"] for order in orders),
            captured=sum(m[0] for m in money),
            delivered=sum(m[1] for m in money),
            refunded=sum(m[2] for m in money),
        )


def _bare(order: Item) -> bool:
    """Delivered in name only."""
    return any(unit.get("state") == "delivered" and not unit.get("card") for unit in order["units"])


def _money(order: Item) -> tuple[int, int, int]:
    """Captured, delivered and refunded, in minor units."""
    captured = sum(payment.get("captured", 0) for payment in order.get("payments", ()))
    delivered = sum(unit["amount"] for unit in order["units"] if unit.get("state") == "delivered")
    refunded = sum(refund["amount"] for refund in order.get("refunds", ()) if refund.get("state") == "succeeded")
    return captured, delivered, refunded
