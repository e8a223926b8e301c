"""The tables' streams as Lambda would hand them over, read from the test's AWS."""

import base64
import json
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from tests.aws.conftest import ACCOUNT, REGION, Cloud, resources, tables


def records_of(cloud: Cloud, table: str) -> list[dict[str, Any]]:
    """Every record of a table's stream so far, in order, in the form of a Lambda event.

    From moto's own model: its streams API answers 404 in the version that is pinned.
    """
    kept = dynamodb_backends[ACCOUNT][REGION].tables[tables()[table]["TableName"]]
    assert kept.stream_shard, f"{table} has no stream"
    arn = cloud.client("dynamodb").describe_table(TableName=kept.name)["Table"]["LatestStreamArn"]
    return [_as_lambda(record.to_json(), arn) for record in kept.stream_shard.items]


def let_through(records: list[dict[str, Any]], function: str) -> list[dict[str, Any]]:
    """Those that the filters of a function's stream event let through, as far as our template writes filters."""
    events = resources()[function]["Properties"]["Events"].values()
    filters = [one for event in events for one in event["Properties"]["FilterCriteria"]["Filters"]]
    patterns = [json.loads(one["Pattern"]) for one in filters]
    return [record for record in records if any(_meets(record, pattern) for pattern in patterns)]


def _meets(told: Any, pattern: Any) -> bool:
    if isinstance(pattern, dict):
        return isinstance(told, dict) and all(_meets(told.get(name), inner) for name, inner in pattern.items())
    return any(
        isinstance(told, str) and told.startswith(one["prefix"]) if isinstance(one, dict) else told == one
        for one in pattern
    )


def _as_lambda(record: dict[str, Any], arn: str) -> dict[str, Any]:
    """Through JSON: bytes as base64 text, the moment as a number."""
    told = dict(record["dynamodb"])
    told["ApproximateCreationDateTime"] = int(told["ApproximateCreationDateTime"].timestamp())
    event = {**record, "dynamodb": told, "eventSourceARN": arn}
    return json.loads(json.dumps(event, default=lambda raw: base64.b64encode(raw).decode()))
