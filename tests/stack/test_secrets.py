"""After all the other tests: every secret that came into stock, was bought or was delivered, and every account that was
topped up, is searched for in everything that the run wrote, and found nowhere."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.search import Search, hidings, parts
from tests.stack.books import Books
from tests.stack.deployed import Deployed
from tests.stack.shop import Shop, Store, number
from tests.stack.supply import supplied, typed
from tools.local.cloud import Cloud
from tools.local.deploy import ARTIFACTS_BUCKET
from tools.local.stack import Stack

CODE = {ARTIFACTS_BUCKET, "lambda.json"}
"""What was built, which was there before anything was sold; running functions have copies of it in `scratch`."""
KEPT = "file state/secretsmanager.json"
"""Where credentials belong: AWS encrypts it."""


@pytest.mark.parametrize("secret", ["QY0123456789ABCDEF", "您的座位是 A12", "https://x.example/?a=1&b=+/"])
def test_the_search_sees_what_is_hidden(secret: str) -> None:
    search = Search([secret, "NOT-HERE-AT-ALL"])
    missed = [how for how, content in hidings(secret).items() if search.found_in(content) != {secret}]
    assert not missed
    assert search.found_in(secret[1:].encode() + secret[:-1].encode()) == set()


def test_no_secret_is_left_anywhere(
    shop: Shop, site: Store, stack: Stack, books: Books, deployed: Deployed, cloud: Cloud, function_log: Path
) -> None:
    """Also when this test runs alone: then it sells something first."""
    sku = shop.sku(card_format="number_pin")
    line = f"{number('NUMBER')} {number('PIN')}"
    shop.paste(sku, [line])
    order, received = site.buy(sku)
    assert received == line.split()[:1]
    assert line.split()[1] in json.dumps(site.reveal(order))
    with supplied(shop) as supply:
        site.buy(supply.cards())
        topup = supply.topup()
        order = site.place(topup, lines=[{"sku": topup, "quantity": 1, "accounts": [{"phone": typed(supply.phone())}]}])
        site.pay(order)
        site.reaches(order, "fulfilled", seconds=90)
    assert supply.delivered()
    assert {*supply.handed_out()} <= {*shop.secrets}
    credentials = set(shop.credentials)
    assert min(map(len, {*shop.secrets, *credentials})) >= 8, "too short: something else may read the same"
    search = Search({*shop.secrets, *credentials})

    leaks: list[str] = []
    looked: dict[str, int] = {}
    for where, content in everything(stack, books, cloud):
        looked[where.split(" ")[0]] = looked.get(where.split(" ")[0], 0) + 1
        found = search.found_in(content) - (credentials if where == KEPT else set())
        leaks += [f"{where}: {secret}" for secret in found]
    assert not leaks, "\n".join(leaks[:50])
    # It looked where there is something to see.
    assert set(looked) >= {"table", "stream", "queue", "log", "execution", "mail", "file"}, looked


def everything(stack: Stack, books: Books, cloud: Cloud) -> Iterator[tuple[str, bytes]]:
    """What the run wrote, under a name that starts with its kind."""
    yield from _tables(stack)
    yield from _streams(stack)
    yield from _queues(stack)
    yield from _logs(stack)
    yield from _executions(stack)
    yield from _objects(stack)
    yield from _local(stack, "mail", "ses")
    # A clean stop is when the local AWS writes its state down.
    cloud.stop()
    try:
        yield from _files(cloud.home.folder)
    finally:
        cloud.start()


def _tables(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """Items as they are: bytes as bytes, so that nothing hides in an encoding of this test."""
    client = stack.client("dynamodb")
    for name in client.list_tables()["TableNames"]:
        for page in client.get_paginator("scan").paginate(TableName=name):
            yield f"table {name}", b"\n".join(part for item in page["Items"] for part in parts(item))


def _streams(stack: Stack) -> Iterator[tuple[str, bytes]]:
    client = stack.client("dynamodbstreams")
    for stream in client.list_streams()["Streams"]:
        arn = stream["StreamArn"]
        for shard in client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            at = client.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
            place: str | None = at["ShardIterator"]
            while place:
                page = client.get_records(ShardIterator=place)
                yield f"stream {stream['TableName']}", b"\n".join(parts(page["Records"]))
                place = page.get("NextShardIterator") if page["Records"] else None


def _queues(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """Messages that wait, dead ones among them, seen without taking them."""
    yield from _local(stack, "queue", "sqs")


def _logs(stack: Stack) -> Iterator[tuple[str, bytes]]:
    client = stack.client("logs")
    for group in client.describe_log_groups()["logGroups"]:
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
            yield f"log {group['logGroupName']}", "\n".join(event["message"] for event in page["events"]).encode()


def _executions(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """Inputs, outputs and whole histories, of every workflow."""
    client = stack.client("stepfunctions")
    for machine in client.list_state_machines()["stateMachines"]:
        pages = client.get_paginator("list_executions").paginate(stateMachineArn=machine["stateMachineArn"])
        for execution in (execution for page in pages for execution in page["executions"]):
            arn = execution["executionArn"]
            told = [client.describe_execution(executionArn=arn), client.get_execution_history(executionArn=arn)]
            yield f"execution {execution['name']}", b"\n".join(parts(told))


def _objects(stack: Stack) -> Iterator[tuple[str, bytes]]:
    client = stack.client("s3")
    for bucket in client.list_buckets()["Buckets"]:
        if bucket["Name"] == ARTIFACTS_BUCKET:
            continue
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
            for item in page.get("Contents", []):
                yield f"object {item['Key']}", client.get_object(Bucket=bucket["Name"], Key=item["Key"])["Body"].read()


def _local(stack: Stack, kind: str, service: str) -> Iterator[tuple[str, bytes]]:
    with urllib.request.urlopen(f"{stack.aws_endpoint_url}/_ministack/{service}/messages", timeout=30) as answer:
        yield f"{kind} all", answer.read()


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """State, objects, logs and leftovers of functions that still ran; not their code."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        is_code = CODE & {*inside} or any(part == "code" or part.startswith("layer_") for part in inside)
        if path.is_file() and not is_code:
            yield f"file {path.relative_to(folder)}", path.read_bytes()
