"""Where a digest is read from: the rolls of its days, open alerts, and the names that the merchant gave.

Four calls, whatever the number of orders: the rolls in one, since a digest shows no more than thirty days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from quanyi.alerts.table import AlertsTable
from quanyi.catalog.table import CatalogTable
from quanyi.channels.table import ChannelTable
from quanyi.clock import Clock, system_clock
from quanyi.rollups.calendar import day_place
from quanyi.rollups.roll import Roll
from quanyi.rollups.table import RollsTable
from reports.digest.numbers import Told, days_shown, sold_most
from reports.digest.views import Step

MOST_CHANNELS = 100
"""Whose names are read."""


@dataclass(frozen=True)
class Desk:
    rolls: RollsTable
    alerts: AlertsTable
    catalog: CatalogTable
    channels: ChannelTable
    zone: str
    now: Clock = system_clock

    def told(self, day: date, steps: Sequence[Step] = ()) -> Told:
        places = {one: day_place(one) for one in days_shown(day)}
        found = self.rolls.read([*places.values()])
        rolls = {one: found[place] for one, place in places.items() if place in found}
        best = sold_most(rolls.get(day, Roll()))
        known = self.catalog.products(best, consistent=False) if best else {}
        return Told(
            rolls=rolls,
            zone=self.zone,
            now=self.now(),
            alerts=[*self.alerts.open_ones()],
            channels={one.id: one.name for one in self.channels.channels(MOST_CHANNELS)[0]},
            titles={name: product.titles for name, product in known.items()},
            steps=steps,
        )
