"""An AWS in memory (moto) for every test, with the tables exactly as `template.yaml` declares them.

`cloud` gives access to it; `call` sends a handler the event that API Gateway would send it.
"""

import json
import re
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, wraps
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import boto3
import pytest
import yaml
from botocore.client import BaseClient
from botocore.useragent import UserAgentString
from moto import mock_aws
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.events.models import events_backends
from moto.kms.models import kms_backends
from moto.kms.utils import generate_private_key
from moto.s3.models import s3_backends
from moto.ses.models import ses_backends

import quanyi.aws
from quanyi.callers import Caller
from quanyi.table import Item, Table, from_wire
from quanyi.vault.kms import Keyring, Kms
from tests.aws import transactions, wireless

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
REGION = "us-east-1"
ACCOUNT = "123456789012"
BUCKET = "quanyi-test-imports"
LAKE = "quanyi-test-lake"
BUS = "quanyi-test-events"
SENDER = "shop@example.com"
STAFF = "desk@example.com"

_tests = count()

Handler = Callable[[dict[str, Any], Any], Any]
Answer = tuple[int, Any, dict[str, str]]


class Call(Protocol):
    def __call__(
        self,
        handler: Handler,
        method: str,
        path: str,
        body: Any = None,
        *,
        caller: Caller | None = None,
        headers: dict[str, str] | None = None,
        query: Mapping[str, str | list[str]] | None = None,
        resource: str | None = None,
        ip: str = "192.0.2.1",
    ) -> Answer: ...


class Template(yaml.CSafeLoader):
    """Reads CloudFormation's short forms as `{tag: value}`."""


