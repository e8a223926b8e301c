"""A shop that takes in what suppliers deliver: the list of one purchase, as often as it comes."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from quanyi.backlog import Backlog, Entry
from quanyi.batches.table import BatchesTable, BatchKeys
from quanyi.cards.model import Face, Pool, card_id
from quanyi.cards.pools import PoolsTable
from quanyi.cards.table import CardsTable
from quanyi.money import Money
from quanyi.receiving.model import DeliveredCard, Delivery, Received
from quanyi.receiving.origin import Origin
from quanyi.receiving.receive import Receiving, receive
from quanyi.receiving.table import ReceivingTable
from quanyi.secret import Secret
from quanyi.table import Item
from quanyi.vault.sealing import unseal
from tests.aws.conftest import Cloud
from tests.aws.memory import MemoryCloud

SKU = "VIP-M"
COST = Money(amount=1500, currency="CNY")
ORIGIN = Origin("P1", SKU, None, "acme", COST, "code", "acme", "Asia/Shanghai")


def cards_of(*numbers: str) -> list[DeliveredCard]:
    return [DeliveredCard(Secret(number)) for number in numbers]


@dataclass
class Warehouse:
    cloud: Any = field(default_factory=MemoryCloud)
    now: datetime = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)

    def __post_init__(self) -> None:
        cloud: Cloud = self.cloud
        supply = cloud.table("SupplyTable")
        self.batches = BatchesTable(supply)
        self.work = Receiving(
            cards=CardsTable(cloud.table("CardsTable")),
            pools=PoolsTable(supply, monotonic=lambda: 0.0),
            backlog=Backlog(cloud.table("OrdersTable")),
            batch_keys=BatchKeys(cloud.kms, self.batches),
            runs=ReceivingTable(supply),
            keys=cloud.keyring,
            clock=lambda: self.now,
            draw=random.Random(1).randbytes,
        )
        self.work.keys.key("fingerprint")

    def receive(
        self, cards: Sequence[DeliveredCard | str], quantity: int, purchase: str = "P1", **more: Any
    ) -> Received:
        terms = {name: more.pop(name) for name in ("channel", "format", "shards") if name in more}
        origin = replace(ORIGIN, import_id=purchase, **terms)
        listed = [DeliveredCard(Secret(card)) if isinstance(card, str) else card for card in cards]
        return receive(self.work, Delivery(origin, quantity, listed, **more))

    def id_of(self, number: str) -> str:
        return card_id(self.work.keys.key("fingerprint"), ORIGIN.issuer, Face("code", Secret(number)))

    def card(self, number: str) -> Item:
        found = self.work.cards.get(self.id_of(number))
        assert found
        return found

    def state(self, number: str) -> str:
        return self.card(number)["state"]

    def cards(self) -> list[Item]:
        return self.cloud.contents("CardsTable")["CardsTable"]

    def pools(self) -> list[Pool]:
        return self.work.pools.every(SKU, fresh=True)

    def wait(self, *units: str, order: str = "O9") -> None:
        """Paid units of another order stand in the queue."""
        for unit in units:
            item = {"pk": f"BACKLOG#{SKU}", "sk": f"2026-11-01T00:00:00.000Z#{order}#{unit}"}
            self.work.backlog.table.put({**item, "order": order, "unit": unit, "attempt": 1, "channel": "site", "v": 1})

    def waiting(self) -> list[Entry]:
        return self.work.backlog.waiting(SKU, 100)

    def faces(self) -> dict[str, str | None]:
        """PIN by number: what buyers would see."""
        found: dict[str, str | None] = {}
        for card in self.cards():
            key = self.work.batch_keys.open([card["batch"]])[card["batch"]]
            face = Face.from_text(unseal(key, card["sealed"], card["card_id"]))
            found[face.number.reveal()] = face.pin.reveal() if face.pin else None
        return found

    def check(self) -> None:
        """Every card is in one batch that counts it and whose key opens it; no batch is empty or uncounted; what is for
        sale lies in an open pool; nobody is receiving."""
        supply = self.cloud.contents("SupplyTable")["SupplyTable"]
        sizes = {item["id"]: item.get("size") for item in supply if item["sk"] == "BATCH"}
        assert sizes == Counter(card["batch"] for card in self.cards())
        assert not [item for item in supply if item["sk"] == "RECEIVING" and "lease" in item]
        assert len(self.faces()) == len(self.cards())
        names = {pool.name(shard) for pool in self.pools() for shard in range(pool.shards)}
        assert {card["available"] for card in self.cards() if "available" in card} <= names
        given = [item["card"] for item in self.cloud.contents("OrdersTable")["OrdersTable"] if item.get("card")]
        queued = [card["card_id"] for card in self.cards() if card["state"] == "reserved" and "waits_for" in card]
        assert sorted(given) == sorted(queued)
