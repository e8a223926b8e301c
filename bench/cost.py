"""What a million orders of one card cost at list price, from counted calls and units."""

import math
from functools import cache
from typing import Any

import yaml

from bench.calls import states_of_an_order
from bench.emulated import EmulatedShop, emulated_shop
from bench.meter import units
from bench.order_life import Life, Step, live
from bench.prices import PRICES
from bench.report import Figure, table
from bench.units import item_bytes
from tests.aws.conftest import TEMPLATE, Template, tables

MOST = 180.0
ORDERS = 12
MILLION = 1_000_000
CALL_SECONDS = 0.005
"""Waiting for one AWS call inside a region."""
WHOLE_PROCESSOR_MB = 1769
"""Memory at which a function has one processor; below, its share is proportional."""
PLATFORM_LOG_BYTES = 370
"""Lambda's own START, END and REPORT lines of one run, with their trace id."""
LINE_BYTES = 26 + 60
"""CloudWatch's charge for each line beside its text, and the trace id that a line has on AWS alone."""
INDEX_ENTRY_BYTES = 100
AUTHORIZER_KEEPS = 60
MONTH_SECONDS = 30 * 24 * 3600
API_CALLS = ("place", "pay", "notify", "reveal")


def measure() -> Figure:
    with emulated_shop() as emulated:
        emulated.stock(500)
        emulated.meter.pause()
        live(Life(emulated), 2)  # keys and clients
        emulated.log.truncate(0)
        for name in ("OrdersTable", "CardsTable"):
            emulated.news(name)  # what went before
        before = _bytes_stored(emulated)
        timed = Life(emulated)
        live(timed, ORDERS)
        stored = (_bytes_stored(emulated) - before) / ORDERS
        lines = [line for line in emulated.log.getvalue().splitlines() if line]
        emulated.meter.resume()
        life = Life(emulated)
        live(life, ORDERS)
    for name, step in life.steps.items():
        step.processor = timed.steps[name].processor
    states = states_of_an_order()
    bill = _bill(life, len(states), sum(len(line.encode()) + LINE_BYTES for line in lines) / ORDERS, stored)
    total = sum(amount for _, _, amount in bill)
    rows = [
        [PRICES[what][1], f"{PRICES[what][0]:.9f}".rstrip("0"), f"{n:,.4g}", f"{amount:.2f}"]
        for what, n, amount in bill
    ]
    rows.append(["**together**", "", "", f"**{total:.2f}**"])
    return Figure(
        name="cost",
        title="List-price cost of a million one-card orders, all services",
        aim=f"≤ ${MOST:.0f}",
        seen=f"${total:.0f}",
        reached=total <= MOST,
        how=_how(len(states)),
        body="\n\n".join(
            [
                table(["priced", "USD each", "an order", "USD a million"], rows),
                table(
                    ["function", "runs an order", "calls", "read units", "write units", "billed ms a run"], _steps(life)
                ),
                _beside(),
            ]
        ),
    )


def _bill(life: Life, states: int, log_bytes: float, stored: float) -> list[tuple[str, float, float]]:
    """Priced thing, how much of it an order takes, USD for a million orders."""
    made = [call for step in life.steps.values() for call in step.made]
    reads, writes = units(made)
    runs = sum(step.runs for step in life.steps.values()) / ORDERS
    gigabyte_seconds = sum(_billed(step) * _memory(step.function) / 1024 * step.runs for step in life.steps.values())
    shared_authorizer = MONTH_SECONDS / AUTHORIZER_KEEPS / MILLION
    events = sum(len(call.events) for call in made) / ORDERS
    traces = len(API_CALLS) + 1 + sum(step.runs for name, step in life.steps.items() if _traced(name, step)) / ORDERS
    kms = sum(call.service == "kms" for call in made) / ORDERS
    taken = {
        "api request": float(len(API_CALLS)),
        "firewall request": float(len(API_CALLS)),
        "lambda request": runs + shared_authorizer,
        "lambda GB-second": gigabyte_seconds / ORDERS,
        "write unit": writes / ORDERS + _stocking_units(),
        "read unit": reads / ORDERS,
        "transition": float(states),
        "event": events,
        "sqs request": 3.0,
        "kms request": kms,
        "log GB": (log_bytes + runs * PLATFORM_LOG_BYTES) / 1e9,
        "trace": traces,
        "table GB-month": stored / 1e9,
        "transfer GB": 4 * 2_000 / 1e9,
    }
    return [(what, n, n * PRICES[what][0] * MILLION) for what, n in taken.items()]


