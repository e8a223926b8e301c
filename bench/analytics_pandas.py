"""The nightly reports in pandas, as somebody would write them who reads only the columns and kinds that a report needs.
What each column means is told where the report ships; the tests hold that the answers are the same."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

Frame = Any
"""pandas' own types are looser than what is checked here."""
pd: Any = import_module("pandas")

WITHIN = 30
AT_LEAST = 10
SEGMENTS = {
    (True, True): "value",
    (True, False): "growth",
    (False, True): "keep",
    (False, False): "win_back",
}
"""By R and F being high."""


class Files:
    """The lake, what was spent, and the orders that were paid for, which most reports begin with."""

    def __init__(self, folder: Path, spent: Sequence[tuple[date, str, str, int]]) -> None:
        self.folder = folder
        self.spent = pd.DataFrame(spent, columns=["day", "channel", "currency", "amount"])
        self.spent["day"] = pd.to_datetime(self.spent["day"])
        sold = self.read("subject buyer visitor currency at amount", "sold")
        self.orders = sold.groupby("subject", as_index=False).agg(
            buyer=("buyer", "first"),
            visitor=("visitor", "first"),
            channel=("channel", "first"),
            currency=("currency", "first"),
            paid_at=("at", "first"),
            day=("day", "first"),
            gmv=("amount", "sum"),
        )

    def read(self, columns: str, *kinds: str, first: date | None = None, last: date | None = None) -> Frame:
        wanted: list[tuple[str, str, Any]] = [("kind", "in", [*kinds])]
        wanted += [("day", ">=", first)] if first else []
        wanted += [("day", "<=", last)] if last else []
        names = ["kind", "day", "channel", *columns.split()]
        found = pd.read_parquet(sorted(self.folder.glob("*.parquet")), columns=names, filters=wanted)
        found["day"] = pd.to_datetime(found["day"])
        return found

    def known(self, last: date, first: date | None = None) -> Frame:
        """Orders of buyers who are known."""
        found = self.orders[(self.orders["buyer"] != "") & (self.orders["day"] <= pd.Timestamp(last))]
        return found[found["day"] >= pd.Timestamp(first)] if first else found


def _sales(files: Files, first: date, last: date) -> Frame:
    by = ["day", "channel", "product", "currency"]
    sold = files.read("product currency subject buyer quantity amount", "sold", first=first, last=last)
    sold["buyer"] = sold["buyer"].where(sold["buyer"] != "")
    sales = sold.groupby(by).agg(
        gmv=("amount", "sum"), orders=("subject", "nunique"), units=("quantity", "sum"), buyers=("buyer", "nunique")
    )
    posted = files.read("product currency subject at account amount", "posted", first=first, last=last)
    kind = posted["account"].str.split(":").str[0]
    posted["revenue"] = -posted["amount"].where(kind == "revenue", 0)
    posted["cost"] = posted["amount"].where(kind.isin(["cost", "loss"]), 0)
    posted["fees"] = posted["amount"].where(kind == "fees", 0)
    posted["moved"] = posted[["revenue", "cost", "fees"]].abs().sum(axis=1)
    booked = posted.groupby(by)[["revenue", "cost", "fees", "moved"]].sum()
    booked = booked[booked.pop("moved") > 0]
    settled = posted[kind.isin(["owed", "surplus", "revenue"])]
    entry = settled.groupby(["day", "channel", "currency", "subject", "at"]).agg(
        product=("product", "min"), other=("product", "max"), refunds=("amount", "sum")
    )
    entry = entry[entry["refunds"] > 0].reset_index()
    entry["product"] = entry["product"].where(entry["product"] == entry["other"], "")
    backs = entry.groupby(by)[["refunds"]].sum()
    found = sales.join(booked, how="outer").join(backs, how="outer").fillna(0).astype("int64").reset_index()
    found["margin"] = found["revenue"] - found["cost"] - found["fees"]
    return found.sort_values(by)


