"""The nightly reports on buyers in pandas, as `bench.analytics_pandas` has the others."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

from bench.analytics_frames import Files, Frame, pd

SEGMENTS = {
    (True, True): "value",
    (True, False): "growth",
    (False, True): "keep",
    (False, False): "win_back",
}
"""By R and F being high."""


def _starts(day: Any, grain: str) -> Any:
    """The first day of the period that each day is in."""
    match grain:
        case "day":
            return day
        case "week":
            return day - pd.to_timedelta(day.dt.dayofweek, unit="D")
        case _:
            return day - pd.to_timedelta(day.dt.day - 1, unit="D")


def _new_returning(files: Files, first: date, last: date) -> Frame:
    by = ["period", "channel", "currency"]
    born = files.known(last).groupby("buyer")["day"].min().rename("born").reset_index()
    orders = files.orders
    orders = orders[(orders["day"] >= pd.Timestamp(first)) & (orders["day"] <= pd.Timestamp(last))]
    orders = orders.merge(born, on="buyer", how="left")
    parts: list[Frame] = []
    for grain in ("day", "week", "month"):
        those = orders.assign(period=_starts(orders["day"], grain), born=_starts(orders["born"], grain))
        those = pd.concat([those, those.assign(channel="*")])
        new, known = those[those["born"] == those["period"]], those[those["born"].notna()]
        old = those[those["born"] < those["period"]]
        sums = pd.DataFrame(
            {"new": new.groupby(by)["buyer"].nunique(), "returning": old.groupby(by)["buyer"].nunique()}
        )
        found = those.groupby(by).agg(orders=("gmv", "size"), gmv=("gmv", "sum")).join(sums)
        found["new_orders"], found["new_gmv"] = new.groupby(by).size(), new.groupby(by)["gmv"].sum()
        found["known_orders"] = known.groupby(by).size()
        parts.append(found.fillna(0).astype("int64").reset_index().assign(grain=grain))
    names = [
        "grain",
        "period",
        "channel",
        "currency",
        "new",
        "returning",
        "orders",
        "gmv",
        "new_orders",
        "new_gmv",
        "known_orders",
    ]
    return pd.concat(parts)[names].sort_values(names[:4])


def _active(files: Files, first: date, last: date) -> Frame:
    born = files.known(last).groupby("buyer")["day"].min().rename("born").reset_index()
    born = born.sort_values(["born", "buyer"], ignore_index=True)
    born["number"] = born.index + 1
    orders = files.known(last, first)
    parts: list[Frame] = []
    for grain in ("week", "month"):
        those = orders.assign(period=_starts(orders["day"], grain))
        by = ["period", "channel", "currency", "buyer"]
        found = those.groupby(by)["gmv"].agg(orders="size", gmv="sum").reset_index()
        found = found.merge(born, on="buyer").assign(grain=grain)
        found["cohort"] = _starts(found["born"], grain)
        parts.append(found)
    names = ["grain", "period", "cohort", "number", "buyer", "channel", "currency", "orders", "gmv"]
    return pd.concat(parts)[names].sort_values(["grain", "period", "number", "channel", "currency"])


def _number(day: Any, grain: str) -> Any:
    """Periods since long ago."""
    if grain == "week":
        return (day - pd.Timestamp(1990, 1, 1)).dt.days // 7
    return day.dt.year * 12 + day.dt.month


def _filled(cohorts: Frame, grain: str, last: date) -> Frame:
    """A line for each age that each cohort has had, and whether it is over."""
    end = pd.Series([pd.Timestamp(last), pd.Timestamp(last) + timedelta(days=1)])
    now, after = _number(end, grain)
    oldest = now - _number(cohorts["cohort"], grain)
    lines = cohorts.loc[cohorts.index.repeat(oldest + 1)].copy()
    lines["age"] = lines.groupby(["cohort", "currency"]).cumcount()
    lines["complete"] = (lines["age"] < now - _number(lines["cohort"], grain)) | bool(after > now)
    return lines


def _cohorts(grain: str, files: Files, first: date, last: date) -> Frame:
    orders = files.known(last)
    orders = orders.assign(period=_starts(orders["day"], grain))
    orders["cohort"] = orders.groupby("buyer")["period"].transform("min")
    orders = orders[orders["cohort"] >= _starts(pd.Series([pd.Timestamp(first)]), grain)[0]]
    orders["age"] = _number(orders["period"], grain) - _number(orders["cohort"], grain)
    active = orders.groupby(["cohort", "age"])["buyer"].nunique().rename("active")
    sums = orders.groupby(["cohort", "currency", "age"])["gmv"].agg(orders="size", gmv="sum")
    cohorts = sums.reset_index()[["cohort", "currency"]].drop_duplicates().reset_index(drop=True)
    sizes = active[active.index.get_level_values("age") == 0].droplevel("age").rename("buyers")
    lines = _filled(cohorts, grain, last).join(sizes, on="cohort").join(active, on=["cohort", "age"])
    lines = lines.join(sums, on=["cohort", "currency", "age"])
    lines[["active", "orders", "gmv"]] = lines[["active", "orders", "gmv"]].fillna(0).astype("int64")
    lines["retention"] = lines["active"] / lines["buyers"]
    names = ["cohort", "currency", "age", "buyers", "active", "retention", "orders", "gmv", "complete"]
    return lines[names].sort_values(names[:3])


def _rfm(files: Files, first: date, last: date) -> Frame:
    by = ["buyer", "currency"]
    spent = files.known(last, first).groupby(by).agg(last=("day", "max"), frequency=("gmv", "size"), gmv=("gmv", "sum"))
    back = files.read("buyer currency reason amount", "refund_asked", first=first, last=last)
    back = back[back["reason"] != "surplus"].groupby(by)["amount"].sum()
    spent["monetary"] = spent["gmv"] - back.reindex(spent.index, fill_value=0)
    spent["recency"] = (pd.Timestamp(last) - spent["last"]).dt.days
    found = spent.reset_index()
    size = found.groupby("currency")["buyer"].transform("size")
    for score, column in (("r", -found["recency"]), ("f", found["frequency"]), ("m", found["monetary"])):
        worse = column.groupby(found["currency"]).rank(method="min").astype("int64") - 1
        found[score] = 1 + worse * 5 // size
    means = found.groupby("currency")[["r", "f", "m"]].transform("mean")
    high = found[["r", "f", "m"]] > means
    valued = high["m"].map({True: "important_", False: "general_"})
    found["segment"] = valued + pd.Series([SEGMENTS[pair] for pair in zip(high["r"], high["f"], strict=True)])
    found = found.sort_values(["currency", "segment", "monetary", "buyer"], ascending=[True, True, False, True])
    return found[["buyer", "currency", "recency", "frequency", "gmv", "monetary", "r", "f", "m", "segment"]]


def _segments(files: Files, first: date, last: date) -> Frame:
    everyone = _rfm(files, first, last)
    found = everyone.groupby(["currency", "segment"], as_index=False).agg(
        buyers=("buyer", "size"),
        purchases=("frequency", "sum"),
        gmv=("gmv", "sum"),
        monetary=("monetary", "sum"),
        recency=("recency", "mean"),
    )
    whole = found.groupby("currency")[["buyers", "gmv"]].transform("sum")
    return found.assign(share=found["buyers"] / whole["buyers"], gmv_share=found["gmv"] / whole["gmv"])


def _waits(files: Files, last: date) -> Frame:
    orders = files.known(last)[["buyer", "day"]].sort_values(["buyer", "day"])
    orders["waited"] = orders.groupby("buyer")["day"].diff().dt.days
    return orders


def _intervals(files: Files, first: date, last: date) -> Frame:
    waits = _waits(files, last)
    waits = waits[(waits["day"] >= pd.Timestamp(first)) & waits["waited"].notna()]
    found = waits.groupby(waits["waited"].astype("int64")).size().rename("intervals").reset_index()
    found["so_far"] = found["intervals"].cumsum()
    return found.assign(share=found["so_far"] / found["intervals"].sum())


def _repurchase(files: Files, first: date, last: date) -> Frame:
    spread = _intervals(files, first, last)
    row: dict[str, Any] = {"intervals": spread["intervals"].sum()}
    for part in (0.25, 0.5, 0.75):
        row[f"p{part}"] = spread[spread["share"] >= part]["waited"].min()
    orders = files.known(last, first)[["buyer", "day"]].sort_values(["buyer", "day"])
    orders["next"] = orders.groupby("buyer")["day"].shift(-1)
    starts = orders.drop_duplicates("buyer")
    row["buyers"] = len(starts)
    for days in (30, 60, 90):
        watched = starts[starts["day"] + timedelta(days=days) <= pd.Timestamp(last)]
        row[f"buyers_{days}"] = len(watched)
        row[f"repeated_{days}"] = ((watched["next"] - watched["day"]).dt.days <= days).sum()
        row[f"rate_{days}"] = row[f"repeated_{days}"] / len(watched) if len(watched) else None
    return pd.DataFrame([row])


def _lifetime(files: Files, first: date, last: date) -> Frame:
    by = ["cohort", "currency", "age"]
    orders = files.known(last)
    cohorts = _starts(orders.groupby("buyer")["day"].min(), "month").rename("cohort")
    cohorts = cohorts[cohorts >= pd.Timestamp(first).replace(day=1)].reset_index()
    posted = files.read("buyer currency account amount", "posted", last=last)
    kept = posted["account"].isin(["cost", "loss", "fees"]) | posted["account"].str.startswith("revenue:")
    posted = posted[kept & (posted["buyer"] != "")]
    moved = pd.concat([orders[["buyer", "currency", "day", "gmv"]], posted.assign(margin=-posted["amount"])])
    moved = moved[["buyer", "currency", "day", "gmv", "margin"]].merge(cohorts, on="buyer")
    moved["age"] = (_number(moved["day"], "month") - _number(moved["cohort"], "month")).clip(lower=0)
    sums = moved.groupby(by)[["gmv", "margin"]].sum()
    known = sums.reset_index()[["cohort", "currency"]].drop_duplicates().reset_index(drop=True)
    lines = _filled(known, "month", last).join(cohorts.groupby("cohort").size().rename("buyers"), on="cohort")
    lines = lines.join(sums, on=by)
    lines[["gmv", "margin"]] = lines[["gmv", "margin"]].fillna(0).astype("int64")
    up = lines.groupby(["cohort", "currency"])[["gmv", "margin"]].cumsum()
    lines["so_far_gmv"], lines["so_far_margin"] = up["gmv"], up["margin"]
    lines["gmv_each"], lines["margin_each"] = up["gmv"] / lines["buyers"], up["margin"] / lines["buyers"]
    names = ["buyers", "gmv", "margin", "so_far_gmv", "so_far_margin", "gmv_each", "margin_each", "complete"]
    return lines[[*by, *names]].sort_values(by)


BUYERS: Mapping[str, Callable[[Files, date, date], Frame]] = {
    "customers_new_returning": _new_returning,
    "customers_active": _active,
    "cohorts_weekly": partial(_cohorts, "week"),
    "cohorts_monthly": partial(_cohorts, "month"),
    "rfm": _rfm,
    "rfm_segments": _segments,
    "repurchase": _repurchase,
    "repurchase_intervals": _intervals,
    "lifetime_value": _lifetime,
}
