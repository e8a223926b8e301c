"""moto as these tests have it: a transaction that is refused has changed nothing, and told its stream nothing."""

from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends

from quanyi.table import ConditionFailed, Item, Write
from tests.aws.conftest import ACCOUNT, REGION, Cloud, tables

KEPT = [{"pk": "A", "sk": "1", "n": 1, "deep": {"n": [1]}}, {"pk": "A", "sk": "2", "n": 2}]


def told(logical_id: str) -> list[dict[str, Any]]:
    shard: Any = dynamodb_backends[ACCOUNT][REGION].tables[tables()[logical_id]["TableName"]].stream_shard
    return [record.to_json() for record in shard.items]


def writes(cloud: Cloud) -> list[Write]:
    """Of each kind one, in two tables."""
    orders, catalog = cloud.table("OrdersTable"), cloud.table("CatalogTable")
    return [
        orders.write_put({"pk": "B", "sk": "1"}, condition="attribute_not_exists(pk)"),
        orders.write_update({"pk": "A", "sk": "1"}, "SET n = :n, deep.n = :n", n=9),
        orders.write_update({"pk": "C", "sk": "1"}, "SET n = :n", n=9),
        orders.write_delete({"pk": "A", "sk": "2"}),
        catalog.write_put({"pk": "A", "sk": "1"}),
    ]


@pytest.fixture(autouse=True)
def _kept(cloud: Cloud) -> None:
    for item in KEPT:
        cloud.table("OrdersTable").put(item)


def test_all_is_written_and_told(cloud: Cloud) -> None:
    cloud.table("OrdersTable").together(writes(cloud))
    orders: list[Item] = [
        {"pk": "A", "sk": "1", "n": 9, "deep": {"n": 9}},
        {"pk": "B", "sk": "1"},
        {"pk": "C", "sk": "1", "n": 9},
    ]
    catalog: list[Item] = [{"pk": "A", "sk": "1"}]
    assert cloud.contents("OrdersTable", "CatalogTable") == {"OrdersTable": orders, "CatalogTable": catalog}
    said = [(record["eventName"], record["dynamodb"]["Keys"]["pk"]["S"]) for record in told("OrdersTable")[len(KEPT) :]]
    assert [*dict.fromkeys(said)] == [("INSERT", "B"), ("MODIFY", "A"), ("INSERT", "C"), ("REMOVE", "A")]


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("logical_id", ["OrdersTable", "CatalogTable"])
def test_a_condition_that_fails_anywhere_leaves_everything_as_it_was(cloud: Cloud, at: int, logical_id: str) -> None:
    before, said = cloud.contents(), told("OrdersTable")
    refused = cloud.table(logical_id).write_put({"pk": "D", "sk": "1"}, condition="attribute_exists(pk)")
    every = writes(cloud)
    with pytest.raises(ConditionFailed):
        cloud.table("OrdersTable").together([*every[:at], refused, *every[at:]])
    assert (cloud.contents(), told("OrdersTable")) == (before, said)


def test_a_transaction_that_names_an_item_twice_leaves_everything_as_it_was(cloud: Cloud) -> None:
    before, said = cloud.contents(), told("OrdersTable")
    every = writes(cloud)
    with pytest.raises(Exception, match="multiple operations on one item"):
        cloud.table("OrdersTable").together([*every, every[1]])
    assert (cloud.contents(), told("OrdersTable")) == (before, said)
