"""The daily reports computed in three ways, in a process of its own: as they ship, in DuckDB's own SQL as somebody
would write it by hand for these files, and in pandas. Each answers the same rows.

    python -m bench.analytics_ways FOLDER ships|by_hand|pandas NAME...
"""

import resource
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from json import dumps
from pathlib import Path
from typing import Any

from bench.lake_made import FIRST, LAST
from quanyi.analytics.engine import Engine, Table
from quanyi.analytics.reports import report_named

MEMORY_MIB = 2048
Frame = Any
"""pandas' own types are looser than what is checked here."""
pd: Any = import_module("pandas")

BY_HAND: Mapping[str, str] = {
    "sales_daily": """
        WITH sold AS (
            SELECT day, channel, product, currency, sum(amount) AS gmv, count(DISTINCT subject) AS orders,
                sum(quantity) AS units, count(DISTINCT buyer) FILTER (buyer <> '') AS buyers
            FROM lake WHERE kind = 'sold' GROUP BY ALL
        ),
        booked AS (
            SELECT day, channel, product, currency,
                coalesce(-sum(amount) FILTER (account LIKE 'revenue:%'), 0) AS revenue,
                coalesce(sum(amount) FILTER (account IN ('cost', 'loss')), 0) AS cost,
                coalesce(sum(amount) FILTER (account = 'fees'), 0) AS fees
            FROM lake WHERE kind = 'posted' GROUP BY ALL
        ),
        entries AS (
            SELECT day, channel, currency, min(product) AS one, max(product) AS other, sum(amount) AS settled
            FROM lake
            WHERE kind = 'posted' AND (account IN ('owed', 'surplus') OR account LIKE 'revenue:%')
            GROUP BY day, channel, currency, subject, "at" HAVING settled > 0
        ),
        backs AS (
            SELECT day, channel, if(one = other, one, '') AS product, currency, sum(settled) AS refunds
            FROM entries GROUP BY ALL
        )
        SELECT day, channel, product, currency, coalesce(gmv, 0), coalesce(orders, 0), coalesce(units, 0),
            coalesce(buyers, 0), coalesce(revenue, 0), coalesce(cost, 0), coalesce(fees, 0), coalesce(refunds, 0),
            coalesce(revenue - cost - fees, 0)
        FROM sold FULL JOIN booked USING (day, channel, product, currency)
        FULL JOIN backs USING (day, channel, product, currency)
        ORDER BY ALL
    """,
    "delivery_daily": """
        SELECT day, channel, product, reason, count(*), quantile_disc(seconds, 0.5), quantile_disc(seconds, 0.9),
            quantile_disc(seconds, 0.95), quantile_disc(seconds, 0.99), max(seconds)
        FROM lake WHERE kind = 'delivered' AND seconds IS NOT NULL GROUP BY ALL ORDER BY ALL
    """,
    "payments_daily": """
        WITH happened AS (
            SELECT day, channel, provider, currency, if(kind = 'tried', kind, 'refused') AS outcome, reason, subject,
                amount
            FROM lake WHERE kind IN ('tried', 'try_refused')
            UNION ALL
            SELECT day, channel, max(account[10:]) FILTER (account <> 'fees'), currency, 'paid', '', subject,
                sum(amount) AS s
            FROM lake WHERE kind = 'posted' AND (account LIKE 'provider:%' OR account = 'fees')
            GROUP BY day, channel, currency, subject, "at" HAVING s > 0
        ),
        counted AS (
            SELECT day, channel, provider, currency, outcome, reason,
                count(DISTINCT subject) AS orders, count(*) AS times, sum(amount) AS amount
            FROM happened GROUP BY ALL
        )
        SELECT *, round(orders * 10000.0 / max(orders) FILTER (outcome = 'tried') OVER
            (PARTITION BY day, channel, provider, currency))::BIGINT
        FROM counted ORDER BY ALL
    """,
}


def ships(folder: Path, name: str) -> list[tuple[Any, ...]]:
    engine = Engine(memory_mib=MEMORY_MIB, threads=2, spill=str(folder))
    engine.read(sorted(map(str, folder.glob("*.parquet"))))
    return _whole(engine, name).rows


def _whole(engine: Engine, name: str) -> Table:
    """Of all days, not of the last one alone."""
    report = report_named(name)
    assert report
    return engine.run(name, **{**report.parameters(LAST), "first": FIRST})


def by_hand(folder: Path, name: str) -> list[tuple[Any, ...]]:
    connection = Engine(memory_mib=MEMORY_MIB, threads=2, spill=str(folder)).connection
    connection.execute(f"CREATE VIEW lake AS SELECT * FROM read_parquet('{folder}/*.parquet')")
    return connection.execute(BY_HAND[name]).fetchall()