def _delivery(files: Files, first: date, last: date) -> Frame:
    by = ["day", "channel", "product", "reason"]
    waits = files.read("product reason seconds", "delivered", first=first, last=last).dropna(subset=["seconds"])
    waits = waits.sort_values([*by, "seconds"])
    grouped = waits.groupby(by)["seconds"]
    rank, whole = grouped.cumcount() + 1, grouped.transform("size")
    found = grouped.agg(units="count")
    for share in (50, 90, 95, 99):
        found[f"p{share}"] = waits[rank == -(-whole * share // 100)].set_index(by)["seconds"]
    return found.join(grouped.max().rename("most")).reset_index().sort_values(by)


def _payments(files: Files, first: date, last: date) -> Frame:
    by = ["day", "channel", "provider", "currency"]
    tried = files.read("provider currency reason subject amount", "tried", "try_refused", first=first, last=last)
    tried["outcome"] = tried["kind"].map({"tried": "tried", "try_refused": "refused"})
    posted = files.read("currency subject at account amount", "posted", first=first, last=last)
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


def _channels(files: Files, first: date, last: date) -> Frame:
    by, start, end = ["channel", "currency"], pd.Timestamp(first), pd.Timestamp(last)
    sold = files.read("currency buyer subject amount", "sold", first=first, last=last)
    found = sold.groupby(by).agg(orders=("subject", "nunique"), buyers=("buyer", "nunique"), gmv=("amount", "sum"))
    posted = files.read("currency buyer subject reason account amount", "posted", first=first, last=last)
    kind = posted["account"].str.split(":").str[0]
    posted["revenue"] = -posted["amount"].where(kind == "revenue", 0)
    posted["cost"] = posted["amount"].where(kind.isin(["cost", "loss"]), 0)
    posted["fees"] = posted["amount"].where(kind == "fees", 0)
    posted["taken"] = posted["amount"].where(kind.isin(["fees", "provider"]), 0)
    entry = posted.groupby([*by, "buyer", "subject", "reason", "day"])[["revenue", "cost", "fees", "taken"]].sum()
    entry = entry.reset_index()
    entry["money_back"] = -entry["taken"].clip(upper=0)
    entry["margin"] = entry["revenue"] - entry["cost"] - entry["fees"]
    money = entry.groupby(by)[["revenue", "cost", "fees", "margin", "money_back"]].sum()
    spent = files.spent[(files.spent["day"] >= start) & (files.spent["day"] <= end)]
    spend = spent.groupby(by)["amount"].sum().rename("spend")
    ordered = files.known(last).sort_values(["paid_at", "subject", "currency"])
    firsts = ordered.drop_duplicates("buyer")
    fresh = firsts[firsts["day"] >= start][["buyer", "channel", "currency", "day"]]
    brought = fresh.merge(entry, on=["buyer", "currency"], suffixes=("", "_of"))
    brought["age"] = (brought["day_of"] - brought["day"]).dt.days
    grown = brought[brought["age"] >= 0].groupby([*by, "age"])["margin"].sum().groupby(by).cumsum().reset_index()
    grown = grown.join(spend, on=by)
    payback = grown[grown["margin"] >= grown["spend"]].groupby(by)["age"].min().rename("payback")
    found = found.join(money, how="outer").join(spend, how="outer").fillna(0).astype("int64")
    found["new_buyers"] = fresh.groupby(by).size().reindex(found.index, fill_value=0)
    some = found["spend"].where(found["spend"] > 0)
    found["roi_bp"] = ((found["margin"] - some) * 10000 / some + 0.5).floordiv(1)
    found["cac"] = (some / found["new_buyers"].where(found["new_buyers"] > 0) + 0.5).floordiv(1)
    names = [
        "orders",
        "buyers",
        "gmv",
        "revenue",
        "cost",
        "fees",
        "margin",
        "money_back",
        "spend",
        "roi_bp",
        "new_buyers",
        "cac",
    ]
    return found[names].join(payback).reset_index().sort_values(by)


def _starts(day: Any, grain: str) -> Any:
    """The first day of the period that each day is in."""
    match grain:
        case "day":
            return day
        case "week":
            return day - pd.to_timedelta(day.dt.dayofweek, unit="D")
        case _:
            return day.dt.to_period("M").dt.start_time


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
    orders = files.known(last, first)
    parts: list[Frame] = []
    for grain in ("week", "month"):
        those = orders.assign(period=_starts(orders["day"], grain))
        by = ["period", "channel", "currency", "buyer"]
        one = those.groupby(by)["gmv"].agg(orders="size", gmv="sum").reset_index()
        two = one.groupby(["period", "currency", "buyer"])[["orders", "gmv"]].sum().reset_index().assign(channel="*")
        all_of_it = two.groupby(["period", "buyer"])[["orders"]].sum().reset_index().assign(channel="*", currency="*")
        found = pd.concat([one, two, all_of_it]).merge(born, on="buyer").assign(grain=grain)
        found["cohort"] = _starts(found["born"], grain)
        parts.append(found)
    names = ["grain", "period", "cohort", "channel", "currency", "buyer", "orders", "gmv"]
    return pd.concat(parts)[names].sort_values(["grain", "period", "channel", "currency", "cohort", "buyer"])


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
    kind = posted["account"].str.split(":").str[0]
    posted = posted[kind.isin(["cost", "loss", "fees", "revenue"]) & (posted["buyer"] != "")]
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


def _products(files: Files, first: date, last: date) -> Frame:
    by = ["product", "sku", "currency"]
    sold = files.read("product sku currency subject buyer quantity amount", "sold", first=first, last=last)
    sold = pd.concat([sold, sold.assign(sku="*")])
    found = sold.groupby(by).agg(orders=("subject", "nunique"), units=("quantity", "sum"), gmv=("amount", "sum"))
    times = sold[sold["buyer"] != ""].groupby([*by, "buyer"])["subject"].nunique()
    found["buyers"], found["again"] = times.groupby(by).size(), times[times > 1].groupby(by).size()
    posted = files.read("product sku currency line account amount", "posted", first=first, last=last)
    posted = posted[posted["line"].notna()]
    kind = posted["account"].str.split(":").str[0]
    revenue = posted["amount"].where(kind == "revenue", 0)
    posted["delivered"], posted["returned"] = -revenue.clip(upper=0), revenue.clip(lower=0)
    for name in ("cost", "loss"):
        posted[name] = posted["amount"].where(kind == name, 0)
    posted = posted[kind.isin(["cost", "loss", "revenue"])]
    posted = pd.concat([posted, posted.assign(sku="*")])
    booked = posted.groupby(by)[["delivered", "returned", "cost", "loss"]].sum()
    found = found.join(booked, how="outer").fillna(0).astype("int64").reset_index()
    found["rate"] = found["again"] / found["buyers"].where(found["buyers"] > 0)
    found["revenue"] = found["delivered"] - found["returned"]
    found["margin"] = found["revenue"] - found["cost"] - found["loss"]
    names = [
        "orders",
        "units",
        "gmv",
        "buyers",
        "again",
        "rate",
        "delivered",
        "returned",
        "revenue",
        "cost",
        "loss",
        "margin",
    ]
    return found[[*by, *names]].sort_values(["currency", "gmv", "product", "sku"], ascending=[True, False, True, True])


def _baskets(files: Files, first: date, last: date) -> Frame:
    sold = files.read("subject buyer sku", "sold", first=first, last=last)[["subject", "buyer", "sku", "day"]]
    sold = sold.drop_duplicates()
    days = sold[sold["buyer"] != ""][["buyer", "sku", "day"]].drop_duplicates()
    lists = sold[["subject", "sku"]].rename(columns={"subject": "who"})
    found = [_pairs("order", lists, lists), _pairs("buyer", days.rename(columns={"buyer": "who"}), days)]
    names = ["scope", "a", "b", "together", "with_a", "with_b", "total", "support", "a_to_b", "b_to_a", "lift"]
    return pd.concat(found)[names].sort_values(["scope", "together", "a", "b"], ascending=[True, False, True, True])


def _pairs(scope: str, lists: Frame, every: Frame) -> Frame:
    times = lists.groupby("sku")["who"].nunique()
    total = lists["who"].nunique()
    often = lists[lists["sku"].isin(times[times >= AT_LEAST].index)]
    many = often[often.groupby("who")["sku"].transform("size") > 1]
    both = many.merge(many, on="who", suffixes=("_a", "_b"))
    both = both[both["sku_a"] < both["sku_b"]]
    if "day_a" in both:
        both = both[(both["day_a"] - both["day_b"]).dt.days.abs() <= WITHIN]
    both = both[["who", "sku_a", "sku_b"]].drop_duplicates()
    found = both.groupby(["sku_a", "sku_b"]).size().rename("together").reset_index()
    found = found[found["together"] >= AT_LEAST].rename(columns={"sku_a": "a", "sku_b": "b"}).assign(scope=scope)
    found["with_a"], found["with_b"], found["total"] = found["a"].map(times), found["b"].map(times), total
    found["support"] = found["together"] / total
    found["a_to_b"], found["b_to_a"] = found["together"] / found["with_a"], found["together"] / found["with_b"]
    found["lift"] = found["together"] * 1.0 * total / (found["with_a"] * 1.0 * found["with_b"])
    return found


def _touches(files: Files, first: date, last: date) -> Frame:
    by = ["touch", "source", "medium", "campaign", "currency"]
    firsts = files.known(last).sort_values(["paid_at", "subject"]).drop_duplicates("buyer")["subject"]
    orders = files.orders
    orders = orders[(orders["day"] >= pd.Timestamp(first)) & (orders["day"] <= pd.Timestamp(last))]
    orders = orders.assign(fresh=orders["subject"].isin(firsts).astype("int64"))
    arrivals = files.read("visitor at id source medium campaign", "touched", last=last)
    arrivals = arrivals[arrivals["visitor"] != ""].sort_values(["at", "id"])
    seen = arrivals[["visitor", "at", "source", "medium", "campaign"]]
    both = orders[["subject", "visitor", "paid_at"]].merge(seen, on="visitor")
    waited = both["paid_at"] - both["at"]
    both = both[(waited >= timedelta(0)) & (waited <= timedelta(days=WITHIN))]
    parts: list[Frame] = []
    for touch in ("first", "last"):
        ways = both.drop_duplicates("subject", keep=touch)[["subject", "source", "medium", "campaign"]]
        found = orders.merge(ways, on="subject", how="left").assign(touch=touch)
        parts.append(found.fillna({"source": "", "medium": "", "campaign": ""}))
    found = (
        pd.concat(parts)
        .groupby(by, as_index=False)
        .agg(orders=("gmv", "size"), gmv=("gmv", "sum"), new_orders=("fresh", "sum"))
    )
    order = ["touch", "currency", "gmv", "source", "medium", "campaign"]
    return found.sort_values(order, ascending=[True, True, False, True, True, True])[
        ["touch", "source", "medium", "campaign", "currency", "orders", "gmv", "new_orders"]
    ]


PANDAS: Mapping[str, Callable[[Files, date, date], Frame]] = {
    "sales_daily": _sales,
    "delivery_daily": _delivery,
    "payments_daily": _payments,
    "channels": _channels,
    "customers_new_returning": _new_returning,
    "customers_active": _active,
    "cohorts_weekly": partial(_cohorts, "week"),
    "cohorts_monthly": partial(_cohorts, "month"),
    "rfm": _rfm,
    "rfm_segments": _segments,
    "repurchase": _repurchase,
    "repurchase_intervals": _intervals,
    "lifetime_value": _lifetime,
    "products": _products,
    "baskets": _baskets,
    "first_last_touch": _touches,
}
