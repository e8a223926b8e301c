"""One measured process of `bench.importing`: `import N` brings a file of N codes in, `bare N` writes N ready cards.

Cards go to the stand-in at $CARDS_ENDPOINT, everything else to the local AWS at $AWS_ENDPOINT_URL. Prints JSON.
"""

import json
import os
import resource
import secrets
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import boto3

from bench.goods import SKU, invented
from quanyi import aws
from quanyi.cards.model import Face, NewCard, Pool, card_id
from quanyi.cards.table import NEW, CardsTable
from quanyi.catalog.model import Sku
from quanyi.catalog.table import sku_key
from quanyi.receiving.writing import WRITERS
from quanyi.secret import Secret
from quanyi.table import Table, to_wire
from quanyi.vault.sealing import seal
from stock import wiring
from stock.importing import run_import
from stock.intake import NewImport
from stock.stretch import STRETCH

COST = {"amount": 1500, "currency": "CNY"}


def cards_client() -> Any:
    """The functions' own client, but for where it goes."""
    config = aws._CONFIG  # pyright: ignore[reportPrivateUsage]
    return boto3.client("dynamodb", config=config, endpoint_url=os.environ["CARDS_ENDPOINT"])


def since(wall: float, work: float) -> dict[str, float]:
    """Seconds by the clock and of this process's processor time."""
    return {"seconds": time.perf_counter() - wall, "processor": time.process_time() - work}


def import_file(count: int) -> dict[str, float]:
    """What the run took, from taking the import up to its end."""
    known = wiring.read()
    sku = Sku.model_validate({**SKU, "product_id": "PR1", "product_state": "published", "version": 1})
    item = {**sku_key(sku.id), **sku.model_dump(mode="json", exclude_none=True), "v": 1}
    Table(known.catalog_table, aws.client("dynamodb")).put(item)
    terms = NewImport.model_validate({"sku": sku.id, "supplier": "acme", "unit_cost": COST})
    made = wiring.intake().create(terms, by="bench", key=secrets.token_hex(8))
    _upload(made.id, count)
    work = replace(wiring.importing(), cards=CardsTable(Table(known.cards_table, cards_client())))
    started = time.perf_counter(), time.process_time()
    if not run_import(work, made.id, lambda: True):
        raise AssertionError("the import is not over")
    seconds = since(*started)
    view = wiring.intake().get(made.id)
    if (view.state, view.accepted, view.cards) != ("done", count, count):
        raise AssertionError(f"the import took {view.accepted} of {count} lines and is {view.state}")
    return seconds


def _upload(import_id: str, count: int) -> None:
    wiring.uploads().put(import_id, "\n".join(invented(count)).encode())


def write_bare(count: int) -> dict[str, float]:
    """What as many conditional writes of the same shape take, from ready-made requests and as many threads.

    The cheapest way to write them that there is, or the import would look better than it is: a stretch at a time, only
    the writing timed (Python's collector would walk a heap of all requests again and again), and a thread has its share
    of a stretch at once, not card by card.
    """
    key, client, table = secrets.token_bytes(32), cards_client(), wiring.read().cards_table
    taken = {"seconds": 0.0, "processor": 0.0}

    def put(items: list[dict[str, Any]]) -> None:
        for item in items:
            client.put_item(
                TableName=table, Item=item, ConditionExpression=NEW, ReturnValuesOnConditionCheckFailure="ALL_OLD"
            )

    codes = invented(count)
    with ThreadPoolExecutor(WRITERS) as threads:
        for first in range(0, count, STRETCH):
            ready = [_ready(key, code, line) for line, code in enumerate(codes[first : first + STRETCH], first + 1)]
            started = time.perf_counter(), time.process_time()
            for _ in threads.map(put, [ready[part::WRITERS] for part in range(WRITERS)]):
                pass
            for name, more in since(*started).items():
                taken[name] += more
    return taken


def _ready(key: bytes, code: str, line: int) -> dict[str, Any]:
    """A card as an import would write it."""
    face = Face("code", Secret(code))
    new = card_id(key, SKU["issuer"], face)
    pool = Pool.of(SKU["id"], None, None, "Asia/Shanghai")
    card = NewCard(new, "B" + "0" * 16, pool, seal(key, face.to_text(), new), import_id="I" + "0" * 20, line=line)
    return to_wire(card.item())


def main() -> None:
    what, count = sys.argv[1], int(sys.argv[2])
    seconds = import_file(count) if what == "import" else write_bare(count)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**seconds, "peak_mib": peak}))


if __name__ == "__main__":
    main()
