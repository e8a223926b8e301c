"""An import that dies, or meets a fault, at any single AWS call: the next run ends as one undisturbed run would."""

import itertools
import os
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from quanyi.backlog import Backlog
from quanyi.cards.model import hold_name
from quanyi.errors import Busy
from quanyi.imports.table import LEASE
from quanyi.receiving import writing
from stock import stretch
from tests.aws.conftest import Call, Cloud
from tests.aws.stockroom import Shop, open_shop

CALLS = "_make_api_call"
LINES = ["AAAA", "CCCC,2026-12-31", "AAAA", "x", "DDDD", "EEEE"]


WAYS = ("die before", "die after", "fail")
EVERY = 1 if os.environ.get("PROVE") else len(WAYS)


class Died(BaseException):
    """The process is gone: nothing after this call happens."""


@dataclass
class Saboteur:
    """Ends the process before or after the AWS call number `at`, or makes that one call fail."""

    at: int
    way: str
    real: Any = BaseClient._make_api_call  # type: ignore[attr-defined]
    made: int = 0
    struck: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, client: Any, operation: str, request: dict[str, Any]) -> Any:
        with self.lock:
            self.made += 1
            mine = self.made == self.at
            dead = self.struck and self.way != "fail"
            self.struck = self.struck or mine
        if dead or (mine and self.way == "die before"):
            raise Died
        if mine and self.way == "fail":
            raise ClientError({"Error": {"Code": "InternalServerError", "Message": ""}}, operation)
        answer = self.real(client, operation, request)
        if mine:
            raise Died
        return answer


def calls_to_end_at(way: str) -> Iterator[int]:
    """Of one run after the other: each call in `make prove`, else a third of them, another third in each way."""
    return itertools.count(1 + WAYS.index(way) % EVERY, EVERY)


@contextmanager
def sabotage(at: int, way: str) -> Generator[Saboteur]:
    saboteur = Saboteur(at, way)

    def call(client: Any, operation: str, request: dict[str, Any]) -> Any:
        return saboteur(client, operation, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, CALLS, call)
        yield saboteur


@pytest.fixture
def shop(cloud: Cloud, call: Call, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(stretch, "STRETCH", 3)
    monkeypatch.setattr(writing, "MAX_CARDS", 2)
    monkeypatch.setenv("IMPORT_QUEUE_URL", cloud.client("sqs").create_queue(QueueName="imports")["QueueUrl"])
    made = open_shop(cloud, call, "")
    made.work().keyring.key("fingerprint")
    return made


def wiped(shop: Shop) -> None:
    for name, keys in (("CardsTable", ["card_id"]), ("SupplyTable", ["pk", "sk"]), ("OrdersTable", ["pk", "sk"])):
        table = shop.cloud.table(name)
        for item in shop.cloud.contents(name)[name]:
            table.delete({key: item[key] for key in keys})


def wait_for(shop: Shop, units: int) -> Backlog:
    backlog = Backlog(shop.cloud.table("OrdersTable"))
    for unit in range(units):
        item = {"pk": "BACKLOG#VIP-M", "sk": f"2026-11-01T00:00:00.000Z#O1#{unit}"}
        backlog.table.put({**item, "order": "O1", "unit": str(unit), "attempt": 1, "channel": "site", "v": 1})
    return backlog


def end_state(shop: Shop, import_id: str) -> dict[str, Any]:
    """Everything but what is drawn at random: ids of batches, nonces, leases."""
    seen = shop.view(import_id)
    cards = shop.cards()
    by_batch = Counter(card["batch"] for card in cards)
    supply = shop.cloud.contents("SupplyTable")["SupplyTable"]
    batches = {item["id"]: item["size"] for item in supply if item["sk"] == "BATCH"}
    assert batches == by_batch == Counter(seen["batches"])
    assert max(batches.values(), default=0) <= 2
    assert shop.uploads() == []
    given = [item["card"] for item in shop.cloud.contents("OrdersTable")["OrdersTable"] if item.get("card")]
    reserved = [card for card in cards if card["state"] == "reserved"]
    assert sorted(given) == sorted(card["card_id"] for card in reserved)
    assert all(card["hold"] == hold_name("O1", 1) for card in reserved)
    return {
        "seen": {
            name: seen[name] for name in ("state", "read", "accepted", "duplicate", "invalid", "cards", "percent")
        },
        "refused": shop.refused(import_id),
        "faces": shop.faces(),
        "states": Counter(card["state"] for card in cards),
        "for sale": len([card for card in cards if "available" in card]),
        "pools": sorted(item["sk"] for item in supply if item["pk"].startswith("POOLS#")),
        "given": len(given),
    }


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_ends_anywhere_is_made_good(shop: Shop, way: str) -> None:
    waiting = 2
    expected: dict[str, Any] | None = None
    content = "\n".join(LINES).encode()
    made_calls = 0
    for at in itertools.chain([0], calls_to_end_at(way)):
        wiped(shop)
        wait_for(shop, waiting)
        made = shop.announce()
        shop.upload(made["id"], content)
        with sabotage(at, way) as saboteur:
            try:
                shop.run(made["id"])
            except (Died, ClientError, Busy):
                assert saboteur.struck
        if way != "fail":
            shop.now += LEASE + timedelta(seconds=1)
        for _ in range(2):
            assert shop.run(made["id"]) is True
        found = end_state(shop, made["id"])
        expected = expected or found
        assert found == expected, f"{way} call {at}"
        made_calls = saboteur.made
        if at and not saboteur.struck:
            break
    assert made_calls > 30
    assert expected
    assert expected["seen"] == {
        "state": "done", "read": 6, "accepted": 4, "duplicate": 1, "invalid": 1, "cards": 4, "percent": 100,
    }  # fmt: skip
    assert expected["given"] == waiting


@pytest.mark.parametrize("way", ["die before", "die after", "fail"])
def test_announcing_again_is_made_good(shop: Shop, way: str) -> None:
    made_calls = 0
    for at in itertools.count(1):
        with sabotage(at, way) as saboteur:
            try:
                shop.announce(f"{way}-{at}".replace(" ", "-"), lines=["AAAA-1111"])
            except (Died, AssertionError):
                assert saboteur.struck
        made = shop.announce(f"{way}-{at}".replace(" ", "-"), lines=["AAAA-1111"])
        assert shop.uploads() == [f"imports/{made['id']}"]
        shop.run(made["id"])
        assert shop.view(made["id"])["read"] == 1
        made_calls = saboteur.made
        if not saboteur.struck:
            break
    assert made_calls >= 3
    assert len(shop.cards()) == 1


def test_a_message_that_fails_comes_again_and_tells_nothing(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    import json

    from stock import importer
    from tests.aws.conftest import LambdaContext

    made = shop.announce()
    shop.upload(made["id"], b"SECRET-1234\n")
    event = {"Records": [{"messageId": "m", "body": json.dumps({"import": made["id"]})}]}
    with sabotage(5, "fail"):
        assert importer.handler(event, LambdaContext()) == {"batchItemFailures": [{"itemIdentifier": "m"}]}
    for _ in range(2):  # a stretch, and what is left after the time ran low
        assert importer.handler(event, LambdaContext()) == {"batchItemFailures": []}
    assert shop.view(made["id"])["state"] == "done"
    out = "".join(capfd.readouterr())
    assert "fault" in out
    assert "SECRET" not in out
