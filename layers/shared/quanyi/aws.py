"""boto3 clients, made once per process on first use, with time-outs that fit inside a Lambda's own."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=32,
    tcp_keepalive=True,
)

FAULTS = (BotoCoreError, ClientError)
"""What a client raises when AWS refuses or cannot be reached."""


@cache
def client(service: str) -> Any:
    """A shared, thread-safe client of `service`; region and endpoint come from the environment as AWS names them."""
    return boto3.client(service, config=_CONFIG)  # type: ignore[call-overload]


def code_of(error: ClientError) -> str:
    """AWS's stable name of what went wrong: `ConditionalCheckFailedException`; empty when the answer had none."""
    return error.response.get("Error", {}).get("Code", "")
