"""Whether an order's calls and units depend on how many cards are in stock."""

import secrets
from base64 import urlsafe_b64encode
from collections import Counter
from dataclasses import replace
from typing import Any

from bench.calls import order_body
from bench.card_index import CardIndex, Wire
from bench.emulated import SITE, EmulatedShop, emulated_shop
from bench.meter import units
from bench.report import Figure, table
from bench.units import Schema, item_bytes, read_units, write_units
from checkout.messages import OrderBody, PaymentBody
from checkout.pay import start_payment
from checkout.place import place_order
from checkout.wiring import sandbox
from checkout.wiring import shop as checkout
from fulfill.fulfil import fulfil
from fulfill.reveal import reveal
from fulfill.wiring import works as fulfilment
from quanyi.cards.model import Face, NewCard, Pool
from quanyi.cards.table import CardsTable
from quanyi.payments.port import Captured
from quanyi.payments.receipt import book
from quanyi.secret import Secret
from quanyi.table import Table, from_wire, to_wire
from quanyi.vault.sealing import seal
from tests.aws.conftest import tables

SIZES = (1_000, 1_000_000)
ORDERS = 50
MOST = 0.10


def measure() -> Figure:
    rows: list[list[object]] = []
    sums: list[tuple[float, float, float]] = []
    for size in SIZES:
        with emulated_shop() as shop:
            calls, reads, writes = _orders(shop, size)
        sums.append((calls, reads, writes))
        rows.append([f"{size:,}", f"{calls:.2f}", f"{reads:.2f}", f"{writes:.2f}"])
    apart = max(abs(more / less - 1) for less, more in zip(*sums, strict=True))
    return Figure(
        name="stock-size",
        title="One order's calls and units with 1,000 and with 1,000,000 cards in stock",
        aim=f"equal within {MOST:.0%}",
        seen=f"{apart:.1%} apart",
        reached=apart <= MOST,
        how=(
            f"{ORDERS} whole orders (place, pay, notification, fulfilment, reveal) for each size, "
            f"averaged. The card table "
            "and its index are simulated, exactly and in memory, since an emulator with a million "
            "cards would be slow for "
            "reasons of its own; the other tables are moto's. Units follow from the items by DynamoDB's rules."
        ),
        body=table(["cards in stock", "calls an order", "read units", "write units"], rows),
    )


def _orders(shop: EmulatedShop, size: int) -> tuple[float, float, float]:
    """Calls, read units and write units of an order, on average."""

    pool = shop.stock(1)  # a batch with its key
    index = CardIndex(pool.name(), [_id() for _ in range(size)], _maker(pool))
    cards = CardsTable(Table(tables()["CardsTable"]["TableName"], index))
    front, back = replace(checkout(), cards=cards), replace(fulfilment(), cards=cards)
    index.calls.clear()
    for number in range(ORDERS + 1):
        if number == 1:  # the first one makes keys
            shop.meter.made.clear()
            index.calls.clear()
        order = place_order(front, SITE, secrets.token_hex(8), OrderBody.model_validate(order_body()))
        _, payment = start_payment(front, SITE, order.id, "p", PaymentBody(provider="sandbox"))
        item = sandbox().play(payment.id, "paid", secrets.token_bytes)
        headers, body = sandbox().notification(payment.id, item, front.now())
        (fact,) = sandbox().verify({name.lower(): text for name, text in headers.items()}, body, front.now())
        assert isinstance(fact, Captured)
        book(front.orders, front.workflow, "sandbox", fact, front.now())
        assert fulfil(back, order.id, 1)["outcome"] == "done"
        assert reveal(back, SITE, order.id).deliveries[0].units[0].number
    reads, writes = units(shop.meter.made)
    card_reads, card_writes = _card_units(index)
    calls = len(shop.meter.made) + len(index.calls)
    return calls / ORDERS, (reads + card_reads) / ORDERS, (writes + card_writes) / ORDERS


def _maker(pool: Pool) -> Any:
    """Cards as an import makes them, each when it is first touched."""

    client = fulfilment().cards.table.client
    batch = str(from_wire(client.scan(TableName=tables()["CardsTable"]["TableName"])["Items"][0])["batch"])
    key = fulfilment().batch_keys.open([batch])[batch]

    def make(card: str) -> Wire:
        sealed = seal(key, Face("code", Secret("AAAA-BBBB-CCCC-DDDD")).to_text(), card)
        return to_wire(NewCard(card, batch, pool, sealed, import_id="I" + "0" * 20, line=1).item())

    return make


def _card_units(index: CardIndex) -> tuple[float, int]:
    schema = Schema.of(tables()["CardsTable"])
    reads, writes = 0.0, Counter[str]()
    for operation, request, before, after in index.calls:
        if operation == "Query":
            reads += read_units(sum(map(item_bytes, request["entries"])), consistent=False)
        else:
            writes.update(write_units(schema, before, after, refused=after is None))
    return reads, sum(writes.values())


def _id() -> str:
    return urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
