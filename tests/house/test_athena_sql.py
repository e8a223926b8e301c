"""What Athena is asked is what the queries say (tools/athena_sql.py), and reads nothing but what there is."""

import sqlglot
from sqlglot import exp

from quanyi.analytics.athena_dialect import TYPES
from quanyi.analytics.dialect import STORED
from tests.house.template import Node, resources, text, translated, written
from tools.athena_sql import PLACE, files


def test_the_queries_are_translated() -> None:
    there = {path.name: path.read_text() for path in PLACE.glob("*.sql")}
    assert there == files(), "run `python -m tools.athena_sql`"


def test_a_translation_is_one_select() -> None:
    for query in files().values():
        (statement,) = sqlglot.parse(query, read="athena")
        assert isinstance(statement, exp.Query)


def test_the_catalogue_has_the_lakes_columns() -> None:
    tables = {name: table["TableInput"] for name, table in resources(written(), "AWS::Glue::Table").items()}
    declared = tables["LakeTable"]["StorageDescriptor"]["Columns"]
    assert {one["Name"]: one["Type"] for one in declared} == {name: TYPES[kind] for name, kind in STORED.items()}
    assert {one["Name"] for one in tables["GivenTable"]["StorageDescriptor"]["Columns"]} == {"line"}
    assert {name: [key["Name"] for key in table["PartitionKeys"]] for name, table in tables.items()} == {
        "LakeTable": ["folder"],
        "GivenTable": ["relation", "version"],
    }
    assert {name: table["Name"] for name, table in tables.items()} == {"LakeTable": "lake", "GivenTable": "given"}


def test_nothing_of_athena_is_there_unless_it_was_chosen() -> None:
    template = translated()
    chosen = {name for name, one in template["Resources"].items() if one.get("Condition") == "UsesAthena"}
    services = {name: one["Type"].split("::")[1] for name, one in template["Resources"].items()}
    assert {name for name, service in services.items() if service in ("Glue", "Athena")} < chosen
    assert template["Conditions"]["UsesAthena"] == {"Fn::Equals": [{"Ref": "AnalyticsEngine"}, "athena"]}
    assert template["Parameters"]["AnalyticsEngine"]["Default"] == "embedded"
    for name, one in template["Resources"].items():
        if name not in chosen:
            assert not [found for found in chosen if found in text(embedded(one))], name


def embedded(node: Node) -> Node:
    """What is left where the condition does not hold."""
    if isinstance(node, list):
        return [embedded(one) for one in node]
    if not isinstance(node, dict):
        return node
    match node.get("Fn::If"):
        case ["UsesAthena", _, other]:
            return embedded(other)
        case _:
            return {key: embedded(one) for key, one in node.items()}
