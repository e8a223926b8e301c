"""Operator keys of a local stack. The first one is the key that no other key can ask the API for."""

import secrets
from datetime import UTC, datetime

from quanyi.api_keys.table import issue
from quanyi.table import Table
from tools.local.stack import Stack

TABLE = "CatalogTable"


def issue_operator_key(stack: Stack, name: str = "default") -> str:
    """Writes an operator's API key into the stack's own table and returns it in plain. Raises Conflict (`two_live`)."""
    table = Table(stack.physical_id(TABLE), stack.client("dynamodb"))
    _, key = issue(table, "operator", None, secrets.token_bytes, datetime.now(UTC), name)
    return key.reveal()