def _traced(name: str, step: Step) -> bool:
    """Whether a run of it is a trace of its own: nothing hands these functions one to go on with."""
    alone = name.endswith(("stream", "queue"))
    return alone and _property(step.function, "Tracing") == "Active"


def _billed(step: Step) -> float:
    """Seconds of one run: its processor time at the function's share of one, and waiting for its calls."""
    share = min(1.0, _memory(step.function) / WHOLE_PROCESSOR_MB)
    return step.processor / step.runs / share + len(step.made) / step.runs * CALL_SECONDS


def _stocking_units() -> int:
    """Bringing the card in: its item and its entries in the two indexes that a new card is in."""
    return 3


def _steps(life: Life) -> list[list[object]]:
    rows: list[list[object]] = []
    for name, step in life.steps.items():
        reads, writes = units(step.made)
        runs = f"{step.runs / ORDERS:.2f}"
        each = [f"{n / ORDERS:.2f}" for n in (len(step.made), reads, writes)]
        rows.append([f"{name} ({step.function})", runs, *each, f"{math.ceil(_billed(step) * 1000)}"])
    return rows


def _how(states: int) -> str:
    start = PRICES["transition"][0] * MILLION
    return (
        f"{ORDERS} orders on moto in this process, through the real handlers: place, open a payment, notification, "
        "fulfilment, the authorizer for the order's token, reveal; then every stream record handed to its function, "
        "one record a run and a second apart, and the delivery's event through the mail queue. Calls are counted, "
        "units follow from the items, indexes included. The buyer is a channel's member without an e-mail address: see "
        "below. "
        "**Assumed:** a million orders spread over 30 days, so that X-Ray's first-request-each-second rule records "
        "every trace that the API, the workflow or a function with active tracing begins; "
        f"{states} states are {states} transitions, as the price page says (`each time a step of your workflow is "
        f"executed`; were the start one too, that would be ${start:.0f} more); a run's bill is its processor time here "
        "(moto's own share included, so too much), divided by the share of a processor that its memory buys, and "
        f"{CALL_SECONDS * 1000:g} ms for each call; the storefront key's authorizer answer is used for a minute; 2 KB "
        "out for each API call; an SQS message is three requests. Data keys that AWS services take from KMS by "
        "themselves (tables, queues, the bus) are kept for minutes and are not counted. The sandbox's own table is the "
        "provider's, not ours."
    )


def _beside() -> str:
    resources = _template()["Resources"]
    keys = sum(resource["Type"] == "AWS::KMS::Key" for resource in resources.values())
    return (
        f"Beside that, whatever is sold: {keys} keys, ${keys * PRICES['kms key'][0]:.0f} a month; sweeps, schedules, "
        "alarms and the firewall's own monthly price. With a delivery mail for every order SES adds "
        f"${PRICES['mail'][0] * MILLION:.0f} a million at its list price, "
        "and no design of ours changes that."
    )


def _bytes_stored(shop: EmulatedShop) -> int:
    """Everything in the tables but the sandbox's, indexes included."""
    found = 0
    for name, items in shop.contents().items():
        if name == "SandboxTable":
            continue
        indexes = [
            [k["AttributeName"] for k in i["KeySchema"]] for i in tables()[name].get("GlobalSecondaryIndexes", ())
        ]
        for item in items:
            found += item_bytes(item) + INDEX_ENTRY_BYTES
            found += sum(250 for keys in indexes if all(key in item for key in keys))
    return found


def _memory(function: str) -> int:
    return int(_property(function, "MemorySize"))


def _property(function: str, name: str) -> Any:
    """A property of a function in template.yaml, its own or the one of all."""
    document = _template()
    return document["Resources"][function]["Properties"].get(name) or document["Globals"]["Function"][name]


@cache
def _template() -> dict[str, Any]:
    return yaml.load(TEMPLATE.read_text(), Template)
