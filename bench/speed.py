"""Whole orders a second on the local stack, beside the barest request that it can serve."""

import io
import os
import secrets
import statistics
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.local_stack import Client, LocalShop, expect, local_shop
from bench.report import Figure, percentile, table
from tools.local.layout import ACCOUNT, REGION

BUYERS = 16
SECONDS = 20.0
WARM_SECONDS = 12.0
SETTLE_SECONDS = 6.0
ORDERS_A_SECOND = 15
STOCK = 500
POLL = 0.25

BARE_FUNCTION = """
import os
import secrets

import boto3

client = boto3.client("dynamodb")


def handler(event, context):
    item = {"pk": {"S": secrets.token_hex(16)}, "sk": {"S": "BARE"}}
    client.put_item(TableName=os.environ["TABLE"], Item=item, ConditionExpression="attribute_not_exists(pk)")
    print("done")
    return {"statusCode": 200, "body": "{}"}
"""


@dataclass
class Load:
    """What so many callers got done in the time they had, and what it cost in processor time."""

    done: int = 0
    seconds: float = 0.0
    each: list[float] = field(default_factory=list[float])
    """Seconds that each one took."""
    requests: int = 0
    emulator: float = 0.0
    functions: float = 0.0
    callers: float = 0.0
    machine: float = 0.0
    """Processor seconds: the local AWS, the functions' interpreters, this process, and all of the machine."""

    @property
    def used(self) -> dict[str, float]:
        """Processors on average."""
        ours = {"the local AWS": self.emulator, "the functions": self.functions, "the callers": self.callers}
        return {
            name: used / self.seconds for name, used in {**ours, "others": self.machine - sum(ours.values())}.items()
        }

    @property
    def rate(self) -> float:
        return self.done / self.seconds


def measure() -> Figure:
    with local_shop() as shop:
        shop.stock(STOCK)
        bare_path = _bare_api(shop)
        bare_client = Client(bare_path)
        _loaded(shop, lambda: expect(bare_client.call("GET", "/bare")), 3.0)  # interpreters start
        _loaded(shop, lambda: _whole_order(shop), WARM_SECONDS)
        time.sleep(SETTLE_SECONDS)  # streams and new interpreters come to rest
        before = _loaded(shop, lambda: expect(bare_client.call("GET", "/bare")), SECONDS / 3)
        answered = sum(shop.client.answered.values())
        whole = _loaded(shop, lambda: _whole_order(shop), SECONDS)
        whole.requests = sum(shop.client.answered.values()) - answered
        after = _loaded(shop, lambda: expect(bare_client.call("GET", "/bare")), SECONDS / 3)
        again = dict(shop.client.again)
    bare = statistics.mean([before.rate, after.rate])
    rows: list[list[object]] = [
        ["whole orders", whole.done, f"{whole.rate:.1f}", *_times(whole), *_shares(whole)],
        ["bare requests, before", before.done, f"{before.rate:.1f}", *_times(before), *_shares(before)],
        ["bare requests, after", after.done, f"{after.rate:.1f}", *_times(after), *_shares(after)],
    ]
    head = ["", "done", "a second", "median s", "p95 s", "emulator", "functions", "callers", "others"]
    return Figure(
        name="speed",
        title=f"Whole orders per second on the local stack, {BUYERS} buyers, beside bare requests of the same run",
        aim=f"≥ {ORDERS_A_SECOND} orders/s",
        seen=f"{whole.rate:.1f} orders/s; {bare:.0f} bare requests/s, {bare / whole.rate:.1f} to an order",
        reached=whole.rate >= ORDERS_A_SECOND,
        how=(
            f"{BUYERS} buyers without a pause for {SECONDS:.0f} s: place, pay, notification, "
            f"fulfilment, until the order "
            f"says fulfilled (asked every {POLL:g} s). Bare: a function of ten lines with one "
            f"conditional write behind a "
            "REST API of its own on the same local AWS, without authorizer, as many callers, before "
            "and after. The last "
            "columns are processors used on average: the local AWS, the functions' interpreters, the callers, and "
            "whatever else ran on this machine. The local AWS reads a whole pool for each draw, which AWS does not, so "
            f"the stock is small: {STOCK} cards."
        ),
        body=f"{table(head, rows)}\n\n{_bound(whole, os.cpu_count() or 1)} Tried again: {again or 'nothing'}.",
    )


def _times(load: Load) -> list[object]:
    return [f"{percentile(load.each, 0.5):.2f}", f"{percentile(load.each, 0.95):.2f}"] if load.each else ["-", "-"]


def _shares(load: Load) -> list[object]:
    return [f"{used:.2f}" for used in load.used.values()]


