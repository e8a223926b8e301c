"""Series of vouchers, in the supply table under `SERIES#<id>`; a SKU's are listed newest first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from json import loads
from typing import Any

from quanyi.batches.table import LISTED_INDEX
from quanyi.clock import stamp
from quanyi.errors import Conflict, NotFound
from quanyi.table import ConditionFailed, Item, Page, Table
from quanyi.vouchers.model import Series

NEW = "attribute_not_exists(pk)"
NOT_CANCELLED = "attribute_exists(pk) AND attribute_not_exists(cancelled)"


def series_key(series_id: str) -> dict[str, str]:
    return {"pk": f"SERIES#{series_id}", "sk": "SERIES"}


@dataclass(frozen=True)
class SeriesTable:
    """`table` is the supply table. The terms of a series never change."""

    table: Table

    def make(self, series: Series) -> Series:
        """Puts a new series; answers the one that has its id, whoever made it."""
        item: Item = {
            **series_key(series.id),
            "list": f"SERIES#{series.sku}",
            "listed": f"{stamp(series.created_at)}#{series.id}",
            "v": 1,
            **series.model_dump(mode="json", exclude_none=True, exclude={"terms"}),
            # As text: the rules hold nested lists that nothing here asks for singly.
            "terms": series.terms.model_dump_json(exclude_none=True),
        }
        try:
            self.table.put({name: value for name, value in item.items() if value != ""}, condition=NEW)
        except ConditionFailed as failed:
            return series_of(failed.item)
        return series

    def get(self, series_id: str) -> Series:
        """Raises NotFound."""
        item = self.table.get(series_key(series_id))
        if item is None:
            raise NotFound("voucher series")
        return series_of(item)

    def named(self, series_ids: Iterable[str]) -> dict[str, Series]:
        """Those that exist, in one call for up to 100."""
        ids = list(dict.fromkeys(series_ids))
        items = self.table.get_many([series_key(series_id) for series_id in ids]) if ids else []
        return {item["id"]: series_of(item) for item in items}

    def of_sku(self, sku: str, *, limit: int, start: Item | None = None) -> Page:
        """A page of items, newest first; `series_of` reads them."""
        return self.table.query(
            "#list = :list",
            index=LISTED_INDEX,
            limit=limit,
            start=start,
            forward=False,
            list=f"SERIES#{sku}",
        )

    def every_of_sku(self, sku: str) -> Iterator[Series]:
        found = self.table.query_all("#list = :list", index=LISTED_INDEX, forward=False, list=f"SERIES#{sku}")
        return (series_of(item) for item in found)

    def extend(self, series_id: str, until: datetime, *, by: str, now: datetime) -> Series:
        """Sets another end, earlier or later, in place of the rules' own. Raises NotFound, Conflict (`cancelled`)."""
        return self._change(series_id, "#until = :until", by, now, until=stamp(until))

    def freeze(self, series_id: str, reason: str, *, by: str, now: datetime) -> Series:
        """Until it is unfrozen, nothing of it can be used. Raises NotFound, Conflict (`cancelled`)."""
        return self._change(series_id, "frozen = :reason", by, now, reason=reason)

    def unfreeze(self, series_id: str, *, by: str, now: datetime) -> Series:
        """Raises NotFound, Conflict (`cancelled`)."""
        return self._change(series_id, "v = :one REMOVE frozen", by, now, one=1)

    def cancel(self, series_id: str, reason: str, *, by: str, now: datetime) -> Series:
        """For good; the same again changes nothing. Raises NotFound."""
        try:
            return self._change(series_id, "cancelled = :reason", by, now, reason=reason)
        except Conflict:
            return self.get(series_id)

    def _change(self, series_id: str, change: str, by: str, now: datetime, **values: Any) -> Series:
        try:
            item = self.table.update(
                series_key(series_id),
                f"SET changed_by = :by, changed_at = :now, {change}",
                condition=NOT_CANCELLED,
                by=by,
                now=stamp(now),
                **values,
            )
        except ConditionFailed as failed:
            if not failed.item:
                raise NotFound("voucher series") from None
            raise Conflict("The series was cancelled.", reason="cancelled", state="cancelled") from None
        return series_of(item)


def series_of(item: Item) -> Series:
    return Series.model_validate({**item, "terms": loads(item["terms"])})
