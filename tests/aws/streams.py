"""The tables' streams as Lambda would hand them over, read from the test's AWS."""

import base64
import json
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from tests.aws.conftest import ACCOUNT, REGION, Cloud, tables


def records_of(cloud: Cloud, table: str) -> list[dict[str, Any]]:
    """Every record of a table's stream so far, in order, in the form of a Lambda event.

    From moto's own model: its streams API answers 404 in the version that is pinned.
    """
    kept = dynamodb_backends[ACCOUNT][REGION].tables[tables()[table]["TableName"]]
    assert kept.stream_shard, f"{table} has no stream"
    arn = cloud.client("dynamodb").describe_table(TableName=kept.name)["Table"]["LatestStreamArn"]
    return [_as_lambda(record.to_json(), arn) for record in kept.stream_shard.items]


def _as_lambda(record: dict[str, Any], arn: str) -> dict[str, Any]:
    """Through JSON: bytes as base64 text, the moment as a number."""
    told = dict(record["dynamodb"])
    told["ApproximateCreationDateTime"] = int(told["ApproximateCreationDateTime"].timestamp())
    event = {**record, "dynamodb": told, "eventSourceARN": arn}
    return json.loads(json.dumps(event, default=lambda raw: base64.b64encode(raw).decode()))