def _bound(whole: Load, cores: int) -> str:
    requests = whole.requests / max(1, whole.done)
    ours = {name: used for name, used in whole.used.items() if name != "others"}
    each = {name: used / whole.rate * 1000 for name, used in ours.items()}
    together = sum(each.values())
    parts = ", ".join(f"{name} {ms:.0f}" for name, ms in each.items())
    most = cores * 1000 / together
    return (
        f"What bounds it: an order takes {together:.0f} ms of processor time ({parts}), so {cores} processors could "
        f"give {most:.0f} orders/s at the very most; {sum(ours.values()):.2f} of them were used. It is {requests:.1f} "
        "requests over HTTP beside the provider's notification, its workflow and what follows from the streams; the "
        "local AWS is one Python process and can use one processor."
    )


def _whole_order(shop: LocalShop) -> None:
    order = expect(shop.place())["id"]
    shop.pay(order)
    while (state := shop.state(order)) != "fulfilled":
        if state not in ("awaiting_payment", "paid", "fulfilling"):
            raise AssertionError(f"{order} became {state}")
        time.sleep(POLL)


def _loaded(shop: LocalShop, act: Callable[[], object], seconds: float) -> Load:
    load, lock = Load(), threading.Lock()
    before = _processor_seconds(shop)
    started = time.monotonic()
    failed: list[BaseException] = []

    def caller() -> None:
        while time.monotonic() - started < seconds and not failed:
            begun = time.monotonic()
            try:
                act()
            except BaseException as fault:  # noqa: BLE001 - raised again below
                failed.append(fault)
                return
            # What ends after the time is over is not counted, though it was begun before.
            if time.monotonic() - started < seconds:
                with lock:
                    load.done += 1
                    load.each.append(time.monotonic() - begun)

    threads = [threading.Thread(target=caller) for _ in range(BUYERS)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    load.seconds = time.monotonic() - started
    more = _processor_seconds(shop)
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    load.emulator, load.functions, load.callers, load.machine = (
        later - earlier for later, earlier in zip(more, before, strict=True)
    )
    return load


def _processor_seconds(shop: LocalShop) -> tuple[float, float, float, float]:
    """Of the local AWS, of its functions' interpreters (those that live), of this process, and of the whole machine;
    from /proc (Linux)."""
    process = shop.cloud._process  # pyright: ignore[reportPrivateUsage]
    assert process
    below = [int(found.name) for found in Path("/proc").iterdir() if found.name.isdigit()]
    below = [pid for pid in below if _parent(pid) == process.pid]
    ticks = [int(n) for n in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    busy = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")  # less idle and waiting for disks
    return _used(process.pid), sum(map(_used, below)), _used(os.getpid()), busy


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _parent(pid: int) -> int:
    found = _stat(pid)
    return int(found[1]) if found else 0


def _used(pid: int) -> float:
    found = _stat(pid)
    return (int(found[11]) + int(found[12])) / os.sysconf("SC_CLK_TCK") if found else 0.0


def _bare_api(shop: LocalShop) -> str:
    """Deploys the bare function and its API beside the stack, and answers where it is."""
    client: Callable[[str], Any] = shop.stack.client
    keys = [{"AttributeName": name, "KeyType": kind} for name, kind in (("pk", "HASH"), ("sk", "RANGE"))]
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    client("dynamodb").create_table(
        TableName="bare", KeySchema=keys, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST"
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("bare.py", BARE_FUNCTION)
    function = client("lambda").create_function(
        FunctionName="bare",
        Runtime="python3.13",
        Role=f"arn:aws:iam::{ACCOUNT}:role/bare",
        Handler="bare.handler",
        Code={"ZipFile": code.getvalue()},
        MemorySize=1024,
        Timeout=15,
        Environment={"Variables": {"TABLE": "bare"}},
    )["FunctionArn"]
    api = client("apigateway")
    made = api.create_rest_api(name="bare")["id"]
    root = api.get_resources(restApiId=made)["items"][0]["id"]
    path = api.create_resource(restApiId=made, parentId=root, pathPart="bare")["id"]
    where = {"restApiId": made, "resourceId": path, "httpMethod": "GET"}
    api.put_method(**where, authorizationType="NONE")
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"
    api.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    api.create_deployment(restApiId=made, stageName="bare")
    statement = {"StatementId": secrets.token_hex(4), "Action": "lambda:InvokeFunction"}
    client("lambda").add_permission(FunctionName="bare", Principal="apigateway.amazonaws.com", **statement)
    return f"{shop.stack.aws_endpoint_url}/_aws/execute-api/{made}/bare"
