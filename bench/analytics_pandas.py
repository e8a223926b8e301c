"""The nightly reports in pandas, as somebody would write them who reads only the columns and kinds that a report needs.
What each column means is told where the report ships; the tests hold that the answers are the same."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from bench.analytics_frames import Files, Frame, pd
from bench.analytics_pandas_buyers import BUYERS

WITHIN = 30
AT_LEAST = 10


def _sales(files: Files, first: date, last: date) -> Frame:
    by = ["day", "channel", "product", "currency"]
    sold = files.read("product currency subject buyer quantity amount", "sold", first=first, last=last)
    sold["buyer"] = sold["buyer"].where(sold["buyer"] != "")
    sales = sold.groupby(by).agg(
        gmv=("amount", "sum"), orders=("subject", "nunique"), units=("quantity", "sum"), buyers=("buyer", "nunique")
    )
    posted = files.read("product currency subject at account amount medium", "posted", first=first, last=last)
    kind = posted["account"].str.split(":").str[0]
    posted["revenue"] = -posted["amount"].where(kind == "revenue", 0)
    posted["cost"] = posted["amount"].where(kind.isin(["cost", "loss"]), 0)
    posted["fees"] = posted["amount"].where(kind == "fees", 0)
    posted["moved"] = posted[["revenue", "cost", "fees"]].abs().sum(axis=1)
    booked = posted.groupby(by)[["revenue", "cost", "fees", "moved"]].sum()
    booked = booked[booked.pop("moved") > 0]
    back = (posted["medium"] == "came_back") & (kind == "provider")
    settled = posted[kind.isin(["owed", "surplus", "revenue"]) | back].copy()
    settled["came_back"] = settled["amount"].where(back, 0)
    entry = settled.groupby(["day", "channel", "currency", "subject", "at"]).agg(
        product=("product", "min"), other=("product", "max"), debt=("amount", "sum"), came_back=("came_back", "sum")
    )
    # The sum holds both what came back and the debt that it raised.
    entry["refunds"] = entry["debt"].clip(lower=0) - entry["came_back"]
    entry = entry[entry["refunds"] != 0].reset_index()
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
    posted = files.read("currency subject at account amount medium", "posted", first=first, last=last)
    posted = posted[posted["account"].str.startswith("provider:") | (posted["account"] == "fees")]
    posted = posted[posted["medium"] != "came_back"]
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
    found = (
        sold.assign(buyer=sold["buyer"].replace("", None))
        .groupby(by)
        .agg(orders=("subject", "nunique"), buyers=("buyer", "nunique"), gmv=("amount", "sum"))
    )
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
    "products": _products,
    "baskets": _baskets,
    "first_last_touch": _touches,
    **BUYERS,
}
