"""Compute the reports of a day that is over now, as the night does, and mail its digest, as the morning does.

python -m tools.nightly                   yesterday's, of the shop that `make run` serves
python -m tools.nightly --stack quanyi    of a deployed stack, with your shell's AWS credentials and region

Facts of the last minute or two may still be on their way to the lake.
"""

import argparse
import json
import sys
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tools.local.layout import STACK_NAME
from tools.local.stack import Stack

FUNCTION, DIGEST = "ReportsDailyFunction", "ReportsDigestFunction"
_PATIENT = Config(read_timeout=900, retries={"total_max_attempts": 1})
"""A function's longest; a second call would only run beside the first."""


class NightFailed(Exception):
    """The function said that it failed, and why."""


def compute(
    stack: str, cloudformation: Any, functions: Any, day: str | None, function: str = FUNCTION
) -> dict[str, Any]:
    """What it answered: days, new results, compacted days; the digest's: its mails. Raises ClientError, NightFailed."""
    found = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=function)
    name = found["StackResourceDetail"]["PhysicalResourceId"]
    answer = functions.invoke(FunctionName=name, Payload=json.dumps({"day": day} if day else {}))
    said = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise NightFailed(f"{said.get('errorType')}: {said.get('errorMessage')}")
    return dict(said)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compute a day's reports")
    parser.add_argument("--day", help="yesterday of the shop, and every day with news, when left out")
    parser.add_argument("--stack", help="a deployed stack; default: the one `make run` serves")
    args = parser.parse_args()
    try:
        if args.stack:
            clients = boto3.client("cloudformation"), boto3.client("lambda", config=_PATIENT)
        else:
            local = Stack.read()
            clients = local.client("cloudformation"), local.client("lambda", _PATIENT)
        said = compute(args.stack or STACK_NAME, *clients, args.day)
        mailed = compute(args.stack or STACK_NAME, *clients, args.day, DIGEST)
    except FileNotFoundError:
        sys.exit("no local stack: start one with `make run`, or name a deployed one with STACK=")
    except (BotoCoreError, ClientError, NightFailed) as error:
        sys.exit(str(error))
    print(f"{said['new']} new results of {len(said['days'])} days, the last one {said['days'][-1]}")
    print(f"the digest of {mailed['day']} was mailed to {mailed['sent']} addresses; GET /v1/reports/digest has it")


if __name__ == "__main__":
    main()
