"""What risk control adds to placing an order: AWS calls, and the processor time of fifty rules."""

import secrets
import time
from collections.abc import Callable

from bench.calls import order_body
from bench.emulated import EmulatedShop, emulated_shop
from bench.meter import Made, by_name
from bench.report import Figure, table
from checkout import orders
from quanyi.risk.defaults import DEFAULTS
from quanyi.risk.facts import Facts
from quanyi.risk.rules import Rule, Rulebook, RuleTable

MOST_CALLS, MOST_MS = 2, 1.0
ORDERS = 30
RULES = 50
TIMES, ROUNDS = 200, 9
FACTS: Facts = {"order.total": 1980, "order.channel": "site", "device.placed_1h": 2, "ip.placed_10m": 9}


def measure() -> Figure:
    with emulated_shop() as shop:
        shop.stock(ORDERS + 1)
        _placed(shop)  # the first of a process reads rules and policies, which are kept
        made = [_placed(shop) for _ in range(ORDERS)]
    risk = [[call for call in calls if "Risk" in call.target] for calls in made]
    added = max(map(len, risk))
    book = Rulebook("order", _fifty())
    asked, compiled = _cpu_ms(lambda: book.decide(FACTS)), _cpu_ms(lambda: Rulebook("order", _fifty()))
    most = max(risk, key=len)
    rows: list[list[object]] = [
        ["AWS calls to the risk table, most of any order", added],
        ["AWS calls to place an order, all, most", max(map(len, made))],
        [f"processor ms to ask {RULES} rules", asked],
        ["of one rule", asked / RULES],
        [f"processor ms to compile {RULES} rules, once a version", compiled],
    ]
    calls = "; ".join(f"{n} × {call}" for call, n in by_name(most).items())
    return Figure(
        name="judging",
        title=f"What a risk decision adds to placing an order: AWS calls; processor time of {RULES} rules",
        aim=f"≤ {MOST_CALLS}; ≤ {MOST_MS:g} ms",
        seen=f"{added}; {asked:.2f} ms",
        reached=added <= MOST_CALLS and asked <= MOST_MS,
        how=(
            f"Calls: {ORDERS} orders with an address, a device and a member through the real handler on moto in this "
            f"process, counted by boto3's events. Processor time: the built-in rules of the point `order`, repeated "
            f"with other ids up to {RULES}, asked {TIMES} times about the same facts; the least of {ROUNDS} rounds, "
            "which other work on the machine disturbs least. It is time on the machine named below."
        ),
        body=f"{table(['what', 'seen'], rows)}\n\nOf the calls: {calls}.",
    )


def _placed(shop: EmulatedShop) -> list[Made]:
    body = {**order_body(), "device": secrets.token_hex(8), "client_ip": "192.0.2.7"}
    with shop.meter.counting() as made:
        shop.post(orders.handler, "/v1/orders", body, Idempotency_Key=secrets.token_hex(8))
    return made


def _fifty() -> RuleTable:
    known = DEFAULTS["order"].rules

    def numbered(number: int) -> Rule:
        rule = known[number % len(known)]
        return rule.model_copy(update={"id": f"{rule.id}.{number}"})

    return RuleTable(rules=tuple(map(numbered, range(RULES))), hold_at=DEFAULTS["order"].hold_at)


def _cpu_ms(act: Callable[[], object]) -> float:
    """Of one time, warm."""
    act()
    rounds: list[float] = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(TIMES):
            act()
        rounds.append((time.process_time() - started) * 1000 / TIMES)
    return min(rounds)
