"""Write the reports' queries as Athena has them, so that no translator has to run where they are asked:

python -m tools.athena_sql

A query's parameters stay in it by their names (`$first`): `analytics.athena` puts values there.
"""

import sqlglot
from sqlglot import exp

from quanyi.analytics.athena_dialect import ATHENA
from quanyi.analytics.queries import SQL, body_of, names

PLACE = SQL / ATHENA
HEADER = "-- Of ../{name}.sql, whose header tells the definition, by `python -m tools.athena_sql`.\n"


def files() -> dict[str, str]:
    """What the folder holds, by the files' names."""
    return {f"{name}.sql": HEADER.format(name=name) + translated(body_of(name)) + "\n" for name in names()}


def translated(sql: str) -> str:
    """One SELECT. Every name is quoted: some are words of Athena's own. Raises sqlglot's UnsupportedError."""
    statement = sqlglot.parse_one(sql, read="duckdb")
    for parameter in [*statement.find_all(exp.Parameter, exp.Placeholder)]:
        parameter.replace(exp.Var(this=f"${parameter.name}"))
    level = sqlglot.ErrorLevel.RAISE
    return statement.sql("athena", identify=True, pretty=True, comments=False, unsupported_level=level)


def main() -> None:
    PLACE.mkdir(exist_ok=True)
    told = files()
    for stale in {path.name for path in PLACE.glob("*.sql")} - told.keys():
        (PLACE / stale).unlink()
    for name, text in told.items():
        (PLACE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
