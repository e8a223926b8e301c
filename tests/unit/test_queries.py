"""A query's text is one SELECT over `facts`, whatever it is over."""

import sqlglot
from sqlglot import expressions as exp

from quanyi.analytics.queries import names, parameters_of, sql_of


def test_every_query_is_one_select_over_facts_for_either_engine() -> None:
    for name in names():
        (tree,) = sqlglot.parse(sql_of(name), read="duckdb")
        assert isinstance(tree, exp.Query), name
        own = {one.alias for one in tree.find_all(exp.CTE)}
        assert {table.name for table in tree.find_all(exp.Table)} - own <= {"facts", "spend"}, name
        sqlglot.transpile(sql_of(name), read="duckdb", write="athena", unsupported_level=sqlglot.ErrorLevel.RAISE)


def test_what_a_query_is_over_comes_before_it_and_is_left_out_when_it_is_made() -> None:
    whole = sql_of("rfm_segments")
    assert whole.index("WITH purchases AS (") < whole.index("rfm AS (") < whole.index("FROM rfm\n")
    assert {"without", "bands", "first", "last", "r_1"} <= parameters_of(whole)
    assert "FROM facts" not in sql_of("rfm_segments", ("rfm",))
    assert parameters_of(sql_of("rfm_segments", ("rfm",))) == set()
    assert parameters_of(sql_of("repurchase", ("purchases",))) == {"first", "last"}
