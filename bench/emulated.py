"""A shop on moto, in this process: the template's tables, the real handlers, every call of theirs metered.

Exact for counting calls and units; it says nothing about time.
"""

import io
import json
import os
import secrets
import sys
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import boto3
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends

from bench.goods import SKU, invented
from bench.meter import Made, Meter
from bench.units import Schema, Wire
from checkout.wiring import shop
from fulfill.wiring import works
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
    told: int = 0
    log: io.StringIO = field(default_factory=io.StringIO)
    """What the functions print."""

    def post(self, handler: Handler, path: str, body: Any, caller: Caller | None = SITE, **headers: str) -> Any:
        return self._call(handler, "POST", path, json.dumps(body, ensure_ascii=False), caller, headers)

    def get(self, handler: Handler, path: str, caller: Caller = SITE) -> Any:
        return self._call(handler, "GET", path, None, caller, {})

    def put(self, handler: Handler, path: str, body: Any, caller: Caller, **headers: str) -> Any:
        return self._call(handler, "PUT", path, json.dumps(body), caller, headers)

    def raw(self, handler: Handler, path: str, headers: dict[str, str], body: bytes) -> str:
        """A payment provider's notification, and what it is answered."""
        return self._answer(handler, "POST", path, body.decode(), None, headers)

    def _call(
        self, handler: Handler, method: str, path: str, body: str | None, caller: Caller | None, headers: dict[str, str]
    ) -> Any:
        return json.loads(self._answer(handler, method, path, body, caller, headers))

    def _answer(
        self, handler: Handler, method: str, path: str, body: str | None, caller: Caller | None, headers: dict[str, str]
    ) -> str:
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
        return answer["body"]

    def sku(self) -> Sku:
        """The one SKU, published, straight onto the catalogue."""
        made = Sku.model_validate({**SKU, "product_id": "PR1", "product_state": "published", "version": 1})
        shop().catalog.table.put({**sku_key(made.id), **made.model_dump(mode="json", exclude_none=True), "v": 1})
        return made

    def stock(self, count: int) -> Pool:
        """Sealed cards of that SKU in the shared pool, as an import writes them."""
        batch_id = f"B{secrets.token_hex(8).upper()}"
        batch = Batch(batch_id, SKU["id"], "acme", Money(amount=1500, currency="CNY"), None, None, system_clock(), b"")
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

    def contents(self) -> dict[str, list[Wire]]:
        """Every item by table, in DynamoDB's typed form."""
        client = boto3.Session(region_name=REGION).client("dynamodb")
        pages = {name: client.get_paginator("scan").paginate(TableName=t["TableName"]) for name, t in tables().items()}
        return {name: [item for page in found for item in page["Items"]] for name, found in pages.items()}

    def news(self, table: str) -> list[dict[str, Any]]:
        """The table's stream records since the last time, as Lambda hands them over."""
        kept = dynamodb_backends[ACCOUNT][REGION].get_table(tables()[table]["TableName"]).stream_shard
        assert kept
        records = [record.to_json() for record in kept.items]
        fresh, self.seen[table] = records[self.seen.get(table, 0) :], len(records)
        for number, record in enumerate(fresh):
            # A second of its own each: between two writes of a card a person acts.
            record["dynamodb"]["ApproximateCreationDateTime"] = system_clock().timestamp() + 60 * self.told + number
        self.told += 1
        return fresh


@contextmanager
def emulated_shop() -> Generator[EmulatedShop]:
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
        forget()
        boto3.setup_default_session(region_name=REGION)
        assert boto3.DEFAULT_SESSION
        meter.attach(boto3.DEFAULT_SESSION)
        made = EmulatedShop(meter)
        made.sku()
        with redirect_stdout(made.log):
            yield made
    forget()


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
        "PAYMENT_SECRETS": "bench/payments/",
        "POWERTOOLS_TRACE_DISABLED": "true",
        # A logger keeps the stream that it began with, so each shop has one of its own.
        "POWERTOOLS_SERVICE_NAME": f"bench-{secrets.token_hex(4)}",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "MAIL_SENDER": "shop@example.com",
        "CLAIM_URL": "https://shop.example.com/claim/{order}#{token}",
        "STAFF_LANGUAGE": "en",
        "STAFF_URL": "https://console.example.com/{what}/{id}",
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


def forget() -> None:
    """What functions build once per process, as in a fresh one; it also belongs to one AWS only."""
    for name, module in list(sys.modules.items()):
        if name.endswith(".wiring") or name.startswith("quanyi."):
            for value in list(vars(module).values()):
                if callable(clear := getattr(value, "cache_clear", None)):
                    clear()


def of_service(made: list[Made], service: str) -> list[Made]:
    return [call for call in made if call.service == service]