def _short_form(loader: Any, tag: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return {tag: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {tag: loader.construct_sequence(node, deep=True)}
    return {tag: loader.construct_mapping(node, deep=True)}


Template.add_multi_constructor("!", _short_form)


@cache
def resources() -> dict[str, dict[str, Any]]:
    """The template's, by logical id."""
    return yaml.load(TEMPLATE.read_text(), Template)["Resources"]


@cache
def tables() -> dict[str, dict[str, Any]]:
    """The template's tables as `create_table` takes them, by logical id."""
    found: dict[str, dict[str, Any]] = {}
    for name, resource in resources().items():
        if resource["Type"] != "AWS::DynamoDB::Table":
            continue
        declared = resource["Properties"]
        wanted = {k: declared[k] for k in ("AttributeDefinitions", "KeySchema")}
        wanted |= {"TableName": f"test-{name}", "BillingMode": "PAY_PER_REQUEST"}
        if indexes := declared.get("GlobalSecondaryIndexes"):
            wanted["GlobalSecondaryIndexes"] = indexes
        if stream := declared.get("StreamSpecification"):
            wanted["StreamSpecification"] = {"StreamEnabled": True, **stream}
        found[name] = wanted
    return found


def variable(logical_id: str) -> str:
    """`CatalogTable` is told to functions as `CATALOG_TABLE`."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", logical_id).upper()


@dataclass(frozen=True)
class Cloud:
    """What a test may look at and prepare."""

    key_arn: str

    def client(self, service: str) -> Any:
        return _client(service)

    def table(self, logical_id: str) -> Table:
        """`cloud.table("CatalogTable")`; it does not sleep between tries."""
        return Table(tables()[logical_id]["TableName"], self.client("dynamodb"), pause=lambda _: None)

    @property
    def kms(self) -> Kms:
        return Kms(self.key_arn, self.client("kms"))

    @property
    def keyring(self) -> Keyring:
        return Keyring(self.table("CatalogTable"), self.kms)

    def contents(self, *logical_ids: str) -> dict[str, list[Item]]:
        """Everything in the tables (all by default), in a fixed order, to compare before and after."""
        found: dict[str, list[Item]] = {}
        for name in logical_ids or tables():
            pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=tables()[name]["TableName"])
            items = [from_wire(item) for page in pages for item in page["Items"]]
            found[name] = sorted(items, key=lambda item: [str(item.get(k)) for k in ("pk", "sk", "card_id")])
        return found


@cache
def _empty_tables() -> dict[str, Any]:
    """moto's, as the template declares them; copying them is quicker than eight calls."""
    for declared in tables().values():
        _client("dynamodb").create_table(**declared)
    return deepcopy(dynamodb_backends[ACCOUNT][REGION].tables)


@cache
def _client(service: str) -> Any:
    """Of all tests: making one takes longer than most tests do."""
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


@pytest.fixture(scope="session", autouse=True)
def _quick_answers() -> Iterator[None]:
    """moto looks in each attribute value for all ten types by all their spellings: a fifth of these tests' time. It has
    one, under its own name."""
    stock, patch = BaseJSONSerializer._serialize_type_structure, pytest.MonkeyPatch()

    def known(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue":
            serialized[key] = _told(value)
        else:
            stock(self, serialized, value, shape, key)

    patch.setattr(BaseJSONSerializer, "_serialize_type_structure", known)
    patch.setattr("moto.core.responses.method_names_from_class", cache(method_names_from_class))
    # Two thousand patterns for each test, for AWS called by `requests`: nothing here does.
    patch.setattr("moto.core.models.RESPONSES_METHODS", [])
    yield
    patch.undo()


def _told(value: dict[str, Any]) -> dict[str, Any]:
    ((kind, inner),) = value.items()
    if kind == "M":
        return {kind: {name: _told(within) for name, within in inner.items()}}
    if kind == "L":
        return {kind: [_told(within) for within in inner]}
    if kind == "B":
        return {kind: b64encode(inner).decode()}
    assert kind != "BS"
    return {kind: inner}


@pytest.fixture(scope="session", autouse=True)
def _no_wire() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(BaseClient, "_make_request", wireless.make_request)
    patch.setattr(BaseClient, "_resolve_endpoint_ruleset", wireless.resolve_endpoint)
    # Put together anew for each call, from what never changes; nobody reads it.
    patch.setattr(UserAgentString, "to_string", lambda _: "tests")
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def _one_private_key() -> Iterator[None]:
    """moto draws an RSA key for every key of KMS, also for symmetric ones, which never use it."""
    patch = pytest.MonkeyPatch()
    patch.setattr("moto.kms.models.generate_private_key", cache(generate_private_key))
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def _exact_calls() -> Iterator[None]:
    """moto checks a condition and writes in two steps, a transaction in many, and a query sorts items that are being
    written; a lock makes each call one, as on AWS, so that threads in a test interleave between calls only."""
    lock, patch = threading.RLock(), pytest.MonkeyPatch()
    patch.setattr(DynamoDBBackend, "transact_write_items", transactions.transact_write_items)
    patch.setattr("moto.dynamodb.models.copy", transactions.COPY)
    for name in ("get_item", "query", "scan", "put_item", "update_item", "delete_item", "transact_write_items"):
        patch.setattr(DynamoDBBackend, name, _locked(getattr(DynamoDBBackend, name), lock))
    yield
    patch.undo()


def _locked(call: Callable[..., Any], lock: threading.RLock) -> Callable[..., Any]:
    @wraps(call)
    def one_at_a_time(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return call(*args, **kwargs)

    return one_at_a_time


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "STAGE": "local",
        "SHOP_TIME_ZONE": "Asia/Shanghai",
        "IMPORT_BUCKET": BUCKET,
        "LAKE_BUCKET": LAKE,
        "EVENT_BUS": BUS,
        "WORKFLOW_ARN": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:fulfil",
        "MAIL_SENDER": SENDER,
        "PAYMENT_SECRETS": "quanyi-test/payments/",
        "ISSUER_SECRETS": "quanyi-test/issuers/",
        "BOT_SECRETS": "quanyi-test/bots/",
        "SUPPLIER_SECRETS": "quanyi-test/suppliers/",
        "CLAIM_URL": "https://shop.example.com/claim/{order}#{token}",
        "STAFF_MAIL": STAFF,
        "STAFF_LANGUAGE": "zh-CN",
        "STAFF_URL": "https://console.example.com/{what}/{id}",
        # A logger of its own for each test: it keeps the stdout that it was made with, and tests read theirs.
        "POWERTOOLS_SERVICE_NAME": f"test-{next(_tests)}",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "POWERTOOLS_METRICS_NAMESPACE": "Quanyi",
    }
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name, declared in tables().items():
        monkeypatch.setenv(variable(name), declared["TableName"])
    _forget()
    # The session keeps its parsed service descriptions: reading them anew for each test costs most of a second.
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        key = kms_backends[ACCOUNT][REGION].create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", None).arn
        monkeypatch.setenv("KMS_KEY_ID", key)
        dynamodb_backends[ACCOUNT][REGION].tables.update(deepcopy(_empty_tables()))
        for bucket in (BUCKET, LAKE):
            s3_backends[ACCOUNT]["aws"].create_bucket(bucket, REGION)
        events_backends[ACCOUNT][REGION].create_event_bus(BUS)
        ses_backends[ACCOUNT][REGION].verify_email_identity(SENDER)
        yield Cloud(key)
    _forget()


def _forget() -> None:
    """What functions build once per process is built anew for each test's AWS; clients know nothing of one."""
    for clear in _all_built_once(len(sys.modules)):
        clear()


@cache
def _all_built_once(modules: int) -> list[Callable[[], None]]:
    """Of so many modules: none is ever taken out."""
    ours = (name for name in list(sys.modules) if name.endswith("wiring") or name.startswith("quanyi."))
    return list(dict.fromkeys(clear for name in ours for clear in _built_once(name)))


@cache
def _built_once(module: str) -> list[Callable[[], None]]:
    """What empties the caches that a module defines or imports."""
    values = [value for value in vars(sys.modules[module]).values() if value is not quanyi.aws.client]
    return [value.cache_clear for value in values if callable(getattr(value, "cache_clear", None))]


@dataclass(frozen=True)
class LambdaContext:
    """What the runtime tells a handler about its run."""

    function_name: str = "test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:test"
    aws_request_id: str = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 15_000


@pytest.fixture
def lambda_context() -> LambdaContext:
    return LambdaContext()


@pytest.fixture
def call() -> Call:
    """`call(handler, "POST", "/v1/quotes", {...}, caller=Caller(...))` -> (status, JSON, headers in lower case).

    A `str` body goes out as it stands, anything else as JSON. No caller: no authorizer ran.
    """
    return _call


def _call(
    handler: Handler,
    method: str,
    path: str,
    body: Any = None,
    *,
    caller: Caller | None = None,
    headers: dict[str, str] | None = None,
    query: Mapping[str, str | list[str]] | None = None,
    resource: str | None = None,
    ip: str = "192.0.2.1",
) -> Answer:
    asked = {name: [value] if isinstance(value, str) else value for name, value in (query or {}).items()}
    sent = {"Content-Type": "application/json", **(headers or {})}
    event = {
        "resource": resource or path,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": {name: values[-1] for name, values in asked.items()} or None,
        "multiValueQueryStringParameters": asked or None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "api",
            "authorizer": caller.to_context() if caller else None,
            "httpMethod": method,
            "identity": {"sourceIp": caller.ip if caller and caller.ip else ip},
            "path": f"/test{path}",
            "protocol": "HTTP/1.1",
            "requestId": "request",
            "requestTimeEpoch": 1_700_000_000_000,
            "resourcePath": resource or path,
            "stage": "test",
        },
        "body": body if body is None or isinstance(body, str) else json.dumps(body, ensure_ascii=False),
        "isBase64Encoded": False,
    }
    answer = handler(event, LambdaContext())
    single: dict[str, str] = answer.get("headers") or {}
    several: dict[str, list[str]] = answer.get("multiValueHeaders") or {}
    found = {name.lower(): value for name, value in single.items()}
    found |= {name.lower(): values[0] for name, values in several.items()}
    text = answer.get("body")
    is_json = bool(text) and "json" in found.get("content-type", "")
    return answer["statusCode"], json.loads(text) if is_json else text, found
