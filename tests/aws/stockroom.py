"""A shop's stock room on moto: announce, upload, run, look at what came of it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from quanyi.callers import Caller
from quanyi.cards.model import Face
from quanyi.catalog.model import Sku
from quanyi.catalog.table import sku_key
from quanyi.channels.model import Channel
from quanyi.channels.table import ChannelTable
from quanyi.table import Item
from quanyi.vault.sealing import unseal
from stock import admin, wiring
from stock.importing import Importing, run_import
from tests.aws.conftest import BUCKET, Call, Cloud

OPERATOR = Caller(role="operator", key_id="k1")
TERMS = {"sku": "VIP-M", "supplier": "acme", "unit_cost": {"amount": 1500, "currency": "CNY"}}


def put_sku(cloud: Cloud, sku_id: str = "VIP-M", **changes: Any) -> None:
    sku = Sku.model_validate(
        {
            "id": sku_id,
            "product_id": "P1",
            "product_state": "published",
            "version": 1,
            "kind": "card",
            "titles": {"en": sku_id},
            "price": 1999,
            "issuer": "acme",
            "card_format": "code",
            **changes,
        }
    )
    item = {**sku_key(sku_id), **sku.model_dump(mode="json", exclude_none=True), "v": 1}
    cloud.table("CatalogTable").put(item)


@dataclass
class Shop:
    """An import room with a clock to turn."""

    cloud: Cloud
    call: Call
    queue: str
    now: datetime = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    keys: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))

    def announce(self, key: str | None = None, **terms: Any) -> dict[str, Any]:
        headers = {"Idempotency-Key": key or f"key-{next(self.keys)}"}
        status, body, _ = self.call(
            admin.handler, "POST", "/v1/admin/imports", {**TERMS, **terms}, caller=OPERATOR, headers=headers
        )
        assert status == 201, body
        return body

    def upload(self, import_id: str, content: bytes) -> None:
        self.cloud.client("s3").put_object(Bucket=BUCKET, Key=f"imports/{import_id}", Body=content)

    def run(self, import_id: str) -> bool:
        return run_import(self.work(), import_id, lambda: True)

    def work(self) -> Importing:
        return replace(wiring.importing(), clock=lambda: self.now)

    def brought(self, content: bytes, **terms: Any) -> dict[str, Any]:
        made = self.announce(**terms)
        self.upload(made["id"], content)
        self.run(made["id"])
        return self.view(made["id"])

    def view(self, import_id: str) -> dict[str, Any]:
        status, body, _ = self.get(f"/v1/admin/imports/{import_id}")
        assert status == 200
        return body

    def refused(self, import_id: str) -> list[tuple[int, str]]:
        _, body, _ = self.get(f"/v1/admin/imports/{import_id}/refused")
        return [(row["line"], row["reason"]) for row in body["items"]]

    def get(self, path: str, query: Mapping[str, str | list[str]] | None = None) -> tuple[int, Any, dict[str, str]]:
        return self.call(admin.handler, "GET", path, caller=OPERATOR, query=query)

    def post(self, path: str, body: Any = None) -> tuple[int, Any, dict[str, str]]:
        return self.call(admin.handler, "POST", path, body, caller=OPERATOR)

    def cards(self) -> list[Item]:
        return self.cloud.contents("CardsTable")["CardsTable"]

    def faces(self) -> dict[int, tuple[str, str | None]]:
        """Number and PIN by line: what a buyer would see."""
        found = {}
        supply = {item["pk"]: item for item in self.cloud.contents("SupplyTable")["SupplyTable"]}
        for card in self.cards():
            context = {"purpose": "card-batch", "batch": card["batch"]}
            key = self.cloud.kms.unwrap(supply[f"BATCH#{card['batch']}"]["wrapped"], context)
            face = Face.from_text(unseal(key, card["sealed"], card["card_id"]))
            found[card["line"]] = (face.number.reveal(), face.pin.reveal() if face.pin else None)
        return found

    def uploads(self) -> list[str]:
        found = self.cloud.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return [entry["Key"] for entry in found]

    def messages(self) -> list[Any]:
        sqs = self.cloud.client("sqs")
        found = []
        while got := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in got]
            for message in got:
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found


def open_shop(cloud: Cloud, call: Call, queue: str) -> Shop:
    """With one SKU; `IMPORT_QUEUE_URL` is to be set before."""
    put_sku(cloud)
    channels = ChannelTable(cloud.table("CatalogTable"))
    taobao = {"id": "taobao", "name": "淘宝", "kind": "taobao", "created_at": datetime(2026, 1, 1, tzinfo=UTC)}
    channels.create(Channel.model_validate(taobao | {"body_hash": ""}), "made")
    made = Shop(cloud, call, queue)
    clock: Callable[[], datetime] = lambda: made.now  # noqa: E731
    for room in (wiring.intake(), wiring.keeping()):
        object.__setattr__(room, "clock", clock)
    return made