def pandas(folder: Path, name: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in PANDAS[name](folder).itertuples(index=False)]


def _read(folder: Path, columns: str, *kinds: str) -> Frame:
    wanted = [("kind", "in", [*kinds])]
    return pd.read_parquet(folder, columns=["kind", "day", "channel", *columns.split()], filters=wanted)


def _sales(folder: Path) -> Frame:
    by = ["day", "channel", "product", "currency"]
    sold = _read(folder, "product currency subject buyer quantity amount", "sold")
    sold["buyer"] = sold["buyer"].where(sold["buyer"] != "")
    first = sold.groupby(by).agg(
        gmv=("amount", "sum"), orders=("subject", "nunique"), units=("quantity", "sum"), buyers=("buyer", "nunique")
    )
    posted = _read(folder, "product currency subject at account amount", "posted")
    kind = posted["account"].str.split(":").str[0]
    posted["revenue"] = -posted["amount"].where(kind == "revenue", 0)
    posted["cost"] = posted["amount"].where(kind.isin(["cost", "loss"]), 0)
    posted["fees"] = posted["amount"].where(kind == "fees", 0)
    second = posted.groupby(by)[["revenue", "cost", "fees"]].sum()
    settled = posted[kind.isin(["owed", "surplus", "revenue"])]
    entry = settled.groupby(["day", "channel", "currency", "subject", "at"]).agg(
        product=("product", "min"), other=("product", "max"), refunds=("amount", "sum")
    )
    entry = entry[entry["refunds"] > 0].reset_index()
    entry["product"] = entry["product"].where(entry["product"] == entry["other"], "")
    third = entry.groupby(by)[["refunds"]].sum()
    found = first.join(second, how="outer").join(third, how="outer").fillna(0).astype("int64").reset_index()
    found["margin"] = found["revenue"] - found["cost"] - found["fees"]
    return found.sort_values(by)


def _delivery(folder: Path) -> Frame:
    by = ["day", "channel", "product", "reason"]
    waits = _read(folder, "product reason seconds", "delivered").dropna(subset=["seconds"])
    waits = waits.sort_values([*by, "seconds"])
    grouped = waits.groupby(by)["seconds"]
    rank, whole = grouped.cumcount() + 1, grouped.transform("size")
    found = grouped.agg(units="count")
    for share in (50, 90, 95, 99):
        found[f"p{share}"] = waits[rank == -(-whole * share // 100)].set_index(by)["seconds"]
    return found.join(grouped.max().rename("most")).reset_index().sort_values(by)


def _payments(folder: Path) -> Frame:
    by = ["day", "channel", "provider", "currency"]
    tried = _read(folder, "provider currency reason subject amount", "tried", "try_refused")
    tried["outcome"] = tried["kind"].map({"tried": "tried", "try_refused": "refused"})
    posted = _read(folder, "currency subject at account amount", "posted")
    posted = posted[posted["account"].str.startswith("provider:") | (posted["account"] == "fees")]
    posted["provider"] = posted["account"].where(posted["account"] != "fees").str.slice(9)
    entry = posted.groupby(["day", "channel", "currency", "subject", "at"]).agg(
        provider=("provider", "max"), amount=("amount", "sum")
    )
    paid = entry[entry["amount"] > 0].reset_index().assign(outcome="paid", reason="")
    happened = pd.concat([tried, paid])
    counted = happened.groupby([*by, "outcome", "reason"], as_index=False).agg(
        orders=("subject", "nunique"), times=("subject", "size"), amount=("amount", "sum")
    )
    whole = counted[counted["outcome"] == "tried"].set_index(by)["orders"].rename("whole")
    found = counted.join(whole, on=by)
    found["share_bp"] = (found["orders"] * 10000 / found["whole"] + 0.5).floordiv(1)
    return found.drop(columns="whole").sort_values([*by, "outcome", "reason"])


PANDAS: Mapping[str, Callable[[Path], Frame]] = {
    "sales_daily": _sales,
    "delivery_daily": _delivery,
    "payments_daily": _payments,
}
WAYS: Mapping[str, Callable[[Path, str], list[tuple[Any, ...]]]] = {
    "ships": ships,
    "by_hand": by_hand,
    "pandas": pandas,
}


def main() -> None:
    """Prints seconds by report, the rows of all, and the peak of memory in MiB."""
    folder, way, *names = sys.argv[1:]
    seconds: dict[str, float] = {}
    rows = 0
    for name in names:
        started = time.perf_counter()
        rows += len(WAYS[way](Path(folder), name))
        seconds[name] = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(dumps({"seconds": seconds, "rows": rows, "peak": peak}))


if __name__ == "__main__":
    main()
