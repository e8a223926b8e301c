"""When the reports of a day are computed: what in them is worth an action, kept beside them."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from quanyi.clock import day as day_of
from quanyi.http import log
from quanyi.insights.rules import READS, found
from quanyi.insights.telling import told
from quanyi.insights.thresholds_table import thresholds
from quanyi.insights.trade import WEEKS
from quanyi.restock.calendar import days_from
from reports.insights.kept import keep
from reports.insights.shop import Shop
from reports.night.shelf import KeptResults
from reports.wiring import Archive


def discover(archive: Archive, shop: Shop, day: str) -> bool:
    """Whether it is anything else than what was kept. Stock is what there is now, so it says something about yesterday
    only: of an earlier day that is computed again, what its reports say is all."""
    last = date.fromisoformat(day)
    yesterday = date.fromisoformat(day_of(archive.now(), archive.zone)) - timedelta(days=1)
    stocks = shop.stocks(last) if last == yesterday else []
    reports = {name: _rows(archive, name, day) for name in READS}
    back = timedelta(weeks=WEEKS)
    least = thresholds(archive.results.table).newest().chosen
    findings = found(reports, stocks, last, days_from(last - back, back.days + 1), least)
    insights = told(findings, shop.known(findings, last), least)
    new = keep(archive, day, insights, _facts(archive, day))
    log().info("insights found", extra={"day": day, "findings": len(findings), "insights": len(insights), "new": new})
    return new


def _rows(archive: Archive, name: str, day: str) -> list[Mapping[str, Any]]:
    """None where the report was not computed for the day."""
    results = KeptResults(archive)
    kept = results.newest(name, day)
    return [*results.rows(kept)] if kept and kept.day == day else []


def _facts(archive: Archive, day: str) -> int:
    """Of the reports that were read, the most that one was computed from."""
    newest = (archive.results.newest(name, day) for name in READS)
    return max((one.facts for one in newest if one), default=0)
