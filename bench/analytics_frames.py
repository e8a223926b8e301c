"""What the pandas way of each report begins with."""

from collections.abc import Sequence
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

Frame = Any
"""pandas' own types are looser than what is checked here."""
pd: Any = import_module("pandas")


class Files:
    """The lake, what was spent, and the orders that were paid for, which most reports begin with."""

    def __init__(self, folder: Path, spent: Sequence[tuple[date, str, str, int]]) -> None:
        self.paths = sorted(folder.glob("*.parquet"))
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
        found = pd.read_parquet(self.paths, columns=names, filters=wanted)
        found["day"] = pd.to_datetime(found["day"])
        return found

    def known(self, last: date, first: date | None = None) -> Frame:
        """Orders of buyers who are known."""
        found = self.orders[(self.orders["buyer"] != "") & (self.orders["day"] <= pd.Timestamp(last))]
        return found[found["day"] >= pd.Timestamp(first)] if first else found


class Whole(Files):
    """The lake as it is read where nobody thinks of memory: all of it at once, and each report takes its rows of it."""

    def __init__(self, folder: Path, spent: Sequence[tuple[date, str, str, int]]) -> None:
        self.facts = pd.read_parquet(sorted(folder.glob("*.parquet")))
        self.facts["day"] = pd.to_datetime(self.facts["day"])
        super().__init__(folder, spent)

    def read(self, columns: str, *kinds: str, first: date | None = None, last: date | None = None) -> Frame:
        wanted = self.facts["kind"].isin(kinds)
        if first:
            wanted &= self.facts["day"] >= pd.Timestamp(first)
        if last:
            wanted &= self.facts["day"] <= pd.Timestamp(last)
        return self.facts[wanted]
