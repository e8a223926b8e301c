"""What risk control adds to placing an order: AWS calls, and the processor time of fifty rules."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.calls import order_body
from bench.emulated import EmulatedShop, emulated_shop
from bench.meter import Made, by_name
from bench.report import Figure, table
from checkout import orders
from quanyi.risk.defaults import DEFAULTS
from quanyi.risk.facts import Facts, Identity, Value
from quanyi.risk.rules import Rule, Rulebook, RuleTable
from quanyi.risk.table import InForce, in_force, to_item
from quanyi.risk.tokens import KEPT, account, counted, token
from quanyi.table import from_wire, to_wire

MOST_CALLS, MOST_MS = 2, 1.0
ORDERS = 30
RULES = 50
TIMES, ROUNDS = 200, 9
FACTS: Facts = {"order.total": 1980, "order.channel": "site", "device.placed_1h": 2, "ip.placed_10m": 9}
NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
BEHIND_IT: tuple[Identity, ...] = ("email", "phone", "ip", "net", "device")
REGULAR = 20
"""Orders that each identity of a buyer who comes again and again has placed, paid and not paid."""


def measure() -> Figure:
    with emulated_shop() as shop:
        shop.stock(ORDERS + 1)
        _placed(shop)  # the first of a process reads rules and policies, which are kept
        made = [_placed(shop) for _ in range(ORDERS)]
    risk = [[call for call in calls if "Risk" in call.target] for calls in made]
    added = max(map(len, risk))
    book = Rulebook("order", _fifty())
    asked, compiled = _cpu_ms(lambda: book.decide(FACTS)), _cpu_ms(lambda: Rulebook("order", _fifty()))
    force = in_force("order", {"version": 1, "content": _fifty().model_dump(mode="json")}, None)
    regular, full = _known(REGULAR), _known(KEPT)
    whole, fullest = _cpu_ms(lambda: _decided(force, regular)), _cpu_ms(lambda: _decided(force, full))
    most = max(risk, key=len)
    rows: list[list[object]] = [
        ["AWS calls to the risk table, most of any order", added],
        ["AWS calls to place an order, all, most", max(map(len, made))],
        [f"processor ms to ask {RULES} rules", asked],
        ["of one rule", asked / RULES],
        ["processor ms of a whole decision between its calls: what is known, the rules, the record", whole],
        [f"of one about identities whose sets have all {KEPT} tokens", fullest],
        [f"processor ms to compile {RULES} rules, once a version", compiled],
    ]
    calls = "; ".join(f"{n} × {call}" for call, n in by_name(most).items())
    return Figure(
        name="judging",
        title=f"What a risk decision adds to placing an order: AWS calls; processor time of {RULES} rules",
        aim=f"≤ {MOST_CALLS}; ≤ {MOST_MS:g} ms",
        seen=f"{added}; {whole:.2f} ms, of which the rules {asked:.2f}",
        reached=added <= MOST_CALLS and whole <= MOST_MS,
        how=(
            f"Calls: {ORDERS} orders with an address, a device and a member through the real handler on moto in this "
            f"process, counted by boto3's events. Processor time: the built-in rules of the point `order`, repeated "
            f"with other ids up to {RULES}, asked {TIMES} times about the same facts; and a whole decision, from the "
            f"items that were read to the item that is written, about a buyer of whom {len(BEHIND_IT)} identities have "
            f"{REGULAR} orders each. The least of {ROUNDS} rounds, which other work on the machine disturbs least. It "
            "is time on the machine named below."
        ),
        body=f"{table(['what', 'seen'], rows)}\n\nOf the calls: {calls}.",
    )


def _placed(shop: EmulatedShop) -> list[Made]:
    body = {**order_body(), "device": secrets.token_hex(8), "client_ip": "192.0.2.7"}
    with shop.meter.counting() as made:
        shop.post(orders.handler, "/v1/orders", body, Idempotency_Key=secrets.token_hex(8))
    return made


def _known(tokens: int) -> list[dict[str, Any]]:
    """The signals of each identity, as they are read."""
    moments = [NOW - timedelta(hours=3 * number) for number in range(tokens)]
    sets = {fact: {token(at, fact, str(at)) for at in moments} for fact in ("placed", "paid", "unpaid")}
    accounts = {account(at, str(number % 3)) for number, at in enumerate(moments)}
    return [to_wire({**sets, "accounts": accounts, "since": "2026-01-01T00:00:00.000Z"}) for _ in BEHIND_IT]


def _decided(force: InForce, known: list[dict[str, Any]]) -> object:
    facts: dict[str, Value] = dict(FACTS)
    for identity, item in zip(BEHIND_IT, known, strict=True):
        facts |= counted(from_wire(item), identity, NOW)
    return to_wire(to_item(force.decide(facts, subject="O", order="O", now=NOW)))


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
