"""A shop on moto, in this process: the template's tables, the real handlers, every call of theirs metered.

Exact for counting calls and units; it says nothing about time.
"""

import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from moto import mock_aws

from bench.goods import SKU, invented
from bench.meter import Made, Meter
from bench.units import Schema
from quanyi.batches.model import Batch
from quanyi.callers import Caller
from quanyi.cards.model import Face, NewCard, Pool, card_id
from quanyi.catalog.model import Sku
from quanyi.catalog.table import sku_key
from quanyi.clock import system_clock
from quanyi.money import Money
from quanyi.secret import Secret
from quanyi.vault.sealing import seal
from tests.aws.conftest import ACCOUNT, REGION, Handler, LambdaContext, tables, variable

SITE = Caller(role="storefront", key_id="K1", channel="site")
_WORKFLOW = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:fulfilment"


class Unexpected(Exception):
    """A handler answered something else than the figure counts on."""


@dataclass
class EmulatedShop:
    meter: Meter
    seen: dict[str, int] = field(default_factory=dict[str, int])
    """Stream records handed on so far, by table."""

    def post(self, handler: Handler, path: str, body: Any, caller: Caller | None = SITE, **headers: str) -> Any:
        return self._call(handler, "POST", path, json.dumps(body, ensure_ascii=False), caller, headers)

    def get(self, handler: Handler, path: str, caller: Caller = SITE) -> Any:
        return self._call(handler, "GET", path, None, caller, {})

    def raw(self, handler: Handler, path: str, headers: dict[str, str], body: bytes) -> Any:
        """A payment provider's notification."""
        return self._call(handler, "POST", path, body.decode(), None, headers)

    def _call(
        self, handler: Handler, method: str, path: str, body: str | None, caller: Caller | None, headers: dict[str, str]
    ) -> Any:
        sent = {"Content-Type": "application/json", **{name.replace("_", "-"): v for name, v in headers.items()}}
        context = {"authorizer": caller.to_context() if caller else None, "identity": {"sourceIp": "192.0.2.1"}}
        event = {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "headers": sent,
            "multiValueHeaders": {name: [value] for name, value in sent.items()},
            "requestContext": {**context, "httpMethod": method, "path": path, "stage": "bench", "apiId": "bench"},
            "body": body,
            "isBase64Encoded": False,
        }
        answer = handler(event, LambdaContext())
        if answer["statusCode"] >= 300:
            raise Unexpected(f"{method} {path}: {answer['statusCode']} {answer['body']}")
        return json.loads(answer["body"])

    def sku(self) -> Sku:
        """The one SKU, published, straight onto the catalogue."""
        made = Sku.model_validate({**SKU, "product_id": "PR1", "product_state": "published", "version": 1})
        from checkout.wiring import shop

        shop().catalog.table.put({**sku_key(made.id), **made.model_dump(mode="json", exclude_none=True), "v": 1})
        return made

    def stock(self, count: int) -> Pool:
        """Sealed cards of that SKU in the shared pool, as an import writes them."""
        from checkout.wiring import shop
        from fulfill.wiring import works

        batch_id = f"B{secrets.token_hex(8).upper()}"
        batch = Batch(
            batch_id, SKU["id"], "acme", Money(amount=1500, currency="CNY"), None, None, system_clock(), b""
        )
        key = works().batch_keys.make(batch)
        pool = Pool.of(SKU["id"], None, None, "Asia/Shanghai")
        shop().pools.open(pool)
        for line, number in enumerate(invented(count), 1):
            face = Face("code", Secret(number))
            new = card_id(shop().keyring.key("fingerprint"), SKU["issuer"], face)
            sealed = seal(key, face.to_text(), new)
            card = NewCard(new, batch_id, pool, sealed, import_id="I" + "0" * 20, line=line)
            shop().cards.insert(card)
        return pool

    def news(self, table: str) -> list[dict[str, Any]]:
        """The table's stream records since the last time, as Lambda hands them over."""
        streams = boto3.Session(region_name=REGION).client("dynamodbstreams")
        arn = streams.list_streams(TableName=tables()[table]["TableName"])["Streams"][0]["StreamArn"]
        shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        records = streams.get_records(ShardIterator=start["ShardIterator"], Limit=1000)["Records"]
        fresh, self.seen[table] = records[self.seen.get(table, 0) :], len(records)
        for record in fresh:
            record["dynamodb"]["ApproximateCreationDateTime"] = record["dynamodb"][
                "ApproximateCreationDateTime"
            ].timestamp()
        return fresh


@contextmanager
def emulated_shop() -> Iterator[EmulatedShop]:
    """A shop with its SKU and no stock."""
    patch = _Environment(_environment())
    with patch, mock_aws():
        session = boto3.Session(region_name=REGION)
        dynamodb = session.client("dynamodb")
        for declared in tables().values():
            dynamodb.create_table(**declared)
        patch.set("KMS_KEY_ID", session.client("kms").create_key()["KeyMetadata"].get("Arn", ""))
        session.client("events").create_event_bus(Name="bench")
        _workflow(session)
        schemas = {declared["TableName"]: Schema.of(declared) for declared in tables().values()}
        names = {declared["TableName"]: name.removesuffix("Table") for name, declared in tables().items()}
        meter = Meter(schemas, names)
        _forget()
        boto3.setup_default_session(region_name=REGION)
        assert boto3.DEFAULT_SESSION
        meter.attach(boto3.DEFAULT_SESSION)
        made = EmulatedShop(meter)
        made.sku()
        yield made
    _forget()


def _workflow(session: boto3.Session) -> None:
    """Only to be started: its tasks are called by the figures themselves."""
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    role = f"arn:aws:iam::{ACCOUNT}:role/bench"
    session.client("stepfunctions").create_state_machine(
        name="fulfilment", definition=json.dumps(definition), roleArn=role
    )


def _environment() -> dict[str, str]:
    return {
        **{variable(name): declared["TableName"] for name, declared in tables().items()},
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "STAGE": "local",
        "SHOP_TIME_ZONE": "Asia/Shanghai",
        "EVENT_BUS": "bench",
        "WORKFLOW_ARN": _WORKFLOW,
        "POWERTOOLS_TRACE_DISABLED": "true",
        "POWERTOOLS_SERVICE_NAME": "bench",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }


class _Environment:
    """Variables for as long as a block runs; those that could reach a real account are taken away."""

    def __init__(self, wanted: dict[str, str]) -> None:
        self._wanted = wanted

    def __enter__(self) -> None:

        self._before = dict(os.environ)
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(self._wanted)

    def set(self, name: str, value: str) -> None:

        os.environ[name] = value

    def __exit__(self, *_: object) -> None:

        os.environ.clear()
        os.environ.update(self._before)


def _forget() -> None:
    """What functions build once per process belongs to one AWS only."""
    for name, module in list(sys.modules.items()):
        if name.endswith(".wiring") or name.startswith("quanyi."):
            for value in list(vars(module).values()):
                if callable(clear := getattr(value, "cache_clear", None)):
                    clear()


def of_service(made: list[Made], service: str) -> list[Made]:
    return [call for call in made if call.service == service]
