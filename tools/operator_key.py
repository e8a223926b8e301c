"""Issue an operator key and print it, once: the key that no other key can ask the API for.

python -m tools.operator_key                    on the shop that `make run` serves
python -m tools.operator_key --stack quanyi     on a deployed stack, with your shell's AWS credentials and region
"""

import argparse
import secrets
import sys
from datetime import UTC, datetime

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from quanyi.api_keys.table import issue
from quanyi.errors import Refusal
from quanyi.table import Table
from tools.local.keys import issue_operator_key
from tools.local.stack import Stack

OUTPUT = "CatalogTableName"


def issue_on(stack: str, name: str) -> str:
    """Writes the key into the table that the stack's outputs name. Raises ClientError, Refusal, LookupError."""
    found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    tables = [output.get("OutputValue", "") for output in found if output.get("OutputKey") == OUTPUT]
    if not tables:
        raise LookupError(f"the stack {stack} has no output {OUTPUT}")
    table = Table(tables[0], boto3.client("dynamodb"))
    _, key = issue(table, "operator", None, secrets.token_bytes, datetime.now(UTC), name)
    return key.reveal()


def main() -> None:
    parser = argparse.ArgumentParser(description="Issue an operator key")
    parser.add_argument("--stack", help="a deployed stack; default: the one `make run` serves")
    parser.add_argument("--name", default=f"made-{secrets.token_hex(4)}", help="what the key is called in the list")
    args = parser.parse_args()
    try:
        print(issue_on(args.stack, args.name) if args.stack else issue_operator_key(Stack.read(), args.name))
    except FileNotFoundError:
        sys.exit("no local stack: start one with `make run`, or name a deployed one with STACK=")
    except (BotoCoreError, ClientError, LookupError, Refusal) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
