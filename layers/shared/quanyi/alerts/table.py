"""Alerts in the supply table.

ALERT#<kind>#<subject>   ALERT   the alert; in `listed-index` under ALERTS, open ones after those that are over, both by
                                 time, so that read backwards it begins with the newest open one

Each write rests on the revision that it was decided on: of two watchers that see the same at once, one writes, and the
other finds that there is nothing left to say. The table's stream tells what people are told (`alerts.telling`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quanyi.alerts.changes import acknowledged, raised, recovered
from quanyi.alerts.kinds import AlertKind, parts_of
from quanyi.alerts.model import Alert, AlertState, Finding
from quanyi.clock import stamp
from quanyi.errors import Busy, NotFound
from quanyi.table import ConditionFailed, Item, Page, Table

LISTED_INDEX = "listed-index"
LIST = "ALERTS"

ABSENT = "attribute_not_exists(pk)"
SAME = "rev = :rev"
TRIES = 8


@dataclass(frozen=True)
class AlertsTable:
    """`table` is the supply table."""

    table: Table

    def get(self, kind: str, subject: str) -> Alert | None:
        item = self.table.get(_key(kind, subject))
        return from_item(item) if item else None

    def raise_(self, found: Finding, now: datetime) -> Alert:
        """What a watcher saw at `now`; answers the alert as it is then. Harmless when repeated. Raises Busy."""
        alert = self._change(found.kind, found.subject, lambda old: raised(old, found, now))
        assert alert
        return alert

    def recover(self, kind: AlertKind, subject: str, now: datetime) -> Alert | None:
        """It was seen at `now` that this is not, or no longer, wrong; answers the alert, if there ever was one.
        Harmless when repeated. Raises Busy."""
        return self._change(kind, subject, lambda old: recovered(old, now))

    def acknowledge(self, alert: str, by: str, now: datetime) -> Alert:
        """A person knows of it. `alert` is its id. Raises NotFound, Conflict (`recovered`), Busy."""

        def seen(old: Alert | None) -> Alert | None:
            if old is None:
                raise NotFound("alert")
            return acknowledged(old, by, now)

        found = self._change(*parts_of(alert), seen)
        assert found
        return found

    def open_ones(self, *kinds: AlertKind) -> Iterator[Alert]:
        """Those that are open, newest first, of some kinds or all: what a watcher looks at to see what is over. A hint,
        by moments old."""
        found = self.table.query_all(
            "#list = :list AND begins_with(listed, :open)",
            index=LISTED_INDEX,
            forward=False,
            list=LIST,
            open=_RANK["open"],
        )
        return (from_item(item) for item in found if not kinds or item["kind"] in kinds)

    def page(
        self,
        *,
        state: AlertState | None = None,
        kind: AlertKind | None = None,
        limit: int = 50,
        start: Item | None = None,
    ) -> Page:
        """Open ones first, newest first. Items of the page are alerts as `from_item` reads them."""
        where = "#list = :list AND begins_with(listed, :rank)" if state else "#list = :list"
        values: dict[str, Any] = {"list": LIST, **({"rank": _RANK[state]} if state else {})}
        found: list[Item] = []
        while True:
            page = self.table.query(where, index=LISTED_INDEX, limit=100, start=start, forward=False, **values)
            found += [item for item in page.items if kind in (None, item["kind"])]
            start = page.next
            if len(found) > limit or (len(found) == limit and start):
                return Page(found[:limit], {name: found[limit - 1][name] for name in ("pk", "sk", "list", "listed")})
            if start is None:
                return Page(found, None)

    def _change(self, kind: str, subject: str, change: Callable[[Alert | None], Alert | None]) -> Alert | None:
        old = self.get(kind, subject)
        for _ in range(TRIES):
            new = change(old)
            if new is None:
                return old
            try:
                if old is None:
                    self.table.put(to_item(new), condition=ABSENT)
                else:
                    self.table.put(to_item(new), condition=SAME, rev=old.rev)
            except ConditionFailed as failed:
                old = from_item(failed.item) if failed.item else None
            else:
                return new
        raise Busy("many watchers write this alert")


_RANK: dict[AlertState, str] = {"open": "1#", "recovered": "0#"}


def to_item(alert: Alert) -> Item:
    since = alert.opened_at if alert.is_open else alert.recovered_at
    assert since
    return {
        **_key(alert.kind, alert.subject),
        "v": 1,
        "list": LIST,
        "listed": f"{_RANK[alert.state]}{stamp(since)}#{alert.id}",
        **alert.model_dump(mode="json", exclude_none=True),
    }


def from_item(item: Item) -> Alert:
    return Alert.model_validate(item)


def _key(kind: str, subject: str) -> dict[str, str]:
    return {"pk": f"ALERT#{kind}#{subject}", "sk": "ALERT"}
