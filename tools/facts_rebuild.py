"""Derive all facts again from the orders (those of other platforms too), the cards, the purchases and the decisions
that are kept, and all sums from the facts; say, or mend, what differs.

python -m tools.facts_rebuild --check                  the shop that `make run` serves
python -m tools.facts_rebuild --write --stack quanyi   a deployed stack, with your shell's AWS credentials and region

`--write` puts facts that are missing or differ, and sums that are not what their facts say; then all is checked again.
What is told while it runs may look missing: ask again. Exits with 1 where something is wrong (after `--write`: still).
It reads whole tables, so it takes a while for a large shop, and needs memory for the sums of each hour.
"""

import argparse
import sys
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from quanyi.errors import Refusal
from quanyi.table import Table
from tools.facts_again import Facts, FactsFound
from tools.local.layout import STACK_NAME
from tools.local.stack import Stack
from tools.rolls_again import Rolls, RollsFound

TABLES = {
    "orders": "OrdersTableName",
    "cards": "CardsTableName",
    "supply": "SupplyTableName",
    "risk": "RiskTableName",
    "catalog": "CatalogTableName",
    "stats": "StatsTableName",
    "facts": "FactsTableName",
}
ZONE = "ShopTimeZone"


@dataclass(frozen=True)
class Shop:
    """What facts are derived from, and where they lie."""

    orders: Table
    cards: Table
    supply: Table
    risk: Table
    catalog: Table
    stats: Table
    facts: Table
    zone: str


@dataclass(frozen=True)
class Found:
    facts: FactsFound
    rolls: RollsFound

    @property
    def is_right(self) -> bool:
        return self.facts.is_right and self.rolls.is_right


def rebuild(shop: Shop, *, write: bool) -> Found:
    """What was found wrong, and mended where `write` says so. Raises ClientError, Busy."""
    facts = Facts(shop.orders, shop.cards, shop.supply, shop.risk, shop.catalog, shop.stats, shop.facts)
    return Found(facts.compare(write=write), Rolls(shop.facts, shop.zone).compare(write=write))


def deployed(stack: str, cloudformation: Any, dynamodb: Any) -> Shop:
    """Raises ClientError, LookupError."""
    (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    outputs = {one["OutputKey"]: one.get("OutputValue", "") for one in found.get("Outputs", [])}
    parameters = {one["ParameterKey"]: one.get("ParameterValue", "") for one in found.get("Parameters", [])}
    if missing := sorted(set(TABLES.values()) - set(outputs)):
        raise LookupError(f"the stack {stack} has no output {', '.join(missing)}")
    tables = {name: Table(outputs[output], dynamodb) for name, output in TABLES.items()}
    return Shop(**tables, zone=parameters.get(ZONE) or "Asia/Shanghai")


def main() -> None:
    parser = argparse.ArgumentParser(description="Check, or mend, facts and their sums")
    act = parser.add_mutually_exclusive_group(required=True)
    act.add_argument("--check", action="store_true", help="say what differs")
    act.add_argument("--write", action="store_true", help="mend it, and check again")
    parser.add_argument("--stack", help="a deployed stack; default: the one `make run` serves")
    args = parser.parse_args()
    try:
        client = _of_account if args.stack else Stack.read().client
        shop = deployed(args.stack or STACK_NAME, client("cloudformation"), client("dynamodb"))
        found = rebuild(shop, write=args.write)
        _tell(found)
        if args.write and not found.is_right:
            print("\nAgain:")
            found = rebuild(shop, write=False)
            _tell(found)
    except FileNotFoundError:
        sys.exit("no local stack: start one with `make run`, or name a deployed one with STACK=")
    except (BotoCoreError, ClientError, LookupError, Refusal) as error:
        sys.exit(str(error))
    sys.exit(0 if found.is_right else 1)


def _of_account(service: str) -> Any:
    return boto3.client(service)  # type: ignore[call-overload]


def _tell(found: Found) -> None:
    facts, rolls = found.facts, found.rolls
    documents = f"{facts.orders} orders, {facts.past} of other platforms, {facts.cards} cards"
    documents += f", {facts.purchases} purchases and {facts.decisions} decisions"
    print(f"{documents} tell {facts.told} facts:")
    print(f"  {facts.same} are on the table, {facts.missing} are missing, {facts.different} are different")
    print(f"{rolls.facts} facts are on the table ({rolls.unsound} cannot be read):")
    of_documents = rolls.of_documents - facts.same - facts.different
    others = rolls.facts - rolls.of_documents
    print(f"  {others} of browsing, quotes and daily stock, {of_documents} that no document tells")
    print(f"{rolls.checked} sums are to be there: {len(rolls.wrong)} are not what their facts say")
    for name in rolls.wrong[:20]:
        print(f"  {name}")


if __name__ == "__main__":
    main()
